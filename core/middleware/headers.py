"""What a browser may do with an answer: nothing it was not made for."""

import secrets
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase, ResponseHeaders
from django.middleware.security import SecurityMiddleware

from core.headers import ReadyHeaders, put
from core.middleware.log import GetResponse

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_FEATURES = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-create",
    "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}

_FIXED = ReadyHeaders(ResponseHeaders(FIXED))


class SecurityHeadersMiddleware:
    """Puts the headers that restrict browsers on every answer, whoever made it.

    It is the outermost. Answers are data, whose policy forbids everything; only HTML below an
    address of `CSP_PAGES` has a policy of its own, and its scripts and styles `request.csp_nonce`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.transport = _strict_transport()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        nonce = secrets.token_urlsafe(16)
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers = headers = ReadyHeaders(response.headers)
        headers.take(_FIXED)
        put(response, "Content-Security-Policy", _policy(request, response).format(nonce=nonce))
        put(response, "Cross-Origin-Resource-Policy", _readers(request))
        if self.transport and request.is_secure():
            put(response, "Strict-Transport-Security", self.transport)
        return response


class HttpsMiddleware(SecurityMiddleware):
    """Django's redirect to HTTPS. What else Django's says is said already, on every answer."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        return response


def _policy(request: HttpRequest, response: HttpResponseBase) -> str:
    pages: dict[str, str] = settings.CSP_PAGES
    if response.get("Content-Type", "").startswith("text/html"):
        for address, policy in pages.items():
            if request.path.startswith(address):
                return policy
    return DATA_POLICY


def _readers(request: HttpRequest) -> str:
    """Pictures are shown by front ends of other origins; everything else only we embed."""
    return "cross-origin" if request.path.startswith(settings.MEDIA_URL) else "same-origin"


def _strict_transport() -> str:
    """As Django's `SecurityMiddleware` says it, which does not see every answer; from its names."""
    if not settings.SECURE_HSTS_SECONDS:
        return ""
    parts = {
        f"max-age={settings.SECURE_HSTS_SECONDS}": True,
        "includeSubDomains": settings.SECURE_HSTS_INCLUDE_SUBDOMAINS,
        "preload": settings.SECURE_HSTS_PRELOAD,
    }
    return "; ".join(part for part, wanted in parts.items() if wanted)
