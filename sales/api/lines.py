from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from core.exceptions import InvalidInput


@contextmanager
def without_lines(flat: bool) -> Iterator[None]:
    """What is wrong with the only line is told as it was said: without `lines.0`."""
    try:
        yield
    except InvalidInput as refusal:
        if not flat:
            raise
        errors = [replace(e, field=e.field.removeprefix("lines.0.")) for e in refusal.errors]
        raise InvalidInput(errors=errors) from refusal
