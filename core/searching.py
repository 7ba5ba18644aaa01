"""Searching a list that is read in an order: by the index of the search, or along the order.

An index of words knows no order: a common word is found thousands of times, and all of them are
sorted for a page of twenty. Along the order twenty such rows are met soon, and of a rare word none
for long. Which of the two it is nobody has to guess: so many rows are looked at along the order,
and where they are not all and do not hold a page of matches the index is asked, in the same
statement; or some more rows, if the first say that a page is among those, or if so many matches are
known that to sort them takes longer: in an order by name they may all stand further on.

The index is one of another table, which has what is searched for of each row and is written when
that changes (`core.triggers.KeptCopies`). What else is asked of the rows is asked there, if it has
the columns: then it has no index by which it could be walked in the order, however rare PostgreSQL
takes a word for.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BooleanField,
    Case,
    Expression,
    ExpressionWrapper,
    F,
    Lookup,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Col, ExpressionList
from django.db.models.lookups import Exact, In
from django.db.models.sql.query import Query
from django.db.models.sql.where import WhereNode

from core.keyset import Row
from core.parts import Foreseen
from core.prepared import AnyOf, Given

# For each row that is wanted so many are looked at along the order, and then, if some matched, ten
# times as many: of a word that one row in a hundred has, a large shop has more to be sorted.
NEAR = 30
FURTHER = 300
_TRIGRAM = re.compile("[a-zA-Z0-9]{3}")


class Sought(ExpressionWrapper):
    """A condition that has an index of its own, which knows no order.

    `copies` are those of which it is true, of a table with that index and columns of the same names
    (None: there is no such table), `within` the shops that the list is of. Where these have so many
    rows that whose one is narrows nothing down, it is a search `of_many`.
    """

    def __init__(
        self, condition: Q, copies: Any = None, within: Q | None = None, *, of_many: bool = False
    ) -> None:
        told: Any = condition
        if copies is not None:
            # Found once, and looked up by their keys. Joined, they are looked for again for each
            # row wherever PostgreSQL takes both tables for empty.
            told = AnyOf(F("pk"), ArraySubquery(copies.filter(within or Q()).values("pk")))
        super().__init__(told, output_field=BooleanField())
        self.condition, self.copies, self.of_many = condition, copies, of_many


class Word(Given):
    """Stands for a word to look for, of which is known whether an index of threes has it."""

    def __init__(self, name: str, *, is_indexed: bool) -> None:
        super().__init__(name)
        self.is_indexed = is_indexed


@TextField.register_lookup
class Holds(Lookup):
    """`text__holds=word`: as `contains`, with a pattern that is made once and not for each row.

    PostgreSQL cannot look into it when it plans, so it looks for it in the trigram index. A word
    in which nobody knows of three letters in a row is not in there, and is kept from being asked.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, before = self.process_lhs(compiler, connection)
        word, after = self.process_rhs(compiler, connection)
        if not any(map(_is_indexed, self.rhs.flatten())):
            column = f"({column} || '')"
        pattern = f"(SELECT '%%' || {connection.pattern_esc.format(word)} || '%%')"
        return f"{column} LIKE {pattern}", [*before, *after]


class NearOrFar(Expression):
    """The keys of the first matches, as an array: those near the beginning; or, where so many are
    there that a page will be met, or are known `of_many`, those further on; or else of all."""

    def __init__(self, walked: Any, far: Any, count: int, *, of_many: bool) -> None:
        super().__init__(output_field=far.model._meta.pk)
        self.of_many = of_many
        self.near = walked[: NEAR * count].query
        self.further = walked[: FURTHER * count].query
        self.far, self.count = far[:count].query, count

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        parts = [
            each.get_compiler(connection=connection).as_sql()
            for each in (self.near, self.further, self.far)
        ]
        near, further, far = (sql for sql, _values in parts)
        # A part that is not wanted is not begun: what it hangs on is known before.
        sql = (
            f"ARRAY(WITH near AS {self._walk(near, NEAR)}, met AS {self._met('near', NEAR)},"  # noqa: S608
            f" further AS {self._walk(further, FURTHER, '(SELECT promising FROM met)')},"
            f" more AS {self._met('further', FURTHER)},"
            " enough AS MATERIALIZED (SELECT met.enough AS near,"
            " met.promising AND more.enough AS further FROM met, more)"
            " SELECT pk FROM near WHERE (SELECT near FROM enough)"
            " UNION ALL SELECT pk FROM further WHERE (SELECT further FROM enough)"
            f" UNION ALL SELECT pk FROM ({far}) AS row"
            " WHERE NOT (SELECT near OR further FROM enough))"
        )
        return sql, [value for _sql, values in parts for value in values]

    def _walk(self, rows: str, each: int, asked: str = "true") -> str:
        """The matches among them, as many as are wanted, and the last row: for where there is none,
        these are all."""
        return (
            "MATERIALIZED (SELECT * FROM (SELECT *, row_number() OVER () AS place"  # noqa: S608
            f" FROM ({rows}) AS row) AS row"
            f" WHERE {asked} AND (found OR place = {each * self.count}) LIMIT {self.count})"
        )

    def _met(self, walk: str, each: int) -> str:
        """Whether these are enough; and whether they are so many that it pays to walk on."""
        last = f"count(*) FILTER (WHERE place = {each * self.count})"
        found = "count(*) FILTER (WHERE found)"
        enough = f"{found} = {self.count} OR {last} = 0"
        many = -1 if self.of_many else self.count * NEAR // FURTHER
        return (
            f"MATERIALIZED (SELECT {enough} AS enough, {found} > {many} AND NOT ({enough})"  # noqa: S608
            f" AS promising FROM {walk})"
        )


