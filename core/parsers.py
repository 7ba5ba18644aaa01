"""Request bodies that cannot hurt: JSON without depth bombs, NUL or broken text."""

from collections.abc import Mapping
from json import JSONDecodeError
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
        except ParseError as error:
            # DRF's tells the text of Python's exception, which was not written for readers.
            raise ParseError(_complaint(error.__context__)) from error
        _check(data)
        return data


def _complaint(cause: BaseException | None) -> str:
    match cause:
        case JSONDecodeError():
            return f"The body is not JSON: line {cause.lineno}, column {cause.colno}."
        case UnicodeDecodeError():
            return "The body is not text in UTF-8."
        case _:  # NaN, Infinity; a number of 5,000 digits
            return "The body holds a number that JSON does not know."


def _check(data: Any) -> None:
    level, depth = [data], 0
    while level:
        depth += any(isinstance(value, dict | list) for value in level)
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
