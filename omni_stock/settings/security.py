"""What browsers may do with the pages we have, and which other origins may call."""

from corsheaders.defaults import default_headers


def _page(**more: str) -> str:
    """Everything from us; what is inline must carry the nonce of its answer."""
    directives = {
        "default-src": "'none'",
        "script-src": "'self' 'nonce-{nonce}'",
        "style-src": "'self' 'nonce-{nonce}'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    } | {name.replace("_", "-"): sources for name, sources in more.items()}
    return "; ".join(f"{name} {sources}" for name, sources in directives.items())


# By the beginning of the address; everything else that we answer is data.
CSP_PAGES = {
    "/admin/": _page(),
    "/api/docs/": _page(),
    "/api/redoc/": _page(worker_src="blob:"),  # its search runs in a worker it writes itself
}

CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api|media|health)/"
CORS_PREFLIGHT_MAX_AGE = 86_400
CORS_ALLOW_HEADERS = [
    *default_headers, "content-digest", "content-encoding", "idempotency-key", "if-match",
    "if-none-match", "x-request-id",
]  # fmt: skip
CORS_EXPOSE_HEADERS = [
    "Content-Disposition", "Content-Language", "Deprecation", "ETag", "Idempotent-Replayed", "Link",
    "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset", "X-Request-ID",
]  # fmt: skip
