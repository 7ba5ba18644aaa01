from django.db import models


class EmailPurpose(models.TextChoices):
    """What a token that travels by mail is good for."""

    VERIFY = "verify", "Confirm an address"
    RESET = "reset", "Set a new password"


class EndReason(models.TextChoices):
    """Why a session was ended before its time."""

    LOGOUT = "logout", "Logged out"
    ENDED = "ended", "Ended from another session"
    REUSED = "reused", "A refresh token was used twice"
