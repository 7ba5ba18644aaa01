"""The OpenAPI document: refusals of every operation in one place, so that none can forget them."""

import json
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import translation
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import (
    build_media_type_object,
    build_mock_request,
    force_instance,
    get_lib_doc_excludes,
)
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.serializers import JSONField
from rest_framework.settings import api_settings

from core.caching import CachedListMixin
from core.conditional import Conditional, Tagged
from core.deprecation import CHANGELOG, deprecations_of
from core.exceptions import AppException, PlanStale
from core.fields import CURRENCIES, validate_attributes, validate_currency
from core.pagination import VersionedPagination
from core.parsers import MergePatchParser
from core.problems import CONTENT_TYPE, TYPE_BASE
from core.representation import Compiled
from core.requests import may_be_empty
from core.serializers import StrictMixin, StrictSerializer
from core.titles import TITLES

_REASONS = {
    "400": ("validation_error", "The request has invalid fields."),
    "401": ("not_authenticated", "Authentication credentials were not provided."),
    "403": ("permission_denied", "Access denied"),
    "404": ("not_found", "Not found."),
    "409": ("request_in_flight", "A request with this key is being carried out just now."),
    "412": ("precondition_failed", "It has changed since you read it."),
    "413": ("request_too_large", "Request too large"),
    "415": ("unsupported_media_type", 'Unsupported media type "text/plain" in request.'),
    "422": ("idempotency_key_reused", "This key was used for another request: take a new one."),
    "428": (
        "precondition_required",
        "This shop wants If-Match, with the ETag that you read.",
    ),
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
        "required": True,
        "schema": {"type": "integer"},
    },
}
# No example: Swagger's form would send it, with every call the same.
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {**_TEXT, "minLength": 1, "maxLength": 255},
    "description": "A text of your own for this one request, best a UUID. Sent again within 24 "
    "hours it does nothing and is answered as the first time; the same key with another request is "
    "422. While the first is under way it is 409 `request_in_flight`, and 409 `answer_not_kept` "
    "where the answer is a secret.",
}
_REPLAYED = {
    "schema": {**_TEXT, "enum": ["true"]},
    "description": "This is the answer of the first request with this key.",
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


_ETAG = {
    "description": "Names this representation: send it back as `If-None-Match` or `If-Match`.",
    "required": True,
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
    ours = [Conditional, Tagged, CachedListMixin, Compiled, StrictMixin]
    return [*get_lib_doc_excludes(), *ours]


class DecimalFieldExtension(OpenApiSerializerFieldExtension):
    """Shown as a text, and taken as a number as well: it is read by the digits it is written in."""

    target_class = "rest_framework.serializers.DecimalField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        text: dict[str, Any] = auto_schema._map_serializer_field(  # noqa: SLF001 - it has no other name
            self.target, direction, bypass_extensions=True
        )
        # That it may be null is added to what is given back.
        return {**text, "type": ["string", "number"] if direction == "request" else "string"}


class ProblemAutoSchema(AutoSchema):
    """drf-spectacular's, with the first sentence of a view's docstring as the summary."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """With what the caller's role must allow, where a permission says so (`needs`)."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            self._tell_what_goes(operation)
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
        of_shop = self.method in {"PUT", "PATCH", "DELETE"} and hasattr(self.view, "abilities")
        if operation is not None and of_shop:
            operation["responses"].setdefault("428", _answer("428"))
        if operation is not None and isinstance(self.view, Conditional | CachedListMixin):
            self._tell_conditions(operation)
        return operation

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        """A key that a resource does not know is refused."""
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)
        if direction == "request" and isinstance(serializer, StrictMixin):
            schema["additionalProperties"] = False
        return schema

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        """With rules that are ours."""
        super()._insert_field_validators(field, schema)
        if validate_currency in getattr(field, "validators", ()):
            schema["enum"] = sorted(CURRENCIES)
        if validate_attributes in getattr(field, "validators", ()):
            schema["type"] = "object"
        elif isinstance(field, JSONField) and field.write_only:
            schema["type"] = ["object", "array", "string", "number", "boolean"]

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        """A form's empty field is no filter."""
        parameters: list[dict[str, Any]] = super()._get_filter_parameters()
        return [{**parameter, "allowEmptyValue": True} for parameter in parameters]

    def _process_override_parameters(self, direction: Any = "request") -> Any:
        """Nor is what `read_query` reads, where it may be empty."""
        told: Any = super()._process_override_parameters(direction)
        for query in map(force_instance, self.get_override_parameters()):
            for name in may_be_empty(query) if isinstance(query, StrictSerializer) else ():
                told[name, "query"]["allowEmptyValue"] = True
        return told

    def _tell_what_goes(self, operation: dict[str, Any]) -> None:
        whole = settings.API_VERSIONS[str(self.view.request.version)]
        handler = getattr(self.view, "action", None) or self.method.lower()
        said = deprecations_of(type(self.view), handler)
        for notice in [*([whole] if whole else []), *said]:
            what = f"`{notice.field}`" if notice.field else "This"
            told = f"{what} goes on {notice.sunset}: see {CHANGELOG}#{notice.section}."
            operation["description"] = f"{operation.get('description', '')}\n\n{told}".strip()
            named = [p for p in operation.get("parameters", []) if p["name"] == notice.field]
            for part in named if notice.field else [operation]:
                part["deprecated"] = True

    def _get_paginator(self) -> Any:
        """That of the version which is described."""
        paginator = super()._get_paginator()
        if isinstance(paginator, VersionedPagination):
            return paginator.of_version(self.view.request.version)
        return paginator

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

    def _tell_conditions(self, operation: dict[str, Any]) -> None:
        answers = operation["responses"]
        reads = self.method == "GET"
        if self._answers_tagged():
            for status, answer in answers.items():
                if status.startswith("2") and "content" in answer:
                    answer["headers"] = {**answer.get("headers", {}), "ETag": _ETAG}
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
        kept = isinstance(self.view, CachedListMixin)
        return kept if self._is_list_view() else any(tagged)

    def get_summary(self) -> str | None:
        first, _dot, _rest = self.get_description().partition(".")
        return first.strip() or None


