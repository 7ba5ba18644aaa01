"""Rules for passwords that are not on by default."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SPECIAL = "@$!%*?&"
_PATTERN = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[@$!%*?&]).{8,}", re.DOTALL)


class DocumentPatternValidator:
    """Document 002's pattern, for those who must have rules of composition.

    Unlike there, other characters than the named ones are welcome too. Add
    `{"NAME": "users.validators.DocumentPatternValidator"}` to `AUTH_PASSWORD_VALIDATORS`.
    """

    def validate(self, password: str, user: object = None) -> None:
        if not _PATTERN.fullmatch(password):
            raise ValidationError(self.get_help_text(), code="password_pattern")

    def get_help_text(self) -> str:
        return _(
            "A password has at least 8 characters, among them a small letter, a capital, "
            "a digit and one of %(special)s."
        ) % {"special": SPECIAL}
