"""Refusals: services raise them, `core.problems` answers with them, commands print them."""

from collections.abc import Iterable
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
