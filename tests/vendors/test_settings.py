"""What a shop settles, what it inherits, and who may read and change it."""

from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.models import AuditLog
from tests.factories import UserFactory, VendorFactory
from tests.vendors.people import PEOPLE, client_of, refusal
from users.models import User
from vendors.models import SystemSettings, Vendor
from vendors.selectors import ShopSettings, get_shop_settings

pytestmark = pytest.mark.django_db
SETTINGS = "/api/v1/system-settings/"
PLATFORM = f"{SETTINGS}?scope=platform"
INHERITED = [
    "low_stock_threshold", "order_expiry_minutes", "default_tax_rate", "order_confirmations",
]  # fmt: skip
BUILT_IN = {
    "currency": "USD", "require_if_match": False, "low_stock_threshold": 10,
    "order_expiry_minutes": 1440, "default_tax_rate": "0.00", "order_confirmations": True,
}  # fmt: skip
MINE = {
    "low_stock_threshold": 3, "order_expiry_minutes": 60, "default_tax_rate": "19.00",
    "order_confirmations": False,
}  # fmt: skip


@pytest.fixture
def admin_client(sign_in: Any) -> APIClient:
    """Of somebody who administers the platform and works in no shop."""
    client: APIClient = sign_in(UserFactory(is_admin=True))
    return client


def faults(answer: Any) -> dict[str, str]:
    assert refusal(answer) == (400, "validation_error")
    return {error["field"]: error["code"] for error in answer.json()["errors"]}


