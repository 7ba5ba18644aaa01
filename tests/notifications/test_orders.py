"""Who hears of an order: those who sell, and the customer."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import translation

from core.mail import render_text
from core.relay import relay
from notifications.models import Notification, NotificationPreference
from sales.enums import CancelReason
from sales.services import CustomerService, OrderService, Returned
from tests.factories import CustomerFactory, MemberFactory
from tests.factories.orders import order, sale, stocked
from users.models import User
from vendors.models import Vendor
from vendors.services import SettingsService

pytestmark = pytest.mark.django_db
KINDS = {"order_placed", "order_cancelled", "order_returned"}


def told() -> list[tuple[str, int]]:
    """Kind and reader of what was told of orders."""
    relay()
    rows = Notification.objects.filter(kind__in=KINDS).order_by("pk")
    return list(rows.values_list("kind", "user_id"))


class TestSellers:
    def test_hear_of_a_new_order(self, vendor: Vendor, owner: User) -> None:
        row = order(vendor, "pending")
        assert told() == [("order_placed", owner.pk)]
        news = Notification.objects.get(kind="order_placed")
        assert (news.title, news.body) == (
            f"New order {row.number}", f"Order {row.number} was placed: 20.00 USD.",
        )  # fmt: skip
        assert news.data == {
            "order": row.pk, "number": row.number, "total": "20.00", "currency": "USD",
            "vendor": vendor.pk,
        }  # fmt: skip

    def test_are_those_whose_role_sells(self, vendor: Vendor, owner: User) -> None:
        people = {role: MemberFactory(vendor=vendor, role=role).user.pk
                  for role in ("admin", "manager", "sales", "viewer")}  # fmt: skip
        order(vendor, "pending")
        readers = {owner.pk, people["admin"], people["manager"], people["sales"]}
        assert {user for _kind, user in told()} == readers

    def test_hear_of_a_draft_as_little_as_of_a_sale(self, vendor: Vendor) -> None:
        OrderService.cancel(order=order(vendor), by=vendor.owner)
        sale(vendor)
        assert told() == []

    @pytest.mark.parametrize("reason", CancelReason.values)
    def test_hear_why_it_was_cancelled(self, vendor: Vendor, owner: User, reason: str) -> None:
        row = OrderService.cancel(order=order(vendor, "pending"), by=owner, reason=reason)
        assert told() == [("order_placed", owner.pk), ("order_cancelled", owner.pk)]
        news = Notification.objects.get(kind="order_cancelled")
        assert news.title == f"Order {row.number} was cancelled"
        assert bool(news.body) == (reason != CancelReason.OTHER)

    def test_hear_of_each_return(self, vendor: Vendor, owner: User) -> None:
        row = order(vendor, "completed")
        line = row.lines.get()
        for _each in range(2):
            OrderService.take_back(order=row, returns=[Returned(line, 1)], by=owner)
        assert [kind for kind, _user in told()].count("order_returned") == 2
        news = Notification.objects.filter(kind="order_returned").first()
        assert news.title == f"Units of order {row.number} came back"
        assert news.body == "To be refunded: 10.00 USD."

    def test_get_mails_if_they_want_them(self, vendor: Vendor, owner: User) -> None:
        order(vendor, "pending")
        relay()
        assert mail.outbox == []
        NotificationPreference.objects.create(
            user=owner, kind="order_placed", channel="email", enabled=True
        )
        row = order(vendor, "pending")
        relay()
        assert [(each.to, each.subject) for each in mail.outbox] == [
            ([owner.email], f"New order {row.number}")
        ]


@pytest.fixture
def nora(vendor: Vendor) -> Any:
    return CustomerFactory(vendor=vendor, name="Nora <Vale>", email="nora@example.com")


class TestCustomer:
    def test_is_thanked_with_what_was_ordered(self, vendor: Vendor, nora: Any) -> None:
        vendor.contact_info = "hello@brick-and-card.example"
        vendor.save()
        item = stocked(vendor, name="Galaxy & Explorer")
        row = order(
            vendor, "pending", item, customer=nora, discount=Decimal(1),
            preferred_delivery_date=date(2030, 12, 24),
        )  # fmt: skip
        relay()
        [letter] = mail.outbox
        assert letter.to == ["nora@example.com"]
        assert letter.subject == f"Your order {row.number} at {vendor.name}"
        assert letter.body == (
            "Hello Nora <Vale>, thank you for your order:\n\n"
            "2 x Galaxy & Explorer: 19.00 USD\n\n"
            "Together with tax: 19.00 USD\n"
            "Delivery wanted on Dec. 24, 2030\n\n"
            "Questions? This is where you reach us:\n\n"
            "hello@brick-and-card.example\n"
        )

    def test_is_written_in_the_language_of_the_shop(self, vendor: Vendor, nora: Any) -> None:
        User.objects.filter(pk=vendor.owner_id).update(language="de")
        row = order(vendor, "pending", customer=nora)
        relay()
        assert mail.outbox[0].subject == f"Ihre Bestellung {row.number} bei {vendor.name}"

    @pytest.fixture(params=["settings", "cancelled", "deleted", "nameless", "nobody"])
    def quiet(self, request: Any, vendor: Vendor, nora: Any) -> None:
        """A reason to write to nobody."""
        row = order(vendor, customer=None if request.param == "nobody" else nora)
        OrderService.place(order=row, by=vendor.owner)
        if request.param == "settings":
            SettingsService.update(vendor_id=vendor.pk, by=vendor.owner, order_confirmations=False)
        elif request.param == "cancelled":
            OrderService.cancel(order=row, by=vendor.owner)
        elif request.param == "deleted":
            CustomerService.delete(customer=nora, by=vendor.owner)
        elif request.param == "nameless":
            CustomerService.update(customer=nora, by=vendor.owner, email="")

    @pytest.mark.usefixtures("quiet")
    def test_is_left_alone(self) -> None:
        relay()
        assert mail.outbox == []


ORDERS: dict[str, Any] = {
    "texts/order_placed": {"number": "A-7", "total": "19.90", "currency": "EUR"},
    "texts/order_cancelled": {"number": "A-7", "reason": "expired"},
    "texts/order_returned": {"number": "A-7", "refund": "19.90", "currency": "EUR"},
}


@pytest.mark.parametrize("kind", ORDERS)
def test_orders_have_their_words_in_each_language(kind: str, settings: Any) -> None:
    texts = [
        render_text(f"notifications/{kind}.txt", code, ORDERS[kind])
        for code, _name in settings.LANGUAGES
    ]
    assert len({text.body for text in texts}) == len({text.subject for text in texts}) == 2
    assert all("A-7" in text.subject for text in texts)
    assert translation.get_language() == "en"
