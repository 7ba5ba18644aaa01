from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import (
    Expression,
    F,
    Func,
    Index,
    OuterRef,
    Q,
    Subquery,
    TextField,
    UniqueConstraint,
    Value,
)
from django.db.models.functions import Coalesce, Concat, Lower
from django.db.models.lookups import In
from django.utils.functional import cached_property

from core.fields import CurrencyField, NameSlugField, random_code, validate_attributes
from core.models import (
    ALIVE,
    SOFT_CASCADE,
    AuditedModel,
    SoftDeleteManager,
    SoftDeleteModel,
    SoftDeleteQuerySet,
)
from core.partly import PartlyRead
from core.prepared import Given
from core.searching import Word, asks_for
from core.triggers import counts_changes, keeps
from inventory.enums import Condition, Facet
from inventory.models.figures import CatalogCount
from inventory.models.texts import CatalogText
from inventory.triggers import (
    ITEM_FIGURES,
    ITEM_PLACES,
    ITEM_TRIGGERS,
    OPENING,
    moves_version,
)
from vendors.selectors import get_vendor_ids

if TYPE_CHECKING:
    from users.models import User

MAX_QUANTITY = 1_000_000_000
MAX_SKU = 100


def new_sku() -> str:
    """`ITEM-` and eight characters of Crockford's base 32."""
    return f"ITEM-{random_code(8)}"


class Unaccent(Func):
    """`café` → `cafe`, as an immutable function, so that an index can hold its result."""

    function = "omni_unaccent"
    output_field = TextField()


class OwnedQuerySet(SoftDeleteQuerySet[Any]):
    """Rows that belong to a vendor."""

    def visible_to(self, user: User) -> OwnedQuerySet:
        return self.of_vendors(get_vendor_ids(user))


class CategoryQuerySet(OwnedQuerySet):
    def with_item_count(self) -> CategoryQuerySet:
        """With `item_count`, of living items, as triggers keep it."""
        kept = CatalogCount.objects.filter(
            vendor=OuterRef("vendor"), facet=Facet.CATEGORY, key=OuterRef("pk")
        )
        return self.annotate(item_count=Coalesce(Subquery(kept.values("items")), 0))

    def search(self, text: str) -> CategoryQuerySet:
        return self.met_on_the_way(Q(name__icontains=text))

    def named(self, name: str | Expression) -> CategoryQuerySet:
        """Without regard to case, as the constraint has it: at most one of a vendor's living."""
        told = Value(name) if isinstance(name, str) else name
        return self.alias(name_lower=Lower("name")).filter(name_lower=Lower(told))


class Category(AuditedModel, SoftDeleteModel):
    """A branch in a vendor's tree of what it keeps."""

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=SOFT_CASCADE, related_name="categories", db_index=False
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=120)
    slug = NameSlugField()

    objects = SoftDeleteManager.from_queryset(CategoryQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(CategoryQuerySet)()  # type: ignore[misc]

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            UniqueConstraint(
                F("vendor"), Lower("name"), condition=ALIVE, name="category_name_unique"
            ),
            UniqueConstraint(
                fields=["vendor", "slug"], condition=ALIVE, name="category_slug_unique"
            ),
        ]
        indexes = [
            Index(fields=["vendor", "name", "id"], condition=ALIVE, name="category_by_name"),
            Index(fields=["vendor", "created_at", "id"], name="category_newest"),
        ]
        triggers = [
            *moves_version("category", vendor="vendor_id"),
            counts_changes(),
        ]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Match:
    """Living items of whole shops: those with all of the words, and in one of the categories, or
    those that are low on stock."""

    words: frozenset[str] = frozenset()
    categories: frozenset[int] | None = None
    low: bool = False


def holding(word: str | Word) -> Q:
    """Somewhere in name, SKU or description; case and accents do not matter."""
    sought = Value(word) if isinstance(word, str) else word
    return Q(search_text__holds=Unaccent(Lower(sought)))


