"""Every refusal in one form: `application/problem+json` (RFC 9457).

`{type, title, status, detail, code, error, errors: [{field, code, detail}], request_id}`; `error`
repeats `detail`. Nothing of the inside is told: no stack, no SQL, no text of an exception that
was not written for readers. The codes are explained in docs/api/errors.md.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import DataError, InterfaceError, OperationalError
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.context import current_request_id
from core.exceptions import AppException, FieldError, InUse
from core.metadata import forms_of_patch
from core.titles import title_of
from core.writing import is_busy

View = Callable[..., HttpResponseBase]
CONTENT_TYPE = "application/problem+json"
TYPE_BASE = "/api/docs/errors/#"
_log = structlog.get_logger(__name__)


def problem(
    status: int, code: str, detail: Any, errors: list[FieldError] | None = None, **extra: Any
) -> dict[str, Any]:
    """The body of a refusal."""
    return {
        "type": f"{TYPE_BASE}{code}",
        "title": title_of(status),
        "status": status,
        "detail": str(detail),
        "code": code,
        "error": str(detail),
        "errors": [asdict(error) for error in errors or []],
        "request_id": current_request_id(),
        **extra,
    }


def problem_response(status: int, code: str, detail: Any) -> JsonResponse:
    """A refusal from outside the views: a middleware, an unknown address."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    return problem_response(400, "bad_request", _("The request is not valid HTTP."))


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:
    return problem_response(403, "permission_denied", _("Access denied"))


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    return problem_response(403, "permission_denied", _("The form is out of date: load it again."))


def page_not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    return problem_response(404, "not_found", _("Not found."))


def server_error(request: HttpRequest) -> JsonResponse:
    return problem_response(500, "internal_error", _("Something went wrong on our side."))


def only_read(view: View) -> View:
    """GET and HEAD. Django's `require_safe` refuses the others without a word.

    It needs no CSRF token: that check would come first, and speak of forms.
    """

    @csrf_exempt
    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in {"GET", "HEAD"}:
            return view(request, *args, **kwargs)
        refused = exceptions.MethodNotAllowed(str(request.method))
        response = problem_response(405, "method_not_allowed", refused.detail)
        response["Allow"] = "GET, HEAD"
        return response

    return read


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's `EXCEPTION_HANDLER`: every exception becomes a problem, and the work is rolled back."""
    body, headers = _describe(exc)
    set_rollback()
    if request := context.get("request"):
        if body["status"] == 415 and request.method == "PATCH":
            headers |= {"Accept-Patch": forms_of_patch(context["view"])}
        # A client that asked for a CSV still gets its refusal as JSON.
        request.accepted_renderer = JSONRenderer()
        request.accepted_media_type = CONTENT_TYPE
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _describe(exc: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    match exc:
        case AppException():
            body = problem(exc.status, exc.code, exc.detail, exc.errors, **exc.extra)
            return body, dict(exc.headers)
        case exceptions.ValidationError():
            return _invalid(list(_flatten(exc.get_full_details()))), {}
        case ModelValidationError():
            return _invalid([FieldError("", "invalid", text) for text in exc.messages]), {}
        case exceptions.APIException():
            return _from_drf(exc)
        case _:
            return _from_django(exc)


def _invalid(errors: list[FieldError]) -> dict[str, Any]:
    code = "validation_error"
    detail = errors[0].detail if len(errors) == 1 else _("The request has invalid fields.")
    return problem(400, code, detail, errors)


def _from_drf(exc: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    detail: Any = exc.detail
    code: Any = exc.get_codes()
    if isinstance(detail, dict):  # simplejwt: {"detail": ..., "code": ..., "messages": [...]}
        detail, code = detail.get("detail", ""), detail.get("code", exc.default_code)
    return problem(exc.status_code, str(code), detail), headers


def _from_django(exc: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    match exc:
        case Http404():
            return problem(404, "not_found", _("Not found.")), {}
        case PermissionDenied():
            return problem(403, "permission_denied", _("Access denied")), {}
        case RequestDataTooBig():
            return problem(413, "request_too_large", _("Request too large")), {}
        case SuspiciousOperation():
            return problem(400, "bad_request", _("The request is not valid HTTP.")), {}
        case ProtectedError():
            return problem(InUse.status, InUse.code, InUse.detail), {}
        case _:
            return _from_below(exc)


def _from_below(exc: Exception) -> tuple[dict[str, Any], dict[str, str]]:
    match exc:
        case UnreadablePostError():
            return problem(400, "parse_error", _("The body ended before its time.")), {}
        case DataError():
            _log.warning("value_refused_by_database", exc_info=exc)
            return problem(400, "invalid_value", _("A value cannot be stored.")), {}
        case OperationalError() if is_busy(exc):
            _log.warning("rows_busy", exc_info=exc)
            detail = _("Somebody else is changing this just now.")
            return problem(409, "busy", detail), {"Retry-After": "1"}
        case OperationalError() | InterfaceError():
            _log.error("database_unavailable", exc_info=exc)
            detail = _("The database cannot be reached just now.")
            return problem(503, "service_unavailable", detail), {"Retry-After": "5"}
        case _:
            _log.error("unhandled_exception", exc_info=exc)
            return problem(500, "internal_error", _("Something went wrong on our side.")), {}


def _flatten(details: Any, path: str = "") -> Iterator[FieldError]:
    """DRF's nested error structure, one row per fault, with dotted paths."""
    match details:
        case {"message": message, "code": code}:
            yield FieldError(path, str(code), str(message))
        case dict():
            for name, inner in details.items():
                here = "" if name == "non_field_errors" else str(name)
                yield from _flatten(inner, ".".join(filter(None, (path, here))))
        case list():
            for position, inner in enumerate(details):
                nested = isinstance(inner, dict) and "message" not in inner
                yield from _flatten(inner, f"{path}.{position}" if nested and inner else path)
