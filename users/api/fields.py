from django.core.exceptions import ValidationError
from rest_framework import serializers

from users.models import User


def password_field() -> serializers.CharField:
    """Taken as typed, never given back."""
    return serializers.CharField(
        write_only=True, max_length=256, trim_whitespace=False, style={"input_type": "password"}
    )


def username_field() -> serializers.RegexField:
    """A name that is kept as it is typed, for by that its account is found."""
    return serializers.RegexField(
        r"^[\w.+-]+\Z", max_length=150, required=False, validators=[_require_plain]
    )


def _require_plain(name: str) -> None:
    """Signs that are kept as other ones are not: `ﬀ` as `ff`, some as whole words with blanks."""
    if User.normalize_username(name) != name:
        raise ValidationError(serializers.RegexField.default_error_messages["invalid"], "invalid")
