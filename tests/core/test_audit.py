"""The audit log itself: what a row holds, that it stays, and whom it believes about addresses."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from celery import shared_task
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory
from rest_framework.test import APIClient

from core.audit import HIDDEN, AuditEntry, fields_of, log_audit, log_many
from core.context import client_address, current_origin
from core.enums import AuditType
from core.models import AuditLog
from core.writing import differing
from tests.factories import CollectibleFactory, UserFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(owner: User) -> AuditLog:
    return log_audit(AuditType.ACCOUNT, owner, "did something", obj=owner)


def behind(settings: Any, proxies: int) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}


class TestRow:
    def test_holds_what_the_document_asks_for_and_where_it_belongs(self, owner: User) -> None:
        item = CollectibleFactory(vendor__owner=owner)
        request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.7")
        made = log_audit(
            "catalog",
            owner,
            "changed item “X”",
            request,
            "by hand",
            obj=item,
            before={"value": Decimal("1.50")},
            after={"value": Decimal("2.00")},
        )
        row: dict[str, Any] = dict(AuditLog.objects.values().get())
        assert row.pop("timestamp") is not None
        assert row == {
            "id": made.pk,
            "type": "catalog",
            "user": owner.username,
            "action": "changed item “X”",
            "ip_address": "203.0.113.7",
            "actor_id": owner.pk,
            "vendor_id": item.vendor_id,
            "object_type": "collectible",
            "object_id": str(item.pk),
            "before": {"value": "1.50"},
            "after": {"value": "2.00"},
            "request_id": "",
            "details": "by hand",
        }

    def test_without_a_user_it_was_the_system_and_has_no_address(self) -> None:
        row = log_audit(AuditType.SECURITY, None, "purged")
        assert (row.user, row.actor_id, row.ip_address, row.request_id) == (
            "system",
            None,
            None,
            "",
        )
        assert (row.object_type, row.object_id, row.before, row.after) == ("", "", None, None)

    def test_somebody_not_signed_in_is_anonymous(self) -> None:
        row = log_audit(AuditType.SECURITY, AnonymousUser(), "tried")
        assert (row.user, row.actor_id) == ("anonymous", None)

    def test_long_username_is_cut_to_the_documents_length(self) -> None:
        assert log_audit("account", UserFactory(username="x" * 150), "did").user == "x" * 100

    def test_names_cannot_forge_lines_or_steer_terminals(self, owner: User) -> None:
        row = log_audit("catalog", owner, "created item “a\r\nb\x1b[31m\u202ec”")
        assert row.action == "created item “a  b [31m c”"

    @pytest.mark.parametrize(
        ("name", "value", "kept"),
        [
            ("password", "hunter2", HIDDEN), ("new_password1", "hunter2", HIDDEN),
            ("refresh_token", "ey", HIDDEN), ("client_secret", "s", HIDDEN),
            ("email", "a@example.com", HIDDEN), ("birthdate", date(1990, 4, 1), HIDDEN),
            ("phone_number", "", ""), ("birthdate", None, None),
            ("since", date(2026, 1, 2), "2026-01-02"),
            ("value", Decimal("0.10"), "0.10"), ("flags", {"a": [1, None]}, {"a": [1, None]}),
            ("text", "é" * 1500, "é" * 1500), ("text", "x" * 5000, "x" * 2000 + "…"),
            ("many", ["x" * 5000], '["' + "x" * 1998 + "…"),
        ],
    )  # fmt: skip
    def test_values_are_plain_short_and_no_secret(
        self, owner: User, name: str, value: Any, kept: Any
    ) -> None:
        row = log_audit("account", owner, "changed it", after={name: value})
        row.refresh_from_db()
        assert row.after == {name: kept}

    def test_rows_and_lists_of_rows_are_told_by_their_ids(self, owner: User) -> None:
        first, second = VendorFactory(owner=owner), VendorFactory(owner=owner)
        both = Vendor.objects.filter(pk__in=[first.pk, second.pk]).order_by("pk")
        row = log_audit("admin", owner, "set", obj=first, after={"owner": owner, "all": both})
        row.refresh_from_db()
        assert row.after == {"owner_id": owner.pk, "all": [first.pk, second.pk]}

    def test_a_shop_belongs_to_itself(self, vendor: Vendor, owner: User) -> None:
        assert log_audit("vendor", owner, "did", obj=vendor).vendor_id == vendor.pk

    def test_new_rows_are_told_without_bookkeeping(self, vendor: Vendor) -> None:
        assert fields_of(vendor) == {
            "name": vendor.name,
            "slug": vendor.slug,
            "description": "",
            "contact_info": "",
            "currency": "USD",
            "owner": vendor.owner_id,
            "is_active": True,
            "require_if_match": False,
        }

    def test_what_does_not_differ_is_no_change(self, vendor: Vendor) -> None:
        assert not differing(vendor, {"name": vendor.name})
        changes = differing(vendor, {"name": "New", "currency": "USD"})
        assert changes.record() == {"before": {"name": vendor.name}, "after": {"name": "New"}}


class TestMany:
    def test_a_hundred_rows_are_one_statement(
        self, owner: User, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1):
            log_many(
                "catalog", owner, [AuditEntry(f"did {number}", owner) for number in range(100)]
            )
        assert AuditLog.objects.filter(actor=owner, object_type="user").count() == 100

    def test_none_are_no_statement(self, owner: User, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            log_many("catalog", owner, [])


CHANGES: list[Callable[[AuditLog], Any]] = [
    lambda entry: entry.save(),
    lambda entry: entry.delete(),
    lambda _entry: AuditLog.objects.update(action="nothing"),
    lambda entry: AuditLog.objects.filter(pk=entry.pk).delete(),
    lambda entry: AuditLog.objects.bulk_update([entry], ["action"]),
    lambda entry: AuditLog.objects.bulk_create(
        [AuditLog(pk=entry.pk, action="nothing")],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["action"],
    ),
    lambda _entry: connection.cursor().execute("UPDATE core_auditlog SET ip_address = NULL"),
    lambda _entry: connection.cursor().execute("DELETE FROM core_auditlog"),
]


class TestAppendOnly:
    @pytest.mark.parametrize("change", CHANGES)
    def test_the_database_refuses_every_change(
        self, entry: AuditLog, change: Callable[[AuditLog], Any]
    ) -> None:
        entry.user = "somebody else"
        with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
            change(entry)
        assert AuditLog.objects.get(pk=entry.pk).action == "did something"

    def test_rows_outlive_the_account_and_the_shop(self, owner: User, vendor: Vendor) -> None:
        row = log_audit("vendor", owner, "did", obj=vendor)
        name, keys = owner.username, (owner.pk, vendor.pk)
        for store in vendor.stores.all():
            store.hard_delete()
        vendor.hard_delete()
        owner.delete()
        row.refresh_from_db()
        assert (row.user, (row.actor_id, row.vendor_id)) == (name, keys)

    def test_staff_can_read_and_nothing_else(self, entry: AuditLog, client: Any) -> None:
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        place = "/admin/core/auditlog/"
        assert client.get(place, {"q": "something", "type": "account"}).status_code == 200
        assert client.get(f"{place}{entry.pk}/change/").status_code == 200
        assert client.get(f"{place}add/").status_code == 403
        assert client.post(f"{place}{entry.pk}/change/", {"action": "no"}).status_code == 403
        assert client.post(f"{place}{entry.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_staff_can_read_what_a_deleted_account_did(self, entry: AuditLog, client: Any) -> None:
        Vendor.objects.filter(owner=entry.actor_id).update(owner=UserFactory())
        User.objects.filter(pk=entry.actor_id).delete()
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        assert client.get(f"/admin/core/auditlog/{entry.pk}/change/").status_code == 200

    def test_what_is_rolled_back_leaves_no_row(self, owner: User) -> None:
        with transaction.atomic():
            log_audit("account", owner, "did")
            transaction.set_rollback(True)
        assert not AuditLog.objects.exists()


class TestAddress:
    @pytest.mark.parametrize(
        ("proxies", "forwarded", "address"),
        [
            (0, None, "192.0.2.1"), (0, "203.0.113.7", "192.0.2.1"),
            (1, None, "192.0.2.1"), (1, "203.0.113.7", "203.0.113.7"),
            (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
            (2, "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
            (2, "203.0.113.7", "203.0.113.7"), (1, "nonsense", "192.0.2.1"),
            (1, "6.6.6.6,", "192.0.2.1"), (1, "'; DROP TABLE", "192.0.2.1"),
            (1, "2001:DB8:0::1", "2001:db8::1"), (1, "fe80::1%eth0", "fe80::1"),
            (1, "::ffff:203.0.113.7", "203.0.113.7"),
        ],
    )  # fmt: skip
    def test_is_what_our_own_proxies_say(
        self, settings: Any, proxies: int, forwarded: str | None, address: str
    ) -> None:
        behind(settings, proxies)
        said = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
        request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", **said)
        assert client_address(request) == address

    def test_of_a_local_socket_is_unknown(self) -> None:
        assert client_address(RequestFactory().get("/", REMOTE_ADDR="")) is None

    def test_client_without_proxy_cannot_choose_its_own(self, owner_client: APIClient) -> None:
        owner_client.post(
            "/api/v1/catalog/items/",
            {"name": "Falcon"},
            HTTP_X_FORWARDED_FOR="203.0.113.7",
            HTTP_X_REQUEST_ID="abc-1",
        )
        row = AuditLog.objects.get()
        assert (row.ip_address, row.request_id) == ("127.0.0.1", "abc-1")

    def test_behind_a_proxy_the_clients_is_kept(
        self, owner_client: APIClient, settings: Any
    ) -> None:
        behind(settings, 1)
        owner_client.post(
            "/api/v1/catalog/items/", {"name": "X"}, HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.7"
        )
        assert AuditLog.objects.get().ip_address == "203.0.113.7"

    def test_limits_count_by_the_same_address(
        self, anonymous_client: APIClient, settings: Any
    ) -> None:
        settings.RATE_LIMIT_ENABLED = True
        statuses = [
            anonymous_client.post(
                "/api/v1/auth/register/", {}, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}"
            ).status_code
            for number in range(4)
        ]
        assert statuses == [400, 400, 400, 429]

    def test_outside_of_requests_there_is_none(self) -> None:
        origin = current_origin()
        assert (origin.request_id, origin.ip_address) == ("", None)

    def test_a_task_has_its_own_id(self, owner: User) -> None:
        @shared_task
        def work() -> None:
            log_audit("account", owner, "worked")

        result = work.delay()
        row = AuditLog.objects.get()
        assert (row.request_id, row.ip_address) == (result.id, None)
