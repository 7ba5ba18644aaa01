"""The API in German: sentences for people are, and nothing that programs read."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation
from pytest_django import Settings
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Collectible, ImportJob
from inventory.services import ImportService
from tests.factories import CategoryFactory, CollectibleFactory, MemberFactory
from tests.inventory.tables import table
from users.models import User
from vendors.models import Vendor
from vendors.roles import Role

pytestmark = pytest.mark.django_db
API = "/api/v1/"
ITEMS = f"{API}catalog/items/"
IMPORTS = f"{API}catalog/imports/"
CATEGORIES = f"{API}catalog/categories/"
TOKEN = f"{API}auth/token/"
GERMAN = {"Accept-Language": "de"}

Call = tuple[str, str, Any, dict[str, Any]]


def post(address: str, body: Any = None, **options: Any) -> Call:
    return "post", address, body, options


def get(address: str, **options: Any) -> Call:
    return "get", address, None, options


def upload(text: str, name: str = "table.csv", **fields: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, text.encode()), **fields}


AS_TEXT = {"content_type": "text/plain"}
AS_JSON = {"content_type": "application/json"}
AS_FORM = {"format": "multipart"}
# What the owner of a shop with the item 75192 and the category Sets is refused.
REFUSED: dict[str, tuple[int, str, Callable[[], Call]]] = {
    "missing field": (400, "required", lambda: post(ITEMS, {})),
    "unknown field": (400, "unknown_field", lambda: post(ITEMS, {"name": "x", "colour": "red"})),
    "currency": (400, "currency", lambda: post(ITEMS, {"name": "x", "currency": "ZZZ"})),
    "choice": (400, "invalid_choice", lambda: post(ITEMS, {"name": "x", "condition": "odd"})),
    "not a number": (400, "invalid", lambda: post(ITEMS, {"name": "x", "quantity": "twelve"})),
    "attributes": (400, "invalid", lambda: post(ITEMS, {"name": "x", "attributes": []})),
    "no ids": (400, "no_ids", lambda: post(f"{ITEMS}bulk_delete/", {"ids": []})),
    "parameter": (400, "invalid", lambda: get(f"{ITEMS}?colour=red")),
    "order": (400, "invalid", lambda: get(f"{ITEMS}?ordering=colour")),
    "filter": (400, "invalid", lambda: get(f"{ITEMS}?min_value=much")),
    "search": (400, "invalid", lambda: get(f"{ITEMS}?search={'x' * 201}")),
    "size of page": (400, "invalid", lambda: get(f"{ITEMS}?page_size=0")),
    "page": (404, "not_found", lambda: get(f"{ITEMS}?page=99")),
    "cursor": (400, "invalid_cursor", lambda: get("/api/v2/catalog/items/?cursor=x")),
    "format": (400, "invalid", lambda: get(f"{ITEMS}?format=pdf")),
    "column": (400, "unknown", lambda: get(f"{ITEMS}export/?columns=colour")),
    "flag": (400, "invalid", lambda: post(f"{ITEMS}bulk_delete/?dry_run=maybe", {"ids": [1]})),
    "plan": (400, "unknown_plan", lambda: post(f"{ITEMS}bulk_delete/?plan=x", {"ids": [1]})),
    "broken JSON": (400, "parse_error", lambda: post(ITEMS, b"{", **AS_JSON)),
    "number of JSON": (400, "parse_error", lambda: post(ITEMS, b'{"name": NaN}', **AS_JSON)),
    "deep JSON": (400, "parse_error", lambda: post(ITEMS, b"[" * 99 + b"]" * 99, **AS_JSON)),
    "broken form": (
        400, "parse_error",
        lambda: post(IMPORTS, b"x", content_type="multipart/form-data; boundary="),
    ),
    "key": (400, "invalid", lambda: post(ITEMS, {"name": "x"}, HTTP_IDEMPOTENCY_KEY="é")),
    "tag of a list": (400, "invalid", lambda: post(ITEMS, {"name": "x"}, HTTP_IF_MATCH="*")),
    "digest": (
        400, "digest_mismatch",
        lambda: post(ITEMS, b"{}", HTTP_CONTENT_DIGEST=f"sha-256=:{'A' * 43}=:", **AS_JSON),
    ),
    "file": (400, "file_refused", lambda: post(IMPORTS, upload("x", "a.pdf"), **AS_FORM)),
    "mapping": (
        400, "file_refused",
        lambda: post(IMPORTS, upload("a,b\n1,2\n", mapping='{"c": "name"}'), **AS_FORM),
    ),
    "weak password": (
        400, "password_too_short",
        lambda: post(f"{API}auth/register/", {"email": "b@example.com", "password": "x7"}),
    ),
    "no name": (400, "invalid", lambda: post(TOKEN, {"password": "x"})),
    "wrong password": (
        401, "invalid_credentials", lambda: post(TOKEN, {"username": "nobody", "password": "x"})
    ),
    "address": (404, "not_found", lambda: get("/api/v1/nothing/")),
    "row": (404, "not_found", lambda: get(f"{ITEMS}1/")),
    "method": (405, "method_not_allowed", lambda: ("put", ITEMS, {}, {})),
    "representation": (406, "not_acceptable", lambda: get(ITEMS, HTTP_ACCEPT="image/png")),
    "SKU": (409, "sku_taken", lambda: post(ITEMS, {"name": "x", "sku": "75192"})),
    "category": (409, "category_taken", lambda: post(CATEGORIES, {"name": "Sets"})),
    "size": (
        413, "request_too_large", lambda: post(ITEMS, b"", CONTENT_LENGTH="99999999", **AS_JSON)
    ),
    "type": (415, "unsupported_media_type", lambda: post(ITEMS, "x", **AS_TEXT)),
    "coding": (
        415, "unsupported_media_type", lambda: post(ITEMS, b"{}", HTTP_CONTENT_ENCODING="br")
    ),
}  # fmt: skip


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    CategoryFactory(vendor=vendor, name="Sets")
    return CollectibleFactory(vendor=vendor, sku="75192")


def in_both(client: Any, make: Callable[[], Call]) -> tuple[Any, Any]:
    def answer(language: str) -> Any:
        method, address, body, options = make()
        return getattr(client, method)(address, body, HTTP_ACCEPT_LANGUAGE=language, **options)

    return answer("en"), answer("de")


def for_programs(answer: Any) -> tuple[Any, ...]:
    body = answer.json()
    errors = [(error["field"], error["code"]) for error in body["errors"]]
    return answer.status_code, body["type"], body["code"], errors


def for_people(answer: Any) -> list[str]:
    body = answer.json()
    return [body["title"], body["detail"], *(error["detail"] for error in body["errors"])]


def assert_german(english: Any, german: Any, status: int, code: str) -> None:
    """The same to programs, and no sentence the same to people."""
    assert for_programs(german) == for_programs(english)
    body = english.json()
    assert english.status_code == status, body
    assert code in {body["code"], *(error["code"] for error in body["errors"])}
    pairs = list(zip(for_people(english), for_people(german), strict=True))
    assert [told for told in pairs if told[0] == told[1]] == []
    assert (english["Content-Language"], german["Content-Language"]) == ("en", "de")
    assert german.json()["error"] == german.json()["detail"]


class TestRefusals:
    @pytest.mark.parametrize("what", REFUSED)
    def test_are_german_and_keep_their_codes(
        self, owner_client: APIClient, item: Collectible, what: str
    ) -> None:
        status, code, make = REFUSED[what]
        assert_german(*in_both(owner_client, make), status, code)

    def test_anonymous_is_told_in_german(self, anonymous_client: APIClient) -> None:
        assert_german(*in_both(anonymous_client, lambda: get(ITEMS)), 401, "not_authenticated")
        forged = get(ITEMS, HTTP_AUTHORIZATION="Bearer forged")
        assert_german(*in_both(anonymous_client, lambda: forged), 401, "token_not_valid")

    def test_viewer_is_told_in_german(
        self, sign_in: Callable[[User], APIClient], vendor: Vendor
    ) -> None:
        client = sign_in(MemberFactory(vendor=vendor, role=Role.VIEWER).user)
        make = lambda: post(ITEMS, {"name": "x", "vendor": vendor.pk})  # noqa: E731
        assert_german(*in_both(client, make), 403, "permission_denied")

    def test_conditions_are_told_in_german(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        change = ("patch", f"{ITEMS}{item.pk}/", {"name": "New"})
        stale = {"HTTP_IF_MATCH": f'"{item.pk}-99"'}
        answers = in_both(owner_client, lambda: (*change, stale))
        assert_german(*answers, 412, "precondition_failed")
        Vendor.objects.update(require_if_match=True)
        answers = in_both(owner_client, lambda: (*change, {}))
        assert_german(*answers, 428, "precondition_required")

    def test_limits_are_told_in_german(
        self, anonymous_client: APIClient, settings: Settings
    ) -> None:
        settings.RATE_LIMIT_ENABLED = True
        wrong = {"username": "nobody", "password": "x"}
        for _ in range(5):
            anonymous_client.post(TOKEN, wrong)
        assert_german(*in_both(anonymous_client, lambda: post(TOKEN, wrong)), 429, "throttled")

    def test_report_on_many_rows_is_german(self, owner_client: APIClient, vendor: Vendor) -> None:
        items = CollectibleFactory.create_batch(2, vendor=vendor)
        body = {"ids": [i.pk for i in items], "versions": {str(items[0].pk): 99}}
        call = post(f"{ITEMS}bulk_delete/?dry_run=true", body, format="json")
        told = [str(answer.json()) for answer in in_both(owner_client, lambda: call)]
        assert ["since you read it" in text for text in told] == [True, False]
        assert ["seit dem Lesen" in text for text in told] == [False, True]


class TestImports:
    @pytest.fixture
    def job(self, owner_client: APIClient) -> ImportJob:
        """Sent in German; the worker has no language of its own."""
        rows = table("Falcon,75192,,abc,1,", ",X,,,,", "Twin,75192,,1,1,", "Many,Y,,1,-1,")
        answer = owner_client.post(IMPORTS, {"file": rows}, format="multipart", headers=GERMAN)
        assert answer.status_code == 202
        return ImportService.run(job_id=answer.json()["id"])

    def test_rows_are_told_in_the_language_of_who_sent_the_file(
        self, owner_client: APIClient, job: ImportJob
    ) -> None:
        rows = owner_client.get(f"{IMPORTS}{job.pk}/rows/").json()["results"]
        assert [[(e["code"], e["detail"]) for e in row["errors"]] for row in rows] == [
            [("invalid", "„abc“ ist kein Betrag.")],
            [("required", "Ein neuer Artikel braucht einen Namen.")],
            [],
            [("min_value", "Dieser Wert muss größer oder gleich 0 sein.")],
        ]
        assert translation.get_language() == "en"

    def test_audit_log_is_english(self, owner_client: APIClient, job: ImportJob) -> None:
        actions = AuditLog.objects.filter(object_type="importjob").values_list("action", flat=True)
        assert set(actions) == {
            "requested import of “table.csv”", "completed import of “table.csv”"
        }  # fmt: skip


class TestWhatIsKept:
    def test_replay_is_in_the_language_of_the_first_answer(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        """It is the answer of then, and says so."""
        items = CollectibleFactory.create_batch(2, vendor=vendor)
        body = {"ids": [i.pk for i in items], "versions": {str(items[0].pk): 99}}
        call = post(f"{ITEMS}bulk_delete/", body, format="json", HTTP_IDEMPOTENCY_KEY="k")
        first, again = in_both(owner_client, lambda: call)
        assert again["Idempotent-Replayed"] == "true"
        assert again.content == first.content
        assert (first["Content-Language"], again["Content-Language"]) == ("en", "en")

    def test_refusal_of_a_key_is_in_the_language_of_its_reader(
        self, owner_client: APIClient
    ) -> None:
        owner_client.post(ITEMS, {"name": "One"}, HTTP_IDEMPOTENCY_KEY="k")
        call = post(ITEMS, {"name": "Two"}, HTTP_IDEMPOTENCY_KEY="k")
        answers = in_both(owner_client, lambda: call)
        assert_german(*answers, 422, "idempotency_key_reused")

    def test_kept_list_says_the_language_of_its_reader(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        for _ in range(2):
            english, german = in_both(owner_client, lambda: get(ITEMS))
            assert english.json() == german.json()
            assert (english["Content-Language"], german["Content-Language"]) == ("en", "de")


class TestNotTranslated:
    @pytest.mark.parametrize("address", ["/api/schema/", "/api/schema/v2/"])
    def test_description_is_english(self, client: Client, address: str) -> None:
        english, german = in_both(client, lambda: get(address))
        assert german.content == english.content
        assert german["Content-Language"] == "en"

    @pytest.mark.parametrize("page", ["docs", "redoc", "docs/errors", "docs/changelog"])
    def test_documentation_is_english(self, client: Client, page: str) -> None:
        assert client.get(f"/api/{page}/", headers=GERMAN)["Content-Language"] == "en"

    def test_data_and_audit_log_are_the_same_in_any_language(
        self, anonymous_client: APIClient
    ) -> None:
        for name, language in (("ann", "en"), ("bob", "de")):
            body = {"email": f"{name}@example.com", "password": "shelf-of-blue-bricks"}
            call = {**body, "username": name}
            address = f"{API}auth/register/"
            answer = anonymous_client.post(address, call, HTTP_ACCEPT_LANGUAGE=language)
            assert answer.status_code == 201
        trails = [
            [action.replace(name, "x") for action in entries.values_list("action", flat=True)]
            for name in ("ann", "bob")
            for entries in [AuditLog.objects.filter(user=name).order_by("pk")]
        ]
        assert trails[0] == trails[1]
        assert "registered" in trails[0]
