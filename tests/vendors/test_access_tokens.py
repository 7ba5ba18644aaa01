"""Sign-up tokens: who makes, sees and revokes them, what is told, and when they are good."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.fields import ALPHABET, random_code, read_code
from core.models import AuditLog
from tests.factories import AccessTokenFactory, StoreFactory
from tests.vendors.people import client_of, refusal
from users.models import User
from vendors.exceptions import AccessTokenNotValid
from vendors.models import AccessToken, Vendor
from vendors.services import AccessTokenService, VendorService

pytestmark = pytest.mark.django_db
PATH = "/api/v1/access-tokens/"


def iso(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


def issue(vendor: Vendor, **details: Any) -> tuple[AccessToken, str]:
    return AccessTokenService.issue(vendor=vendor, by=vendor.owner, **details)


def is_good(code: str) -> bool:
    try:
        with transaction.atomic():
            AccessTokenService.spend(code=code)
            transaction.set_rollback(True)
    except AccessTokenNotValid:
        return False
    return True


def is_in_the_database(text: str) -> bool:
    """In any column of any table."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT 1 FROM "{table}" AS t WHERE t::text LIKE %s', [f"%{text}%"])  # noqa: S608
            if cursor.fetchone():
                return True
    return False


class TestModel:
    def test_has_the_names_of_document_003(self) -> None:
        token = AccessToken._meta.get_field("token")
        assert (token.max_length, token.unique) == (10, True)
        assert AccessToken._meta.get_field("is_used").default is False

    def test_is_used_once(self) -> None:
        token = AccessTokenFactory()
        again = AccessToken.objects.get()
        assert token.mark_used() is True
        assert (token.is_used, token.used_at is not None, token.version) == (True, True, 2)
        assert again.mark_used() is False
        assert again.used_at == token.used_at

    def test_database_knows_when_it_was_used(self) -> None:
        for wrong in ({"is_used": True}, {"used_at": timezone.now()}):
            with pytest.raises(IntegrityError), transaction.atomic():
                AccessTokenFactory(**wrong)


class TestIssue:
    def test_tells_the_whole_token_once(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        answer = owner_client.post(PATH, {"notes": "Bob"})
        assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
        row = AccessToken.objects.get()
        code = answer.json()["token"]
        assert len(code) == 10
        assert set(code) <= set(ALPHABET)
        told = {
            "id": row.pk, "vendor": vendor.pk, "prefix": code[:3], "notes": "Bob", "is_used": False,
            "used_at": None, "used_by": None, "expires_at": iso(row.expires_at),
            "created_by": owner.pk, "created_at": iso(row.created_at),
        }  # fmt: skip
        assert answer.json() == {**told, "token": code}
        assert owner_client.get(PATH).json()["results"] == [told]
        assert is_good(code)

    def test_secret_is_neither_in_the_database_nor_in_the_log(
        self, owner_client: APIClient, caplog: Any
    ) -> None:
        caplog.set_level("DEBUG")
        code = owner_client.post(PATH, {"notes": "for Bob Keeper"}).json()["token"]
        owner_client.get(PATH)
        assert not is_in_the_database(code)
        assert code not in caplog.text
        row, entry = AccessToken.objects.get(), AuditLog.objects.get()
        assert (entry.type, entry.action) == ("vendor", f"made sign-up token {row.pk}")
        assert row.token not in str(entry.after)
        assert "Keeper" not in str(entry.after)

    def test_look_into_the_database_finds_what_is_there(self, vendor: Vendor) -> None:
        """Else the test above would look nowhere."""
        row, _code = issue(vendor, notes="Needle")
        assert is_in_the_database("Needle")
        assert is_in_the_database(row.token)

    def test_digest_needs_our_key(self, vendor: Vendor, settings: Any) -> None:
        _row, code = issue(vendor)
        settings.SECRET_KEY = "another-key-that-is-long-enough-for-hs256"
        assert not is_good(code)

    def test_goes_to_the_active_shop_or_the_named_one(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        other = StoreFactory(vendor__owner=owner).vendor
        assert owner_client.post(PATH).json()["vendor"] == vendor.pk
        assert owner_client.post(PATH, {"vendor": other.pk}).json()["vendor"] == other.pk

    def test_lasts_a_week_unless_told(self, owner_client: APIClient) -> None:
        with time_machine.travel(timezone.now(), tick=False):
            owner_client.post(PATH)
            row = AccessToken.objects.get()
            assert row.expires_at == timezone.now() + timedelta(days=7)
            until = timezone.now() + timedelta(days=30)
            assert owner_client.post(PATH, {"expires_at": until}).status_code == 201
        until = timezone.now() + timedelta(days=1)
        assert owner_client.post(PATH, {"expires_at": until}).json()["expires_at"] == iso(until)

    @pytest.mark.parametrize(
        ("days", "code"), [(-1, "min_value"), (31, "max_value"), (40_000, "max_value")]
    )
    def test_end_is_neither_past_nor_far_away(
        self, owner_client: APIClient, days: int, code: str
    ) -> None:
        until = timezone.now() + timedelta(days=days)
        answer = owner_client.post(PATH, {"expires_at": until})
        assert refusal(answer) == (400, "validation_error")
        [fault] = answer.json()["errors"]
        assert (fault["field"], fault["code"]) == ("expires_at", code)
        assert not AccessToken.objects.exists()

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            ({"notes": "x" * 121}, "notes", "max_length"),
            ({"expires_at": "tomorrow"}, "expires_at", "invalid"),
            ({"expires_at": None}, "expires_at", "null"),
            ({"vendor": 0}, "vendor", "does_not_exist"),
            ({"token": "0123456789"}, "token", "unknown_field"),
        ],
    )
    def test_bad_input_is_named(
        self, owner_client: APIClient, body: dict[str, Any], field: str, code: str
    ) -> None:
        answer = owner_client.post(PATH, body)
        assert refusal(answer) == (400, "validation_error")
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]


