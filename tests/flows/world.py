"""A world that must not be seen: one of everything, each text marked, and how others look at it."""

import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient

from inventory.models import Category, Collectible, CollectibleImage, ImportJob
from inventory.services import (
    ImageService,
    ImportService,
    Line,
    Receipt,
    StockService,
    TransferService,
    ValuationService,
    Worth,
)
from notifications.models import Notification
from sales.models import Customer
from tests.core.test_pictures import picture
from tests.factories import (
    AccessTokenFactory,
    CategoryFactory,
    CollectibleFactory,
    CustomerFactory,
    MemberFactory,
    NotificationFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.orders import STATUSES, order
from tests.flows.routes import ROUTES
from users.models import Session, User
from users.services import SessionService
from vendors.models import AccessToken, Vendor, VendorMember, VendorStore

MARKER = "MARKER-7f3a"
METHODS = ["get", "head", "options", "post", "put", "patch", "delete"]


def patterns(entries: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, path)
        else:
            yield path, entry


def api(version: str = "v1") -> dict[str, URLPattern]:
    found = [(str(p.name), p) for path, p in patterns(get_resolver().url_patterns)
             if path.startswith(f"api/{version}/")]  # fmt: skip
    assert len(dict(found)) == len(found), "two routes have one name"
    return dict(found)


def served(pattern: URLPattern) -> set[str]:
    """The methods a route has."""
    callback: Any = pattern.callback
    methods = set(getattr(callback, "actions", None) or ())
    methods |= {method for method in METHODS if not methods and hasattr(callback.cls, method)}
    return methods | ({"head"} if "get" in methods else set())


class World:
    """An account whose every text holds the marker, and which says where it was told to others."""

    def __init__(self, version: str = "") -> None:
        self.version = version
        self.owner: User = UserFactory(
            username=f"{MARKER}-user", email=f"{MARKER}@example.com", first_name=f"{MARKER}-first",
            last_name=f"{MARKER}-last", company_name=f"{MARKER}-company",
            phone_number=f"{MARKER}-phone",
        )  # fmt: skip
        self.vendor: Vendor = VendorFactory(
            owner=self.owner, name=f"{MARKER}-vendor", description=f"{MARKER}-vendor-text",
            contact_info=f"{MARKER}-contact",
        )  # fmt: skip
        self.store: VendorStore = StoreFactory(vendor=self.vendor, name=f"{MARKER}-store")
        self.member: VendorMember = MemberFactory(
            vendor=self.vendor, email=f"{MARKER}-member@example.com", title=f"{MARKER}-title"
        )
        self.invite: VendorMember = MemberFactory(
            vendor__name=f"{MARKER}-inviter", user=None, email=self.owner.email,
            invite_status="pending",
        )  # fmt: skip
        self.token: AccessToken = AccessTokenFactory(vendor=self.vendor, notes=f"{MARKER}-notes")
        self.category: Category = CategoryFactory(vendor=self.vendor, name=f"{MARKER}-category")
        self.item = self._item("item", category=self.category)
        self.gone = self._item("gone", category=self.category)
        self.gone.delete()
        self._move_stock()
        self.customer: Customer = self._customer("customer")
        self.former = self._customer("former")
        self.former.delete()
        ware = self._item("ware", quantity=20)
        ware.refresh_from_db()
        said = {
            "notes": f"{MARKER}-order", "channel": f"{MARKER}-channel", "customer": self.customer,
        }  # fmt: skip
        self.draft, self.pending, self.confirmed, self.fulfilled, self.sold = (
            order(self.vendor, status, ware, **said) for status in STATUSES
        )
        upload = SimpleUploadedFile(f"{MARKER}.jpg", picture())
        self.image: CollectibleImage = ImageService.add(
            collectible=self.item, upload=upload, by=self.owner, alt_text=f"{MARKER}-alt"
        )
        table = SimpleUploadedFile(
            f"{MARKER}-file.csv", f"sku,name,{MARKER}-column\n{MARKER}-row,x,1".encode()
        )
        job = ImportService.request(file=table, vendor=self.vendor, by=self.owner)
        self.job: ImportJob = ImportService.run(job_id=job.pk)
        self.notification: Notification = NotificationFactory(
            user=self.owner, title=f"{MARKER}-title", data={"name": f"{MARKER}-name"}
        )
        grant = SessionService.open(user=self.owner, user_agent=f"{MARKER}-agent")
        self.session: Session = Session.objects.get(pk=grant.session_id)
        self.told: list[str] = []

    def _move_stock(self) -> None:
        reference = f"{MARKER}-reference"
        [self.movement] = StockService.receive(
            receipts=[Receipt(self.item, self.store, 4, Decimal("77.70"))], by=self.owner,
            reference=reference, note=f"{MARKER}-note",
        )  # fmt: skip
        self.lot = self.movement.lot
        stall = StoreFactory(vendor=self.vendor, name=f"{MARKER}-stall", is_default=False)
        line = Line(self.item, self.store, 1)
        self.sent = TransferService.send(
            line=line, to_store=stall, by=self.owner, in_transit=True, reference=reference
        )
        worth = Worth(item=self.item, amount=Decimal("77.70"), source=f"{MARKER}-source")
        ValuationService.record(values=[worth], by=self.owner)

    def _item(self, word: str, **details: Any) -> Collectible:
        text = f"{MARKER}-{word}"
        item: Collectible = CollectibleFactory(
            vendor=self.vendor, name=f"{text}-name", sku=f"{text}-sku", value="77.70",
            description=f"{text}-description", attributes={f"{text}-key": [f"{text}-attribute"],
            "card": f"{text}-card"}, created_by=self.owner, **details,
        )  # fmt: skip
        return item

    def _customer(self, word: str) -> Customer:
        text = f"{MARKER}-{word}"
        customer: Customer = CustomerFactory(
            vendor=self.vendor, name=f"{text}-name", email=f"{text}@example.com",
            phone=f"{text}-phone", address=f"{text}-address", notes=f"{text}-notes",
        )  # fmt: skip
        return customer

    def address(self, route: str) -> str:
        named = {k: getattr(self, v).pk for k, v in ROUTES[route].items()}
        return reverse(f"{self.version}{route}", kwargs=named)

    def call(self, client: APIClient, method: str, route: str, data: Any = None) -> tuple[int, str]:
        """Status and text of the answer, headers included; the marker in it is remembered."""
        multipart = any(hasattr(value, "read") for value in (data or {}).values())
        address = route if route.startswith("/") else self.address(route)
        form = {"format": "multipart"} if multipart else {}
        answer = getattr(client, method)(address, data, **form)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if body.startswith(b"PK"):
            book = zipfile.ZipFile(io.BytesIO(body))
            body = b"".join(book.read(name) for name in book.namelist())
        text = f"{dict(answer.headers)}{body.decode()}"
        if MARKER.lower() in text.lower():
            self.told.append(f"{method} {address} {data}")
        return answer.status_code, text


def rows() -> dict[tuple[Any, ...], dict[str, Any]]:
    """Every row of ours that there is, with every column."""
    return {
        (model._meta.label, *(row[key.attname] for key in model._meta.pk_fields)): row
        for app in ("users", "vendors", "inventory", "sales", "notifications")
        for model in apps.get_app_config(app).get_models()
        for row in model._base_manager.values()
    }
