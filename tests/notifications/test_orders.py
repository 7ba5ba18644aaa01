"""Who hears of an order: those who sell, and the customer."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone, translation

from core.mail import render_text
from core.relay import relay
from notifications.models import Notification, NotificationPreference
from sales.enums import CancelReason
from sales.models import Customer, Order
from sales.selectors.orders import same_address_lately
from sales.services import CustomerService, OrderService, Returned
from tests.factories import CustomerFactory, MemberFactory, StoreFactory
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
    User.objects.filter(pk=vendor.owner_id).update(email_verified_at=timezone.now())
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

    @pytest.fixture(params=["settings", "cancelled", "deleted", "nameless", "nobody", "unverified"])
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
        elif request.param == "unverified":
            User.objects.update(email_verified_at=None)

    @pytest.mark.usefixtures("quiet")
    def test_is_left_alone(self) -> None:
        relay()
        assert mail.outbox == []

    def test_gets_five_mails_a_day_from_a_shop_whoever_they_say_they_are(
        self, vendor: Vendor, nora: Any
    ) -> None:
        item = stocked(vendor, 100)
        gone = CustomerFactory(vendor=vendor, email="Nora@Example.com")
        first = [order(vendor, "pending", item, customer=each) for each in (nora, gone)]
        relay()
        CustomerService.delete(customer=gone, by=vendor.owner)
        for _each in range(4):
            twin = CustomerFactory(vendor=vendor, email="NORA@example.com")
            order(vendor, "pending", item, customer=twin)
        order(vendor, "pending", item, customer=CustomerFactory(vendor=vendor, email="b@c.de"))
        theirs = CustomerFactory(vendor__owner=vendor.owner, email=nora.email)
        StoreFactory(vendor=theirs.vendor)
        order(theirs.vendor, "pending", customer=theirs)
        relay()
        letters = [(to.lower(), letter.body) for letter in mail.outbox for to in letter.to]
        assert [to for to, _body in letters].count("b@c.de") == 1
        assert [to for to, _body in letters].count("nora@example.com") == 5 + 1

        yesterday = timezone.now() - timedelta(days=1)
        Order.objects.filter(pk__in=[row.pk for row in first]).update(placed_at=yesterday)
        order(vendor, "pending", item, customer=nora)
        relay()
        assert len(mail.outbox) == len(letters) + 1

    def test_is_found_by_address_and_not_by_reading_all(self, vendor: Vendor, nora: Any) -> None:
        row = order(vendor, "pending", customer=nora)
        others = Customer.objects.bulk_create(
            Customer(vendor=vendor, name="Ann", email=f"ann{n}@example.com") for n in range(500)
        )
        drafts = [Order(vendor=vendor, store=row.store, customer=each) for each in others]
        Order.objects.bulk_create(drafts)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE sales_customer, sales_order")
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = same_address_lately(row).explain()
        assert re.search(r"using customer_by_email .*\n +Index Cond: .*upper", plan), plan
        assert "using order_of_customer" in plan


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
