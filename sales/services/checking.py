"""What callers give, judged by the fields that keep it, before the database has to."""

from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db.models import Field, Model
from django.utils.translation import gettext as _

from core.exceptions import FieldError, InvalidInput


def require_valid(model: type[Model], values: Mapping[str, Any], at: str = "{}") -> None:
    """Raises `InvalidInput` for what a field's own rules refuse; `at` makes a name a path."""
    errors = []
    for name, value in values.items():
        field = cast("Field[Any, Any]", model._meta.get_field(name))
        try:
            field.run_validators(field.to_python(value))
        except ValidationError as error:
            first = error.error_list[0]
            errors.append(FieldError(at.format(name), first.code or "invalid", first.messages[0]))
    if errors:
        raise InvalidInput(errors=errors)


def require_some(name: str, lines: object) -> None:
    """Raises `InvalidInput` for a deed that is done to nothing."""
    if not lines:
        raise InvalidInput.of(name, _("Name at least one line."), "required")
