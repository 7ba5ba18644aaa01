"""Database triggers: what follows from the sales journal, and what stays as it was said."""

import pgtrigger

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)

# A number is given once and never lost: no order that has one goes, or takes another.
NUMBERED_STAYS = pgtrigger.Protect(
    name="numbered_stays",
    operation=pgtrigger.Delete,
    condition=pgtrigger.Condition("OLD.number IS NOT NULL"),
)
NUMBER_STAYS = pgtrigger.Protect(
    name="number_stays",
    operation=pgtrigger.Update,
    condition=pgtrigger.Condition(
        "OLD.number IS NOT NULL AND OLD.number IS DISTINCT FROM NEW.number"
    ),
)

_DERIVED = ("fulfilled", "returned", "revenue", "refunded", "cost", "fees", "postage")


def _of(row: str) -> str:
    return f"({', '.join(f'{row}.{column}' for column in _DERIVED)})"


# A trigger that another trigger fired has a depth above one: only the journal's own writes these.
DERIVED = pgtrigger.Trigger(
    name="derived",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func=f"""
        IF pg_trigger_depth() < 2 AND (
            TG_OP = 'INSERT' AND {_of("NEW")} IS DISTINCT FROM (0, 0, 0, 0, 0, 0, 0)
            OR TG_OP = 'UPDATE' AND {_of("NEW")} IS DISTINCT FROM {_of("OLD")}
        ) THEN
            RAISE EXCEPTION 'what a line has sold follows from the journal and is not written'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    """,
)

# An order's lines are what their entries say. A cost that is not known makes the sum unknown.
BOOKED = pgtrigger.Trigger(
    name="booked",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    referencing=pgtrigger.Referencing(new="new_rows"),
    func="""
        UPDATE sales_orderline AS line SET
            fulfilled = line.fulfilled + booked.sold,
            returned = line.returned + booked.returned,
            revenue = line.revenue + booked.revenue,
            refunded = line.refunded + booked.refunded,
            cost = line.cost + booked.cost,
            fees = line.fees + booked.fees,
            postage = line.postage + booked.postage
        FROM (
            SELECT line_id,
                COALESCE(SUM(units) FILTER (WHERE kind = 'sale'), 0) AS sold,
                COALESCE(-SUM(units) FILTER (WHERE kind = 'return'), 0) AS returned,
                SUM(revenue) AS revenue,
                COALESCE(-SUM(revenue + tax) FILTER (WHERE kind = 'return'), 0) AS refunded,
                CASE WHEN bool_or(cost IS NULL) THEN NULL ELSE SUM(cost) END AS cost,
                SUM(fees) AS fees, SUM(postage) AS postage
            FROM new_rows GROUP BY line_id
        ) AS booked
        WHERE line.id = booked.line_id;
        RETURN NULL;
    """,
)
