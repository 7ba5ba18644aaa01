from django.db import connection

_NEXT = """
    INSERT INTO sales_ordersequence AS known (vendor_id, year, last) VALUES (%s, %s, 1)
    ON CONFLICT (vendor_id, year) DO UPDATE SET last = known.last + 1
    RETURNING last
"""


def next_number(vendor_id: int, year: int) -> str:
    """`ORD-2026-000123`. Taken in the caller's transaction: what is rolled back leaves no gap.

    Others who want a number of this shop wait until then. It is asked for when the items are
    locked and nothing of them has moved yet, by all alike: moving stock takes the row of the
    shop's catalog version, and two who took these two in opposite order would deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [vendor_id, year])
        [number] = cursor.fetchone()
    return f"ORD-{year}-{number:06}"
