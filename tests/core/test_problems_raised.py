"""Whatever a view raises, the client gets one form and not a word of the exception's own."""

import json
from typing import Any

import pytest
from django.core import exceptions as django
from django.db import DataError, InterfaceError, OperationalError, connection
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.urls import path
from pytest_django import Settings
from rest_framework import exceptions as drf
from rest_framework.request import Request
from rest_framework.test import APIClient
from rest_framework.views import APIView

from core.exceptions import AppException, ConflictError, FieldError, ForbiddenError, InvalidInput
from tests.core.conftest import Refusal

pytestmark = pytest.mark.django_db
SECRET = "connection to 10.0.0.7 as postgres failed: SELECT password"


def ask_for_the_impossible() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'secret'::integer")


class SecretTeapot(drf.APIException):
    status_code = 418
    default_code = "teapot"
    default_detail = "Short and stout."


OURS = "Something went wrong on our side."
HTTP = "The request is not valid HTTP."
FIELDS = "The request has invalid fields."
AWAY = "The database cannot be reached just now."
RAISED: dict[str, tuple[Exception, int, str, str]] = {
    "Exception": (Exception(SECRET), 500, "internal_error", OURS),
    "KeyError": (KeyError(SECRET), 500, "internal_error", OURS),
    "AssertionError": (AssertionError(SECRET), 500, "internal_error", OURS),
    "RecursionError": (RecursionError(SECRET), 500, "internal_error", OURS),
    "OperationalError": (OperationalError(SECRET), 503, "service_unavailable", AWAY),
    "InterfaceError": (InterfaceError(SECRET), 503, "service_unavailable", AWAY),
    "DataError": (DataError(SECRET), 400, "invalid_value", "A value cannot be stored."),
    "ProtectedError": (
        ProtectedError(SECRET, set()), 409, "in_use", "It is in use and cannot be deleted.",
    ),
    "Http404": (Http404(SECRET), 404, "not_found", "Not found."),
    "Django's PermissionDenied": (
        django.PermissionDenied(SECRET), 403, "permission_denied", "Access denied",
    ),
    "SuspiciousOperation": (django.SuspiciousOperation(SECRET), 400, "bad_request", HTTP),
    "RequestDataTooBig": (
        django.RequestDataTooBig(SECRET), 413, "request_too_large", "Request too large",
    ),
    "UnreadablePostError": (
        UnreadablePostError(SECRET), 400, "parse_error", "The body ended before its time.",
    ),
    "AppException": (
        AppException(), 400, "invalid", "The request could not be carried out.",
    ),
    "ForbiddenError": (ForbiddenError(), 403, "permission_denied", "Access denied"),
    "an API exception of another library": (SecretTeapot(), 418, "teapot", "Short and stout."),
    "simplejwt's body of its own": (
        drf.AuthenticationFailed({"detail": "No.", "code": "token_not_valid"}),
        401, "token_not_valid", "No.",
    ),
}  # fmt: skip
WITH_ERRORS: dict[str, tuple[Exception, str, list[tuple[str, str, str]]]] = {
    "one field": (
        drf.ValidationError({"name": "Too odd."}), "Too odd.", [("name", "invalid", "Too odd.")],
    ),
    "two fields": (
        drf.ValidationError({"name": ["Odd.", "Long."]}), FIELDS,
        [("name", "invalid", "Odd."), ("name", "invalid", "Long.")],
    ),
    "a list of rows": (
        drf.ValidationError({"lines": [{}, {"sku": ["Gone."]}]}), "Gone.",
        [("lines.1.sku", "invalid", "Gone.")],
    ),
    "deep inside": (
        drf.ValidationError({"a": {"b": [{"c": ["Wrong."]}]}}), "Wrong.",
        [("a.b.0.c", "invalid", "Wrong.")],
    ),
    "no field": (
        drf.ValidationError({"non_field_errors": ["Wrong."]}), "Wrong.",
        [("", "invalid", "Wrong.")],
    ),
    "nothing but a sentence": (
        drf.ValidationError("Wrong.", code="odd"), "Wrong.", [("", "odd", "Wrong.")],
    ),
    "Django's own": (
        django.ValidationError("Wrong."), "Wrong.", [("", "invalid", "Wrong.")],
    ),
    "a service's": (
        InvalidInput.of("ids.3", "Gone.", "gone"), FIELDS, [("ids.3", "gone", "Gone.")],
    ),
}  # fmt: skip


class RaisingView(APIView):
    permission_classes = []

    def get(self, request: Request) -> None:
        name = request.query_params["what"]
        raise RAISED[name][0] if name in RAISED else WITH_ERRORS[name][0]

    def post(self, request: Request) -> None:
        ask_for_the_impossible()

    def put(self, request: Request) -> None:
        raise ConflictError("Sold.", errors=[FieldError("id", "sold", "Sold.")], available=3)


def page_that_raises(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(SECRET)


urlpatterns = [
    path("raise/", RaisingView.as_view()),
    path("page/", page_that_raises),
]
handler500 = "core.problems.server_error"


@pytest.fixture
def client(settings: Settings) -> APIClient:
    settings.ROOT_URLCONF = __name__
    return APIClient(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "code", "detail"), [(name, *rest) for name, (_, *rest) in RAISED.items()]
)
def test_exception_becomes_a_problem(
    client: APIClient, assert_problem: Refusal, name: str, status: int, code: str, detail: str
) -> None:
    answer = client.get("/raise/", {"what": name})
    assert_problem(answer, status, code, detail)
    assert (answer.get("Retry-After") == "5") == (status == 503)


@pytest.mark.parametrize(
    ("name", "detail", "errors"), [(name, *rest) for name, (_, *rest) in WITH_ERRORS.items()]
)
def test_invalid_fields_are_rows_with_dotted_paths(
    client: APIClient, assert_problem: Refusal, name: str, detail: str, errors: Any
) -> None:
    rows = [dict(zip(("field", "code", "detail"), row, strict=True)) for row in errors]
    answer = client.get("/raise/", {"what": name})
    assert_problem(answer, 400, "validation_error", detail, rows)


def test_what_the_database_cannot_hold_is_400(client: APIClient, assert_problem: Refusal) -> None:
    assert_problem(client.post("/raise/"), 400, "invalid_value", "A value cannot be stored.")


def test_refusal_carries_what_helps_to_do_better(
    client: APIClient, assert_problem: Refusal
) -> None:
    row = {"field": "id", "code": "sold", "detail": "Sold."}
    assert_problem(client.put("/raise/"), 409, "conflict", "Sold.", [row], available=3)


def test_page_outside_the_api_that_raises_is_a_problem_as_well(
    client: APIClient, assert_problem: Refusal
) -> None:
    assert_problem(client.get("/page/"), 500, "internal_error", OURS)


@pytest.mark.parametrize("name", ["Exception", "OperationalError", "DataError"])
def test_log_has_what_the_answer_keeps_back(
    client: APIClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    answer = client.get("/raise/", {"what": name})
    [record] = [entry for entry in caplog.records if entry.name == "core.problems"]
    event: Any = record.msg
    assert SECRET in str(event["exc_info"])
    assert event["request_id"] == answer["X-Request-ID"]
    assert SECRET not in json.dumps(answer.json())
