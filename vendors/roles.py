"""What each role in a shop may do: the one matrix that all who ask are answered from.

Permissions, queries, `auth/abilities/`, the OpenAPI document and docs/api/roles.md.
"""

from django.db import models


class Role(models.TextChoices):
    """From the most to the least. The owner is `Vendor.owner`; the others are members."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Administrator"
    MANAGER = "manager", "Manager"
    SALES = "sales", "Sales"
    VIEWER = "viewer", "Viewer"


class Ability(models.TextChoices):
    CATALOG_READ = (
        "catalog.read",
        "See items, categories, imports, stores, customers, orders and figures",
    )
    SALES_WRITE = "sales.write", "Sell"
    CUSTOMERS_WRITE = "customers.write", "Manage customers"
    CATALOG_WRITE = "catalog.write", "Change items, categories and pictures; see deleted ones"
    STOCK_WRITE = "stock.write", "Receive, move and count stock"
    MEMBERS_MANAGE = "members.manage", "See, invite, change and remove members"
    STORES_MANAGE = "stores.manage", "Open, change and close stores"
    TOKENS_MANAGE = "tokens.manage", "Give sign-up tokens to salespeople"
    SETTINGS_MANAGE = "settings.manage", "Change the shop's details and settings; erase customers"
    AUDIT_READ = "audit.read", "Read the audit log"
    VENDOR_DELETE = "vendor.delete", "Close the shop"
    VENDOR_TRANSFER = "vendor.transfer", "Give the shop to a member"


_VIEWER = frozenset({Ability.CATALOG_READ})
_SALES = _VIEWER | {Ability.SALES_WRITE, Ability.CUSTOMERS_WRITE}
_MANAGER = _SALES | {Ability.CATALOG_WRITE, Ability.STOCK_WRITE}
_ADMIN = _MANAGER | {
    Ability.MEMBERS_MANAGE,
    Ability.STORES_MANAGE,
    Ability.TOKENS_MANAGE,
    Ability.SETTINGS_MANAGE,
    Ability.AUDIT_READ,
}
MATRIX: dict[Role, frozenset[Ability]] = {
    Role.OWNER: frozenset(_ADMIN | {Ability.VENDOR_DELETE, Ability.VENDOR_TRANSFER}),
    Role.ADMIN: frozenset(_ADMIN),
    Role.MANAGER: frozenset(_MANAGER),
    Role.SALES: frozenset(_SALES),
    Role.VIEWER: _VIEWER,
}
MEMBER_ROLES = [(role.value, role.label) for role in Role if role is not Role.OWNER]


def abilities_of(role: str) -> list[Ability]:
    """In the order of `Ability`."""
    return [ability for ability in Ability if ability in MATRIX[Role(role)]]


def roles_with(ability: Ability) -> list[Role]:
    return [role for role in Role if ability in MATRIX[role]]


def may_give(own: str, role: str) -> bool:
    """Nobody gives what they do not have."""
    return MATRIX[Role(role)] <= MATRIX[Role(own)]
