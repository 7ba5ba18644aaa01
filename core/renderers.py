"""The forms an export has. Its view streams; these say what `?format=` and `Accept` may name."""

from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer


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
