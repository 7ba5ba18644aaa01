"""Database triggers: the version of the catalog, and all that follows from the stock ledger."""

from typing import Any

import pgtrigger

from core.triggers import KeptChanges, KeptCopies, KeptSeldom, KeptSums, keeps

# --- The catalog's version and its figures (docs/decisions/0004, docs/decisions/0024) -------------


def moves_version(table: str, *, vendor: str, join: str = "") -> list[pgtrigger.Trigger]:
    """Statement triggers that move the version of each vendor whose rows were written.

    `vendor` is the expression of the vendor's id over a written row, called `changed`, and what
    `join` adds.
    """
    version = KeptSums(into=_VERSION, key={"vendor_id": vendor}, join=join, moves="version")
    return keeps(table, version)


_VERSION = "inventory_catalogversion"
_LIVING = "NOT changed.is_deleted"
# In the version's row: that is written anyway, so they make nobody wait longer.
ITEM_FIGURES = KeptSums(
    into=_VERSION,
    key={"vendor_id": "changed.vendor_id"},
    sums={
        "items": "1",
        "units": "changed.quantity",
        "value": "changed.value",
        "stock_value": "changed.value * changed.quantity",
        "low_stock": "(changed.quantity <= changed.low_stock_threshold)::int",
    },
    where=_LIVING,
    moves="version",
)
# How many there are in each category (0 for none), and how many were added on each day (UTC).
ITEM_COUNTS = KeptSums(
    into="inventory_catalogcount",
    key={"vendor_id": "changed.vendor_id"},
    facets={
        "category": "COALESCE(changed.category_id, 0)",
        "day": "(changed.created_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01'",
    },
    sums={"items": "1"},
    where=_LIVING,
)

# What searches find has changed: counts of matches are kept up with it (docs/decisions/0028).
ITEM_CHANGES = KeptChanges(
    into="inventory_catalogchange",
    clock=_VERSION,
    columns={
        "vendor_id": "changed.vendor_id",
        "category": "COALESCE(changed.category_id, 0)",
        "search_text": "changed.search_text",
    },
    where=_LIVING,
)

# What words are looked for in, apart from all that changes more often (docs/decisions/0026).
ITEM_TEXTS = KeptCopies(
    into="inventory_catalogtext",
    columns={
        name: f"changed.{name}"
        for name in ("id", "vendor_id", "category_id", "created_at", "search_text")
    },
    where=_LIVING,
)

# No stock nor price is among what these hang on.
ITEM_PLACES = KeptSeldom(
    columns=("id", "vendor_id", "category_id", "created_at", "is_deleted", "search_text"),
    kept=(ITEM_COUNTS, ITEM_CHANGES, ITEM_TEXTS),
)

# All items of some vendors, or of all, as they would have been added one by one.
ITEMS_OF = """(
    SELECT *, 1 AS sign FROM inventory_collectible
    WHERE %(vendors)s::bigint[] IS NULL OR vendor_id = ANY(%(vendors)s)
)"""
# What is kept of those vendors.
KEPT_OF = "%(vendors)s::bigint[] IS NULL OR kept.vendor_id = ANY(%(vendors)s)"

_ADDED = pgtrigger.Referencing(new="new_rows")
_CHANGED = pgtrigger.Referencing(old="old_rows", new="new_rows")

# While the ledger writes what items start with (`core.triggers.counts_changes`). Set by who adds
# items with their stock, it allows that for one INSERT; whether the ledger agrees is asked when the
# transaction ends.
OPENING = "current_setting('omni_stock.opening', true) = 'true'"
_OPENED = "PERFORM set_config('omni_stock.opening', 'false', true);"

# --- The ledger (why: docs/decisions/0018-stock-ledger.md) ---------------------------------------
APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)

# A trigger that another trigger fired has a depth: what is derived from the ledger is written by
# the ledger's triggers, and by nobody else. Asked as a condition, it costs their rows no call.
_REFUSE = """
    RAISE EXCEPTION '% follows from the stock ledger and is not written', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
"""


