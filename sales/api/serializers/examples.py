"""What the API's description shows of orders."""

from typing import Any

_LATER = "2026-11-20T09:30:00Z"
_UNSOLD: dict[str, Any] = {
    "id": 881,
    "item": 4711,
    "lot": None,
    "sku": "75192-1",
    "name": "Millennium Falcon",
    "quantity": 2,
    "cancelled": 0,
    "unit_price": "849.99",
    "discount": "0.00",
    "order_discount": "0.00",
    "tax_rate": "0.00",
    "tax": "0.00",
    "total": "1699.98",
    "fulfilled": 0,
    "returned": 0,
    "revenue": "0.00",
    "refunded": "0.00",
    "cost": None,
    "fees": "0.00",
    "postage": "0.00",
    "profit": None,
    "margin": None,
}
_SOLD = _UNSOLD | {
    "fulfilled": 2,
    "returned": 1,
    "revenue": "849.99",
    "refunded": "849.99",
    "cost": "600.00",
    "fees": "85.00",
    "postage": "12.90",
    "profit": "152.09",
    "margin": "17.89",
}
DRAFT: dict[str, Any] = {
    "id": 512,
    "vendor": 7,
    "number": None,
    "status": "draft",
    "customer": 33,
    "store": 9,
    "lines": [_UNSOLD],
    "subtotal": "1699.98",
    "discount": "0.00",
    "tax": "0.00",
    "fees": "85.00",
    "postage": "12.90",
    "total": "1699.98",
    "refunded": "0.00",
    "cost": None,
    "profit": None,
    "margin": None,
    "net_proceeds": None,
    "currency": "USD",
    "channel": "eBay",
    "notes": "",
    "is_gift": False,
    "gift_message": "",
    "preferred_delivery_date": None,
    "cancel_reason": "",
    "placed_at": None,
    "expires_at": None,
    "confirmed_at": None,
    "fulfilled_at": None,
    "completed_at": None,
    "cancelled_at": None,
    "fulfilments": [],
    "returns": [],
    "actions": ["change", "delete", "place", "cancel"],
    "created_at": _LATER,
    "updated_at": _LATER,
}
ORDER = DRAFT | {
    "number": "ORD-2026-000123",
    "status": "fulfilled",
    "lines": [_SOLD],
    "refunded": "849.99",
    "cost": "600.00",
    "profit": "152.09",
    "margin": "17.89",
    "net_proceeds": "752.09",
    "placed_at": _LATER,
    "confirmed_at": _LATER,
    "fulfilled_at": _LATER,
    "fulfilments": [
        {
            "id": 71,
            "carrier": "DHL",
            "tracking_number": "00340434",
            "fulfilled_at": _LATER,
            "lines": [{"line": 881, "quantity": 2}],
        }
    ],
    "returns": [
        {
            "id": 5,
            "refund": "849.99",
            "note": "The box was open.",
            "returned_at": _LATER,
            "lines": [{"line": 881, "quantity": 1, "refund": "849.99"}],
        }
    ],
    "actions": ["complete", "return"],
}
WRITTEN = {
    "customer": 33,
    "lines": [{"item": 4711, "quantity": 2}, {"sku": "80035-2", "quantity": 1, "discount": "5.00"}],
    "channel": "eBay",
    "fees": "85.00",
    "postage": "12.90",
}
SALE = {
    "lines": [{"item": 4711, "quantity": 1, "unit_price": "820.00"}, {"sku": "B", "quantity": 3}],
    "fees": "85.00",
    "channel": "eBay",
    "sold_at": _LATER,
}
ONE_LINE = {"sku": "75192-1", "quantity": 1, "unit_price": "820.00"}
FULFIL = {"lines": [{"line": 881, "quantity": 1}], "carrier": "DHL", "tracking_number": "00340434"}
RETURN = {
    "lines": [
        {"line": 881, "quantity": 1},
        {"line": 882, "quantity": 1, "write_off": "damaged", "refund": "10.00"},
    ],
    "note": "The box was open.",
}
