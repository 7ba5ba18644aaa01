from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from core.exceptions import InvalidInput


@contextmanager
def without_lines(flat: Mapping[str, str] | None) -> Iterator[None]:
    """What is wrong with a line that was said flat is told as it was said: without `lines.0`, and
    in the words that `flat` has for ours."""
    try:
        yield
    except InvalidInput as refusal:
        if flat is None:
            raise
        names = [error.field.removeprefix("lines.0.") for error in refusal.errors]
        errors = [
            replace(error, field=flat.get(name, name))
            for error, name in zip(refusal.errors, names, strict=True)
        ]
        raise InvalidInput(errors=errors) from refusal
