from django.db import models


class Kind(models.TextChoices):
    """What a notification is about."""

    LOW_STOCK = "low_stock", "Low stock"
    OUT_OF_STOCK = "out_of_stock", "Out of stock"
    ORDER_PLACED = "order_placed", "Order placed"
    ORDER_CANCELLED = "order_cancelled", "Order cancelled"
    ORDER_RETURNED = "order_returned", "Order returned"
    INVITATION = "invitation", "Invitation"
    SECURITY = "security", "Security"
    ANNOUNCEMENT = "announcement", "Announcement"


class Channel(models.TextChoices):
    IN_APP = "in_app", "In the application"
    EMAIL = "email", "By e-mail"


# Kind and channel → whether who has chosen nothing is told so. What is not here there is not: of
# invitations and security `users` sends mails of its own.
DEFAULTS: dict[tuple[Kind, Channel], bool] = {
    (Kind.LOW_STOCK, Channel.IN_APP): True,
    (Kind.LOW_STOCK, Channel.EMAIL): True,
    (Kind.OUT_OF_STOCK, Channel.IN_APP): True,
    # Of most things a collector has one: each sale would mail everybody.
    (Kind.OUT_OF_STOCK, Channel.EMAIL): False,
    (Kind.ORDER_PLACED, Channel.IN_APP): True,
    (Kind.ORDER_PLACED, Channel.EMAIL): False,
    (Kind.ORDER_CANCELLED, Channel.IN_APP): True,
    (Kind.ORDER_CANCELLED, Channel.EMAIL): False,
    (Kind.ORDER_RETURNED, Channel.IN_APP): True,
    (Kind.ORDER_RETURNED, Channel.EMAIL): False,
    (Kind.INVITATION, Channel.IN_APP): True,
    (Kind.SECURITY, Channel.IN_APP): True,
    (Kind.ANNOUNCEMENT, Channel.IN_APP): True,
    (Kind.ANNOUNCEMENT, Channel.EMAIL): True,
}
# What nobody can do without.
FIXED = {(Kind.SECURITY, Channel.IN_APP)}
