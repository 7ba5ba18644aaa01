"""The OpenAPI document: refusals of every operation in one place, so that none can forget them."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_mock_request, force_instance, get_lib_doc_excludes
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.request import Request

from core.caching import CachedListMixin
from core.conditional import Conditional, Tagged
from core.exceptions import PlanStale
from core.problems import CONTENT_TYPE, TYPE_BASE
from core.serializers import StrictMixin

_REASONS = {
    "400": ("validation_error", "The request has invalid fields."),
    "401": ("not_authenticated", "Authentication credentials were not provided."),
    "403": ("permission_denied", "Access denied"),
    "404": ("not_found", "Not found."),
    "409": ("sku_taken", "Another item of this vendor has this SKU."),
    "412": ("precondition_failed", "It has changed since you read it."),
    "413": ("request_too_large", "Request too large"),
    "415": ("unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    "428": (
        "precondition_required",
        "This shop wants If-Match, with the ETag that you read.",
    ),
    "429": ("throttled", "Request was throttled. Expected available in 17 seconds."),
}
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}
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


_ETAG = {
    "description": "Names this representation: send it back as `If-None-Match` or `If-Match`.",
    "schema": _TEXT,
    "example": '"4711-3"',
}
_CONDITIONS = {
    "If-None-Match": "The `ETag` you have: 304 if it is still good.",
    "If-Match": "The `ETag` you read: 412 with the present state if somebody was quicker.",
}
REHEARSED = [
    OpenApiParameter("dry_run", OpenApiTypes.BOOL, description="Report the same, write nothing."),
    OpenApiParameter(
        "plan",
        OpenApiTypes.STR,
        description="The `plan` of a rehearsal of this call, at most an hour old: 409 if what it "
        "found has moved.",
    ),
]


def mock_request(method: str, path: str, view: Any, original: Any, **kwargs: Any) -> Request:
    """For the generator to ask views about themselves: somebody signed in who owns nothing."""
    request: Request = build_mock_request(method, path, view, original, **kwargs)
    request.user = get_user_model()(pk=0)
    return request


def told_to_programmers() -> list[type]:
    """Classes whose docstrings are not for the API's readers, though inherited by views."""
    return [*get_lib_doc_excludes(), Conditional, Tagged, CachedListMixin, StrictMixin]


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
        if operation is not None and needed:
            told = f"Your role in the shop must allow `{needed[0].value}`."
            operation["description"] = f"{operation.get('description', '')}\n\n{told}".strip()
            operation["responses"].setdefault("403", _answer("403"))
            if self.method in {"PUT", "PATCH", "DELETE"}:
                operation["responses"].setdefault("428", _answer("428"))
        if operation is not None and isinstance(self.view, Conditional):
            self._tell_conditions(operation)
        return operation

    def _tell_conditions(self, operation: dict[str, Any]) -> None:
        answers = operation["responses"]
        reads = self.method == "GET"
        if self._answers_tagged():
            for status, answer in answers.items():
                if status.startswith("2") and "content" in answer:
                    answer["headers"] = {"ETag": _ETAG}
            if reads:
                answers["304"] = {"description": "You have it already.", "headers": {"ETag": _ETAG}}
                _add_header(operation, "If-None-Match")
        if not reads and getattr(self.view, "detail", True):
            answers.setdefault("412", _answer("412"))
            _add_header(operation, "If-Match")

    def _answers_tagged(self) -> bool:
        told = self.get_response_serializers()
        kinds = told.values() if isinstance(told, dict) else [told]
        tagged = [isinstance(force_instance(kind), Tagged) for kind in kinds]
        return any(tagged) and not self._is_list_view()

    def get_summary(self) -> str | None:
        first, _dot, _rest = self.get_description().partition(".")
        return first.strip() or None


def _add_header(operation: dict[str, Any], name: str) -> None:
    header = {"in": "header", "name": name, "schema": _TEXT, "description": _CONDITIONS[name]}
    operation["parameters"] = [*operation.get("parameters", []), header]


def add_problem_answers(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Post-processing hook: the `Problem` component, and every operation's refusals."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for operation in operations.values():
            for status in _refusals(path, operation):
                operation["responses"].setdefault(status, _answer(status))
    return result


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


STALE_PLAN = refusal(409, PlanStale.code, PlanStale.detail)
