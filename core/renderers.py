"""JSON, and the forms an export has."""

from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer
from rest_framework.renderers import JSONRenderer as FrameworkJSONRenderer
from rest_framework.utils.encoders import JSONEncoder

_ENCODER = JSONEncoder()
_AS_THE_FRAMEWORK = (
    orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_NON_STR_KEYS
)


class JSONRenderer(FrameworkJSONRenderer):
    """The framework's, by a quicker library; the framework's own for what that refuses to write."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        if data is not None and "indent" not in (accepted_media_type or ""):
            try:
                return orjson.dumps(data, _ENCODER.default, _AS_THE_FRAMEWORK)
            except TypeError:  # numbers beyond 64 bits, half a surrogate pair
                pass
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered


class _Streamed(BaseRenderer):
    charset = None
    render_style = "binary"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Reached only by what is not a stream: a refusal, which is JSON whatever was asked."""
        return JSONRenderer().render(data)


class CSVRenderer(_Streamed):
    media_type = "text/csv"
    format = "csv"


class XLSXRenderer(_Streamed):
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    format = "xlsx"


class JSONLinesRenderer(_Streamed):
    media_type = "application/jsonl"
    format = "jsonl"