class CollectibleQuerySet(OwnedQuerySet):
    walked = frozenset({"vendor_id", "is_deleted", "category_id"})
    # What these rows are, if no more is asked of them: so many are known without counting.
    match: Match | None = None

    def _clone(self) -> CollectibleQuerySet:
        clone: CollectibleQuerySet = super()._clone()
        clone.match = self.match
        return clone

    def _filter_or_exclude(self, negate: bool, args: Any, kwargs: Any) -> CollectibleQuerySet:
        rows: CollectibleQuerySet = super()._filter_or_exclude(negate, args, kwargs)
        rows.match = None
        return rows

    def with_details(self) -> CollectibleQuerySet:
        """With all that an answer about an item shows: two queries for any number of items."""
        own = CollectibleImage.objects.order_by("position", "pk")
        pictures = models.Prefetch("images", own, to_attr="pictures")
        return self.select_related("category").prefetch_related(pictures)

    def search(self, text: str) -> CollectibleQuerySet:
        """Those that hold each word."""
        return self.with_words(text.split())

    def with_words(self, words: Sequence[str] | Sequence[Word]) -> CollectibleQuerySet:
        held = Q(*map(holding, words))
        # Of the deleted there are no copies.
        living = asks_for(self, "is_deleted", value=False)
        copies = CatalogText.objects.filter(held) if living else None
        rows = self.sought(held, copies) if words else self.all()
        rows.match = self._matched(words=(self.match or Match()).words | {*words})
        return rows

    def in_categories(self, ids: Sequence[int] | Sequence[Given]) -> CollectibleQuerySet:
        # By the lookup's name Django would make numbers of stand-ins.
        rows = self.filter(In(F("category_id"), ids)).having_one("category", ids)
        known = (self.match or Match()).categories
        among = frozenset(ids) if known is None else known.intersection(ids)
        rows.match = self._matched(categories=among)
        return rows

    def _matched(self, **more: Any) -> Match | None:
        return None if self.match is None or self.match.low else replace(self.match, **more)

    def on_hand_in(self, store_id: int) -> CollectibleQuerySet:
        """Those of which the store has units."""
        levels = self.model._meta.get_field("levels").related_model.objects
        held = levels.filter(store=store_id, on_hand__gt=0)
        return self.filter(pk__in=held.values("item")).having_one("levels__store", [store_id])

    def in_stock(self) -> CollectibleQuerySet:
        return self.filter(quantity__gt=0)

    def out_of_stock(self) -> CollectibleQuerySet:
        return self.filter(quantity=0)

    def low_on_stock(self) -> CollectibleQuerySet:
        """At or below the threshold; items without one are not watched."""
        rows = self.filter(quantity__lte=F("low_stock_threshold"))
        rows.match = Match(low=True) if self.match == Match() else None
        return rows

    def well_stocked(self) -> CollectibleQuerySet:
        return self.filter(Q(low_stock_threshold=None) | Q(quantity__gt=F("low_stock_threshold")))


def _orders(*names: str) -> list[Index]:
    """What lists are ordered by, either way: one range of an index for each shop.

    The SKUs have theirs, for they are unique.
    """
    return [
        Index(fields=["vendor", name, "id"], condition=ALIVE, name=f"item_by_{name}")
        for name in names
    ]


def _newest(condition: Q, *, name: str) -> Index:
    return Index(fields=["vendor", "-created_at", "-id"], condition=condition, name=name)


_SEARCHED = ["name", Value("\n"), "sku", Value("\n"), "description"]


