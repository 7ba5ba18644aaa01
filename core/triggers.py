"""Database triggers of every app: what is counted and added up, whoever writes, and however.

Why: docs/decisions/0015-versions-and-conditions.md, docs/decisions/0024-maintained-figures.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pgtrigger
from pgtrigger import After, Before, Delete, Trigger, Update


def counts_changes(*besides: str, unless: str = "", moving: str = "") -> Trigger:
    """`version` grows by one with every UPDATE that changes the row, whoever writes, and however.

    It never goes back, nor grows on its own. `besides` are columns that do not count: what no
    representation shows, and what another part of the entity tag covers. A new column counts
    without a word, for the rows are compared as a whole. Nothing counts while `unless` holds.
    Who writes the next version and another value of the column `moving` has counted already, to
    the same: that row costs no call.
    """
    alike = "".join(f"OLD.{column} := NEW.{column};" for column in ("version", *besides))
    counted = f"OLD IS DISTINCT FROM NEW AND ({unless or 'false'}) IS NOT TRUE"
    told = f"NEW.version <> OLD.version + 1 OR NEW.{moving} = OLD.{moving} OR ({unless or 'false'})"
    return Trigger(
        name="counts_changes",
        when=Before,
        operation=Update,
        condition=pgtrigger.Condition(told) if moving else None,
        declare=[("known", "integer")],
        func=f"""
            known := OLD.version;
            {alike}
            NEW.version := known + ({counted})::int;
            RETURN NEW;
        """,
    )


def tells(channel: str, key: str, *besides: str) -> Trigger:
    """Who remembers a row is told with the commit that changes it (`core.postgres.remembered`).

    `key` is the column that names it; of changes of `besides` alone nothing is told.
    """
    return Trigger(
        name="tells",
        when=After,
        operation=Update | Delete,
        func=f"""
            IF TG_OP = 'UPDATE' THEN
                {"".join(f"OLD.{column} := NEW.{column};" for column in besides)}
            END IF;
            IF OLD IS DISTINCT FROM NEW THEN
                PERFORM pg_notify('{channel}', OLD.{key}::text);
            END IF;
            RETURN NULL;
        """,
    )


# What a statement wrote, as rows with a sign.
_ADDED = "(SELECT *, 1 AS sign FROM new_rows)"
_REMOVED = "(SELECT *, -1 AS sign FROM old_rows)"
_CHANGED = "(SELECT *, -1 AS sign FROM old_rows UNION ALL SELECT *, 1 FROM new_rows)"
_ADD_UP = "SELECT {columns} FROM {rows} AS changed {join} GROUP BY {places}"
# What cancels out, as most of an UPDATE does, is gone before the rows become more.
_BY_FACET = """SELECT {key}, {totals} FROM ({found}) AS whole
                CROSS JOIN LATERAL (VALUES {parts}) AS part (facet, key)
                WHERE {differs} GROUP BY {key}"""
_PUT = """
            INSERT INTO {into} AS kept ({columns})
            SELECT {values} FROM ({found}) AS added {only} ORDER BY {key}
            ON CONFLICT ({key}) DO UPDATE SET {grown};"""
_DRIFT = """
    SELECT {owner}, concat_ws(' ', {label}),
        COALESCE(figure.is_now, 0)::text, COALESCE(figure.should_be, 0)::text
    FROM (SELECT * FROM {into} AS kept WHERE {among}) AS kept
    FULL JOIN ({found}) AS fresh USING ({key})
    CROSS JOIN LATERAL (VALUES {pairs}) AS figure (name, is_now, should_be)
    WHERE COALESCE(figure.is_now, 0) <> COALESCE(figure.should_be, 0)
    ORDER BY {key}, figure.name
