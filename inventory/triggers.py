"""Database triggers of the catalog (why: docs/decisions/0004-catalog-version-by-trigger.md)."""

import pgtrigger

_BUMP = """
    INSERT INTO inventory_catalogversion AS known (vendor_id, version)
    SELECT DISTINCT {vendor}, 1 FROM {rows} AS changed {join} ORDER BY 1
    ON CONFLICT (vendor_id) DO UPDATE SET version = known.version + 1;
    RETURN NULL;
"""
_ADDED = pgtrigger.Referencing(new="new_rows")
_REMOVED = pgtrigger.Referencing(old="old_rows")
_CHANGED = pgtrigger.Referencing(old="old_rows", new="new_rows")
_BOTH = "(SELECT * FROM old_rows UNION ALL SELECT * FROM new_rows)"


def moves_version(table: str, *, vendor: str, join: str = "") -> list[pgtrigger.Trigger]:
    """Statement triggers that move the version of each vendor whose rows were written.

    One statement moves it once, for one row or ten thousand. `vendor` is the expression of the
    vendor's id over the written rows, called `changed`, and what `join` adds.
    """
    occasions = [
        ("added", pgtrigger.Insert, _ADDED, "new_rows"),
        ("changed", pgtrigger.Update, _CHANGED, _BOTH),
        ("removed", pgtrigger.Delete, _REMOVED, "old_rows"),
    ]
    return [
        pgtrigger.Trigger(
            name=f"{table}_{name}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=referencing,
            func=_BUMP.format(vendor=vendor, rows=rows, join=join),
        )
        for name, operation, referencing, rows in occasions
    ]
