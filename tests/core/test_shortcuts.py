"""What every call takes a shorter way for, and says as the frameworks would."""

import logging
import os
from typing import Any

import pytest
import structlog
from django.conf import settings as project
from django.core.signing import Signer
from django.http import HttpResponse, QueryDict
from django.utils.cache import patch_vary_headers
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from structlog.stdlib import ProcessorFormatter

from core import negotiation
from core.answers import Rendered
from core.cursors import CursorSigner
from core.headers import ReadyHeaders, put, vary_on
from core.logging import tell
from core.negotiation import StrictNegotiation
from core.renderers import CSVRenderer, JSONRenderer, XLSXRenderer
from omni_stock.wsgi import Query

TEXT = st.text(st.characters(codec="utf-8"))
FORMS = [
    "*/*", "application/*", "application/json", "application/json; indent=4", "text/csv",
    "text/csv;q=0.5, application/json", "text/html, */*;q=0.1", "*/*;version=1",
    "application/xml, text/*", "nonsense, */*",
]  # fmt: skip


@pytest.mark.parametrize("told", [None, "", "Accept", "accept, Origin", "*", "Cookie,  Accept"])
@pytest.mark.parametrize("names", [("Accept",), ("origin", "Accept-Language"), ("*",)])
def test_vary_is_as_django_says_it(told: str | None, names: tuple[str, ...]) -> None:
    ours, theirs = (HttpResponse(headers={} if told is None else {"Vary": told}) for _ in "ab")
    vary_on(ours, *names)
    patch_vary_headers(theirs, names)
    assert ours["Vary"] == theirs["Vary"]


def test_headers_that_are_ready_are_the_same_headers() -> None:
    response = HttpResponse(headers={"ETag": '"1"', "x-thing": "a"})
    put(response, "X-Thing", "b")
    before = dict(response.items())
    response.headers = ReadyHeaders(response.headers)
    response["Late"] = "c"
    assert before == {"Content-Type": response["content-type"], "ETag": '"1"', "X-Thing": "b"}
    assert [*response.items()] == [*before.items(), ("Late", "c")]
    assert response.headers == before | {"late": "c"}


def test_answer_that_is_there_is_an_answer_like_any_other() -> None:
    ours = Rendered(b'{"a": 1}', "application/json", {"ETag": '"1"'})
    theirs = HttpResponse(b'{"a": 1}', "application/json", headers={"ETag": '"1"'})
    theirs["Content-Length"] = "8"
    assert sorted(ours.items()) == sorted(theirs.items())
    assert vars(ours).keys() == vars(theirs).keys()
    aside = {"headers": 0, "cookies": 0}
    assert vars(ours) | aside == vars(theirs) | aside
    assert (ours.status_code, ours.content, ours.data) == (200, theirs.content, {"a": 1})


@given(TEXT)
def test_query_is_read_as_django_reads_it(query: str) -> None:
    raw = query.encode()
    assert Query(raw, encoding="utf-8") == QueryDict(raw, encoding="utf-8")


@pytest.mark.parametrize(
    "query", [b"a=1&b=2&a=3", b"a", b"=", b"a=%C3%A9&a=%E9&_=1", b"\xe9=\xff", b"a=+%2B&&b=%00"]
)
def test_query_of_bytes_is_read_as_django_reads_it(query: bytes) -> None:
    ours: Any = Query(query, encoding="utf-8")
    theirs = QueryDict(query, encoding="utf-8")
    assert [*ours.lists()] == [*theirs.lists()]
    with pytest.raises(AttributeError):
        ours.appendlist("c", "1")


@given(TEXT.filter(bool), TEXT, TEXT.filter(bool))
def test_cursors_are_signed_as_django_signs(salt: str, value: str, secret: str) -> None:
    ours, theirs = (kind(key=secret, salt=salt, sep="~") for kind in (CursorSigner, Signer))
    assert ours.sign(value) == theirs.sign(value)
    old = CursorSigner(key="new", fallback_keys=[secret], salt=salt, sep="~")
    assert old.unsign(theirs.sign(value)) == value


class TestForm:
    def choice(self, negotiation: Any, accept: str) -> tuple[type, str]:
        request = Request(APIRequestFactory().get("/", headers={"Accept": accept}))
        forms = [JSONRenderer(), CSVRenderer(), XLSXRenderer()]
        form, media_type = negotiation.select_renderer(request, forms)
        assert form in forms
        return type(form), media_type

    @pytest.mark.parametrize("accept", [*FORMS, ", ".join(["text/csv"] * 40)])
    def test_is_the_frameworks_choice_each_time(self, accept: str) -> None:
        wanted = self.choice(DefaultContentNegotiation(), accept)
        assert [self.choice(StrictNegotiation(), accept) for _ in range(2)] == [wanted] * 2

    def test_that_nobody_has_is_refused_each_time(self) -> None:
        for _ in range(2):
            with pytest.raises(NotAcceptable):
                self.choice(StrictNegotiation(), "application/xml")

    def test_long_wishes_are_not_remembered(self) -> None:
        accept = ", ".join(f"text/x{number}" for number in range(50)) + ", */*"
        self.choice(StrictNegotiation(), accept)
        assert not [key for key in negotiation._chosen if len(key[0]) > 256]


def test_line_is_written_as_structlog_writes_it(caplog: pytest.LogCaptureFixture) -> None:
    style: Any = project.LOGGING["formatters"]["structured"]
    rest = {name: value for name, value in style.items() if name != "()"}
    caplog.set_level("INFO")
    try:
        raise ValueError("why")  # noqa: TRY301
    except ValueError as error:
        structlog.get_logger("here").warning("happened", of="x", number=7, exc_info=error)
    ours, theirs = style["()"](**rest), ProcessorFormatter(**rest)
    [record] = caplog.records
    assert [ours.format(record) for _ in range(2)] == [theirs.format(record)] * 2
    assert "why" in ours.format(record)


def test_line_of_a_call_is_said_as_structlog_says_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    tell(logging.getLogger("here"), "happened", of="x", number=7)
    structlog.get_logger("here").info("happened", of="x", number=7)
    ours, theirs = caplog.records
    aside = {"timestamp": "", "message": ""}
    assert ours.msg | aside == theirs.msg | aside  # type: ignore[operator]
    assert len(ours.msg["timestamp"]) == len(theirs.msg["timestamp"])
    for name in ("name", "levelno", "levelname", "exc_info", "_name"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert vars(ours).keys() == vars(theirs).keys()
    tell(logging.getLogger("django.request"), "nobody wants to know")
    assert len(caplog.records) == 2


def test_servers_tell_their_process_in_lines_of_their_own() -> None:
    """As gunicorn's and Celery's have it, which go past our format."""
    told = "[%(process)d] %(processName)s %(threadName)s %(message)s"
    record = logging.getLogger("gunicorn.error").makeRecord(
        "gunicorn.error", logging.INFO, "", 0, "Starting %s", ("27",), None
    )
    assert logging.Formatter(told).format(record).startswith(f"[{os.getpid()}] ")
