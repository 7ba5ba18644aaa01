"""Which verb may be said of an order in which status: the one table that all verbs ask."""

from sales.enums import OrderStatus
from sales.exceptions import InvalidTransition

_FROM = {
    "change": {OrderStatus.DRAFT},
    "delete": {OrderStatus.DRAFT},
    "place": {OrderStatus.DRAFT},
    "confirm": {OrderStatus.PENDING},
    "fulfil": {OrderStatus.CONFIRMED},
    "complete": {OrderStatus.FULFILLED},
    "cancel": {OrderStatus.DRAFT, OrderStatus.PENDING, OrderStatus.CONFIRMED},
    "return": {OrderStatus.CONFIRMED, OrderStatus.FULFILLED, OrderStatus.COMPLETED},
}


def require(verb: str, status: str) -> None:
    """Raises `InvalidTransition` where it is not the verb's turn."""
    if status not in _FROM[verb]:
        raise InvalidTransition(verb, status)


def allowed(status: str) -> list[str]:
    """The verbs whose turn it is, in the order of a life."""
    return [verb for verb, statuses in _FROM.items() if status in statuses]