def _refuses(name: str, operation: Any, condition: str = "true") -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=operation,
        condition=pgtrigger.Condition(f"pg_trigger_depth() = 0 AND ({condition})"),
        func=_REFUSE,
    )


DERIVED = _refuses("derived", pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete)

LOT_TRIGGERS = [
    _refuses("starts_empty", pgtrigger.Insert, "NEW.remaining <> 0 OR NEW.remaining_cost <> 0"),
    _refuses("derived", pgtrigger.Update | pgtrigger.Delete),
]

# Numbers the item's movements and seals each one; `last` is the one before. The item's row is
# locked by whoever moves its stock, so nobody else is adding one. `inventory_last_movement` plans
# once and by the index: a plan kept from when the table was empty would read all of it.
_SEAL = """
    SELECT * INTO last FROM inventory_last_movement(NEW.item_id);
    SELECT item.vendor_id INTO NEW.vendor_id FROM inventory_collectible AS item
        JOIN vendors_vendorstore AS store
            ON store.id = NEW.store_id AND store.vendor_id = item.vendor_id
        JOIN inventory_stocklot AS lot
            ON lot.id = NEW.lot_id AND lot.item_id = item.id AND lot.store_id = store.id
        WHERE item.id = NEW.item_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'item, store and lot of a movement belong together'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_belongs_together';
    END IF;
    NEW.sequence := COALESCE(last.sequence, 0) + 1;
    NEW.recorded_at := clock_timestamp();
    NEW.digest := inventory_movement_digest(NEW, COALESCE(last.digest, ''));
    RETURN NEW;
"""

# Of what is joined to the item, not of the item: else PostgreSQL, where it takes the tables for
# empty, adds up the levels of every item for every movement before it joins them.
_ON_HAND = "(SELECT SUM(level.on_hand) FROM inventory_stocklevel AS level WHERE level.item_id = {})"
_NOW_ON_HAND = _ON_HAND.format("opening.item_id")
_OPENINGS = "(SELECT DISTINCT item_id FROM new_rows WHERE kind = 'opening') AS opening"
# Levels that are missing are added with what moved. An opening is part of adding the item, which
# nobody has seen yet: it is no new version of it, and mostly the item has it already. All else is a
# change of the item, even if it comes to nothing over all stores: lists by store are kept by that.
_POST = f"""
    WITH moved AS MATERIALIZED (
        SELECT item_id, store_id, SUM(quantity) AS quantity FROM new_rows GROUP BY 1, 2
    ), known AS (
        UPDATE inventory_stocklevel AS level
            SET on_hand = level.on_hand + moved.quantity, updated_at = clock_timestamp()
            FROM moved WHERE level.item_id = moved.item_id AND level.store_id = moved.store_id
            RETURNING level.item_id, level.store_id
    )
    INSERT INTO inventory_stocklevel (item_id, store_id, on_hand, allocated)
        SELECT item_id, store_id, moved.quantity, 0
        FROM moved LEFT JOIN known USING (item_id, store_id)
        WHERE known.item_id IS NULL ORDER BY 1, 2;
    UPDATE inventory_stocklot AS lot
        SET remaining = lot.remaining + moved.quantity,
            remaining_cost = lot.remaining_cost + moved.cost
        FROM (SELECT lot_id, SUM(quantity) AS quantity, SUM(cost) AS cost FROM new_rows GROUP BY 1)
            AS moved
        WHERE lot.id = moved.lot_id;
    IF EXISTS (SELECT FROM new_rows WHERE kind <> 'opening') THEN
        UPDATE inventory_collectible AS item
            SET quantity = item.quantity + sums.quantity, updated_at = clock_timestamp()
            FROM (
                SELECT item_id, SUM(quantity) AS quantity FROM new_rows
                WHERE kind <> 'opening' GROUP BY 1
            ) AS sums
            WHERE item.id = sums.item_id;
    END IF;
    IF EXISTS (
        SELECT FROM {_OPENINGS} JOIN inventory_collectible AS item ON item.id = opening.item_id
        WHERE item.quantity <> {_NOW_ON_HAND}
    ) THEN
        PERFORM set_config('omni_stock.opening', 'true', true);
        UPDATE inventory_collectible AS item SET quantity = {_NOW_ON_HAND}
            FROM {_OPENINGS}
            WHERE item.id = opening.item_id AND item.quantity <> {_NOW_ON_HAND};
        {_OPENED}
    END IF;
    RETURN NULL;
"""  # noqa: S608 (our own text)

