"""Request bodies that cannot hurt: JSON without depth bombs, NUL or broken text."""

from collections.abc import Mapping
from json import JSONDecodeError
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser, MultiPartParser

from core.json import MAX_DEPTH, MergePatch, fault_of, too_deep


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
            raise ParseError(too_deep(MAX_DEPTH)) from error
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


class StrictMultiPartParser(MultiPartParser):
    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except ParseError as error:  # as above: its text is Django's own, for programmers
            raise ParseError(_("The body is not a multipart form.")) from error


def _complaint(cause: BaseException | None) -> str:
    match cause:
        case JSONDecodeError():
            where = {"line": cause.lineno, "column": cause.colno}
            return _("The body is not JSON: line %(line)s, column %(column)s.") % where
        case UnicodeDecodeError():
            return _("The body is not text in UTF-8.")
        case _:  # NaN, Infinity; a number of 5,000 digits
            return _("The body holds a number that JSON does not know.")
