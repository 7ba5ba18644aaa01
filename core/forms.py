"""The forms of the admin: they say what the database would refuse, and overwrite nothing unseen."""

import json
from hashlib import sha256
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import UniqueConstraint
from django.db.models.expressions import ExpressionList
from django.forms.fields import InvalidJSONInput

from core.exceptions import AppException
from core.fields import validate_attributes
from core.json import MAX_DEPTH, fault_of, too_deep

AS_SHOWN = "as_shown"
TAKEN = "Another one has this already."
STALE = "Somebody changed this meanwhile: open the page anew, and change it there."


class WatchedForm(forms.ModelForm):
    """Brings back how its row was shown, and is refused when the row is otherwise by now.

    Only what the form shows counts: an item is sold many times a day while somebody describes it.
    """

    as_shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial[AS_SHOWN] = self._digest()

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.pop(AS_SHOWN, "") != self.initial.get(AS_SHOWN, ""):
            self.add_error(None, STALE)
        return values

    def _digest(self) -> str:
        shown = []
        for name, field in self.fields.items():
            if name != AS_SHOWN and not field.disabled:
                value = field.prepare_value(self.get_initial_for_field(field, name))
                shown.append((name, sorted(map(str, value)) if isinstance(value, list) else value))
        return sha256(repr(shown).encode(errors="surrogatepass")).hexdigest()


class BusinessForm(WatchedForm):
    """Tells what the database would refuse, also by columns that are not in the form.

    Django passes over a constraint that names such a column: `is_deleted`, an item's vendor.
    """

    def validate_unique(self) -> None:
        super().validate_unique()
        for constraint in self.instance._meta.constraints:
            try:
                constraint.validate(type(self.instance), self.instance, exclude={*self.errors})
            except ValidationError as error:
                named = [name for name in _columns(constraint) if name in self.fields]
                # The last one says what is taken; those before say where.
                self.add_error(*((named[-1], TAKEN) if named else (None, error.messages)))


def _columns(constraint: Any) -> list[str]:
    """What a unique constraint is about; nothing for those that say themselves what is wrong."""
    if not isinstance(constraint, UniqueConstraint):
        return []
    found = ExpressionList(*constraint.expressions).flatten()
    return [*constraint.fields, *(getattr(each, "name", "") for each in found)]


class AttributesField(forms.JSONField):
    """Takes what the API takes, and says why it does not take the rest. Nothing is none."""

    default_validators = [validate_attributes]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        del self.error_messages["invalid"]  # would stand for all that the validator says

    def to_python(self, value: Any) -> Any:
        found = _read(value) if value and value.strip() else None
        return {} if found is None else found

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return self.to_python(data)
        except ValidationError:
            return InvalidJSONInput(data)


def _read(text: str) -> Any:
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)  # 1e999 is read, too, and no number then
    except RecursionError as error:
        raise ValidationError(too_deep(MAX_DEPTH)) from error
    except ValueError as error:
        raise ValidationError("This is not JSON.") from error
    if fault := fault_of(value):
        raise ValidationError(fault)
    return value


def told_of(refusal: AppException) -> str:
    """A service's refusal, for a page."""
    return "; ".join(str(error.detail) for error in refusal.errors) or str(refusal.detail)
