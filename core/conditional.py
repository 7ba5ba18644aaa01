"""Conditional calls (RFC 9110, 13): 304 for who has it already, 412 for who would overwrite.

A serializer that is `Tagged` names what it shows, a view that is `Conditional` heeds the names:

    class CategoryViewSet(Conditional, viewsets.ModelViewSet):
        serializer_class = CategorySerializer
        lock = staticmethod(CategoryService.lock)

Why so: docs/decisions/0015-versions-and-conditions.md.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from core.answers import Rendered
from core.etags import entity_tag, known_tags, matches, read_tags, still_at
from core.exceptions import InvalidInput, NotFoundError, PreconditionFailed
from core.headers import put
from core.memory import recall
from core.requests import caller

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView as _View
    from rest_framework.serializers import BaseSerializer as _Serializer
else:
    _View = _Serializer = object


_allowed: dict[Any, list[str]] = {}


class Tagged(_Serializer):
    """A representation with an entity tag: equal tags, equal bodies, and the other way round."""

    def version_of(self, row: Any) -> object:
        """What moves with every write of the row."""
        return row.version

    def beside(self, row: Any) -> object:
        """Plain values of all it shows that the row's version does not move with."""
        return None

    @property
    def state(self) -> str:
        """The part of the tag that writers compare."""
        row: Any = self.instance
        return entity_tag(row.pk, self.version_of(row))

    @cached_property
    def entity_tag(self) -> str:
        row: Any = self.instance
        return entity_tag(row.pk, self.version_of(row), self.beside(row))


class Conditional(_View):
    """Every answer with a tagged representation has its `ETag`; `If-Match` holds, or it is 412."""

    # The service's verb that takes the locks its other verbs take, in their order.
    lock: Callable[..., Any]
    # The selector of (caller, key) for one row with all that is shown of it, where there is one
    # that is quicker than the list's query. A service is told by its key which row to write.
    find: Callable[..., Any] | None = None
    expected: list[str] | None = None

    @property
    def allowed_methods(self) -> list[str]:
        """The same at each call of an address."""
        key = (type(self), *getattr(self, "action_map", ()))
        return recall(_allowed, key, lambda: super(Conditional, self).allowed_methods, 1000)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        verb = getattr(self, method, None)
        if verb and request.method not in SAFE_METHODS and "If-Match" in request.headers:
            self.expected = self._read_if_match(request)
            # What is judged and what is done are one transaction: nothing comes between them.
            setattr(self, method, transaction.atomic(verb))

    def _read_if_match(self, request: Request) -> list[str]:
        # A view set says whether its address names a row; other views have one row only.
        if not getattr(self, "detail", True):
            text = _("A list is at no version. Calls on many rows take `versions` in their body.")
            raise InvalidInput.of("If-Match", text)
        try:
            return read_tags(request.headers["If-Match"])
        except ValueError as error:
            text = _('Give entity tags, as in "4711-3", or *.')
            raise InvalidInput.of("If-Match", text) from error

    def get_object(self) -> Any:
        return self.judged(self._found() or super().get_object())

    def _found(self) -> Any:
        asked = self.request.query_params
        if self.find is None or self.request.method == "POST" or asked:
            return None
        try:
            row = self.find(caller(self.request), self.kwargs["pk"])
        except NotFoundError as error:
            raise Http404 from error  # as from the list's query: OPTIONS takes it for a no
        self.check_object_permissions(self.request, row)
        return row

    def judged(self, row: Any) -> Any:
        """The row, if the caller knows its version or does not care; locked from now on if so.

        Raises `PreconditionFailed` with the row as it is now.
        """
        expected, self.expected = self.expected, None
        if expected is None:
            return row
        if still_at(expected, self.representation(self.lock(row=row)).state):
            return row
        current = self.representation(self.get_object())
        self.headers["ETag"] = current.entity_tag
        raise PreconditionFailed(current=current.data)

    def representation(self, row: Any) -> Any:
        """How the resource shows itself, whatever this call takes and answers."""
        kind: Any = type(self).serializer_class
        return kind(row, context=self.get_serializer_context())

    def shown(self, row: Any) -> Any:
        """The answer to a reader: 304, before anything is rendered, for who has this already."""
        shown = self.representation(row)
        if matches(known_tags(self.request), shown.entity_tag):
            return Response(status=304, headers={"ETag": shown.entity_tag})
        renderer, media_type = self.request.accepted_renderer, self.request.accepted_media_type
        body: Any = renderer.render(shown.data, media_type, self.get_renderer_context())
        return Rendered(body, renderer.media_type, {"ETag": shown.entity_tag})

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return self.shown(self.get_object())

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        # Not what an answer of text alone could be read back to.
        shown = getattr(vars(response).get("data"), "serializer", None)
        if isinstance(shown, Tagged) and response.status_code < 300:
            put(response, "ETag", shown.entity_tag)
        return super().finalize_response(request, response, *args, **kwargs)
