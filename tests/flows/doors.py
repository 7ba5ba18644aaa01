"""Who gets what at every door: one line per route and method, one column per person.

A new route or method needs a line in `DOORS`, and a body in `BODIES` if it takes one. The names
are those of the URL patterns; what stands after a `?` is a query. HEAD answers as GET, OPTIONS 200,
and what a route does not serve 405, so they have no lines. The addresses are filled by `ROUTES` of
test_isolation.py.
"""

from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.conftest import pair_for
from tests.core.test_pictures import picture
from tests.factories import (
    NEW_PASSWORD,
    PASSWORD,
    MemberFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from tests.flows.world import World
from tests.users.door import issue
from tests.vendors.people import PEOPLE as SIGNED_IN
from users.enums import EmailPurpose
from users.models import User
from users.services import EmailTokenService
from vendors.models import VendorMember

# `admin` is the role in the shop; staff of the platform are nobody special here.
PEOPLE = ["anonymous", *SIGNED_IN]
DOORS = """
# route                           method anon stranger viewer sales manager admin owner
register                          post   201  201  201  201  201  201  201
check-email                       post   200  200  200  200  200  200  200
email-verify                      post   204  204  204  204  204  204  204
email-resend                      post   204  204  204  204  204  204  204
token                             post   200  200  200  200  200  200  200
token-refresh                     post   200  200  200  200  200  200  200
token-verify                      post   200  200  200  200  200  200  200
logout                            post   204  204  204  204  204  204  204
logout-all                        post   401  204  204  204  204  204  204
sessions                          get    401  200  200  200  200  200  200
session                           get    401  404  404  404  404  404  200
session                           delete 401  404  404  404  404  404  204
password-change                   post   401  200  200  200  200  200  200
password-reset                    post   204  204  204  204  204  204  204
password-reset-confirm            post   204  204  204  204  204  204  204
# For administrators of the platform alone.
admin-register                    post   403  403  403  403  403  403  403
admin-login                       post   401  401  401  401  401  401  401
me                                get    401  200  200  200  200  200  200
me                                patch  401  200  200  200  200  200  200
# Who owns a shop cannot just go.
me                                delete 401  409  204  204  204  204  409
me-avatar                         put    401  200  200  200  200  200  200
me-avatar                         delete 401  204  204  204  204  204  204
profile-complete                  post   401  200  200  200  200  200  200
salesperson                       post   200  200  200  200  200  200  200
rate-limits                       get    200  200  200  200  200  200  200
abilities                         get    401  200  200  200  200  200  200

vendor-list                       get    401  200  200  200  200  200  200
vendor-list                       post   401  201  201  201  201  201  201
vendor-me                         get    401  200  200  200  200  200  200
vendor-detail                     get    401  404  200  200  200  200  200
vendor-detail                     put    401  404  403  403  403  200  200
vendor-detail                     patch  401  404  403  403  403  200  200
vendor-detail                     delete 401  404  403  403  403  403  204
vendor-transfer                   post   401  404  403  403  403  403  200
vendor-member-list                get    401  200  200  200  200  200  200
vendor-member-list                post   401  400  403  403  403  201  201
vendor-member-select              post   401  400  200  200  200  200  200
# Others are there only for who manages them.
vendor-member-detail              get    401  404  404  404  404  200  200
vendor-member-detail              put    401  404  404  404  404  200  200
vendor-member-detail              patch  401  404  404  404  404  200  200
vendor-member-detail              delete 401  404  404  404  404  204  204
# The invitation is the owner's, to another shop.
vendor-invite-list                get    401  200  200  200  200  200  200
vendor-invite-detail              get    401  404  404  404  404  404  200
vendor-invite-accept              post   401  404  404  404  404  404  200
vendor-invite-decline             post   401  404  404  404  404  404  200
# Tokens are there only for who manages them.
access-token-list                 get    401  200  200  200  200  200  200
access-token-list                 post   401  400  403  403  403  201  201
access-token-detail               get    401  404  404  404  404  200  200
access-token-detail               delete 401  404  404  404  404  204  204
vendor-store-list                 get    401  200  200  200  200  200  200
vendor-store-list                 post   401  400  403  403  403  201  201
vendor-store-select               post   401  400  200  200  200  200  200
vendor-store-detail               get    401  404  200  200  200  200  200
vendor-store-detail               put    401  404  403  403  403  200  200
vendor-store-detail               patch  401  404  403  403  403  200  200
vendor-store-detail               delete 401  404  403  403  403  204  204
# Of the shop that the caller works in: a stranger's is another.
system-settings                   get    401  200  200  200  200  200  200
system-settings                   put    401  200  403  403  403  200  200
system-settings                   patch  401  200  403  403  403  200  200
system-settings?scope=platform    get    401  403  403  403  403  403  403

product-list                      get    401  200  200  200  200  200  200
product-list?is_deleted=true      get    401  200  403  403  200  200  200
product-list                      post   401  400  403  403  201  201  201
product-detail                    get    401  404  200  200  200  200  200
product-detail                    put    401  404  403  403  200  200  200
product-detail                    patch  401  404  403  403  200  200  200
product-detail                    delete 401  404  403  403  204  204  204
product-restore                   post   401  404  403  403  200  200  200
# What is not there is no error in a bulk call; test_isolation.py shows that it is left alone.
product-bulk-update               post   401  200  403  403  200  200  200
product-bulk-delete               post   401  200  403  403  200  200  200
product-bulk-restore              post   401  200  403  403  200  200  200
product-export                    get    401  200  200  200  200  200  200
product-export?is_deleted=true    get    401  200  403  403  200  200  200
item-image-list                   get    401  404  200  200  200  200  200
item-image-list                   post   401  404  403  403  201  201  201
item-image-reorder                post   401  404  403  403  200  200  200
item-image-detail                 get    401  404  200  200  200  200  200
item-image-detail                 patch  401  404  403  403  200  200  200
item-image-detail                 delete 401  404  403  403  204  204  204
category-list                     get    401  200  200  200  200  200  200
category-list                     post   401  400  403  403  201  201  201
category-detail                   get    401  404  200  200  200  200  200
category-detail                   put    401  404  403  403  200  200  200
category-detail                   patch  401  404  403  403  200  200  200
category-detail                   delete 401  404  403  403  204  204  204
import-list                       get    401  200  200  200  200  200  200
import-list                       post   401  400  403  403  202  202  202
import-detail                     get    401  404  200  200  200  200  200
import-rows                       get    401  404  200  200  200  200  200

product-availability              get    401  404  200  200  200  200  200
item-valuation-list               get    401  404  200  200  200  200  200
item-valuation-list               post   401  404  403  403  201  201  201
valuation-bulk-list               post   401  400  403  403  201  201  201
stock-level-list                  get    401  200  200  200  200  200  200
stock-movement-list               get    401  200  200  200  200  200  200
stock-movement-detail             get    401  404  200  200  200  200  200
stock-lot-list                    get    401  200  200  200  200  200  200
stock-lot-detail                  get    401  404  200  200  200  200  200
stock-transfer-list               get    401  200  200  200  200  200  200
stock-transfer-detail             get    401  404  200  200  200  200  200
stock-transfer-receive            post   401  404  403  403  200  200  200
stock-receive                     post   401  400  403  403  201  201  201
stock-adjust                      post   401  400  403  403  201  201  201
stock-set                         post   401  400  403  403  201  201  201
stock-transfer                    post   401  400  403  403  201  201  201
stock-write-off                   post   401  400  403  403  201  201  201
stock-correct                     post   401  400  403  403  201  201  201

notification-list                 get    401  200  200  200  200  200  200
# For administrators of the platform alone.
notification-list                 post   401  403  403  403  403  403  403
notification-detail               get    401  404  404  404  404  404  200
notification-read                 post   401  404  404  404  404  404  200
notification-read-all             post   401  200  200  200  200  200  200
notification-unread-count         get    401  200  200  200  200  200  200
notification-preferences          get    401  200  200  200  200  200  200
notification-preferences          put    401  200  200  200  200  200  200
notification-preferences          patch  401  200  200  200  200  200  200
customer-list                     get    401  200  200  200  200  200  200
customer-list?is_deleted=true     get    401  200  403  200  200  200  200
customer-list                     post   401  400  403  201  201  201  201
customer-detail                   get    401  404  200  200  200  200  200
customer-detail                   put    401  404  403  200  200  200  200
customer-detail                   patch  401  404  403  200  200  200  200
customer-detail                   delete 401  404  403  204  204  204  204
customer-restore                  post   401  404  403  200  200  200  200
customer-erase                    post   401  404  403  403  403  204  204
customer-orders                   get    401  404  200  200  200  200  200
sales-report-list                 get    401  200  200  200  200  200  200
sales-report-list?format=csv      get    401  200  200  200  200  200  200
order-list                        get    401  200  200  200  200  200  200
order-list                        post   401  400  403  201  201  201  201
order-detail                      get    401  404  200  200  200  200  200
order-detail                      put    401  404  403  200  200  200  200
order-detail                      patch  401  404  403  200  200  200  200
order-detail                      delete 401  404  403  204  204  204  204
order-place                       post   401  404  403  200  200  200  200
order-confirm                     post   401  404  403  200  200  200  200
order-fulfil                      post   401  404  403  200  200  200  200
order-complete                    post   401  404  403  200  200  200  200
order-cancel                      post   401  404  403  200  200  200  200
order-return                      post   401  404  403  200  200  200  200
sale-list                         get    401  200  200  200  200  200  200
sale-list                         post   401  400  403  201  201  201  201
sale-detail                       get    401  404  200  200  200  200  200

dashboard-summary                 get    401  200  200  200  200  200  200
dashboard-valuation               get    401  200  200  200  200  200  200
audit-log-list                    get    401  200  200  200  200  200  200
"""


class Shop(World):
    """One of everything, everybody who works there, and a stranger with a shop of their own."""

    def __init__(self) -> None:
        super().__init__()
        User.objects.filter(pk=self.owner.pk).update(email_verified_at=timezone.now())
        self.shelf = self.store
        self.store = StoreFactory(vendor=self.vendor, is_default=False)  # one that can be closed
        self.people: dict[str, User] = {"stranger": UserFactory(), "owner": self.owner}
        StoreFactory(vendor=VendorFactory(owner=self.people["stranger"]))
        for role in ["viewer", "sales", "manager", "admin"]:
            self.people[role] = MemberFactory(vendor=self.vendor, role=role).user

    def as_seen_by(self, person: str) -> "Shop":
        """For bodies that hold what is the caller's own: nobody comes with what is the owner's."""
        self.caller = self.people.get(person, self.owner)
        self.outside = person in {"anonymous", "stranger"}
        return self

    @property
    def candidate(self) -> VendorMember:
        """Who works there already."""
        return self.vendor.members.get(user=self.people["manager"])


def _mailed(shop: Shop, purpose: EmailPurpose) -> str:
    return EmailTokenService.issue(user=shop.caller, purpose=purpose)


def _table() -> SimpleUploadedFile:
    return SimpleUploadedFile("t.csv", b"sku,name\nA,B")


NAME = {"name": "New"}
# What a call sends that may succeed. "route" stands for all its methods without one of their own.
BODIES: dict[str, dict[str, Any] | Callable[[Shop], dict[str, Any]]] = {
    "register": {"email": "new@example.com", "password": PASSWORD},
    "check-email": {"email": "new@example.com"},
    "email-verify": lambda s: {"token": _mailed(s, EmailPurpose.VERIFY)},
    "email-resend": lambda s: {"email": s.caller.email},
    "token": lambda s: {"email": s.caller.email, "password": PASSWORD},
    "token-refresh": lambda s: {"refresh": pair_for(s.caller)["refresh"]},
    "token-verify": lambda s: {"token": pair_for(s.caller)["access"]},
    "logout": lambda s: {"refresh": pair_for(s.caller)["refresh"]},
    "password-change": {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
    "password-reset": lambda s: {"email": s.caller.email},
    "password-reset-confirm": lambda s: {
        "token": _mailed(s, EmailPurpose.RESET), "password": NEW_PASSWORD,
    },
    "admin-register": {"email": "root@example.com", "password": PASSWORD},
    "admin-login": lambda s: {"email": s.caller.email, "password": PASSWORD},
    "salesperson": lambda s: {
        "access_token": issue(s.vendor), "email": "new@example.com", "password": PASSWORD,
    },
    "me patch": {"first_name": "Ann"},
    "me delete": {"password": PASSWORD},
    "me-avatar put": lambda _s: {"image": SimpleUploadedFile("a.png", picture("PNG"))},
    "profile-complete": {
        "first_name": "Ann", "last_name": "Lee", "birthdate": "1990-04-01",
    },
    "vendor-list post": NAME,
    "vendor-detail": NAME,
    "vendor-transfer": lambda s: {"user": s.candidate.user_id},
    "vendor-member-list post": lambda s: {
        "vendor": s.vendor.pk, "email": "new@example.com", "role": "sales",
    },
    "vendor-member-select": lambda s: {"vendor": s.vendor.pk},
    "vendor-member-detail": {"role": "sales", "title": "Boss"},
    "access-token-list post": lambda s: {"vendor": s.vendor.pk},
    "vendor-store-list post": lambda s: {"vendor_id": s.vendor.pk, **NAME},
    "vendor-store-select": lambda s: {"store": s.store.pk},
    "vendor-store-detail": NAME,
    "system-settings": {"low_stock_threshold": 3},
    "product-list post": lambda s: {"vendor": s.vendor.pk, **NAME},
    "product-detail": NAME,
    "product-bulk-update": lambda s: {"ids": [s.item.pk], "updates": {"value": "5"}},
    "product-bulk-delete": lambda s: {"ids": [s.item.pk]},
    "product-bulk-restore": lambda s: {"ids": [s.gone.pk]},
    "item-image-list post": lambda _s: {"file": SimpleUploadedFile("a.png", picture("PNG"))},
    "item-image-reorder": lambda s: {"ids": [s.image.pk]},
    "item-image-detail patch": {"alt_text": "Front"},
    "item-valuation-list post": {"amount": "5.00", "source": "market"},
    "valuation-bulk-list": lambda s: {
        "valuations": [{"item": s.item.pk, "amount": "5.00", "source": "market"}],
    },
    "stock-receive": lambda s: {"item": s.item.pk, "quantity": 2, "unit_cost": "1.00"},
    "stock-adjust": lambda s: {"item": s.item.pk, "delta": 1, "reason": "found"},
    "stock-set": lambda s: {
        "item": s.item.pk, "store": s.shelf.pk, "quantity": 5, "expected": 4,
    },
    "stock-transfer": lambda s: {
        "item": s.item.pk, "from_store": s.shelf.pk, "to_store": s.store.pk, "quantity": 1,
    },
    "stock-write-off": lambda s: {
        "item": s.item.pk, "store": s.shelf.pk, "quantity": 1, "reason": "lost",
    },
    "stock-correct": lambda s: {"movement": s.movement.pk},
    "customer-list post": lambda s: {"vendor": s.vendor.pk, **NAME},
    "customer-detail": NAME,
    "order-list post": lambda s: {
        "vendor": s.vendor.pk, "lines": [{"item": s.item.pk, "quantity": 1}],
    },
    "order-detail": {"notes": "New"},
    "order-return": lambda s: {"lines": [{"line": s.sold.lines.get().pk, "quantity": 1}]},
    "sale-list post": lambda s: {
        "vendor": s.vendor.pk, "store": s.shelf.pk, "item": s.item.pk, "quantity": 1,
    },
    "category-list post": lambda s: {"vendor": s.vendor.pk, **NAME},
    "category-detail": NAME,
    "notification-list post": {"title": "Maintenance"},
    "notification-preferences": {
        "preferences": [{"kind": "low_stock", "channel": "email", "enabled": False}],
    },
    "import-list post": lambda s: {"vendor": s.vendor.pk, "file": _table()},
}  # fmt: skip
