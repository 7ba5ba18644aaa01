"""The limit takes many at once: a thousand ids, a table out, a table in."""

import csv
import io
import uuid
from collections.abc import Iterator
from decimal import Decimal

import orjson

from benchmarks.limit import trade_sql
from benchmarks.limit.answers import Answer, Asked, told

CHUNK = 64 * 1024


def update(asked: Asked) -> Answer:
    body = orjson.loads(asked.body)
    [(done,)] = asked.rows(
        trade_sql.BULK_UPDATE,
        ids=body["ids"],
        condition=body["updates"]["condition"],
        request=uuid.uuid4().hex,
    )
    return told({"updated": done, "missing": [], "errors": []})


def delete(asked: Asked) -> Answer:
    ids = orjson.loads(asked.body)["ids"]
    [(done,)] = asked.rows(trade_sql.BULK_DELETE, ids=ids, request=uuid.uuid4().hex)
    return told({"deleted": done, "missing": [], "errors": []})


def export(asked: Asked) -> Answer:
    return Answer(_copied(asked), kind="text/csv")


def _copied(asked: Asked) -> Iterator[bytes]:
    statement = trade_sql.EXPORT.format(vendor=int(asked.claims["vendor"]))
    waiting = bytearray()
    with asked.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type]
        for row in copy:
            waiting += row
            if len(waiting) > CHUNK:
                yield bytes(waiting)
                waiting.clear()
    yield bytes(waiting)


def take(asked: Asked) -> Answer:
    """Each row is checked, and has an outcome of its own."""
    rows, errors = [], []
    for line, row in enumerate(csv.DictReader(io.StringIO(asked.body.decode())), 2):
        try:
            name, sku = row["Name"].strip(), row["SKU"].strip()
            value, quantity = Decimal(row["Value"]), int(row["Quantity"])
        except (KeyError, ValueError, ArithmeticError):
            errors.append(line)
            continue
        if not 0 < len(name) <= 255 or not 0 < len(sku) <= 64 or value < 0 or quantity < 0:
            errors.append(line)
        else:
            rows.append((line, name, sku, row["Category"], value, quantity))
    with asked.connection.transaction(), asked.connection.cursor() as cursor:
        cursor.execute(trade_sql.STAGE)
        with cursor.copy(trade_sql.STAGED) as copy:
            for each in rows:
                copy.write_row(each)
        [(done,)] = asked.rows(trade_sql.TAKE, prepare=False)
    return told({"created": done, "failed": len(errors)}, "201 Created")
