"""Pages of long lists: what is read is the page, not all rows before it nor all that match.

A queryset that says of which parts its rows are (`in_parts`), of which shops for instance, is read
part by part off the index of its order, and what no row of a part can have is not looked for in it
(`having_one`); and of a page deep in a list the keys are found first, by that index alone, before
any row is read or joined.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, Self, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, ExpressionWrapper, F, Model, Q, QuerySet
from django.db.models.lookups import In

from core.parts import Named, Part
from core.prepared import AnyOf
from core.searching import NEAR, Sought, copied_keys, first_found, is_searched, unguessed

_M = TypeVar("_M", bound=Model)
# Up to here a page costs less as it is than by a query within it.
SHALLOW = 200
# So many parts are read one by one; whoever has more has them sorted.
MAX_PARTS = 20
# Of more rows no index lists whose they are, for a search that hardly finds any; and so many that
# are found are not sorted for a page before it was looked for further along their order.
MANY = 20_000


class PagedQuerySet(QuerySet[_M]):
    """Rows of which a page is wanted, in an order that an index holds for each part of them."""

    _parts: Sequence[Part] | None = None
    # What is asked of rows for being in one of the parts, as the query has it.
    _whole: Sequence[Any] = ()
    _named: tuple[Named, ...] = ()
    _total: int | None = None
    _is_found_first = False
    # Of rows that are kept to ask for pages of them again and again: what each page need not find
    # out anew, its SQL above all (`core.memory`). What is made of them has none.
    memory: dict[Any, Any] | None = None
    # What this call means where they have stand-ins (`core.prepared.Given`).
    given: Mapping[str, Any] | None = None
    never_null: frozenset[str] = frozenset()
    # Columns that the indexes of orders begin with, beside each other.
    walked: frozenset[str] = frozenset()

    def _clone(self) -> Self:
        clone: Self = super()._clone()  # type: ignore[misc]
        clone._parts, clone._whole, clone._named = self._parts, self._whole, self._named
        clone._total, clone.never_null = self._total, self.never_null
        clone._is_found_first, clone.given = self._is_found_first, self.given
        return clone

    def _filter_or_exclude(self, negate: bool, args: Any, kwargs: Any) -> Self:
        rows: Self = super()._filter_or_exclude(negate, args, kwargs)  # type: ignore[misc]
        rows._total = None if args or kwargs else self._total
        return rows

    def counted(self, total: int) -> Self:
        """The same rows, of which it is known how many there are; fewer are counted again."""
        if total == self._total:
            return self
        rows = self.all()
        rows._total, rows.memory = total, self.memory  # noqa: SLF001 (its own kind)
        return rows

    def meaning(self, given: Mapping[str, Any]) -> Self:
        """Rows that are kept, with values for their stand-ins."""
        rows = self.all()
        rows.given, rows.memory = given, self.memory
        return rows

    @property
    def known_count(self) -> int | None:
        whole = not (self.query.is_sliced or self.query.is_empty() or self.query.combinator)
        return self._total if whole else None

    def count(self) -> int:
        known = self.known_count
        return super().count() if known is None else known

    def of_vendors(self, ids: Iterable[int]) -> Self:
        """The rows of these shops."""
        ids = list(ids)
        return self.in_parts(Q(vendor_id__in=ids), [Part(Q(vendor_id=key), key) for key in ids])

    def in_parts(self, whole: Q, parts: Sequence[Part]) -> Self:
        """The rows of the whole, each of which is in one of the parts, and in no second."""
        rows: Any = self.filter(whole)
        before = len(self.query.where.children)
        rows._parts, rows._whole = parts, rows.query.where.children[before:]  # noqa: SLF001
        return rows

    def of_vendor(self, key: int) -> Self:
        """Those of one shop: of all parts its own are left."""
        if self._parts is None:
            return self.filter(vendor_id=key)
        parts = [part for part in self._parts if part.vendor_id == key]
        whole = reduce(or_, (part.rows for part in parts), Q(pk__in=[]))
        return self._unparted().in_parts(whole, parts)

    def having_one(self, path: str, keys: Sequence[Any], owner: str = "vendor") -> Self:
        """The same rows: each has one of the things with these keys, found by the path, and is of
        the shop that the thing is of, found by `owner`.

        No part is looked through, to its end, for things that are another shop's.
        """
        rows = self.all()
        rows._named += (Named(path, keys, owner),)  # noqa: SLF001
        return rows

    def having(self, *names: str) -> Self:
        """Those with a value in these columns: so a cursor need not look for any without."""
        rows = self.filter(**{f"{name}__isnull": False for name in names})
        rows.never_null |= {*names}
        return rows

    def keyed(self, name: str, rows: QuerySet[Any]) -> Self:
        """Those whose key `name` is that of one of `rows`: looked up for each, on the way along.

        Two tables that are both in the order of the key PostgreSQL merges, the other one from its
        very first row however deep the page begins. By a key that is computed it cannot; and what
        is joined to be shown is joined to the rows of the page.
        """
        key = ExpressionWrapper(F(name) + 0, output_field=BigIntegerField())
        found = self.filter(In(key, rows.values("pk").query))
        found._is_found_first = True  # noqa: SLF001 (its own kind)
        return found

    def sought(self, condition: Q, copies: Any = None) -> Self:
        """Those of which this is true, for which there is an index without any order: that of the
        rows' `copies` (`core.searching.Sought`), which have a vendor as well."""
        shops = [part.vendor_id for part in self._parts or ()]
        within = Q(vendor__in=shops) if shops else None
        return self.filter(Sought(condition, copies, within, of_many=self.is_of_many))

    @property
    def is_of_many(self) -> bool:
        """Whether it is known that there are so many."""
        return (self._total or 0) > MANY

    def met_on_the_way(self, condition: Q) -> Self:
        """Those of which this is true, for which there is no index: looked for along the order."""
        return self.filter(unguessed(condition))

    def first_rows(self, count: int) -> Self:
        """The first of these rows in their order, without sorting all of them.

        The first ones of each part are read off its index; among those are the first of all.
        """
        parts = self._parts or ()
        if not 1 < len(parts) <= MAX_PARTS:
            return self._first(count)
        bare = self._unparted().select_related(None)
        each = [bare.filter(*self._asked_of(part))._first(count) for part in parts]  # noqa: SLF001
        first, *others = [rows._keys() for rows in each]  # noqa: SLF001
        return self._read(first.union(*others, all=True))[:count]

    def _asked_of(self, part: Part) -> list[Any]:
        return [part.rows, *(named.are_of(part, self.model) for named in self._named)]

    def _unparted(self) -> Self:
        """With nothing asked of the rows for being in one of the parts."""
        rows = self.all()
        where = rows.query.where
        where.children = [each for each in where.children if each not in self._whole]
        rows._parts, rows._whole = None, ()  # noqa: SLF001
        return rows

    def _first(self, count: int) -> Self:
        """Those of one part; if they are searched for, where they are met soonest."""
        found: Any = None
        if is_searched(self):
            found = first_found(self._keys(), count, of_many=self.is_of_many)
        if found is None and self._is_found_first and self.query.select_related:
            found = self._keys()[:count]
        return self[:count] if found is None else self._read(found)[:count]

    def page(self, start: int, stop: int) -> Self:
        """The rows from one place to another; those before are passed over in the index alone."""
        if self.is_read_to(stop):
            return self.first_rows(stop)[start:]
        copied = copied_keys(self._keys()) if is_searched(self) else None
        keys = self._keys() if copied is None else copied
        return self._read(keys[start:stop])

    def is_read_to(self, stop: int) -> bool:
        """Whether a page that ends there is cut off the first rows: if it is near, or if to look
        for matches along the order so far costs less than to sort all."""
        return stop <= SHALLOW or (is_searched(self) and NEAR * stop < (self._total or 0))

    def _keys(self) -> Self:
        """The primary keys of the rows, in their order, and nothing else."""
        bare = self.select_related(None).prefetch_related(None)
        return bare.values("pk")  # type: ignore[return-value]

    def _read(self, keys: Any) -> Self:
        """The rows with these keys: what they are chosen by is asked no second time.

        They are found once. A join would find them again for each row, where PostgreSQL takes the
        table for empty.
        """
        rows = self.all()
        rows.query.clear_where()
        found = ArraySubquery(keys) if isinstance(keys, QuerySet) else keys
        return rows.filter(AnyOf(F("pk"), found))
