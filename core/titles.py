"""The name of each status that is answered with, which a problem tells as its `title`."""

from http import HTTPStatus

from django.utils.translation import gettext_lazy as _

TITLES = {
    400: _("Bad Request"),
    401: _("Unauthorized"),
    403: _("Forbidden"),
    404: _("Not Found"),
    405: _("Method Not Allowed"),
    406: _("Not Acceptable"),
    409: _("Conflict"),
    412: _("Precondition Failed"),
    413: _("Request Entity Too Large"),
    415: _("Unsupported Media Type"),
    422: _("Unprocessable Entity"),
    428: _("Precondition Required"),
    429: _("Too Many Requests"),
    500: _("Internal Server Error"),
    503: _("Service Unavailable"),
}


def title_of(status: int) -> str:
    """In the language of the call; what only a library answers with has its English name."""
    return str(TITLES.get(status) or HTTPStatus(status).phrase)
