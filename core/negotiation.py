"""Which form an answer takes."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer

from core.memory import recall

_REMEMBERED = 256  # letters of `Accept`; a memory of what callers send must not grow with it
_chosen: dict[Any, tuple[int, str]] = {}


class StrictNegotiation(DefaultContentNegotiation):
    """`?format=` chooses among a view's formats; one it does not have is a 400 that lists them."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """An empty one is not the absence of one."""
        named = request.query_params.get("format")
        if named == "":
            self.filter_renderers(renderers, "")
        if named or format_suffix:
            return super().select_renderer(request, renderers, format_suffix)
        # Chosen by what the caller accepts alone, which is the same at every call.
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if len(accepted) > _REMEMBERED:
            return super().select_renderer(request, renderers)
        choose = partial(self._choose, request, renderers)
        place, media_type = recall(_chosen, (accepted, *map(type, renderers)), choose)
        return renderers[place], media_type

    def _choose(self, request: Any, renderers: Any) -> tuple[int, str]:
        renderer, media_type = super().select_renderer(request, renderers)
        return renderers.index(renderer), media_type

    def filter_renderers(
        self, renderers: Iterable[BaseRenderer], format: str
    ) -> list[BaseRenderer]:
        known: Sequence[BaseRenderer] = list(renderers)
        chosen = [renderer for renderer in known if renderer.format == format]
        if not chosen:
            names = ", ".join(sorted({str(renderer.format) for renderer in known}))
            raise ValidationError({"format": _("Choose one of: %(names)s.") % {"names": names}})
        return chosen
