"""Reading items to show them, and for nothing else: what every list and every look at one asks.

One statement that is planned once, and rows without the machinery of a model
(docs/decisions/0025-fast-reads.md).
"""

from collections.abc import Iterable
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, JSONField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, JSONObject

from core.exceptions import NotFoundError
from core.prepared import prepared
from inventory.models import Category, Collectible, CollectibleImage
from vendors.selectors import get_vendors_for_user

if TYPE_CHECKING:
    from users.models import User

# All but what is only searched.
_OWN = [field.attname for field in Collectible._meta.concrete_fields if not field.generated]
_SHOWN = [*_OWN, "category", "pictures"]
_PICTURE = [field.attname for field in CollectibleImage._meta.concrete_fields]


class ShownItem:
    """The columns of a `Collectible`, by their names; what serializers show can be read off it."""

    pk: int
    available = Collectible.available

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.__dict__ = shown = dict(zip(_SHOWN, values, strict=True))
        shown["pk"], category = shown["id"], shown["category"]
        shown["category"] = None if category is None else SimpleNamespace(name=category)
        shown["pictures"] = [*map(_picture, shown["pictures"])]


def find_shown_item(user: "User", key: int) -> ShownItem:
    """One living item the user may see; raises `NotFoundError`. One query."""
    for values in _item(user.pk, key):
        return ShownItem(values)
    raise NotFoundError


def read_shown_items(ids: "QuerySet[Any] | Iterable[int]") -> list[ShownItem]:
    """The items of these ids, or of a query for ids, in its order; one query in either case."""
    return [ShownItem(values) for values in _items(ids)]


def read_item(key: int) -> Collectible:
    """The living item with all that is shown of it, for who has its lock: as the caller left it,
    if asked in the transaction that wrote it, and not as others did after. One query."""
    item: Collectible
    [item] = _whole(key)
    item.pictures = [_picture(plain) for plain in vars(item).pop("plain_pictures")]
    return item


@prepared
def _item(user: Any, key: Any) -> Any:
    visible = get_vendors_for_user(user).order_by()
    return _columns(Collectible.objects.filter(pk=key, vendor__in=visible))


@prepared
def _items(ids: Any) -> Any:
    place = Func(Cast(ids, ArrayField(BigIntegerField())), F("pk"), function="array_position")
    return _columns(Collectible.all_objects.filter(pk__any=ids).order_by(place))


@prepared
def _whole(key: Any) -> Any:
    """The category is not read with the lock: who waited would see an item's new one missing."""
    items = Collectible.objects.filter(pk=key).select_related("category")
    return items.annotate(plain_pictures=_pictures())


def _columns(items: Any) -> Any:
    # Not joined: for twenty rows PostgreSQL would read all categories of all shops.
    category = Category.all_objects.filter(pk=OuterRef("category_id")).order_by()
    return items.values_list(*_OWN, Subquery(category.values("name")), _pictures())


def _pictures() -> Func:
    """As JSON: of arrays Django asks for each value how it is read."""
    pictures = CollectibleImage.objects.filter(collectible=OuterRef("pk"))
    plain = JSONObject(**{name: name for name in _PICTURE})
    found = ArraySubquery(pictures.order_by("position", "pk").values(plain=plain))
    return Func(found, function="to_jsonb", output_field=JSONField())


def _picture(plain: dict[str, Any]) -> CollectibleImage:
    times = {name: datetime.fromisoformat(plain[name]) for name in ("created_at", "updated_at")}
    return CollectibleImage(**plain | times)
