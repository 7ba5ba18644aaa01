"""Refusals: services raise them, `core.problems` answers with them, commands print them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one input; `field` is a dotted path, empty for the whole input."""

    field: str
    code: str
    detail: str


class AppException(Exception):
    """A fact that keeps the deed from being done.

    `code` is stable and for programs, `detail` is a sentence for people. `extra` travels with the
    answer: what the caller needs to do better.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"
    detail: str | Promise = _("The request could not be carried out.")
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        detail: str | Promise | None = None,
        *,
        errors: Iterable[FieldError] = (),
        **extra: Any,
    ) -> None:
        self.detail = detail or type(self).detail
        self.errors = list(errors)
        self.extra = extra
        super().__init__(self.detail)


class InvalidInput(AppException):
    """400. The input breaks a rule; `errors` says which field and why."""

    code = "validation_error"
    detail = _("The request has invalid fields.")

    @classmethod
    def of(cls, field: str, detail: str | Promise, code: str = "invalid") -> "InvalidInput":
        return cls(errors=[FieldError(field, code, str(detail))])


class InvalidCursor(AppException):
    """400. Not a cursor of this list in this order with these filters."""

    code = "invalid_cursor"
    detail = _("This cursor does not belong to this list, order and filters. Begin without it.")


class ImageRefused(InvalidInput):
    """A picture is too large, of the wrong kind, or damaged."""

    code = "image_refused"

    def __init__(self, detail: str | Promise, field: str = "file") -> None:
        super().__init__(detail, errors=[FieldError(field, self.code, str(detail))])


class AuthenticationError(AppException):
    """401. Who you are could not be established."""

    status = 401
    code = "not_authenticated"
    detail = _("Authentication credentials were not provided.")
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class ForbiddenError(AppException):
    """403. You are known, and your role may not."""

    status = 403
    code = "permission_denied"
    detail = _("Access denied")


class NotFoundError(AppException):
    """404. Not there, or not yours: the two are not told apart."""

    status = 404
    code = "not_found"
    detail = _("Not found.")


class ConflictError(AppException):
    """409. Right in itself, and at odds with what is there now."""

    status = 409
    code = "conflict"
    detail = _("The request conflicts with the current state.")


class InUse(ConflictError):
    """409. Something that stays needs it."""

    code = "in_use"
    detail = _("It is in use and cannot be deleted.")


class PreconditionFailed(AppException):
    """412. The row is not the one the caller read; `current` is how it is now."""

    status = 412
    code = "precondition_failed"
    detail = _("It has changed since you read it.")


class PreconditionRequired(AppException):
    """428. The shop wants to know which version a change is meant for."""

    status = 428
    code = "precondition_required"
    detail = _("This shop wants If-Match, with the ETag that you read.")


class PlanStale(ConflictError):
    """409. What the rehearsal found is not what is there now; nothing was done."""

    code = "plan_stale"
    detail = _("The data has moved since the rehearsal, or an hour has passed.")
