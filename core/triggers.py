"""Database triggers of every app (why: docs/decisions/0015-versions-and-conditions.md)."""

from pgtrigger import Before, Trigger, Update


def counts_changes(*besides: str, unless: str = "") -> Trigger:
    """`version` grows by one with every UPDATE that changes the row, whoever writes, and however.

    It never goes back, nor grows on its own. `besides` are columns that do not count: what no
    representation shows, and what another part of the entity tag covers. A new column counts
    without a word, for the rows are compared as a whole. Nothing counts while `unless` holds.
    """
    alike = "".join(f"OLD.{column} := NEW.{column};" for column in ("version", *besides))
    counted = f"OLD IS DISTINCT FROM NEW AND ({unless or 'false'}) IS NOT TRUE"
    return Trigger(
        name="counts_changes",
        when=Before,
        operation=Update,
        declare=[("known", "integer")],
        func=f"""
            known := OLD.version;
            {alike}
            NEW.version := known + ({counted})::int;
            RETURN NEW;
        """,
    )
