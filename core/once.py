"""`Idempotency-Key`: a POST is carried out once per key, whichever view answers it (decision 16).

The middleware stands around all views, so none can forget it, and a call without a key passes it
untouched. A view whose POST answers with a secret says `answer_is_secret = True`; one that answers
with a person, or their address, says of which kind (`answer_is_about`), for
`core.idempotency.forget_answers`.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.exceptions import InvalidInput
from core.idempotency import Call, await_turn, find_answer, keep_answer
from core.models import IdempotencyKey
from core.pictures import taking_files_back

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
MAX_LENGTH = 255
# What a view says besides the body; the rest is said anew on the way out.
KEPT_HEADERS = ("Content-Type", "ETag", "Location")

View = Callable[..., HttpResponseBase]


class IdempotencyMiddleware:
    """The last of all: what it calls is the view."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if request.method == "POST" and HEADER in request.headers and hasattr(view, "cls"):
            return _once(view)(request, *args, **kwargs)
        return None


@cache
def _once(view: Any) -> View:
    """The same view of the REST framework, and its POST is carried out once per key."""
    kind: Any = type(view.cls.__name__, (_OncePerKey, view.cls), {"__doc__": view.cls.__doc__})
    actions = [view.actions] if hasattr(view, "actions") else []
    made: View = kind.as_view(*actions, **view.initkwargs)
    return made


class _OncePerKey(APIView):
    """Comes before a view's own class."""

    post: Callable[..., HttpResponseBase]
    _kept: HttpResponseBase | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As the view's own: who may not do the deed does not get its kept answer either."""
        content = _content_of(request)  # a throttle that looks into the body would use it up
        super().initial(request, *args, **kwargs)
        if hasattr(self, "post"):
            call = Call.of(_key_of(request), request.user, request.path, content)
            self.post = partial(self._answer, call, self.post)

    def _answer(
        self, call: Call, handler: View, request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        with transaction.atomic(), taking_files_back():
            await_turn(call)
            if kept := find_answer(call):
                return _replay(kept)
            response = self._attempt(handler, request, *args, **kwargs)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            elif response.status_code < 400:
                self._keep(call, response)
        return response

    def _attempt(
        self, handler: View, request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """A refusal is an answer here already: what it leaves on purpose is to be committed."""
        try:
            return handler(request, *args, **kwargs)
        except Exception as error:
            if isinstance(error, DatabaseError):
                transaction.set_rollback(True)  # PostgreSQL takes nothing more in this one
            return self.handle_exception(error)

    def _keep(self, call: Call, response: Any) -> None:
        self._kept = self.finalize_response(self.request, response, *self.args, **self.kwargs)
        if hasattr(response, "render"):
            response.render()
        secret = response.streaming or getattr(self, "answer_is_secret", False)
        headers = {name: response[name] for name in KEPT_HEADERS if name in response}
        headers["Content-Language"] = get_language()
        body = None if secret else response.content
        kind, told = getattr(self, "answer_is_about", None), getattr(response, "data", None)
        about = f"{kind} {told['id']}" if kind and told else None
        keep_answer(call, response.status_code, headers, body, about)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Once, and a new answer's time was before it was kept."""
        if response is self._kept:
            return response
        return super().finalize_response(request, response, *args, **kwargs)


def _content_of(request: Request) -> bytes:
    """All that makes one request differ from another of the same user at the same address.

    A form's boundary is drawn by lot each time it is sent.
    """
    kind, _semicolon, _parameters = str(request.content_type).partition(";")
    boundary = (request.content_params or {}).get("boundary", "").encode()
    body: bytes = request.body.replace(boundary, b"") if boundary else request.body
    return b"\0".join([request.get_full_path().encode(), kind.encode(), body])


def _key_of(request: Request) -> str:
    key = request.headers[HEADER]
    if not (0 < len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        text = _("Give 1 to %(most)s printable ASCII characters.") % {"most": MAX_LENGTH}
        raise InvalidInput.of(HEADER, text)
    return key


def _replay(kept: IdempotencyKey) -> HttpResponse:
    response = Response(status=kept.status, headers={**kept.headers, REPLAYED: "true"})
    if "Content-Type" not in kept.headers:
        del response["Content-Type"]
    response.content = bytes(kept.body or b"")  # and so it is rendered
    return response