class Collectible(PartlyRead, AuditedModel, SoftDeleteModel):
    """An item a vendor keeps: a card, a set, a coin, a record, a print."""

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=SOFT_CASCADE, related_name="items", db_index=False
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="items",
        db_index=False,
    )  # fmt: skip
    name = models.CharField(max_length=255)
    slug = NameSlugField()
    sku = models.CharField("SKU", max_length=MAX_SKU, default=new_sku)
    description = models.TextField(blank=True, validators=[MaxLengthValidator(20_000)])
    condition = models.CharField(
        max_length=12, choices=Condition.choices, default=Condition.UNSPECIFIED
    )
    value = models.DecimalField(
        max_digits=14, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    currency = CurrencyField()
    # Both follow from the ledger, over all stores: the database refuses any other writer.
    quantity = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(MAX_QUANTITY)])
    allocated = models.PositiveIntegerField(default=0, editable=False)
    low_stock_threshold = models.PositiveIntegerField(
        null=True, blank=True, default=10, validators=[MaxValueValidator(MAX_QUANTITY)]
    )
    is_active = models.BooleanField(default=True)
    is_featured = models.BooleanField(default=False)
    is_bestseller = models.BooleanField(default=False)
    attributes = models.JSONField(default=dict, blank=True, validators=[validate_attributes])
    search_text = models.GeneratedField(
        expression=Unaccent(Lower(Concat(*_SEARCHED, output_field=TextField()))),
        output_field=TextField(),
        db_persist=True,
    )

    objects = SoftDeleteManager.from_queryset(CollectibleQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(CollectibleQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["vendor", "sku"], include=["id"], condition=ALIVE, name="item_sku_unique"
            ),
            UniqueConstraint(fields=["vendor", "slug"], condition=ALIVE, name="item_slug_unique"),
            models.CheckConstraint(condition=Q(value__gte=0), name="item_value_not_negative"),
            models.CheckConstraint(
                condition=Q(is_deleted=False, deleted_at=None)
                | Q(is_deleted=True, deleted_at__isnull=False),
                name="item_deleted_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(quantity__lte=MAX_QUANTITY), name="item_quantity_sane"
            ),
        ]
        indexes = [
            _newest(ALIVE, name="item_newest"),
            *_orders("updated_at", "name", "value", "quantity"),
            # With what lists are filtered by: how many there are is counted in the index alone.
            Index(
                fields=["category", "vendor", "-created_at", "-id"], condition=ALIVE,
                include=["is_active", "condition", "quantity", "low_stock_threshold", "value"],
                name="item_of_category",
            ),
            _newest(ALIVE & Q(is_featured=True), name="item_featured"),
            _newest(ALIVE & Q(is_bestseller=True), name="item_bestseller"),
            _newest(Q(is_deleted=True), name="item_deleted"),
        ]  # fmt: skip
        triggers = [
            *keeps("collectible", ITEM_FIGURES, ITEM_PLACES),
            # What an item starts with is no change of it: nobody has seen it without.
            counts_changes("search_text", unless=OPENING, moving="updated_at"),
            *ITEM_TRIGGERS,
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.sku})"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Stock is left out: a copy read a moment ago must not be written over the ledger's."""
        if update_fields is None and not self._state.adding:
            derived = {"quantity", "allocated", "search_text", "id"}
            update_fields = {f.name for f in self._meta.concrete_fields} - derived
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def available(self) -> int:
        """What can still be promised to a buyer."""
        return self.quantity - self.allocated

    @cached_property
    def pictures(self) -> list[CollectibleImage]:
        """As they are shown, in order."""
        return list(self.images.order_by("position", "pk"))


def _picture_path(image: CollectibleImage, filename: str) -> str:
    """An address nobody can guess; the name the user gave is not part of it."""
    return f"items/{image.collectible_id}/{uuid.uuid4().hex}/{filename}"


class CollectibleImage(AuditedModel, SoftDeleteModel):
    """A picture of an item, re-encoded by us; the thumbnail follows from the worker."""

    collectible = models.ForeignKey(Collectible, on_delete=SOFT_CASCADE, related_name="images")
    file = models.ImageField(upload_to=_picture_path)
    thumbnail = models.ImageField(upload_to=_picture_path, blank=True)
    alt_text = models.CharField(max_length=255, blank=True)
    is_primary = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    size = models.PositiveIntegerField(editable=False, help_text="Bytes.")
    checksum = models.CharField(max_length=64, editable=False, help_text="SHA-256 as uploaded.")

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["collectible"],
                condition=ALIVE & Q(is_primary=True),
                name="image_one_primary",
            )
        ]
        indexes = [
            Index(fields=["id"], condition=ALIVE & Q(thumbnail=""), name="image_without_thumbnail")
        ]
        triggers = [
            *moves_version(
                "collectibleimage",
                vendor="item.vendor_id",
                join="JOIN inventory_collectible AS item ON item.id = changed.collectible_id",
            ),
            counts_changes(),
        ]

    def __str__(self) -> str:
        return self.alt_text or str(self.file.name)

    @property
    def audited_vendor_id(self) -> int:
        return self.collectible.vendor_id
