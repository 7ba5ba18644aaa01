"""Database triggers of every app (why: docs/decisions/0015-versions-and-conditions.md)."""

from pgtrigger import Before, Trigger, Update


def counts_changes(*besides: str, unless: str = "") -> Trigger:
    """`version` grows by one with every UPDATE that changes the row, whoever writes, and however.

    It never goes back, nor grows on its own. `besides` are columns that do not count: what no
    representation shows, and what another part of the entity tag covers. A new column counts
    without a word, for the rows are compared as a whole. Nothing counts while `unless` holds.
    """
    left_out = ", ".join(f"'{column}'" for column in ("version", *besides))
    old, new = (f"to_jsonb({row}) - ARRAY[{left_out}]" for row in ("OLD", "NEW"))
    counted = f"{old} IS DISTINCT FROM {new}"
    if unless:
        counted = f"({unless}) IS NOT TRUE AND {counted}"
    return Trigger(
        name="counts_changes",
        when=Before,
        operation=Update,
        func=f"""
            NEW.version = OLD.version + ({counted})::int;
            RETURN NEW;
        """,
    )
