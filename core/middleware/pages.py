"""What only pages need, which people look at: sessions, who is signed in by one, messages, CSRF.

Calls of the API bring a token and find none of this; it would cost each of them a tenth.
"""

from typing import cast

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware

from core.middleware.log import GetResponse
from core.versions import is_call

# The last two say what `SecurityHeadersMiddleware` says of every answer; `check --deploy` looks for
# them by name.
FOR_PAGES = (
    SessionMiddleware,
    CsrfViewMiddleware,
    AuthenticationMiddleware,
    MessageMiddleware,
    XFrameOptionsMiddleware,
    SecurityMiddleware,
)


class CallsMiddleware:
    """Leads calls of the API past the middlewares for pages, which stand right behind it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.for_pages = self.for_calls = get_response
        # Django wraps each middleware that it loads.
        while isinstance(middleware := vars(self.for_calls)["__wrapped__"], FOR_PAGES):
            self.for_calls = cast("GetResponse", middleware.get_response)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.for_calls(request) if is_call(request) else self.for_pages(request)
