from django.utils.translation import gettext_lazy as _

from core.exceptions import AppException, ConflictError, FieldError, ForbiddenError, InvalidInput


class NoVendor(InvalidInput):
    """No vendor was named and the user has none."""

    code = "no_vendor"
    detail = _("Name a vendor: you have none yet.")


class MemberTaken(ConflictError):
    """The person owns the vendor, works there, or is invited already."""

    code = "member_taken"
    detail = _("This person belongs to this vendor, or is invited, already.")

    def __init__(self) -> None:
        super().__init__(errors=[FieldError("email", self.code, str(self.detail))])


class OwnMembership(ConflictError):
    """A slip of the hand must not lock somebody out: another one changes it, or one leaves."""

    code = "own_membership"
    detail = _("Nobody changes the own role or pauses themselves. You can leave the shop.")


class NotInvited(ConflictError):
    """The invitation was answered, withdrawn or changed meanwhile."""

    code = "invite_not_pending"
    detail = _("This invitation is not open any more.")


class AddressNotConfirmed(ForbiddenError):
    """An invitation is for who reads the mail of its address, not for who typed it."""

    code = "email_not_verified"
    detail = _("Confirm your e-mail address first: follow the link that we have sent you.")


class MemberPaused(ForbiddenError):
    """The shop has paused this member: a sign-up token does not undo that."""

    code = "member_paused"
    detail = _("This shop has paused you: ask who manages its members.")


class AccessTokenNotValid(AppException):
    """400. Unknown, used, expired, revoked, or its shop is closed: the caller is not told which."""

    code = "access_token_not_valid"
    detail = _("This access token is not valid, was used, or has expired. Ask the shop for one.")


class DefaultStoreNeeded(ConflictError):
    """A vendor always has one default store, in use: make another one default first."""

    code = "default_store_needed"
    detail = _("This is the default store: make another one default first.")