"""


@dataclass(frozen=True, kw_only=True)
class KeptSums:
    """Sums over rows of one table that triggers keep in another, in the writer's statement.

    `key` and `sums` are expressions over a written row, called `changed`, by the column that holds
    them; `where` says which rows count. With `facets`, expressions by name, each sum is kept once
    by every one of them, in the columns `facet` and `key`. `join` adds to the rows. `moves` is a
    column that counts statements; without it a row of sums is written only when a sum changes.
    """

    into: str
    key: Mapping[str, str]
    sums: Mapping[str, str] = field(default_factory=dict)
    where: str = "true"
    facets: Mapping[str, str] = field(default_factory=dict)
    join: str = ""
    moves: str = ""

    @property
    def columns(self) -> list[str]:
        """What tells one row of sums from another; the first says whose it is."""
        return [*self.key, *(["facet", "key"] if self.facets else [])]

    def added_up(self, rows: str) -> str:
        """A query for the sums over these rows, each of which has a `sign`."""
        named = {**self.key, **self.facets}
        found = _ADD_UP.format(
            columns=", ".join(
                [f"{each} AS {name}" for name, each in named.items()]
                + [
                    f"COALESCE(SUM(sign * ({each})) FILTER (WHERE {self.where}), 0) AS {name}"
                    for name, each in self.sums.items()
                ]
            ),
            rows=rows,
            join=self.join,
            places=", ".join(str(place) for place in range(1, len(named) + 1)),
        )
        if not self.facets:
            return found
        return _BY_FACET.format(
            key=", ".join(self.columns),
            totals=", ".join(f"SUM({name}) AS {name}" for name in self.sums),
            found=found,
            parts=", ".join(f"('{name}', whole.{name})" for name in self.facets),
            differs=self._differs("whole"),
        )

    def put(self, rows: str) -> str:
        """The statement that adds these rows to the sums, which are locked in the key's order."""
        counted = [*self.sums, *filter(None, [self.moves])]
        return _PUT.format(
            into=self.into,
            columns=", ".join([*self.columns, *counted]),
            values=", ".join([*self.columns, *self.sums, *(["1"] if self.moves else [])]),
            found=self.added_up(rows),
            only="" if self.moves else f"WHERE {self._differs('added')}",
            key=", ".join(self.columns),
            grown=", ".join(f"{name} = kept.{name} + EXCLUDED.{name}" for name in counted),
        )

    def drift(self, rows: str, among: str) -> str:
        """A query for what is kept and is not the sum of these rows: whose it is, what is off,
        what it is now, and what it should be. `among` says of which `kept` rows."""
        return _DRIFT.format(
            owner=self.columns[0],
            label=", ".join(["figure.name", *self.columns[1:]]),
            into=self.into,
            among=among,
            found=self.added_up(rows),
            key=", ".join(self.columns),
            pairs=", ".join(f"('{name}', kept.{name}, fresh.{name})" for name in self.sums),
        )

    def _differs(self, row: str) -> str:
        return "(" + " OR ".join(f"{row}.{name} <> 0" for name in self.sums) + ")"


_NOTE = """
            WITH changes AS MATERIALIZED (
                SELECT {columns}, SUM(sign) AS sign FROM {rows} AS changed
                JOIN {clock} AS clock ON clock.{owner} = changed.{owner}
                WHERE {where} GROUP BY {places} HAVING SUM(sign) <> 0
            ), noted AS (
                SELECT *, row_number() OVER (PARTITION BY {owner}) AS number,
                    count(*) OVER (PARTITION BY {owner}) > {most} AS many
                FROM changes
            )
            INSERT INTO {into} ({names}, sign, number)
            SELECT {names}, sign, number FROM noted WHERE NOT many
            UNION ALL SELECT {nothing}, 0, 1 FROM noted WHERE many AND number = 1;"""


@dataclass(frozen=True, kw_only=True)
class KeptChanges:
    """What rows have come (`sign` 1) or gone (-1), kept by triggers in the writer's statement.

    So whoever counted rows that match something, as of a version, need not count them again to
    know how many there are now. `columns` are expressions over a written row, called `changed`, by
    the column that holds them; the first says whose it is, and `clock` is the table of owners'
    versions, which the statement has moved before. A statement that changes more than `most` of
    them leaves one row of sign 0 and no columns: count again.
    """

    into: str
    clock: str
    columns: Mapping[str, str]
    where: str = "true"
    most: int = 1000

    def put(self, rows: str) -> str:
        """The statement that notes what these rows, each with a `sign`, come to."""
        owner, *others = self.columns
        columns = {**self.columns, "version": "clock.version"}
        return _NOTE.format(
            into=self.into,
            clock=self.clock,
            owner=owner,
            rows=rows,
            where=self.where,
            most=self.most,
            columns=", ".join(f"{each} AS {name}" for name, each in columns.items()),
            places=", ".join(str(place) for place in range(1, len(columns) + 1)),
            names=", ".join(columns),
            nothing=", ".join([owner, *("NULL" for _ in others), "version"]),
        )


_COPY_NEW = """
            INSERT INTO {into} ({names}) SELECT {columns} FROM new_rows AS changed WHERE {where};"""
# A copy that is no more, and may be again with other values, is written over.
_COPY = """
            WITH changes AS MATERIALIZED (
                SELECT {columns}, SUM(sign) AS sign FROM {rows} AS changed WHERE {where}
                GROUP BY {places} HAVING SUM(sign) <> 0
            ), gone AS (
                DELETE FROM {into} WHERE {key} = ANY(ARRAY(
                    SELECT {key} FROM changes GROUP BY {key} HAVING SUM(sign) < 0
                ))
            )
            INSERT INTO {into} ({names}) SELECT {names} FROM changes WHERE sign > 0
            ON CONFLICT ({key}) DO UPDATE SET {grown};"""