def _add_header(operation: dict[str, Any], name: str) -> None:
    header = {"in": "header", "name": name, "schema": _TEXT, "description": _CONDITIONS[name]}
    operation["parameters"] = [*operation.get("parameters", []), header]


def add_problem_answers(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Post-processing hook: the `Problem` component, each operation's refusals, limits, keys."""
    parts = result.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts["parameters"] = {"IdempotencyKey": _KEY}
    parts["headers"] = {**LIMITS, "IdempotentReplayed": _REPLAYED}
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            for status in _refusals(path, operation):
                operation["responses"].setdefault(status, _answer(status))
            _add_limits(operation["responses"])
            if method == "post":
                _tell_of_keys(operation)
    return result


def tell_version(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Post-processing hook: the version's own number, and its own addresses in the examples."""
    version = str(generator.api_version or api_settings.DEFAULT_VERSION)
    result["info"]["version"] = f"{version.removeprefix('v')}.0.0"
    text = json.dumps(result, cls=DjangoJSONEncoder).replace("/api/v1/", f"/api/{version}/")
    told: dict[str, Any] = json.loads(text)
    return told


def _add_limits(responses: dict[str, Any]) -> None:
    """Every answer that was let in or refused by the limits tells of them."""
    for status, answer in responses.items():
        told = {"RateLimit", "RateLimit-Policy"} if status[0] == "2" else set()
        told = set(LIMITS) if status == "429" else told
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(told)}
        if headers:
            answer["headers"] = {**answer.get("headers", {}), **headers}


def _tell_of_keys(operation: dict[str, Any]) -> None:
    """Every POST takes an `Idempotency-Key` (`core.once`)."""
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    operation["parameters"] = [*operation.get("parameters", []), key]
    for status in ("400", "409", "422"):
        operation["responses"].setdefault(status, _answer(status))
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            replayed = {"$ref": "#/components/headers/IdempotentReplayed"}
            response.setdefault("headers", {})["Idempotent-Replayed"] = replayed


def _refusals(path: str, operation: dict[str, Any]) -> list[str]:
    statuses = ["429"]
    if "parameters" in operation or "requestBody" in operation:
        statuses.append("400")
    if "requestBody" in operation:
        statuses += ["413", "415"]
    if any(operation.get("security", [])):  # where it is optional, a bad token is still refused
        statuses += ["401"]
    if "{" in path or any(p["name"] == "page" for p in operation.get("parameters", [])):
        statuses.append("404")
    return statuses


def _answer(status: str) -> dict[str, Any]:
    example = _example(status)
    examples = {example["code"]: {"value": example}}
    content = {CONTENT_TYPE: {"schema": _SCHEMA, "examples": examples}}
    return {"description": example["detail"], "content": content}


def in_english(text: object) -> str:
    """Whoever reads the document, and in whatever language the code was first loaded."""
    with translation.override("en"):
        return str(text)


def _example(status: str) -> dict[str, Any]:
    code, detail = _REASONS[status]
    errors = [
        {"field": "name", "code": "required", "detail": "This field is required."},
        {"field": "colour", "code": "unknown_field", "detail": "Unknown field."},
    ]
    return {
        "type": f"{TYPE_BASE}{code}",
        "title": in_english(TITLES[int(status)]),
        "status": int(status),
        "detail": detail,
        "code": code,
        "error": detail,
        "errors": errors if status == "400" else [],
        "request_id": "0b6f3c1e5d0f4a7f9a4d0c9d4f4f0f11",
    }


def refusal(status: int, code: str, detail: object) -> dict[tuple[int, str], OpenApiResponse]:
    """A refusal of an operation's own, for `extend_schema(responses={200: …, **refusal(…)})`."""
    text = in_english(detail)
    body = {
        **_example(str(status)),
        "type": f"{TYPE_BASE}{code}",
        "detail": text,
        "code": code,
        "error": text,
    }
    example = OpenApiExample(code, body, status_codes=[str(status)])
    answer = OpenApiResponse(_SCHEMA, text, examples=[example])
    return {(status, CONTENT_TYPE): answer}


def refusals(*kinds: type[AppException]) -> dict[tuple[int, str], OpenApiResponse]:
    """Several refusals of one operation with one status: each is an example of it."""
    told = [refusal(kind.status, kind.code, kind.detail) for kind in kinds]
    answers = [answer for each in told for answer in each.values()]
    text = " ".join(str(answer.description) for answer in answers)
    examples = [example for answer in answers for example in answer.examples]
    return dict.fromkeys(told[0], OpenApiResponse(_SCHEMA, text, examples=examples))


STALE_PLAN = refusal(409, PlanStale.code, PlanStale.detail)
