"""Rows for tests, as the model layer makes them; each call gives one that stands on its own."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from core.models import IdempotencyKey, OutboxMessage
from inventory.models import Category, Collectible
from inventory.services import Receipt, StockService
from inventory.services.counting import store_of
from notifications.models import Notification
from sales.models import Customer
from users.models import User
from vendors.enums import InviteStatus
from vendors.models import AccessToken, Vendor, VendorMember, VendorStore

PASSWORD = "shelf-of-blue-bricks"
NEW_PASSWORD = "a-shelf-of-greener-bricks"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"collector{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.django.Password(PASSWORD)


class VendorFactory(DjangoModelFactory):
    class Meta:
        model = Vendor

    name = factory.Sequence(lambda n: f"Vendor {n}")
    owner = factory.SubFactory(UserFactory)


class StoreFactory(DjangoModelFactory):
    class Meta:
        model = VendorStore

    name = factory.Sequence(lambda n: f"Store {n}")
    vendor = factory.SubFactory(VendorFactory)
    is_default = True


class MemberFactory(DjangoModelFactory):
    class Meta:
        model = VendorMember

    vendor = factory.SubFactory(VendorFactory)
    user = factory.SubFactory(UserFactory)
    email = factory.LazyAttribute(lambda member: member.user.email)
    invite_status = InviteStatus.ACCEPTED


class AccessTokenFactory(DjangoModelFactory):
    """One whose characters nobody knows; `AccessTokenService.issue` tells those of its own."""

    class Meta:
        model = AccessToken

    vendor = factory.SubFactory(VendorFactory)
    token = factory.Sequence(lambda n: f"t{n:09}")
    prefix = "7K2"
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))


class CategoryFactory(DjangoModelFactory):
    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"Category {n}")
    vendor = factory.SubFactory(VendorFactory)


class CollectibleFactory(DjangoModelFactory):
    class Meta:
        model = Collectible
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Item {n}")
    vendor = factory.SubFactory(VendorFactory)

    @factory.post_generation
    def quantity(item: Collectible, create: bool, quantity: int | None, **_more: Any) -> None:  # noqa: N805
        """What the item starts with, in the vendor's default store: one, as for everybody."""
        if not create:
            return
        if quantity is None:
            quantity = 1
        if quantity:
            opening = Receipt(item, store_of(item.vendor, None), quantity)
            StockService.open(receipts=[opening], by=None)
            item.quantity = quantity


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = Customer

    name = factory.Sequence(lambda n: f"Customer {n}")
    vendor = factory.SubFactory(VendorFactory)


class IdempotencyKeyFactory(DjangoModelFactory):
    class Meta:
        model = IdempotencyKey

    digest = factory.Sequence(lambda n: f"{n:064x}")
    user = factory.SubFactory(UserFactory)
    path = "/api/v1/catalog/items/"
    standing: list[str] = []
    status = 201
    headers: dict[str, str] = {}
    body = b"{}"


class NotificationFactory(DjangoModelFactory):
    class Meta:
        model = Notification

    user = factory.SubFactory(UserFactory)
    kind = "announcement"
    event_id = factory.LazyFunction(uuid4)
    title = "Maintenance on Sunday"


class OutboxMessageFactory(DjangoModelFactory):
    class Meta:
        model = OutboxMessage

    event_id = factory.LazyFunction(uuid4)
    event = "users.events.PasswordResetRequested"
    handler = "users.handlers.send_reset_link"
    payload = {"email": "ann@example.com"}
    next_attempt_at = factory.LazyFunction(timezone.now)
