"""How settings are kept and asked for, what new shops begin with, and what staff do."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from rest_framework.test import APIClient

from core.exceptions import NotFoundError
from core.models import AuditLog
from tests.factories import UserFactory, VendorFactory
from tests.flows.desk import address, filled, save, saved
from vendors.models import SystemSettings, Vendor
from vendors.selectors import get_platform_settings, get_shop_settings

pytestmark = pytest.mark.django_db


class TestSelectors:
    def test_shop_s_settings_are_one_query(
        self, vendor: Vendor, django_assert_num_queries: Any
    ) -> None:
        SystemSettings.objects.create(vendor=vendor, order_expiry_minutes=5)
        SystemSettings.objects.create(vendor=None, order_expiry_minutes=6, low_stock_threshold=0)
        with django_assert_num_queries(1):
            settings = get_shop_settings(vendor.pk)
        assert (settings.order_expiry_minutes, settings.low_stock_threshold) == (5, 0)
        assert get_shop_settings(VendorFactory().pk).order_expiry_minutes == 6
        with django_assert_num_queries(1):
            assert get_platform_settings().order_expiry_minutes == 6

    def test_no_shop_has_no_settings(self) -> None:
        with pytest.raises(NotFoundError):
            get_shop_settings(0)


class TestNewShops:
    def test_begin_with_what_the_platform_says(self, owner_client: APIClient) -> None:
        SystemSettings.objects.create(currency="EUR", require_if_match=True)
        made = owner_client.post("/api/v1/vendors/", {"name": "Comptoir"}).json()
        assert (made["currency"], made["require_if_match"]) == ("EUR", True)
        body = {"name": "Shop", "currency": "CHF", "require_if_match": False}
        made = owner_client.post("/api/v1/vendors/", body).json()
        assert (made["currency"], made["require_if_match"]) == ("CHF", False)
        assert Vendor.objects.get(pk=made["id"]).stores.get().currency == "CHF"

    def test_registered_ones_too(self) -> None:
        SystemSettings.objects.create(currency="EUR")
        body = {"email": "new@example.com", "password": "shelf-of-blue-bricks"}
        assert APIClient().post("/api/v1/auth/register/", body).status_code == 201
        shop = Vendor.objects.get(owner__email="new@example.com")
        assert (shop.currency, shop.stores.get().currency) == ("EUR", "EUR")


class TestDesk:
    @pytest.fixture
    def desk(self, client: Client) -> Client:
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        return client

    def test_staff_settle_the_platform_once(self, desk: Client) -> None:
        where = address(SystemSettings, "add")
        answer = save(desk, where, currency="EUR", default_tax_rate="7")
        assert answer.status_code == 302
        row = SystemSettings.objects.get()
        assert (row.currency, row.default_tax_rate) == ("EUR", Decimal(7))
        assert row.created_by is not None
        assert not saved(save(desk, where))
        assert AuditLog.objects.latest("pk").after == {"currency": "EUR", "default_tax_rate": "7"}

    def test_currency_of_a_shop_is_changed_with_the_shop(
        self, desk: Client, vendor: Vendor
    ) -> None:
        where = address(SystemSettings, "add")
        assert not saved(save(desk, where, vendor=vendor.pk, currency="EUR"))
        assert saved(save(desk, where, vendor=vendor.pk))
        row = SystemSettings.objects.get()
        assert saved(save(desk, address(row, "change"), low_stock_threshold="4"))
        row.refresh_from_db()
        assert (row.low_stock_threshold, row.currency, row.version) == (4, None, 2)
        assert desk.get(address(row, "delete")).status_code == 403

    def test_shop_added_by_staff_begins_with_what_the_platform_says(self, desk: Client) -> None:
        SystemSettings.objects.create(currency="EUR")
        assert filled(desk.get(address(Vendor, "add")))["currency"] == "EUR"


@pytest.mark.parametrize(
    "values",
    [{"low_stock_threshold": 10**9 + 1}, {"order_expiry_minutes": 0}, {"currency": "EUR"},
     {"order_expiry_minutes": 43201}, {"default_tax_rate": "100.01"},
     {"require_if_match": False}],
)  # fmt: skip
def test_database_keeps_settings_sane(values: dict[str, Any], vendor: Vendor) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        SystemSettings.objects.create(vendor=vendor, **values)


def test_database_keeps_one_row_of_each(vendor: Vendor) -> None:
    for shop in (vendor, None):
        SystemSettings.objects.create(vendor=shop)
        with pytest.raises(IntegrityError), transaction.atomic():
            SystemSettings.objects.create(vendor=shop)
