"""The limit writes one thing: an item, its value, a sale. The same rows as ours."""

import uuid
from decimal import Decimal

import orjson

from benchmarks.limit import sql, trade_sql
from benchmarks.limit.answers import Answer, Asked, as_item, refuse, told


def create(asked: Asked) -> Answer:
    body = orjson.loads(asked.body)
    code = uuid.uuid4().hex
    rows = asked.rows(
        sql.CREATE,
        name=body["name"],
        slug=f"{body['name'].lower().replace(' ', '-')[:60]}-{code[:6]}",
        sku=body["sku"],
        description=body.get("description", ""),
        condition=body["condition"],
        value=Decimal(body["value"]),
        quantity=body["quantity"],
        category=body["category"],
        request=code,
    )
    return told(as_item(rows[0]), "201 Created")


def revalue(asked: Asked) -> Answer:
    value = Decimal(orjson.loads(asked.body)["value"])
    rows = asked.rows(sql.REVALUE, id=asked.key, value=value, request=uuid.uuid4().hex)
    return told(as_item(rows[0])) if rows else refuse("404 Not Found")


def sell(asked: Asked) -> Answer:
    [line] = orjson.loads(asked.body)["lines"]
    units, price = line["quantity"], Decimal(line["unit_price"])
    with asked.connection.transaction():
        items = asked.rows(trade_sql.LOCK, item=line["item"])
        lots = asked.rows(trade_sql.STOCK, item=line["item"]) if items else []
        if not lots or lots[0][1] < units:
            return refuse("409 Conflict")
        item, sku, name, quantity, value, threshold = items[0]
        lot, remaining, remaining_cost, sequence, digest = lots[0]
        low = threshold is not None and quantity - units <= threshold < quantity
        cost = round(remaining_cost * units / remaining, 2)
        rows = asked.rows(
            trade_sql.SELL, item=item, sku=sku, name=name, units=units, price=price,
            total=price * units, cost=cost, lot=lot, sequence=sequence + 1, digest=digest,
            value=value, crossed=int(low), request=uuid.uuid4().hex,
        )  # fmt: skip
    [(order, number, sold)] = rows
    body = {
        "id": order,
        "number": number,
        "status": "completed",
        "total": str(price * units),
        "lines": [{"id": sold, "item": item, "quantity": units, "cost": str(cost)}],
    }
    return told(body, "201 Created")
