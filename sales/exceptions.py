from django.utils.translation import gettext_lazy as _

from core.exceptions import ConflictError, FieldError


class InvalidTransition(ConflictError):
    """Not what can be done with the order in its status; `order_status` is which that is."""

    code = "invalid_transition"
    detail = _("This cannot be done with the order as it stands.")

    def __init__(self, verb: str, status: str) -> None:
        super().__init__(verb=verb, order_status=status)


class OrderExpired(ConflictError):
    """Nobody confirmed the order in time: what it held is for others again."""

    code = "order_expired"
    detail = _("The order has expired.")


class EmptyOrder(ConflictError):
    """An order without lines cannot be placed."""

    code = "empty_order"
    detail = _("The order has no lines.")

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("lines", self.code, str(self.detail))])


class ItemDeleted(ConflictError):
    """An item was deleted since the order was drafted: it cannot be promised to anybody.

    `errors` names its line, by `place`.
    """

    code = "item_deleted"
    detail = _("An item of the order has been deleted.")

    def __init__(self, place: int) -> None:
        field = f"lines.{place}.item"
        super().__init__(errors=[FieldError(field, self.code, str(self.detail))])


class ExceedsOrder(ConflictError):
    """More is sent than the line has left; `left` is how many it has, of line `line`."""

    code = "exceeds_order"
    detail = _("More is sent than was ordered.")

    def __init__(self, line: int, left: int) -> None:
        super().__init__(line=line, left=left)


class CustomerErased(ConflictError):
    """What was known of the customer is gone for good."""

    code = "customer_erased"
    detail = _("The customer has been erased and cannot be brought back.")


class ReturnExceedsLine(ConflictError):
    """More comes back than went; `left` is how many still can, of line `line`."""

    code = "return_exceeds_sale"
    detail = _("More is returned than was sold.")

    def __init__(self, line: int, left: int) -> None:
        super().__init__(line=line, left=left)


class RefundExceedsPaid(ConflictError):
    """More is paid back than was paid for these units; `left` is how much still can be."""

    code = "refund_exceeds_paid"
    detail = _("More is refunded than was paid.")

    def __init__(self, line: int, left: str) -> None:
        super().__init__(line=line, left=left)
