"""Request bodies that cannot hurt: JSON without depth bombs, NUL or broken text."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 64


class StrictJSONParser(JSONParser):
    """JSON up to 64 levels deep whose texts PostgreSQL can store; anything else is a 400."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError(f"JSON is nested deeper than {MAX_DEPTH} levels.") from error
        except (LookupError, ValueError) as error:  # an unknown charset; a number of 5,000 digits
            raise ParseError("The body is not readable JSON.") from error
        _check(data)
        return data


def _check(data: Any) -> None:
    level, depth = [data], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ParseError(f"JSON is nested deeper than {MAX_DEPTH} levels.")
        for value in level:
            if isinstance(value, str) and not _storable(value):
                raise ParseError("Text may hold neither NUL nor half of a surrogate pair.")
        level = [child for value in level for child in _children(value)]


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _storable(text: str) -> bool:
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
