"""The list cache: never another reader's page, never a page older than the data."""

import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language
from redis.exceptions import RedisError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from core.answers import Rendered
from core.etags import digest, known_tags
from core.filters import StableOrderingFilter
from core.memory import recall
from core.representation import Compiled
from core.requests import parameters_of
from core.valkey import ask, named, tell

if TYPE_CHECKING:
    from rest_framework.viewsets import GenericViewSet as _Base
else:
    _Base = object


# What a list's length does not depend on.
_NO_FILTERS = {"page", "page_size", "ordering"}
# So many questions a process remembers how to ask.
MOST_QUESTIONS = 500
_questions: dict[Any, Any] = {}


def kept(name: str, parts: Sequence[Any], make: Callable[[], Any]) -> Any:
    """What `make` makes, kept for `LIST_CACHE_SECONDS` under all `parts` that it depends on.

    As with lists: the version of the data is one of the parts, and was read before the data.
    """
    key = f"{name}:{digest(parts)}"
    found = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, settings.LIST_CACHE_SECONDS)
    return found


def _look_up(key: str) -> Any:
    """As `cache.get`, without what a client adds to it."""
    with suppress(RedisError):  # the breaker has logged that nobody answers
        text = ask("GET", named(key))
        return None if text is None else orjson.loads(text)
    return None


def _keep(key: str, value: Any) -> None:
    """As `cache.set`, without waiting for it: the answer is ready to go."""
    text = orjson.dumps(value)
    with suppress(RedisError):
        tell("SET", named(key), text, "EX", settings.LIST_CACHE_SECONDS)


class Question(Protocol):
    """What a list is asked. All that its query is made of, besides the order, is its `shape`: who
    asks in the same shape gets the same query, of newer data and with other values in it.
    """

    @property
    def shape(self) -> Hashable: ...

    def asked_of(self, rows: Any) -> Any:
        """The rows (`core.paging`) that it asks for, with stand-ins for the values; for a list by
        cursor its orders are of columns that have no NULL."""

    def meant(self, rows: Any) -> Any:
        """Those that were kept, with this call's values, and how many there are now if known."""


class CachedListMixin(ListModelMixin, _Base):
    """Keeps a list's answer for `LIST_CACHE_SECONDS` under reader, query and version of the data.

    A view says with `get_data_version` what its list is made of. The version is read before the
    data and moves in the same transaction as the data, so a stale page can never be asked for.
    What the answer is kept under is its `ETag` as well: who has the page needs no other copy.
    """

    def get_data_version(self) -> str:
        raise AssertionError(f"{type(self).__name__} must say the version of its data.")

    @property
    def is_versioned(self) -> bool:
        """Whether the version moves with all that this call shows. If not, nothing is kept."""
        return True

    @property
    def is_early(self) -> bool:
        """Whether it is one of the pages that people look at again: the first by cursor, or one of
        the first 99. Who walks through a list passes the others once, and kept, those of a million
        items were 630 MB."""
        asked = self.request.query_params
        return not asked.get("cursor") and len(asked.get("page", "")) < 3

    def get_question(self) -> Question | None:
        """What the call asks; None when that is more than is known to come again."""
        return None

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        # What no version tells of is named after what it says, and so made before it is compared.
        made = None if self.is_versioned else self._made()
        key = self._cache_key(request) if made is None else digest([made[0]])
        tag = {"ETag": f'"{key}"'}
        # `*` is no tag that was given out: what is asked for has not even been understood yet.
        if key in known_tags(request):
            return Response(status=304, headers=tag)
        body, links = made or self._kept_page(f"list:{key}")
        told = {**tag, "Link": links} if links else tag
        return Rendered(body.encode(), request.accepted_renderer.media_type, told)

    def _kept_page(self, key: str) -> tuple[str, str | None]:
        if not self.is_early:
            return self._made()
        page: tuple[str, str | None] | None = _look_up(key)
        if page is None:
            page = self._made()
            _keep(key, page)
        return page

    def _made(self) -> tuple[str, str | None]:
        """The page's text, and its links for the header if it has any."""
        pages: Any = self.paginator
        rows = pages.paginate_queryset(self._rows(), self.request, self)
        envelope, headers = pages.enveloped(self._shown(rows))
        renderer, media_type = self.request.accepted_renderer, self.request.accepted_media_type
        body: Any = renderer.render(envelope, media_type, self.get_renderer_context())
        return str(body, "utf-8"), headers.get("Link")

    def _shown(self, rows: Any) -> Any:
        kind: Any = self.get_serializer_class()
        if issubclass(kind, Compiled):
            return kind.shown(rows)
        return self.get_serializer(rows, many=True).data

    def _rows(self) -> Any:
        """A query that is asked again and again is made once, and so is the SQL of its pages."""
        question = self.get_question()
        if question is None:
            return self.filter_queryset(self.get_queryset())
        order = self.request.query_params.get("ordering", "")
        key = (type(self), self.request.version, order, question.shape)
        make = partial(self._lasting_rows, question)
        return question.meant(recall(_questions, key, make, MOST_QUESTIONS))

    def _lasting_rows(self, question: Question) -> Any:
        rows: Any = question.asked_of(self.get_queryset())
        rows = StableOrderingFilter().filter_queryset(self.request, rows, self)
        rows.memory = {}
        return rows

    def count_of(self, rows: Any) -> int:
        """How many rows there are: counted once for all pages and orders of the same filters."""
        if not self.is_versioned:
            return int(rows.count())
        filters = sorted(parameters_of(self.request, _NO_FILTERS).items())
        parts = [self.request.path, self.request.user.pk, self.get_data_version(), filters]
        return int(kept("count", parts, make=rows.count))

    def _cache_key(self, request: Request) -> str:
        parts = [
            request.path,
            request.user.pk,
            self.get_data_version(),
            sorted(request.query_params.lists()),
            get_language(),
            request.accepted_media_type,
            # Addresses of pictures may be signed for a while: no page is good for ever.
            time.time() // max(settings.LIST_CACHE_SECONDS, 1),
        ]
        return digest(parts)