class TestList:
    @pytest.mark.parametrize(
        ("role", "count"),
        [("stranger", 0), ("viewer", 0), ("sales", 0), ("manager", 0), ("admin", 1), ("owner", 1)],
    )
    def test_is_for_who_manages_them(
        self, vendor: Vendor, sign_in: Any, role: str, count: int
    ) -> None:
        row = AccessTokenFactory(vendor=vendor)
        client = client_of(sign_in, vendor, role)
        assert client.get(PATH).json()["count"] == count
        assert client.delete(f"{PATH}{row.pk}/").status_code == (204 if count else 404)

    def test_nobody_gets_401(self, anonymous_client: APIClient) -> None:
        for method, path in (("get", PATH), ("post", PATH), ("delete", f"{PATH}1/")):
            assert refusal(getattr(anonymous_client, method)(path)) == (401, "not_authenticated")

    def test_is_filtered_searched_and_costs_three_queries(
        self, owner_client: APIClient, owner: User, vendor: Vendor, django_assert_num_queries: Any
    ) -> None:
        first = AccessTokenFactory(vendor=vendor, notes="Ann, fair")
        other = AccessTokenFactory(vendor=vendor, notes="Bob")
        assert other.mark_used()
        AccessTokenFactory(vendor=StoreFactory(vendor__owner=owner).vendor)
        with django_assert_num_queries(3):  # user, count, page
            listed = owner_client.get(PATH).json()
        assert listed["count"] == 3
        assert [row["id"] for row in listed["results"]][1:] == [other.pk, first.pk]
        for query, count in (
            ({"vendor": vendor.pk}, 2), ({"vendor": 0}, 0), ({"is_used": "true"}, 1),
            ({"is_used": "false"}, 2), ({"search": "fair"}, 1), ({"ordering": "-expires_at"}, 3),
        ):  # fmt: skip
            assert owner_client.get(PATH, query).json()["count"] == count, query
        for wrong in ({"is_used": "maybe"}, {"ordering": "token"}, {"token": "7K2P9XQ4AB"}):
            assert owner_client.get(PATH, wrong).status_code == 400, wrong

    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_one_is_only_read_and_revoked(
        self, owner_client: APIClient, vendor: Vendor, method: str
    ) -> None:
        row = AccessTokenFactory(vendor=vendor)
        assert getattr(owner_client, method)(f"{PATH}{row.pk}/").status_code == 405


class TestGood:
    def test_until_it_is_revoked(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        row, code = issue(vendor)
        assert is_good(code)
        answer = owner_client.delete(f"{PATH}{row.pk}/")
        assert (answer.status_code, answer.content) == (204, b"")
        assert not is_good(code)
        assert AccessToken.all_objects.get().updated_by == owner
        assert owner_client.get(PATH).json()["count"] == 0
        entry = AuditLog.objects.order_by("pk").last()
        assert (entry.action, entry.vendor_id) == (f"revoked sign-up token {row.pk}", vendor.pk)
        assert owner_client.delete(f"{PATH}{row.pk}/").status_code == 404

    def test_until_its_time_is_over(self, vendor: Vendor) -> None:
        row, code = issue(vendor)
        AccessToken.objects.update(expires_at=timezone.now())
        assert not is_good(code)
        assert row.mark_used() is False

    def test_until_its_shop_is_closed_and_again_when_it_is_open(self, vendor: Vendor) -> None:
        _row, code = issue(vendor)
        VendorService.delete(vendor=vendor, by=vendor.owner)
        assert not is_good(code)
        Vendor.all_objects.get().restore()
        assert is_good(code)

    def test_never_when_it_was_made_while_the_shop_was_closing(self, vendor: Vendor) -> None:
        """Closing hides the tokens it sees; one may come at the same moment."""
        VendorService.delete(vendor=vendor, by=vendor.owner)
        _row, code = issue(vendor)
        assert AccessToken.objects.exists()
        assert not is_good(code)

    def test_for_nobody_who_guesses(self, vendor: Vendor) -> None:
        row, code = issue(vendor)
        for guess in ("", code[:9], code + code[0], row.token, random_code(10)):
            assert not is_good(guess), guess


@given(code=st.text(ALPHABET, min_size=10, max_size=10), data=st.data())
def test_code_is_read_however_it_is_typed(code: str, data: st.DataObject) -> None:
    ways = {"0": "0Oo", "1": "1IiLl"}
    typed = "".join(
        data.draw(st.sampled_from(ways.get(sign, sign + sign.lower())))
        + data.draw(st.sampled_from(["", "-", " "]))
        for sign in code
    )
    assert read_code(typed) == code


@given(one=st.text(ALPHABET, max_size=12), other=st.text(ALPHABET, max_size=12))
def test_two_codes_are_never_read_as_one(one: str, other: str) -> None:
    assert (read_code(one) == read_code(other)) == (one == other)
