"""Staff's desk: a row of every registered model, its pages, its forms as a browser sends them."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.audit import log_audit
from core.enums import AuditType
from core.models import AuditLog, IdempotencyKey, OutboxMessage, SoftDeleteModel, ThrottleLog
from inventory.models import (
    Allocation,
    Category,
    Collectible,
    CollectibleImage,
    ImportJob,
    ImportRow,
    StockLevel,
    StockLot,
    StockMovement,
    StockTransfer,
    Valuation,
)
from inventory.services import AllocationService, Line, TransferService
from notifications.models import Notification, NotificationPreference
from sales.models import Customer, Order, OrderSequence, SalesEntry
from tests.factories import (
    AccessTokenFactory,
    CategoryFactory,
    CollectibleFactory,
    CustomerFactory,
    IdempotencyKeyFactory,
    MemberFactory,
    NotificationFactory,
    OutboxMessageFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.orders import order, sale
from users.models import EmailToken, Session, User
from users.services import SessionService
from vendors.models import AccessToken, SystemSettings, Vendor, VendorMember, VendorStore


def image(**details: Any) -> CollectibleImage:
    checksum = f"{CollectibleImage.all_objects.count():064}"  # no two pictures are the same
    values = {"width": 60, "height": 40, "size": 900, "checksum": checksum, "is_primary": True}
    item = details.pop("collectible", None) or CollectibleFactory()
    return CollectibleImage.objects.create(
        collectible=item, file=f"items/{item.pk}/a.jpeg", **{**values, **details}
    )


def _job(**details: Any) -> ImportJob:
    vendor = VendorFactory()
    return ImportJob.objects.create(
        vendor=vendor, created_by=vendor.owner, file="imports/a.csv", filename="a.csv", **details
    )


def _inside(make: Any, name: str) -> Any:
    category = CategoryFactory()
    return make(vendor=category.vendor, **{name: category})


def _email_token() -> EmailToken:
    user = UserFactory()
    return EmailToken.objects.create(user=user, expires_at=timezone.now(), digest=f"{user.pk:064}")


def _sent() -> StockTransfer:
    item = CollectibleFactory(quantity=2)
    to = StoreFactory(vendor=item.vendor, is_default=False)
    line = Line(item, item.levels.get().store, 1)
    return TransferService.send(line=line, to_store=to, in_transit=True, by=UserFactory())


def _promised() -> Allocation:
    item = CollectibleFactory()
    line = Line(item, item.levels.get().store, 1)
    [row] = AllocationService.allocate(lines=[line], reference="order 1")
    return row


# Registered model → how one more row of it is made, with relations of its own.
MAKE: dict[type[models.Model], Callable[[], Any]] = {
    User: lambda: UserFactory(active_vendor=VendorFactory()),
    Group: lambda: Group.objects.create(name=f"Group {Group.objects.count()}"),
    Vendor: lambda: StoreFactory().vendor,
    VendorStore: lambda: StoreFactory(is_default=False),  # the default one is not deleted
    VendorMember: MemberFactory,
    AccessToken: AccessTokenFactory,
    SystemSettings: lambda: SystemSettings.objects.create(vendor=VendorFactory()),
    Category: lambda: _inside(CategoryFactory, "parent"),
    Collectible: lambda: _inside(CollectibleFactory, "category"),
    CollectibleImage: image,
    ImportJob: _job,
    ImportRow: lambda: ImportRow.objects.create(job=_job(), line=2, outcome="failed", errors=[]),
    StockLevel: lambda: StockLevel.objects.get(item=CollectibleFactory()),
    StockLot: lambda: StockLot.objects.get(item=CollectibleFactory()),
    StockMovement: lambda: StockMovement.objects.get(item=CollectibleFactory()),
    StockTransfer: _sent,
    Allocation: _promised,
    Customer: CustomerFactory,
    Valuation: lambda: Valuation.objects.get(item=CollectibleFactory(value=5)),
    Order: lambda: order(StoreFactory().vendor, "returned"),
    SalesEntry: lambda: SalesEntry.objects.get(order=sale(StoreFactory().vendor)),
    OrderSequence: lambda: OrderSequence.objects.get(vendor=sale(StoreFactory().vendor).vendor),
    Session: lambda: Session.objects.get(pk=SessionService.open(user=UserFactory()).session_id),
    EmailToken: _email_token,
    AuditLog: lambda: log_audit(AuditType.SECURITY, UserFactory(), "signed in"),
    ThrottleLog: lambda: ThrottleLog.objects.create(
        key=f"login:{ThrottleLog.objects.count()}", hits=[1], expires_at=timezone.now()
    ),
    IdempotencyKey: IdempotencyKeyFactory,
    Notification: lambda: NotificationFactory(vendor=VendorFactory()),
    NotificationPreference: lambda: NotificationPreference.objects.create(
        user=UserFactory(), kind="low_stock", channel="email", enabled=False
    ),
    OutboxMessage: OutboxMessageFactory,
}
STOCK = {StockLevel, StockLot, StockMovement, StockTransfer, Allocation, Valuation}
SALES = {Order, SalesEntry, OrderSequence}
LOGS = {AuditLog, IdempotencyKey, OutboxMessage, ThrottleLog}
TOLD = {Notification, NotificationPreference}
READ_ONLY = {ImportJob, ImportRow, Session, EmailToken} | LOGS | STOCK | SALES | TOLD
# Made elsewhere, by who can do what the form cannot: take in a file, show a secret once.
FROM_ELSEWHERE = READ_ONLY | {CollectibleImage, AccessToken}
BUSINESS = [model for model in MAKE if issubclass(model, SoftDeleteModel)]


def address(row: Any, page: str = "changelist") -> str:
    model = row if isinstance(row, type) else type(row)
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=[] if page in {"changelist", "add"} else [row.pk])


def filled(page: Any) -> dict[str, Any]:
    """What a browser would send of the page's form, untouched."""
    forms = [page.context["adminform"].form]
    for inline in page.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    data: dict[str, Any] = {}
    for field in (field for form in forms for field in form):
        value, widget = field.value(), field.field.widget
        if hasattr(widget, "decompress"):
            parts = enumerate(widget.decompress(value))
            data |= {f"{field.html_name}_{place}": part for place, part in parts if part}
        elif value is not None and value is not False:
            data[field.html_name] = value
    return data


def save(desk: Client, where: str, **changes: Any) -> Any:
    """Open the form, change something, save."""
    return desk.post(where, {**filled(desk.get(where)), **changes})


def saved(answer: Any) -> bool:
    if answer.status_code == 302:
        return True
    assert answer.context["errors"], "neither saved nor told why"
    return False
