"""Database triggers: what follows from the sales journal."""

import pgtrigger

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)

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
