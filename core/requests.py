"""Who asks, and what the address says besides."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from core.etags import digest
from core.rehearsal import Terms
from core.serializers import StrictSerializer

if TYPE_CHECKING:
    from users.models import User

# In the tokens of sessions that were opened from one of our own front ends.
FIRST_PARTY = "fp"
# What calls that can be rehearsed take in their address.
REHEARSAL = ("dry_run", "plan")
# Who asks for another time and does not say which is not told of the present.
MOMENTS = frozenset({"as_of", "known_at"})


def caller(request: Request) -> "User":
    """The signed-in account; without one the answer is 401, whatever the view allows."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    return request.user


def read_flag(request: Request, name: str) -> bool:
    """`?name=true`; anything but a truth value is a 400, for a rehearsal must not be the deed."""
    text = request.query_params.get(name, "false").lower()
    if text not in {"true", "false", "1", "0"}:
        raise ValidationError({name: _("Give true or false.")})
    return text in {"true", "1"}


def parameters_of(request: Request, aside: Iterable[str] = ()) -> dict[str, list[str]]:
    """What the address asks, by name; what is somebody else's stands `aside`.

    `format` is the renderers' affair. A leading underscore is nobody's: browsers' tools add
    `_=1700000000` against caches.
    """
    passed = {"format", *aside}
    given = request.query_params.lists()
    return {name: said for name, said in given if name not in passed and name[:1] != "_"}


def may_be_empty(query: StrictSerializer) -> frozenset[str]:
    """What the query reads and is no filter when it is empty, as in a form nobody filled in."""
    return frozenset(query.fields) - MOMENTS


def read_query(
    request: Request, serializer: type[StrictSerializer], aside: Iterable[str] = ()
) -> dict[str, Any]:
    """The query without what stands `aside`, as the serializer reads it; 400 for what it does not
    know."""
    asked, optional = parameters_of(request, aside), may_be_empty(serializer())
    told = {name: said[-1] for name, said in asked.items() if said[-1] or name not in optional}
    query = serializer(data=told)
    query.is_valid(raise_exception=True)
    values: dict[str, Any] = query.validated_data
    return values


def read_terms(request: Request, *said: object, versions: Mapping[int, int] | None = None) -> Terms:
    """Whether a call on many rows is done, and by what plan; `said` is what it says, as JSON."""
    return Terms(
        dry_run=read_flag(request, "dry_run"),
        versions=versions or {},
        call=digest([caller(request).pk, request.path, *said]),
        plan=request.query_params.get("plan", ""),
    )


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """400 for a query parameter nobody declared: a mistyped `dry_run` must not do the deed."""
    if unknown := parameters_of(request, known):
        raise ValidationError(dict.fromkeys(unknown, _("There is no such parameter.")))


def wordless(verb: Callable[..., Response]) -> Callable[..., Response]:
    """A verb that needs no body: 400 for what one says, for "three of them" does not mean all."""

    @wraps(verb)
    def heard(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        if said := request.data:
            if "pk" in kwargs:
                view.get_object()  # what is not yours is not there, whatever you say to it
            StrictSerializer(data=said).is_valid(raise_exception=True)
        return verb(view, request, *args, **kwargs)

    return heard


def opens_as_first_party(request: Request) -> bool:
    """Whether who signs in does so from a page of ours, which a browser tells in `Origin`.

    A program may claim it too, with the password of an account: what it gains is this account's
    higher rate, and nothing else may ever hang on it.
    """
    return request.headers.get("Origin", "") in settings.CORS_ALLOWED_ORIGINS


def is_first_party(request: Request) -> bool:
    """Whether the call's token says that its session was opened so."""
    claims: dict[str, object] = getattr(request.auth, "payload", {})
    return bool(claims.get(FIRST_PARTY))
