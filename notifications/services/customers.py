"""Writing to a shop's customers, who have no account here."""

from uuid import UUID

from core.mail import send_mail
from sales.selectors import find_order_to_confirm


class CustomerMailService:
    @staticmethod
    def confirm(*, order_id: int, event_id: UUID) -> None:
        """That their order has come, in the language of the shop's owner.

        Nothing where the shop's settings do not want it, or nobody knows an address; nothing
        either from a shop whose owner has no verified one, nor too many to the same in a day.
        """
        order = find_order_to_confirm(order_id)
        if order and order.customer:
            send_mail(
                "notifications/mail/order_confirmation.txt",
                to=order.customer.email,
                language=order.vendor.owner.language,
                event_id=event_id,
                shop=order.vendor.name,
                order=order,
                lines=order.lines.order_by("pk"),
            )