MOVEMENT_TRIGGERS = [
    APPEND_ONLY,
    pgtrigger.Trigger(
        name="seal",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        declare=[("last", "record")],
        func=_SEAL,
    ),
    pgtrigger.Trigger(
        name="post",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=_ADDED,
        func=_POST,
    ),
]

_HOLD = """
    INSERT INTO inventory_stocklevel (item_id, store_id, on_hand, allocated)
        SELECT DISTINCT item_id, store_id, 0, 0 FROM {rows} AS held WHERE share <> 0 ORDER BY 1, 2
        ON CONFLICT (item_id, store_id) DO NOTHING;
    UPDATE inventory_stocklevel AS level
        SET allocated = level.allocated + held.share, updated_at = clock_timestamp()
        FROM (SELECT item_id, store_id, SUM(share) AS share FROM {rows} AS each GROUP BY 1, 2)
            AS held
        WHERE level.item_id = held.item_id AND level.store_id = held.store_id
            AND held.share <> 0;
    UPDATE inventory_collectible AS item
        SET allocated = item.allocated + held.share, updated_at = clock_timestamp()
        FROM (SELECT item_id, SUM(share) AS share FROM {rows} AS each GROUP BY 1) AS held
        WHERE item.id = held.item_id AND held.share <> 0;
    RETURN NULL;
"""
_HELD = "(SELECT item_id, store_id, {sign}quantity AS share FROM {rows} WHERE status = 'open')"
_NEWLY = _HELD.format(sign="", rows="new_rows")
_FORMERLY = _HELD.format(sign="-", rows="old_rows")

ALLOCATION_TRIGGERS = [
    pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
    # What is promised is not changed, it is ended; and an end is final.
    pgtrigger.Protect(
        name="ended_once",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            "OLD.status <> 'open' OR OLD.quantity <> NEW.quantity OR OLD.item_id <> NEW.item_id"
            " OR OLD.store_id <> NEW.store_id"
        ),
    ),
    pgtrigger.Trigger(
        name="hold",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=_ADDED,
        func=_HOLD.format(rows=_NEWLY),
    ),
    pgtrigger.Trigger(
        name="let_go",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        referencing=_CHANGED,
        func=_HOLD.format(rows=f"({_NEWLY} UNION ALL {_FORMERLY})"),
    ),
]

# An item's value is the newest of its valuations, and a value given to the item is one: each
# trigger leaves alone what the other one wrote.
_ADOPT = """
    IF pg_trigger_depth() < 2 THEN
        UPDATE inventory_collectible AS item
            SET value = newest.amount, currency = newest.currency,
                updated_at = clock_timestamp()
            FROM (
                SELECT DISTINCT ON (known.item_id) known.item_id, known.amount, known.currency
                FROM inventory_valuation AS known
                WHERE known.item_id IN (SELECT item_id FROM new_rows)
                ORDER BY known.item_id, known.valued_at DESC, known.id DESC
            ) AS newest
            WHERE item.id = newest.item_id
                AND (item.value, item.currency) IS DISTINCT FROM (newest.amount, newest.currency);
    END IF;
    RETURN NULL;
"""
# Here and not row by row, for the vendor's version has moved: who deletes a category has done so,
# or will find the items in it when that is done.
_VALUE = """
    IF pg_trigger_depth() < 2 THEN
        IF EXISTS (
            SELECT FROM {filed} AS item
            JOIN inventory_category AS category ON category.id = item.category_id
            WHERE category.is_deleted
        ) THEN
            RAISE EXCEPTION 'a category that is deleted gets no items'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'item_category_is_living';
        END IF;
        INSERT INTO inventory_valuation (item_id, amount, currency, source, valued_at, actor_id)
            SELECT item.id, item.value, item.currency, 'catalog', clock_timestamp(),
                item.updated_by_id
            FROM {valued} AS item ORDER BY item.id;
    END IF;
    {after}
    RETURN NULL;
"""
# Most changes (of stock, of words, of a thousand items that are deleted) are neither: one look.
_IF_EITHER = """
    IF pg_trigger_depth() > 1 THEN RETURN NULL; END IF;
    IF NOT EXISTS (
        SELECT id, category_id, value, currency FROM new_rows
        EXCEPT SELECT id, category_id, value, currency FROM old_rows
    ) THEN RETURN NULL; END IF;"""
