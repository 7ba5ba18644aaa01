"""What a new password has to be."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from core.exceptions import FieldError, InvalidInput
from users.models import User


def require_strong(password: str, user: User, *, field: str = "password") -> None:
    """Raises `InvalidInput` that names each rule of `AUTH_PASSWORD_VALIDATORS` it breaks."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(
            errors=[FieldError(field, str(e.code), e.messages[0]) for e in error.error_list]
        ) from error