_COPIED = "(SELECT {columns} FROM {rows} AS changed WHERE {where})"
_ASTRAY = """
    SELECT COALESCE(kept.{owner}, fresh.{owner}), 'rows of {into}',
        COUNT(*) FILTER (WHERE {alike})::text, COUNT(*)::text
    FROM (SELECT * FROM {into} AS kept WHERE {among}) AS kept
    FULL JOIN {fresh} AS fresh USING ({key})
    GROUP BY 1 HAVING NOT bool_and({alike}) ORDER BY 1
"""
_COPY_AGAIN = """
    WITH gone AS (
        DELETE FROM {into} AS kept WHERE ({among}) AND NOT EXISTS (
            SELECT FROM {fresh} AS fresh WHERE fresh.{key} = kept.{key}
        )
    )
    INSERT INTO {into} ({names}) SELECT {fresh_names} FROM {fresh} AS fresh
    LEFT JOIN {into} AS kept ON kept.{key} = fresh.{key}
    WHERE kept.{key} IS NULL OR NOT ({alike})
    ON CONFLICT ({key}) DO UPDATE SET {grown}
"""


@dataclass(frozen=True, kw_only=True)
class KeptCopies:
    """Some columns of the rows, which triggers keep in another table, in the writer's statement.

    There they are written when one of them changes, and not with every UPDATE: an index that is
    dear to write belongs there. `columns` are expressions over a written row, called `changed`, by
    the column that holds them; the first is its key, the second says whose it is.
    """

    into: str
    columns: Mapping[str, str]
    where: str = "true"

    def put(self, rows: str) -> str:
        """The statement that brings the copies up to what these rows, each with a `sign`, say."""
        if rows == _ADDED:
            return _COPY_NEW.format(**self._named)
        places = ", ".join(str(place) for place in range(1, len(self.columns) + 1))
        return _COPY.format(**self._named, rows=rows, places=places)

    def drift(self, rows: str, among: str) -> str:
        """A query for owners of whose rows not all are copied as they are: whose, which copies, how
        many are right, and of how many. `among` says of which `kept` rows."""
        return _ASTRAY.format(**self._named, **self._compared(rows), among=among)

    def mend(self, rows: str, among: str) -> str:
        """The statement that makes the `kept` ones of those `among` which they are the copies of
        these rows; what is right stays as it is."""
        return _COPY_AGAIN.format(**self._named, **self._compared(rows), among=among)

    @property
    def _named(self) -> dict[str, str]:
        key, owner, *_others = self.columns
        return {
            "into": self.into,
            "key": key,
            "owner": owner,
            "columns": ", ".join(f"{each} AS {name}" for name, each in self.columns.items()),
            "names": ", ".join(self.columns),
            "grown": ", ".join(f"{name} = EXCLUDED.{name}" for name in self.columns if name != key),
            "where": self.where,
        }

    def _compared(self, rows: str) -> dict[str, str]:
        return {
            "fresh": _COPIED.format(**self._named, rows=rows),
            "fresh_names": ", ".join(f"fresh.{name}" for name in self.columns),
            "alike": " AND ".join(
                f"kept.{name} IS NOT DISTINCT FROM fresh.{name}" for name in self.columns
            ),
        }


_IF_CHANGED = """
            IF EXISTS (
                SELECT FROM (SELECT {columns} FROM new_rows EXCEPT SELECT {columns} FROM old_rows)
                    AS moved
            ) THEN {written}
            END IF;"""


@dataclass(frozen=True, kw_only=True)
class KeptSeldom:
    """What hangs on these `columns` alone, the row's key among them: an UPDATE that leaves them as
    they are costs one look, and not one for each of the `kept`."""

    columns: Sequence[str]
    kept: Sequence[KeptSums | KeptChanges | KeptCopies]

    def put(self, rows: str) -> str:
        written = "".join(each.put(rows) for each in self.kept)
        if rows != _CHANGED:
            return written
        return _IF_CHANGED.format(columns=", ".join(self.columns), written=written)


def keeps(table: str, *kept: KeptSums | KeptSeldom) -> list[Trigger]:
    """Statement triggers that keep sums over a table's rows, what changed, and copies, in order.

    One statement moves each once, for one row or ten thousand.
    """
    occasions = [
        ("added", pgtrigger.Insert, pgtrigger.Referencing(new="new_rows"), _ADDED),
        (
            "changed",
            pgtrigger.Update,
            pgtrigger.Referencing(old="old_rows", new="new_rows"),
            _CHANGED,
        ),
        ("removed", pgtrigger.Delete, pgtrigger.Referencing(old="old_rows"), _REMOVED),
    ]
    return [
        Trigger(
            name=f"{table}_{name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=referencing,
            func="".join(sums.put(rows) for sums in kept) + "\n            RETURN NULL;",
        )
        for name, operation, referencing, rows in occasions
    ]