def unguessed(condition: Q) -> Case:
    """The condition, into which PostgreSQL does not look: it takes half of the rows for such.

    How many it would guess over all shops together, and of an expression it knows nothing: where it
    takes them for few it reads all rows of a shop, and sorts those.
    """
    return Case(When(condition, then=Value(True)), default=Value(False))


def is_searched(rows: QuerySet[Any]) -> bool:
    return any(map(_is_sought, rows.query.where.children))


def asks_for(rows: QuerySet[Any], name: str, *, value: Any) -> bool:
    """Whether all of the rows are to have this value in this column."""
    return any(
        isinstance(each, Exact) and _column(each) == name and each.rhs == value
        for each in rows.query.where.children
    )


def first_found(keys: QuerySet[Any], count: int, *, of_many: bool = False) -> Any:
    """The first keys of rows that are searched for, and known to be many or not; None where there
    is no better way to them than to ask for them as they are."""
    sought, others = _parted(keys)
    row = keys.query.get_initial_alias()
    # What bounds the range of the order's index that is walked, and what is asked of rows in it.
    bounds: list[Any] = []
    met: list[Any] = []
    for each in others:
        (bounds if _is_bound(each, row, getattr(keys, "walked", ())) else met).append(each)
    copied = copied_keys(keys)
    if "vendor_id" not in map(_column, bounds) or not all(_is_met(each, row) for each in met):
        return None if copied is None else copied[:count]
    near: Any = keys.all()
    where = near.query.where
    near.query.where = where.create(bounds)
    words = near.query.build_where(Q(*(each.lhs.condition for each in sought)))
    found: Any = where.create([words, *met])
    near = near.annotate(found=ExpressionWrapper(found, output_field=BooleanField()))
    far = keys if copied is None else copied
    return NearOrFar(near, far, count, of_many=of_many)


def copied_keys(keys: QuerySet[Any]) -> Any:
    """The same keys in the same order, asked of the copies alone; None where they have not all the
    columns that are asked of the rows, or ordered by."""
    (first, *more), others = _parted(keys)
    copies = first.lhs.copies
    ordered = {str(name).removeprefix("-") for name in keys.query.order_by}
    if copies is None or more or not ordered <= {field.name for field in _columns(copies)} | {"pk"}:
        return None
    row, copy = keys.query.get_initial_alias(), copies.query.get_initial_alias()
    names = {field.column for field in _columns(copies)}
    asked = [each for each in others if not _is_of_the_living(each)]
    if not all(hasattr(each, "flatten") for each in asked):  # any of several, or none of them
        return None
    columns = [part for each in asked for part in each.flatten() if isinstance(part, Col)]
    if any(part.alias != row or part.target.column not in names for part in columns):
        return None
    found = copies.order_by(*keys.query.order_by)
    told = [each.relabeled_clone({row: copy}) for each in asked]
    if first.lhs.of_many and {_column(each) for each in told} <= {"vendor_id", ""}:
        told = [*map(_hidden, told)]
    found.query.where.children += told
    return found.values("pk")


def _hidden(condition: Any) -> Any:
    """If it says of which shop: for each row that is found, and not by an index, which would list
    all that a large shop has for a word that few of its rows hold."""
    if not _column(condition):
        return condition
    shop = ExpressionWrapper(condition.lhs + 0, output_field=condition.lhs.output_field)
    return type(condition)(shop, condition.rhs)


def _parted(rows: QuerySet[Any]) -> tuple[list[Any], list[Any]]:
    """What is sought, and what is asked besides."""
    children = rows.query.where.children
    sought = [each for each in children if _is_sought(each)]
    return sought, [each for each in children if not _is_sought(each)]


def _columns(rows: Any) -> Any:
    return rows.model._meta.concrete_fields


def _is_of_the_living(condition: Any) -> bool:
    """Of others there are no copies."""
    return _column(condition) == "is_deleted" and condition.rhs is False


def _is_sought(condition: Any) -> bool:
    return isinstance(getattr(condition, "lhs", None), Sought)


def _is_bound(condition: Any, row: str, walked: Collection[str]) -> bool:
    """Whether it is one value of such a column, says where in the order to begin, or is settled
    before."""
    lhs = getattr(condition, "lhs", None)
    if isinstance(lhs, (Row, Foreseen)):
        return True
    own = isinstance(lhs, Col) and lhs.alias == row
    return own and _column(condition) in walked and _is_of_one(condition)


def _is_met(condition: Any, row: str) -> bool:
    """Whether it hangs on the row alone: asked of those that are walked it costs little."""
    leaves = condition.leaves() if isinstance(condition, WhereNode) else [condition]
    if not all(hasattr(leaf, "flatten") for leaf in leaves):
        return False
    parts = [part for leaf in leaves for part in leaf.flatten()]
    columns = [part for part in parts if isinstance(part, Col)]
    asks = any(isinstance(part, (Query, Subquery)) for part in parts)
    return not asks and all(column.alias == row for column in columns)


def _column(condition: Any) -> str:
    lhs = getattr(condition, "lhs", None)
    return lhs.target.attname if isinstance(lhs, Col) else ""


def _is_of_one(condition: Any) -> bool:
    if not isinstance(condition, In):
        return isinstance(condition, Exact)
    if isinstance(condition.rhs, ExpressionList):  # of stand-ins
        return len(condition.rhs.get_source_expressions()) == 1
    return condition.rhs_is_direct_value() and len(condition.rhs) == 1


def has_trigram(text: str) -> bool:
    """Whether it has three letters in a row, also without their accents."""
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _TRIGRAM.search(bare) is not None


def _is_indexed(part: Any) -> bool:
    if isinstance(part, Word):
        return part.is_indexed
    text = getattr(part, "value", None)
    return isinstance(text, str) and has_trigram(text)
