"""Bodies as they come over a socket, to the web server that runs in production."""

import json
import socket
import time
from collections.abc import Callable

import pytest

from tests.core.wire import CHUNKED, ask, chunks, read, request

pytestmark = pytest.mark.django_db  # without it there would be no test database
TOKEN = json.dumps({"token": "not-one-of-ours"}).encode()  # asked of a door that writes nothing
MEGABYTE = 1024 * 1024


@pytest.mark.parametrize("size", [1, 7, 64 * 1024])
def test_chunked_body_arrives(line: socket.socket, size: int) -> None:
    status, body = ask(line, request(CHUNKED), chunks(TOKEN, size))
    assert (status, body["code"]) == (401, "token_not_valid")


def test_chunked_body_may_come_slowly(line: socket.socket) -> None:
    whole = request(CHUNKED) + chunks(TOKEN, 10)
    for start in range(0, len(whole), 40):
        line.sendall(whole[start : start + 40])
        time.sleep(0.01)
    assert read(line)[0] == 401


def test_next_request_on_the_same_line_is_understood(line: socket.socket) -> None:
    for _ in range(2):
        assert ask(line, request(CHUNKED), chunks(TOKEN))[0] == 401
    assert ask(line, request(f"Content-Length: {len(TOKEN)}"), TOKEN)[0] == 401


def too_large_chunked() -> list[bytes]:
    return [request(CHUNKED), chunks(b'{"a": "' + b"x" * 11 * MEGABYTE + b'"}')]


def too_large_by_its_word() -> list[bytes]:
    return [request(f"Content-Length: {11 * MEGABYTE}"), b"x" * 11 * MEGABYTE]


def too_large_and_never_sent() -> list[bytes]:
    return [request(f"Content-Length: {100 * MEGABYTE}")]


@pytest.mark.parametrize(
    "parts", [too_large_chunked, too_large_by_its_word, too_large_and_never_sent]
)
def test_too_large_body_is_413_at_once(
    line: socket.socket, parts: Callable[[], list[bytes]]
) -> None:
    whole = parts()
    started = time.monotonic()
    status, body = ask(line, *whole)
    assert (status, body["error"], body["code"]) == (413, "Request too large", "request_too_large")
    assert time.monotonic() - started < 5


def test_chunked_body_of_just_ten_megabytes_is_read(line: socket.socket) -> None:
    body = TOKEN.ljust(10 * MEGABYTE)
    assert ask(line, request(CHUNKED), chunks(body))[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        (CHUNKED, f"Content-Length: {len(TOKEN)}"),
        (f"Content-Length: {len(TOKEN)}", "Content-Length: 1"),
        ("Content-Length: -1",),
        ("Content-Length: 0x10",),
    ],
    ids=" and ".join,
)
def test_ambiguous_length_is_400(line: socket.socket, headers: tuple[str, ...]) -> None:
    assert ask(line, request(*headers), TOKEN)[0] == 400


@pytest.mark.parametrize("chunk", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}{}{}\r\n0\r\n\r\n"])
def test_chunk_that_lies_about_its_size_is_400(line: socket.socket, chunk: bytes) -> None:
    status, body = ask(line, request(CHUNKED), chunk)
    assert (status, body["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    ("header", "half"), [(f"Content-Length: {len(TOKEN)}", TOKEN[:10]), (CHUNKED, b"8\r\n1234")]
)
def test_body_that_stops_half_way_is_400(line: socket.socket, header: str, half: bytes) -> None:
    line.sendall(request(header) + half)
    line.shutdown(socket.SHUT_WR)
    status, body = read(line)
    assert (status, body["code"] in {"parse_error", "bad_request"}) == (400, True)


def test_charset_that_is_none_does_not_hinder_the_query(line: socket.socket) -> None:
    start = b"GET /api/v1/auth/me/?a=b HTTP/1.1\r\nHost: localhost\r\n"
    status, body = ask(line, start + b"Content-Type: text/plain; charset=zlib\r\n\r\n")
    assert (status, body["code"]) == (401, "not_authenticated")
