"""Request bodies that cannot hurt: JSON without depth bombs, NUL or broken text."""

from collections.abc import Mapping
from json import JSONDecodeError
from typing import IO, Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser

from core.json import MAX_DEPTH, MergePatch, fault_of


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


class MergePatchParser(StrictJSONParser):
    """`application/merge-patch+json` (RFC 7396), which only PATCH understands.

    Serializers tell it by its type, `MergePatch`, from plain JSON: a field that holds free JSON is
    merged with what is there instead of replaced.
    """

    media_type = "application/merge-patch+json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        if parser_context and parser_context["request"].method != "PATCH":
            raise UnsupportedMediaType(self.media_type)
        data = super().parse(stream, media_type, parser_context)
        return MergePatch(data) if isinstance(data, dict) else data


def _complaint(cause: BaseException | None) -> str:
    match cause:
        case JSONDecodeError():
            return f"The body is not JSON: line {cause.lineno}, column {cause.colno}."
        case UnicodeDecodeError():
            return "The body is not text in UTF-8."
        case _:  # NaN, Infinity; a number of 5,000 digits
            return "The body holds a number that JSON does not know."
