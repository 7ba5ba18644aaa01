"""Request bodies that cannot hurt: JSON without depth bombs, NUL or broken text."""

from collections.abc import Mapping
from json import JSONDecodeError
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from core.json import MAX_DEPTH, fault_of


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
        if fault := fault_of(data):
            raise ParseError(fault)
        return data


def _complaint(cause: BaseException | None) -> str:
    match cause:
        case JSONDecodeError():
            return f"The body is not JSON: line {cause.lineno}, column {cause.colno}."
        case UnicodeDecodeError():
            return "The body is not text in UTF-8."
        case _:  # NaN, Infinity; a number of 5,000 digits
            return "The body holds a number that JSON does not know."