class TestReading:
    def test_shop_that_has_settled_nothing_has_what_is_built_in(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        answer = owner_client.get(SETTINGS)
        assert (answer.status_code, answer.json()) == (200, {
            "scope": "vendor", "vendor": vendor.pk, **BUILT_IN, "inherited": INHERITED,
            "updated_at": vendor.updated_at.isoformat().replace("+00:00", "Z"),
        })  # fmt: skip
        assert SystemSettings.objects.count() == 0

    @pytest.mark.parametrize("role", [*PEOPLE, "anonymous"])
    def test_who_works_there_may_read_and_who_manages_it_may_write(
        self, role: str, vendor: Vendor, sign_in: Any
    ) -> None:
        client = APIClient() if role == "anonymous" else client_of(sign_in, vendor, role)
        hidden = {"anonymous": 401, "stranger": 404}
        address = f"{SETTINGS}?vendor={vendor.pk}"
        assert client.get(address).status_code == hidden.get(role, 200)
        allowed = 200 if role in {"admin", "owner"} else 403
        for method in ("put", "patch"):
            answer = getattr(client, method)(address, {"low_stock_threshold": 4})
            assert answer.status_code == hidden.get(role, allowed)
        settled = get_shop_settings(vendor.pk).low_stock_threshold == 4
        assert settled == (role in {"admin", "owner"})
        assert client.get(PLATFORM).status_code == hidden.get(role, 403) or role == "stranger"

    def test_platform_is_for_its_administrators(
        self, owner_client: APIClient, admin_client: APIClient, sign_in: Any
    ) -> None:
        for method in ("get", "put", "patch"):
            assert APIClient().generic(method.upper(), PLATFORM).status_code == 401
            answer = getattr(owner_client, method)(PLATFORM)
            assert refusal(answer) == (403, "permission_denied")
        body = {"scope": "platform", "vendor": None, **BUILT_IN, "inherited": [*BUILT_IN]}
        for client in (admin_client, sign_in(UserFactory(is_superuser=True))):
            for where in (PLATFORM, SETTINGS):
                assert client.get(where).json() == {**body, "updated_at": None}
        assert SystemSettings.objects.count() == 0

    def test_administrator_with_a_shop_gets_the_shop_unless_they_say(
        self, sign_in: Any, vendor: Vendor
    ) -> None:
        shop = VendorFactory(owner=UserFactory(is_admin=True))
        client = sign_in(shop.owner)
        assert client.get(SETTINGS).json()["vendor"] == shop.pk
        assert client.get(PLATFORM).json()["scope"] == "platform"
        assert client.get(f"{SETTINGS}?vendor={vendor.pk}").status_code == 404

    def test_without_any_shop_there_is_nothing(self, sign_in: Any) -> None:
        client = sign_in(UserFactory())
        for answer in (client.get(SETTINGS), client.put(SETTINGS, MINE)):
            assert refusal(answer) == (404, "not_found")

    def test_another_shop_of_theirs_is_named(
        self, owner: User, owner_client: APIClient, vendor: Vendor
    ) -> None:
        other = VendorFactory(owner=owner, currency="EUR")
        address = f"{SETTINGS}?vendor={other.pk}"
        assert owner_client.patch(address, {"default_tax_rate": "7"}).status_code == 200
        told = owner_client.get(address).json()
        assert (told["vendor"], told["currency"]) == (other.pk, "EUR")
        assert told["default_tax_rate"] == "7.00"
        assert owner_client.get(SETTINGS).json()["default_tax_rate"] == "0.00"

    @pytest.mark.parametrize(
        ("query", "field"),
        [("vendor=x", "vendor"), ("scope=shop", "scope"), ("vendors=1", "vendors"),
         ("scope=platform&vendor=1", "vendor"), ("vendor=", "vendor"), ("vendor=1.5", "vendor")],
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["get", "put", "patch"])
    def test_address_that_cannot_be_meant_is_refused(
        self, method: str, query: str, field: str, owner_client: APIClient
    ) -> None:
        answer = getattr(owner_client, method)(f"{SETTINGS}?{query}")
        assert [*faults(answer)] == [field]

    @pytest.mark.parametrize("number", [0, -1, 2**63, 10**40])
    def test_shop_of_no_such_number_is_not_there(
        self, number: int, owner_client: APIClient
    ) -> None:
        assert owner_client.get(f"{SETTINGS}?vendor={number}").status_code == 404


class TestSettling:
    def test_put_settles_what_it_names_and_leaves_the_rest_to_those_above(
        self, owner: User, owner_client: APIClient, vendor: Vendor
    ) -> None:
        first = owner_client.put(SETTINGS, MINE)
        assert (first.status_code, first.json()["inherited"]) == (200, [])
        answer = owner_client.put(SETTINGS, {"low_stock_threshold": 0, "default_tax_rate": None})
        row = SystemSettings.objects.get()
        assert answer.json() == {
            "scope": "vendor", "vendor": vendor.pk, **BUILT_IN, "low_stock_threshold": 0,
            "inherited": INHERITED[1:],
            "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
        }  # fmt: skip
        assert answer.json() == owner_client.get(SETTINGS).json()
        assert (row.vendor, row.created_by_id, row.updated_by) == (vendor, owner.pk, owner)

    def test_patch_changes_what_it_names(self, owner_client: APIClient) -> None:
        owner_client.put(SETTINGS, MINE)
        answer = owner_client.patch(SETTINGS, {"order_expiry_minutes": None})
        assert answer.json()["inherited"] == ["order_expiry_minutes"]
        told = {name: answer.json()[name] for name in MINE}
        assert told == {**MINE, "order_expiry_minutes": 1440}

    def test_shop_inherits_from_the_platform_what_it_has_not_settled(
        self, owner_client: APIClient, admin_client: APIClient, vendor: Vendor
    ) -> None:
        owner_client.patch(SETTINGS, {"order_confirmations": True})
        before = owner_client.get(SETTINGS)
        assert admin_client.put(PLATFORM, {**MINE, "currency": "CHF"}).status_code == 200
        after = owner_client.get(SETTINGS, HTTP_IF_NONE_MATCH=before["ETag"])
        expected = {**before.json(), **MINE, "order_confirmations": True}
        assert (after.status_code, after.json()) == (200, expected)
        assert get_shop_settings(vendor.pk) == ShopSettings(
            "USD", False, 3, 60, Decimal("19.00"), True
        )
        # What the platform says is no write of the shop's.
        assert owner_client.put(SETTINGS, {}, HTTP_IF_MATCH=before["ETag"]).status_code == 200

    def test_currency_and_if_match_rule_are_the_shop_s_own(
        self, owner: User, owner_client: APIClient, vendor: Vendor
    ) -> None:
        answer = owner_client.patch(SETTINGS, {"currency": "EUR"})
        assert answer.json()["currency"] == "EUR"
        vendor.refresh_from_db()
        assert (vendor.currency, vendor.updated_by) == ("EUR", owner)
        assert owner_client.put(SETTINGS, {}).json()["currency"] == "EUR"
        assert owner_client.put(SETTINGS, {"require_if_match": True}).status_code == 200
        vendor.refresh_from_db()
        assert vendor.require_if_match
        for method in (owner_client.put, owner_client.patch):
            assert refusal(method(SETTINGS, {})) == (428, "precondition_required")
        tag = owner_client.get(SETTINGS)["ETag"]
        answer = owner_client.put(SETTINGS, {"require_if_match": False}, HTTP_IF_MATCH=tag)
        assert (answer.status_code, answer.json()["require_if_match"]) == (200, False)

    def test_change_is_in_the_audit_log_with_what_was_before(
        self, owner: User, owner_client: APIClient, vendor: Vendor
    ) -> None:
        owner_client.patch(SETTINGS, {"low_stock_threshold": 3})
        owner_client.put(SETTINGS, {"default_tax_rate": "7.5", "currency": "EUR"})
        owner_client.put(SETTINGS, {"default_tax_rate": "7.50", "currency": "EUR"})
        log = AuditLog.objects.filter(type="vendor", vendor_id=vendor.pk).order_by("pk")
        settled = f"changed settings of shop {vendor.pk}"
        assert list(log.values_list("action", "before", "after")) == [
            (settled, {"low_stock_threshold": None}, {"low_stock_threshold": 3}),
            (f"changed shop “{vendor.name}”", {"currency": "USD"}, {"currency": "EUR"}),
            (
                settled, {"low_stock_threshold": 3, "default_tax_rate": None},
                {"low_stock_threshold": None, "default_tax_rate": "7.50"},
            ),
        ]  # fmt: skip
        assert {entry.actor_id for entry in log} == {owner.pk}

    def test_platform_is_settled_and_goes_back_to_what_is_built_in(
        self, admin_client: APIClient
    ) -> None:
        new = {**MINE, "currency": "EUR", "require_if_match": True}
        told = admin_client.put(PLATFORM, new).json()
        row = SystemSettings.objects.get()
        updated = row.updated_at.isoformat().replace("+00:00", "Z")
        body = {"scope": "platform", "vendor": None, **new, "inherited": [], "updated_at": updated}
        assert told == body
        entry = AuditLog.objects.latest("pk")
        assert (entry.type, entry.action) == ("vendor", "changed settings of the platform")
        assert entry.vendor_id is None
        back = admin_client.patch(SETTINGS, dict.fromkeys(new)).json()
        assert {name: back[name] for name in BUILT_IN} == BUILT_IN
        assert back["inherited"] == [*BUILT_IN]

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("currency", "XXQ", "currency"), ("currency", 5, "invalid"),
            ("currency", "", "blank"), ("currency", "EURO", "max_length"),
            ("currency", ["EUR"], "invalid"), ("currency", None, "null"),
            ("require_if_match", "true", "invalid"), ("require_if_match", 1, "invalid"),
            ("require_if_match", None, "null"), ("require_if_match", [], "invalid"),
            ("low_stock_threshold", -1, "min_value"), ("low_stock_threshold", "3", "invalid"),
            ("low_stock_threshold", True, "invalid"), ("low_stock_threshold", 1.5, "invalid"),
            ("low_stock_threshold", 10**9 + 1, "max_value"),
            ("order_expiry_minutes", 0, "min_value"), ("order_expiry_minutes", 43201, "max_value"),
            ("default_tax_rate", "-0.01", "min_value"), ("default_tax_rate", "100.01", "max_value"),
            ("default_tax_rate", "0.001", "max_decimal_places"),
            ("default_tax_rate", "NaN", "invalid"), ("default_tax_rate", "x", "invalid"),
            ("default_tax_rate", True, "invalid"), ("default_tax_rate", {}, "invalid"),
            ("order_confirmations", "no", "invalid"), ("order_confirmations", {}, "invalid"),
            ("curency", "EUR", "unknown_field"), ("inherited", [], "unknown_field"),
            ("vendor", 1, "unknown_field"), ("version", 1, "unknown_field"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_fault_is_told_by_its_key(
        self, method: str, name: str, value: Any, code: str, owner_client: APIClient
    ) -> None:
        answer = getattr(owner_client, method)(SETTINGS, {**MINE, name: value})
        assert faults(answer) == {name: code}
        assert SystemSettings.objects.count() == 0

    @pytest.mark.parametrize("body", [[], "x", 5, [MINE]])
    def test_body_is_an_object(self, body: Any, owner_client: APIClient) -> None:
        assert owner_client.put(SETTINGS, body).status_code == 400

    @pytest.mark.parametrize("method", ["post", "delete"])
    def test_they_are_neither_made_nor_deleted(self, method: str, owner_client: APIClient) -> None:
        assert getattr(owner_client, method)(SETTINGS).status_code == 405

    def test_closed_shop_is_not_settled(self, owner_client: APIClient, vendor: Vendor) -> None:
        owner_client.put(SETTINGS, MINE)
        vendor.delete()
        assert owner_client.get(f"{SETTINGS}?vendor={vendor.pk}").status_code == 404
        # But what it owes its orders still holds.
        assert get_shop_settings(vendor.pk).order_expiry_minutes == 60


class TestTags:
    def test_who_has_it_already_gets_304(self, owner_client: APIClient) -> None:
        tag = owner_client.get(SETTINGS)["ETag"]
        answer = owner_client.get(SETTINGS, HTTP_IF_NONE_MATCH=tag)
        assert (answer.status_code, answer["ETag"]) == (304, tag)

    def test_stale_write_is_412_with_what_is_there(self, owner_client: APIClient) -> None:
        tag = owner_client.get(SETTINGS)["ETag"]
        # The first write of all is judged too, though there is no row yet.
        first = owner_client.put(SETTINGS, MINE, HTTP_IF_MATCH=tag)
        assert first.status_code == 200
        for method in (owner_client.put, owner_client.patch):
            stale = method(SETTINGS, {"low_stock_threshold": 9}, HTTP_IF_MATCH=tag)
            assert refusal(stale) == (412, "precondition_failed")
            assert (stale.json()["current"], stale["ETag"]) == (first.json(), first["ETag"])
        assert owner_client.put(SETTINGS, {}, HTTP_IF_MATCH=first["ETag"]).status_code == 200

    def test_write_judged_on_what_it_would_replace(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        """Somebody else's new currency would be undone; the shop's new name would not."""
        tag = owner_client.get(SETTINGS)["ETag"]
        shop = f"/api/v1/vendors/{vendor.pk}/"
        owner_client.patch(shop, {"name": "Bricks"})
        assert owner_client.get(SETTINGS)["ETag"] != tag
        assert owner_client.patch(SETTINGS, {}, HTTP_IF_MATCH=tag).status_code == 200
        owner_client.patch(shop, {"currency": "EUR"})
        assert owner_client.patch(SETTINGS, {}, HTTP_IF_MATCH=tag).status_code == 412

    def test_platform_s_first_write_is_judged_too(self, admin_client: APIClient) -> None:
        tag = admin_client.get(PLATFORM)["ETag"]
        assert admin_client.put(PLATFORM, MINE, HTTP_IF_MATCH=tag).status_code == 200
        stale = admin_client.put(PLATFORM, {}, HTTP_IF_MATCH=tag)
        assert refusal(stale) == (412, "precondition_failed")
