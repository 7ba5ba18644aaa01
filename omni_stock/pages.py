"""The few pages that are not the API: errors, changes of the API, and a word to crawlers."""

from functools import cache

import markdown
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Omni-Stock: {title}</title>
<meta name="viewport" content="width=device-width"><style>
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem;
font: 16px/1.5 system-ui, sans-serif }}
table {{ border-collapse: collapse; width: 100% }} td, th {{ border-bottom: 1px solid #ddd;
padding: .4rem .6rem; text-align: left; vertical-align: top }} :target {{ background: #fff3c4 }}
code, pre {{ background: #f4f4f5; border-radius: 3px; padding: .1rem .3rem }} pre {{ padding: 1rem;
overflow: auto }}</style><body>{body}</body></html>"""


@require_safe
def error_reference(request: HttpRequest) -> HttpResponse:
    """What `type` of a problem points to: docs/api/errors.md as a page."""
    return HttpResponse(_page("errors"))


@require_safe
def api_changelog(request: HttpRequest) -> HttpResponse:
    """What `Link: …; rel="deprecation"` points to: docs/api/changelog.md as a page."""
    return HttpResponse(_page("changelog"))


@cache
def _page(title: str) -> str:
    text = (settings.BASE_DIR / "docs" / "api" / f"{title}.md").read_text(encoding="utf-8")
    body = markdown.markdown(text, extensions=["tables", "fenced_code", "attr_list", "toc"])
    return _PAGE.format(title=title, body=body)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")