# Grouped, not joined: what is planned for a statement of one row is kept for those of a thousand,
# and by that plan each new row was compared with every old one.
_REFILED = """(
                SELECT id, category_id FROM new_rows EXCEPT SELECT id, category_id FROM old_rows
            )"""
_REVALUED = """(
                SELECT id, MAX(value) FILTER (WHERE is_new) AS value,
                    MAX(currency) FILTER (WHERE is_new) AS currency,
                    MAX(updated_by_id) FILTER (WHERE is_new) AS updated_by_id
                FROM (
                    SELECT id, value, currency, updated_by_id, true AS is_new FROM new_rows
                    UNION ALL SELECT id, value, currency, NULL, false FROM old_rows
                ) AS either
                GROUP BY id HAVING COUNT(DISTINCT (value, currency)) > 1
            )"""
# Who closes a store waits for who has this lock, which the store's foreign keys take now anyway.
_STARTS_AS_MOVED = f"""
    IF EXISTS (
        SELECT FROM inventory_collectible AS item
        WHERE item.id = NEW.id AND item.quantity IS DISTINCT FROM {_ON_HAND.format("NEW.id")}
    ) THEN
        {_REFUSE}
    END IF;
    PERFORM FROM inventory_stocklevel AS level
        JOIN vendors_vendorstore AS store ON store.id = level.store_id
        WHERE level.item_id = NEW.id AND NOT store.is_deleted
        FOR KEY SHARE OF store;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'an item starts in a store that is open'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'item_starts_in_open_store';
    END IF;
    RETURN NULL;
"""  # noqa: S608 (our own text)
VALUATION_TRIGGERS = [
    pgtrigger.Trigger(
        name="adopt",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=_ADDED,
        func=_ADOPT,
    )
]

# In which category an item was before: closings are by those of the time they were made.
_SORTED = """
    INSERT INTO inventory_sorting (item_id, category_id) VALUES (OLD.id, OLD.category_id);
    RETURN NULL;
"""

ITEM_TRIGGERS = [
    pgtrigger.Trigger(
        name="sorted",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("category_id"),
        condition=pgtrigger.Condition("OLD.category_id IS DISTINCT FROM NEW.category_id"),
        func=_SORTED,
    ),
    _refuses(
        "starts_without_stock",
        pgtrigger.Insert,
        f"NEW.allocated <> 0 OR NEW.quantity <> 0 AND ({OPENING}) IS NOT TRUE",
    ),
    pgtrigger.Trigger(
        name="starts_as_moved",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("NEW.quantity <> 0"),
        timing=pgtrigger.Deferred,
        func=_STARTS_AS_MOVED,
    ),
    _refuses(
        "stock_is_derived",
        pgtrigger.Update,
        "OLD.quantity <> NEW.quantity OR OLD.allocated <> NEW.allocated",
    ),
    pgtrigger.Trigger(
        name="first_value",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=_ADDED,
        func=_VALUE.format(
            filed="new_rows", valued="(SELECT * FROM new_rows WHERE value > 0)", after=_OPENED
        ),
    ),
    pgtrigger.Trigger(
        name="next_value",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Update,
        referencing=_CHANGED,
        func=_IF_EITHER + _VALUE.format(filed=_REFILED, valued=_REVALUED, after=""),
    ),
]
