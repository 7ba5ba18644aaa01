"""Which form an answer takes."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer


class StrictNegotiation(DefaultContentNegotiation):
    """`?format=` chooses among a view's formats; one it does not have is a 400 that lists them."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """An empty one is not the absence of one."""
        if request.query_params.get("format") == "":
            self.filter_renderers(renderers, "")
        return super().select_renderer(request, renderers, format_suffix)

    def filter_renderers(
        self, renderers: Iterable[BaseRenderer], format: str
    ) -> list[BaseRenderer]:
        known: Sequence[BaseRenderer] = list(renderers)
        chosen = [renderer for renderer in known if renderer.format == format]
        if not chosen:
            names = ", ".join(sorted({str(renderer.format) for renderer in known}))
            raise ValidationError({"format": _("Choose one of: %(names)s.") % {"names": names}})
        return chosen
