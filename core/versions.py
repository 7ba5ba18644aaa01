"""Which version of the API is called, and what it says of itself in every answer."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.versioning import NamespaceVersioning

from core.deprecation import Deprecation, deprecations_of
from core.headers import put


class PathVersioning(NamespaceVersioning):
    """`/api/v2/` is the namespace `v2`; v1 has none, so that `reverse("product-list")` is v1."""

    def reverse(
        self, viewname: str, args: Sequence[Any] | None = None, kwargs: Any = None,
        request: Any = None, format: str | None = None, **extra: Any,
    ) -> str:  # fmt: skip
        """The address in the version that was called; relative, as all our links are."""
        here = request.version == self.default_version
        name = viewname if here else self.get_versioned_viewname(viewname, request)
        return reverse(name, args=args, kwargs=kwargs, **extra)


def version_of(request: HttpRequest) -> str:
    """The version of the API whose call this is, or nothing for a page."""
    _slash, api, version, *_rest = [*request.path_info.split("/", 3), "", ""]
    return version if api == "api" and version in settings.API_VERSIONS else ""


def is_call(request: HttpRequest) -> bool:
    return bool(version_of(request))


class ApiVersionMiddleware:
    """Every answer says its version (`X-API-Version`), and what of the call will go."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if version := version_of(request):
            put(response, "X-API-Version", version.removeprefix("v"))
            for notice in _notices(request, response, version):
                for name, text in notice.headers().items():
                    _tell(response, name, text)
        return response


def _tell(response: HttpResponseBase, name: str, text: str) -> None:
    """Links add up; of two dates the one of the method, which comes last, is told."""
    told = [response["Link"]] if name == "Link" and "Link" in response else []
    response[name] = ", ".join([*told, text])


def _notices(request: HttpRequest, response: HttpResponseBase, version: str) -> list[Deprecation]:
    whole = settings.API_VERSIONS[version]
    view: Any = getattr(request.resolver_match, "func", None)
    method = str(request.method).lower()
    handler = getattr(view, "actions", {}).get(method, method)
    said = deprecations_of(view.cls, handler) if hasattr(view, "cls") else ()
    used = [notice for notice in said if not notice.field or _uses(notice.field, request, response)]
    return [*([whole] if whole else []), *used]


def _uses(field: str, request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether an accepted call named the parameter, or the key of the body."""
    called = getattr(response, "renderer_context", {}).get("request")
    body = called.data if called and response.status_code < 400 else None
    return field in request.GET or (isinstance(body, dict) and field in body)
