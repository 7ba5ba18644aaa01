"""The numbers of orders: without a gap, shop by shop and year by year."""

from core.saying import Drawn


def next_number(vendor_id: int, year: int) -> Drawn:
    """`ORD-2026-000123`. Taken in the caller's transaction: what is rolled back leaves no gap.

    Others who want a number of this shop wait until then. It is asked for when the items are
    locked and nothing of them has moved yet, by all alike: moving stock takes the row of the
    shop's catalog version, and two who took these two in opposite order would deadlock.
    """
    return Drawn("sales_next_number(%s::bigint, %s::integer)", (vendor_id, year))
