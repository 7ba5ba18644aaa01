"""The OpenAPI document: refusals of every operation in one place, so that none can forget them."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_media_type_object, build_mock_request
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework.request import Request

from core.parsers import MergePatchParser
from core.problems import CONTENT_TYPE, TYPE_BASE

_REASONS = {
    "400": ("validation_error", "The request has invalid fields."),
    "401": ("not_authenticated", "Authentication credentials were not provided."),
    "403": ("permission_denied", "Access denied"),
    "404": ("not_found", "Not found."),
    "409": ("sku_taken", "Another item of this vendor has this SKU."),
    "413": ("request_too_large", "Request too large"),
    "415": ("unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    "429": ("throttled", "Request was throttled. Expected available in 17 seconds."),
}
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}
LIMITS: dict[str, Any] = {
    "RateLimit": {
        "description": "Where you stand under the tightest policy: calls left, seconds until there "
        "is one more.",
        "schema": {**_TEXT, "examples": ['"burst";r=42;t=17']},
    },
    "RateLimit-Policy": {
        "description": "The policies of this call: so many calls in so many seconds.",
        "schema": {**_TEXT, "examples": ['"user";q=1000;w=3600, "burst";q=60;w=60']},
    },
    "Retry-After": {
        "description": "Seconds until the call would be let in.",
        "schema": {"type": "integer"},
    },
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "A refusal (RFC 9457). The codes are explained at `/api/docs/errors/`.",
    "required": ["type", "title", "status", "detail", "code", "error", "errors", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": _TEXT,
        "error": {**_TEXT, "description": "The same as `detail`."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {"field": _TEXT, "code": _TEXT, "detail": _TEXT},
            },
        },
        "request_id": _TEXT,
    },
}


def mock_request(method: str, path: str, view: Any, original: Any, **kwargs: Any) -> Request:
    """For the generator to ask views about themselves: somebody signed in who owns nothing."""
    request: Request = build_mock_request(method, path, view, original, **kwargs)
    request.user = get_user_model()(pk=0)
    return request


class ProblemAutoSchema(AutoSchema):
    """drf-spectacular's, with the first sentence of a view's docstring as the summary."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """With what the caller's role must allow, where a permission says so (`needs`)."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        needed = [
            need
            for permission in self.view.get_permissions() if hasattr(permission, "needs")
            if (need := permission.needs(self.view, self.method))
        ]  # fmt: skip
        if operation is not None and self.method == "PATCH":
            content = operation["requestBody"]["content"]
            content[MergePatchParser.media_type] = content["application/json"]
        if operation is not None and needed:
            told = f"Your role in the shop must allow `{needed[0].value}`."
            operation["description"] = f"{operation.get('description', '')}\n\n{told}".strip()
            operation["responses"].setdefault("403", _answer("403"))
        return operation

    def _get_request_body(self, direction: Any = "request") -> dict[str, Any] | None:
        """Also of a DELETE, where the view says what it takes (`deletes_with`)."""
        taken = getattr(self.view, "deletes_with", None) if self.method == "DELETE" else None
        if taken is None:
            body: dict[str, Any] | None = super()._get_request_body(direction)
            return body
        kind = "application/json"
        schema, _partial = self._get_request_for_media_type(taken, direction)
        examples = self._get_examples(taken, direction, kind)
        return {"content": {kind: build_media_type_object(schema, examples)}, "required": True}

    def map_parsers(self) -> list[str]:
        """The merge patch is told where it is understood, with the examples of plain JSON."""
        return [form for form in super().map_parsers() if form != MergePatchParser.media_type]

    def get_summary(self) -> str | None:
        first, _dot, _rest = self.get_description().partition(".")
        return first.strip() or None


def add_problem_answers(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Post-processing hook: the `Problem` component, every operation's refusals, the limits."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["headers"] = LIMITS
    for path, operations in result["paths"].items():
        for operation in operations.values():
            for status in _refusals(path, operation):
                operation["responses"].setdefault(status, _answer(status))
            _add_limits(operation["responses"])
    return result


def _add_limits(responses: dict[str, Any]) -> None:
    """Every answer that was let in or refused by the limits tells of them."""
    for status, answer in responses.items():
        told = {"RateLimit", "RateLimit-Policy"} if status[0] == "2" else set()
        told = set(LIMITS) if status == "429" else told
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(told)}
        if headers:
            answer["headers"] = {**answer.get("headers", {}), **headers}


def _refusals(path: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["429"]
    if "parameters" in operation or "requestBody" in operation:
        statuses.append("400")
    if "requestBody" in operation:
        statuses += ["413", "415"]
    if {} not in operation.get("security", [{}]):
        statuses += ["401"]
    if "{" in path or any(p["name"] == "page" for p in operation.get("parameters", [])):
        statuses.append("404")
    return statuses


def _answer(status: str) -> dict[str, Any]:
    example = _example(status)
    examples = {example["code"]: {"value": example}}
    content = {CONTENT_TYPE: {"schema": _SCHEMA, "examples": examples}}
    return {"description": example["detail"], "content": content}


def _example(status: str) -> dict[str, Any]:
    code, detail = _REASONS[status]
    errors = [
        {"field": "name", "code": "required", "detail": "This field is required."},
        {"field": "colour", "code": "unknown_field", "detail": "Unknown field."},
    ]
    return {
        "type": f"{TYPE_BASE}{code}",
        "title": HTTPStatus(int(status)).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "error": detail,
        "errors": errors if status == "400" else [],
        "request_id": "0b6f3c1e5d0f4a7f9a4d0c9d4f4f0f11",
    }


def refusal(status: int, code: str, detail: object) -> dict[tuple[int, str], OpenApiResponse]:
    """A refusal of an operation's own, for `extend_schema(responses={200: …, **refusal(…)})`."""
    body = {
        **_example(str(status)),
        "type": f"{TYPE_BASE}{code}",
        "detail": str(detail),
        "code": code,
        "error": str(detail),
    }
    example = OpenApiExample(code, body, status_codes=[str(status)])
    answer = OpenApiResponse(_SCHEMA, str(detail), examples=[example])
    return {(status, CONTENT_TYPE): answer}
