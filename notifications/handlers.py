"""Who is told of what happened. Told twice of one event, nobody gets a second notification."""

from typing import Any
from uuid import UUID

from inventory.events import StockRanLow, StockRanOut
from inventory.selectors import find_label
from notifications.enums import Kind
from notifications.events import AnnouncementUnfinished, MailWanted
from notifications.services import (
    AnnouncementService,
    CustomerMailService,
    News,
    NotificationService,
)
from sales.events import OrderCancelled, OrderPlaced, OrderReturned
from users.events import AccountDeleted, PasswordChanged, RefreshTokenReused
from users.selectors import get_accounts, get_accounts_with_address
from vendors.events import MemberInvited
from vendors.roles import Ability
from vendors.selectors import find_invitation, get_people_allowed


def warn_of_low_stock(event: StockRanLow, event_id: UUID) -> None:
    """Not of what ran out, which says more."""
    if event.quantity:
        data = {"quantity": event.quantity, "threshold": event.threshold}
        data |= find_label(event.collectible_id)
        tell_shop(event_id, Kind.LOW_STOCK, event.vendor_id, Ability.STOCK_WRITE, data)


def warn_of_empty_stock(event: StockRanOut, event_id: UUID) -> None:
    data = find_label(event.collectible_id)
    tell_shop(event_id, Kind.OUT_OF_STOCK, event.vendor_id, Ability.STOCK_WRITE, data)


def tell_of_order(event: OrderPlaced, event_id: UUID) -> None:
    data = {"total": str(event.total), "currency": event.currency}
    _tell_sellers(event_id, Kind.ORDER_PLACED, event, data)


def confirm_order(event: OrderPlaced, event_id: UUID) -> None:
    CustomerMailService.confirm(order_id=event.order_id, event_id=event_id)


def tell_of_cancelled_order(event: OrderCancelled, event_id: UUID) -> None:
    _tell_sellers(event_id, Kind.ORDER_CANCELLED, event, {"reason": event.reason})


def tell_of_returned_order(event: OrderReturned, event_id: UUID) -> None:
    data = {"refund": str(event.refund), "currency": event.currency}
    _tell_sellers(event_id, Kind.ORDER_RETURNED, event, data)


def tell_of_invitation(event: MemberInvited, event_id: UUID) -> None:
    """Who has no account yet has the mail alone."""
    if invite := find_invitation(event.member_id):
        data = {"invite": invite.pk, "shop": invite.vendor.name, "role": invite.role}
        news = News(event_id, Kind.INVITATION, invite.vendor_id, data)
        NotificationService.tell(news=news, people=get_accounts_with_address(invite.email))


def tell_of_new_password(event: PasswordChanged, event_id: UUID) -> None:
    _tell_account(event_id, event.user_id, {"what": "password_changed"})


def warn_of_reuse(event: RefreshTokenReused, event_id: UUID) -> None:
    _tell_account(event_id, event.user_id, {"what": "session_ended", "session": event.session_id})


def send_wanted_mail(event: MailWanted, event_id: UUID) -> None:
    NotificationService.send_mail(notification_id=event.notification_id, event_id=event_id)


def go_on_announcing(event: AnnouncementUnfinished, event_id: UUID) -> None:
    AnnouncementService.go_on(announcement=event)


def forget_account(event: AccountDeleted, event_id: UUID) -> None:
    NotificationService.forget(user_id=event.user_id)


def tell_shop(
    event_id: UUID, kind: Kind, vendor_id: int, ability: Ability, data: dict[str, Any]
) -> None:
    """Everybody whose role in the shop may do this."""
    news = News(event_id, kind, vendor_id, {**data, "vendor": vendor_id})
    people = get_accounts(get_people_allowed(vendor_id, ability))
    NotificationService.tell(news=news, people=people)


def _tell_sellers(
    event_id: UUID,
    kind: Kind,
    event: OrderPlaced | OrderCancelled | OrderReturned,
    data: dict[str, Any],
) -> None:
    data = {"order": event.order_id, "number": event.number, **data}
    tell_shop(event_id, kind, event.vendor_id, Ability.SALES_WRITE, data)


def _tell_account(event_id: UUID, user_id: int, data: dict[str, Any]) -> None:
    news = News(event_id, Kind.SECURITY, data=data)
    NotificationService.tell(news=news, people=get_accounts([user_id]))
