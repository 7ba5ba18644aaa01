"""Who did what, when, from where: one row per deed, in the transaction of the deed.

A service writes its row inside its own `@transaction.atomic`, after the change:

    changes = save_changes(row, values, by=by)
    if changes:
        log_audit(AuditType.CATALOG, by, f"changed item “{row.name}”", obj=row, **changes.record())

What is rolled back leaves no row, and what changed nothing writes none. Address and request id come
from `core.context`; pass `request` where there is one at hand. Events of an account (a sign-in that
failed, sessions ended, a password set) are `AuditType.SECURITY` with the account as `user`, so that
its owner finds them, and as `obj`; the name that somebody typed is not kept, for it may be a
password in the wrong field:

    log_audit(AuditType.SECURITY, user, "changed the password", obj=user)

A refusal that is raised rolls its transaction back, and its row with it: log that one outside.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

from django.core.exceptions import FieldDoesNotExist
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import FileField, GeneratedField, Model
from django.utils import timezone

from core.adding import add
from core.bulk import add_values
from core.context import client_address, current_origin
from core.models import AuditLog
from core.saying import KeyOf, Words

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

    from users.models import User

# The log cannot be corrected, so what a person may ask us to forget must not get into it, nor what
# opens a door. That such a field changed is told, its values are not. A model whose other fields
# are somebody's too names them in `personal`.
REDACTED = frozenset(
    {
        "address", "birthdate", "contact_info", "email", "first_name", "gift_message", "last_name",
        "notes", "phone", "phone_number",
    }
)  # fmt: skip
SECRETS = ("password", "token", "secret")
HIDDEN = "[not kept]"
MAX_VALUE = 2000
_BOOKKEEPING = frozenset(
    {
        "id", "created_at", "updated_at", "created_by", "updated_by", "version", "is_deleted",
        "deleted_at", "erased_at",
    }
)  # fmt: skip
SYSTEM = "system"


class Concerning(TypedDict, total=False):
    """What the deed was done to. The vendor is the object's own unless it is named.

    `before` and `after` hold the fields that changed, by name.
    """

    obj: Model | None
    vendor_id: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


class AuditEntry(NamedTuple):
    """What one row says of a deed."""

    action: str | Words
    obj: Model | None = None
    vendor_id: int | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    details: str = ""


def log_audit(
    action_type: str,
    user: "User | AnonymousUser | None",
    action: str | Words,
    request: "HttpRequest | None" = None,
    details: str = "",
    **concerning: Unpack[Concerning],
) -> AuditLog:
    """Write one row, in the caller's transaction.

    `action` is a short sentence in the past tense for people: `created item “Black Lotus”`. Without
    a `user` it was the system: a scheduled task, or a command.
    """
    entry = AuditEntry(action=action, details=details, **concerning)
    row = AuditLog(**_author(action_type, user, request), **_deed(entry))
    add(row)
    return row


def log_many(
    action_type: str,
    user: "User | AnonymousUser | None",
    entries: Iterable[AuditEntry],
    request: "HttpRequest | None" = None,
) -> None:
    """One row per entry, all in one statement."""
    author = _author(action_type, user, request)
    add_values(AuditLog, [*map(_deed, entries)], author)


def fields_of(row: Model) -> dict[str, Any]:
    """What a new row says, for `after`: its own columns, without bookkeeping and files."""
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in _BOOKKEEPING and not isinstance(field, (FileField, GeneratedField))
    }


def redacted(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the log would tell them."""
    return _record(None, values) or {}


def _author(
    action_type: str, user: "User | AnonymousUser | None", request: "HttpRequest | None"
) -> dict[str, Any]:
    """Who did it, when, from where."""
    origin = current_origin()
    if request is not None:
        origin = replace(origin, ip_address=client_address(request))
    return {
        "type": action_type,
        "timestamp": timezone.now(),
        "actor_id": user.pk if user else None,
        "user": _line(user.get_username() or "anonymous" if user else SYSTEM)[:100],
        "ip_address": origin.ip_address,
        "request_id": origin.request_id,
    }


def _deed(entry: AuditEntry) -> dict[str, Any]:
    """What was done, to what."""
    action, obj, vendor_id, before, after, details = entry
    kind = type(obj) if obj else None
    key = obj.pk if obj else ""
    return {
        "action": _line(action) if isinstance(action, str) else action,
        "details": details,
        "vendor_id": vendor_of(obj) if vendor_id is None else vendor_id,
        "object_type": _name_of(kind),
        "object_id": KeyOf(obj) if obj and key is None else str(key),
        "before": _record(kind, before),
        "after": _record(kind, after),
    }


@lru_cache
def _name_of(kind: type[Model] | None) -> str:
    return str(kind._meta.model_name) if kind else ""


def vendor_of(obj: Model | None) -> int | None:
    """Models whose vendor is not their own column say it as `audited_vendor_id`."""
    name = "audited_vendor_id" if hasattr(type(obj), "audited_vendor_id") else "vendor_id"
    found: int | None = getattr(obj, name, None)
    return found


def _line(text: str) -> str:
    """On one line, and without what steers terminals: names are other people's text."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _record(kind: type[Model] | None, values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not values:
        return None
    record: dict[str, Any] = {}
    for name, value in values.items():
        key, is_hidden = _way_to_tell(kind, name)
        record[key] = HIDDEN if is_hidden and value else _value(value)
    return record


@lru_cache(5000)
def _way_to_tell(kind: type[Model] | None, name: str) -> tuple[str, bool]:
    """Under which name, and whether without its value.

    A foreign key's value is an id, so it is told under the column's name: `category_id`.
    """
    hidden = REDACTED | getattr(kind, "personal", frozenset())
    is_hidden = name in hidden or any(word in name for word in SECRETS)
    try:
        field = kind._meta.get_field(name) if kind else None
    except FieldDoesNotExist:
        field = None
    return str(getattr(field, "attname", name)), is_hidden


def _value(value: Any) -> Any:
    """As plain JSON; what is too long to be read is cut."""
    if value is None or type(value) in (bool, int) or _is_short(value):
        return value
    if type(value) is Decimal:
        return str(value)
    text = json.dumps(value, cls=_Plain, ensure_ascii=False)
    if len(text) <= MAX_VALUE:
        return json.loads(text)
    return f"{(value if isinstance(value, str) else text)[:MAX_VALUE]}…"


def _is_short(value: Any) -> bool:
    """Words that is plain JSON as it stands: of each sign it makes six at most."""
    return type(value) is str and len(value) < MAX_VALUE // 6 - 2


class _Plain(DjangoJSONEncoder):
    """Rows as their ids, decimals as text, anything else that JSON lacks as it prints."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Model):
            return o.pk
        try:
            return super().default(o)
        except TypeError:
            return list(o) if isinstance(o, Iterable) else str(o)
