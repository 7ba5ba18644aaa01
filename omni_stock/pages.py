"""What is not the API: its documents, pictures, a word to crawlers and to researchers."""

import re
from datetime import timedelta
from functools import cache, wraps
from typing import Any

import markdown
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.cache import cache_control
from django.views.static import serve

from core.problems import View, only_read

PICTURE_SECONDS = 24 * 3600
SECURITY_TXT_DAYS = 180
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Omni-Stock: {title}</title>
<meta name="viewport" content="width=device-width"><style nonce="{nonce}">
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
font: 16px/1.5 system-ui, sans-serif }}
table {{ border-collapse: collapse; width: 100% }} td, th {{ border-bottom: 1px solid #ddd;
padding: .4rem .6rem; text-align: left; vertical-align: top }} :target {{ background: #fff3c4 }}
code, pre {{ background: #f4f4f5; border-radius: 3px; padding: .1rem .3rem }} pre {{ padding: 1rem;
overflow: auto }} pre code {{ padding: 0 }}</style>
<body>{body}</body></html>"""
# Of docs/api/, by the name each has there.
_SERVED = ("errors", "changelog", "promises")
_NEIGHBOUR = re.compile(r'<a href="(?!https?:|[/#])([^"#]*)\.md(#[^"]*)?">(.*?)</a>')


def in_english(view: View) -> View:
    """For what is written in one language: the documentation."""

    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with override("en"):
            response = view(request, *args, **kwargs)
        response["Content-Language"] = "en"
        return response

    return read


@only_read
@in_english
def error_reference(request: HttpRequest) -> HttpResponse:
    """What `type` of a problem points to: docs/api/errors.md as a page."""
    return _page(request, "errors")


@only_read
@in_english
def api_changelog(request: HttpRequest) -> HttpResponse:
    """What `Link: …; rel="deprecation"` points to: docs/api/changelog.md as a page."""
    return _page(request, "changelog")


@only_read
def promises(request: HttpRequest) -> HttpResponse:
    """docs/api/promises.md as a page."""
    return _page(request, "promises")


def _page(request: HttpRequest, title: str) -> HttpResponse:
    nonce = getattr(request, "csp_nonce", "")
    page = _PAGE.format(title=title, body=_body(title), nonce=nonce)
    return HttpResponse(page)


@cache
def _body(title: str) -> str:
    text = (settings.BASE_DIR / "docs" / "api" / f"{title}.md").read_text(encoding="utf-8")
    html = markdown.markdown(text, extensions=["tables", "fenced_code", "attr_list", "toc"])
    return _NEIGHBOUR.sub(_led_on, html)


def _led_on(link: re.Match[str]) -> str:
    """A link to another document leads to its page, and is mere text where it has none."""
    name, part, text = link.groups()
    return f'<a href="/api/docs/{name}/{part or ""}">{text}</a>' if name in _SERVED else text


@only_read
@cache_control(private=True, max_age=PICTURE_SECONDS, immutable=True)
def picture(request: HttpRequest, path: str) -> HttpResponseBase:
    """A picture of an item; what lies at an address never changes, so it is asked for once."""
    try:
        return serve(request, path, str(settings.MEDIA_ROOT))
    except OSError as error:  # a name that no file system would take
        raise Http404 from error


@only_read
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


@only_read
def security_txt(request: HttpRequest) -> HttpResponse:
    """Whom to tell of a hole (RFC 9116); 404 where `SECURITY_CONTACT` names nobody."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = timezone.now().replace(microsecond=0) + timedelta(days=SECURITY_TXT_DAYS)
    lines = {
        "Contact": settings.SECURITY_CONTACT,
        "Expires": expires.isoformat().replace("+00:00", "Z"),
        "Preferred-Languages": ", ".join(code for code, _name in settings.LANGUAGES),
        "Canonical": request.build_absolute_uri(request.path),
    }
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
