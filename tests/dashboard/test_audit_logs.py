"""The audit log over HTTP: who sees which entries, each filter, the whole body, the queries."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.audit import log_audit
from core.enums import AuditType
from core.models import AuditLog
from tests.factories import CollectibleFactory, UserFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
LOGS = "/api/v1/audit-logs/"
SignIn = Callable[[User], APIClient]


def actions(client: APIClient, **query: Any) -> list[str]:
    answer = client.get(LOGS, query)
    assert answer.status_code == 200, answer.json()
    return [row["action"] for row in answer.json()["results"]]


@pytest.fixture
def entries(owner: User, vendor: Vendor, stranger: User) -> None:
    item = CollectibleFactory(vendor=vendor)
    log_audit(AuditType.CATALOG, owner, "changed item “Lotus”", obj=item)
    log_audit(AuditType.ADMIN, UserFactory(username="staff-1"), "restored the shop", obj=vendor)
    log_audit(AuditType.ACCOUNT, owner, "changed the profile", obj=owner)
    log_audit(AuditType.ACCOUNT, stranger, "changed a profile", obj=stranger)
    log_audit(AuditType.SECURITY, None, "purged tokens")


class TestWhoSees:
    def test_the_anonymous_nothing(self, anonymous_client: APIClient, entries: None) -> None:
        answer = anonymous_client.get(LOGS)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    def test_a_stranger_only_the_own_account(
        self, stranger_client: APIClient, entries: None, vendor: Vendor
    ) -> None:
        assert actions(stranger_client) == ["changed a profile"]
        assert actions(stranger_client, vendor=vendor.pk) == []

    def test_an_owner_the_shop_and_the_own_account(
        self, owner_client: APIClient, entries: None
    ) -> None:
        assert actions(owner_client) == [
            "changed the profile",
            "restored the shop",
            "changed item “Lotus”",
        ]

    def test_an_owner_that_the_own_shop_was_closed(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        owner_client.delete(f"/api/v1/vendors/{vendor.pk}/")
        assert actions(owner_client) == [f"closed shop “{vendor.name}”"]

    def test_not_what_one_did_in_a_shop_of_others(
        self, stranger: User, stranger_client: APIClient, vendor: Vendor
    ) -> None:
        log_audit(AuditType.CATALOG, stranger, "changed theirs", obj=vendor)
        assert actions(stranger_client) == []

    def test_staff_all(self, sign_in: SignIn, entries: None) -> None:
        assert len(actions(sign_in(UserFactory(is_staff=True)))) == 5

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nobody_writes(self, sign_in: SignIn, method: str) -> None:
        client = sign_in(UserFactory(is_staff=True))
        assert getattr(client, method)(LOGS, {}).status_code == 405

    def test_there_is_no_entry_alone(self, owner_client: APIClient, entries: None) -> None:
        assert owner_client.delete(f"{LOGS}{AuditLog.objects.first().pk}/").status_code == 404


def test_body_is_whole(owner_client: APIClient, owner: User, vendor: Vendor) -> None:
    made = owner_client.post("/api/v1/catalog/items/", {"name": "Lotus"}, HTTP_X_REQUEST_ID="r-1")
    item = made.json()
    owner_client.patch(
        f"/api/v1/catalog/items/{item['id']}/", {"value": "5.00"}, HTTP_X_REQUEST_ID="r-2"
    )
    answer = owner_client.get(LOGS, {"page_size": 1})
    assert answer["Cache-Control"] == "private, no-store"
    body = answer.json()
    [row] = body.pop("results")
    assert body == {
        "count": 2,
        "next": "/api/v1/audit-logs/?page=2&page_size=1",
        "previous": None,
        "page": 1,
        "page_size": 1,
        "total_pages": 2,
    }
    assert row.pop("timestamp").endswith("Z")
    assert row == {
        "id": AuditLog.objects.latest("pk").pk,
        "type": "catalog",
        "user": owner.username,
        "action": "changed item “Lotus”",
        "ip_address": "127.0.0.1",
        "object": {"type": "collectible", "id": str(item["id"])},
        "before": {"value": "0.00"},
        "after": {"value": "5.00"},
        "request_id": "r-2",
        "details": "",
        "actor": owner.pk,
        "vendor": vendor.pk,
    }


def test_entry_about_no_object_says_null(sign_in: SignIn) -> None:
    log_audit(AuditType.SECURITY, None, "purged tokens")
    [row] = sign_in(UserFactory(is_staff=True)).get(LOGS).json()["results"]
    assert (row["object"], row["before"], row["actor"], row["ip_address"]) == (None,) * 4


class TestFilters:
    @pytest.fixture
    def wanted(self, owner: User, vendor: Vendor) -> AuditLog:
        """Two entries that differ in everything; the second is the one to be found."""
        other = AuditLog(type="vendor", user="bob", action="closed", vendor=vendor)
        found = AuditLog(
            type="catalog", user="Ann-Lee", action="created item “Lotus”", vendor=vendor,
            actor=owner, object_type="collectible", object_id="17", request_id="r-1",
            ip_address="2001:db8::1",
        )  # fmt: skip
        for row in (other, found):
            row.save()
        return found

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("type", "catalog"), ("user", "ann-"), ("object_type", "collectible"),
            ("object_id", "17"), ("request_id", "r-1"), ("ip_address", "2001:DB8:0::1"),
            ("search", "lotus"), ("action", "created"),
        ],
    )  # fmt: skip
    def test_each_finds_its_entry(
        self, owner_client: APIClient, wanted: AuditLog, name: str, value: str
    ) -> None:
        assert actions(owner_client, **{name: value}) == [wanted.action]

    def test_actor_and_vendor_are_ids(
        self, owner_client: APIClient, wanted: AuditLog, owner: User, vendor: Vendor
    ) -> None:
        assert actions(owner_client, actor=owner.pk) == [wanted.action]
        assert actions(owner_client, id=wanted.pk) == [wanted.action]
        assert len(actions(owner_client, vendor=vendor.pk)) == 2
        assert actions(owner_client, vendor=2**70) == []

    def test_times_include_the_first_and_not_the_last(
        self, owner_client: APIClient, wanted: AuditLog
    ) -> None:
        time = wanted.timestamp.isoformat()
        assert actions(owner_client, timestamp_after=time) == [wanted.action]
        assert actions(owner_client, timestamp_before=time) == ["closed"]
        later = (wanted.timestamp + timedelta(days=1)).isoformat()
        assert actions(owner_client, timestamp_after=later) == []

    def test_can_be_read_from_the_oldest(self, owner_client: APIClient, wanted: AuditLog) -> None:
        assert actions(owner_client, ordering="timestamp") == ["closed", wanted.action]

    @pytest.mark.parametrize(
        "query",
        [
            {"type": "nonsense"}, {"actor": "ann"}, {"vendor": "x"}, {"ip_address": "1.2.3"},
            {"timestamp_after": "yesterday"}, {"colour": "red"}, {"ordering": "user"},
            {"user": "\x00"}, {"page": "0"},
        ],
    )  # fmt: skip
    def test_nonsense_is_400(self, owner_client: APIClient, query: dict[str, str]) -> None:
        answer = owner_client.get(LOGS, query)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


@pytest.mark.parametrize("rows", [1, 100])
def test_costs_the_same_queries_for_any_number_of_rows(
    owner_client: APIClient, owner: User, django_assert_num_queries: Any, rows: int
) -> None:
    for vendor in VendorFactory.create_batch(3, owner=owner):
        for _ in range(rows // 3 or 1):
            log_audit(AuditType.VENDOR, owner, "did", obj=vendor)
    with django_assert_num_queries(4):  # user, shops, count, page
        assert owner_client.get(LOGS, {"page_size": 100}).json()["count"] == 3 * (rows // 3 or 1)
