from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from core.outbox import hear
        from inventory.events import StockRanLow, StockRanOut
        from notifications import events, handlers
        from sales.events import OrderCancelled, OrderPlaced, OrderReturned
        from users.events import AccountDeleted, PasswordChanged, RefreshTokenReused
        from vendors.events import MemberInvited

        hear(StockRanLow, handlers.warn_of_low_stock)
        hear(StockRanOut, handlers.warn_of_empty_stock)
        hear(OrderPlaced, handlers.tell_of_order)
        hear(OrderPlaced, handlers.confirm_order)
        hear(OrderCancelled, handlers.tell_of_cancelled_order)
        hear(OrderReturned, handlers.tell_of_returned_order)
        hear(MemberInvited, handlers.tell_of_invitation)
        hear(PasswordChanged, handlers.tell_of_new_password)
        hear(RefreshTokenReused, handlers.warn_of_reuse)
        hear(AccountDeleted, handlers.forget_account)
        hear(events.MailWanted, handlers.send_wanted_mail)
        hear(events.AnnouncementUnfinished, handlers.go_on_announcing)
