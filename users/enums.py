from django.db import models
from django.utils.translation import gettext_lazy as _


class EmailPurpose(models.TextChoices):
    """What a token that travels by mail is good for."""

    VERIFY = "verify", _("Confirm an address")
    RESET = "reset", _("Set a new password")


class EndReason(models.TextChoices):
    """Why a session was ended before its time."""

    LOGOUT = "logout", _("Logged out")
    ENDED = "ended", _("Ended from another session")
    REUSED = "reused", _("A refresh token was used twice")
