"""What attacks look like on the wire: bombs, and messages that two readers would read differently.

Over a socket, to the web server that runs in production.
"""

import gzip
import json
import socket
import threading
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from tests.core.conftest import Web
from tests.core.wire import CHUNKED, ask, chunks, read, request

pytestmark = pytest.mark.django_db  # without it there would be no test database
MEGABYTE = 1024 * 1024
TOKEN = json.dumps({"token": "not-one-of-ours"}).encode()  # asked of a door that writes nothing
LENGTH = f"Content-Length: {len(TOKEN)}"
GZIP = "Content-Encoding: gzip"


def bomb() -> bytes:
    """200 MB in 200 KB."""
    packer, nothing = zlib.compressobj(9, wbits=31), bytes(MEGABYTE)
    return b"".join(packer.compress(nothing) for _ in range(200)) + packer.flush()


def told(body: bytes, *headers: str) -> list[bytes]:
    return [request(f"Content-Length: {len(body)}", *headers), body]


def in_chunks(body: bytes, *headers: str) -> list[bytes]:
    return [request(CHUNKED, *headers), chunks(body)]


TOO_MUCH: dict[str, Callable[[], list[bytes]]] = {
    "30 MB": lambda: told(bytes(30 * MEGABYTE)),
    "30 MB in chunks": lambda: in_chunks(bytes(30 * MEGABYTE)),
    "a bomb": lambda: told(bomb(), GZIP),
    "a bomb in chunks": lambda: in_chunks(bomb(), GZIP),
}


def peak(web: Web) -> int:
    """The most memory that the worker ever had, in bytes."""
    [worker] = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()
    status = Path(f"/proc/{worker}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def temporary_files(web: Web) -> list[str]:
    """Those that the worker has open, though nobody else can see them."""
    [worker] = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()
    links = []
    for entry in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(OSError):
            links.append(str(entry.readlink()))
    return [link for link in links if link.endswith("(deleted)") and "/wgunicorn" not in link]


class TestTooMuch:
    @pytest.mark.parametrize("parts", TOO_MUCH.values(), ids=TOO_MUCH)
    def test_is_413_and_costs_no_memory(
        self, web: Web, line: socket.socket, parts: Callable[[], list[bytes]]
    ) -> None:
        whole = parts()
        assert ask(line, *told(TOKEN))[0] == 401
        before = peak(web)
        status, body = ask(line, *whole)
        assert (status, body["code"]) == (413, "request_too_large")
        assert peak(web) - before < 20 * MEGABYTE
        assert temporary_files(web) == []

    def test_who_sends_without_end_is_cut_off(self, web: Web, line: socket.socket) -> None:
        before = peak(web)
        line.sendall(request(CHUNKED))
        piece = chunks(bytes(MEGABYTE)).removesuffix(b"0\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            line.sendall(piece * 200)
        assert peak(web) - before < 20 * MEGABYTE

    def test_four_bombs_at_once_are_four_refusals(self, web: Web) -> None:
        before, packed, answers = peak(web), bomb(), []

        def throw() -> None:
            with socket.create_connection(("127.0.0.1", web.port), timeout=30) as own:
                answers.append(ask(own, *told(packed, GZIP))[0])

        throwers = [threading.Thread(target=throw) for _ in range(4)]
        for thrower in throwers:
            thrower.start()
        for thrower in throwers:
            thrower.join()
        assert answers == [413] * 4
        assert peak(web) - before < 40 * MEGABYTE


class TestPacked:
    @pytest.mark.parametrize("send", [told, in_chunks])
    def test_body_with_its_digest_arrives(
        self, line: socket.socket, send: Callable[..., list[bytes]]
    ) -> None:
        packed = gzip.compress(TOKEN)
        digest = b64encode(sha256(packed).digest()).decode()
        for _ in range(2):
            status, body = ask(line, *send(packed, GZIP, f"Content-Digest: sha-256=:{digest}:"))
            assert (status, body["code"]) == (401, "token_not_valid")

    @pytest.mark.parametrize("send", [told, in_chunks])
    def test_damaged_one_does_not(
        self, line: socket.socket, send: Callable[..., list[bytes]]
    ) -> None:
        for _ in range(2):
            status, body = ask(line, *send(TOKEN, GZIP))
            assert (status, body["code"]) == (400, "parse_error")
            digest = b64encode(sha256(b"").digest()).decode()
            status, body = ask(line, *send(TOKEN, f"Content-Digest: sha-256=:{digest}:"))
            assert (status, body["code"]) == (400, "digest_mismatch")

    def test_body_that_stops_half_way_is_400(self, line: socket.socket) -> None:
        packed = gzip.compress(TOKEN)
        line.sendall(request(f"Content-Length: {len(packed)}", GZIP) + packed[:10])
        line.shutdown(socket.SHUT_WR)
        assert read(line)[0] == 400


def head(*lines: bytes, end: bytes = b"\r\n") -> bytes:
    return end.join([*lines, b"", b""])


POST, HOST = b"POST /api/v1/auth/token/verify/ HTTP/1.1", b"Host: localhost"
LENGTHS = LENGTH.encode()
SMUGGLED = chunks(b"") + b"GET /smuggled/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
FRAMES: dict[str, bytes] = {
    "length and chunks": head(POST, HOST, LENGTHS, CHUNKED.encode()) + SMUGGLED,
    "chunks and length": head(POST, HOST, CHUNKED.encode(), b"Content-Length: 5") + SMUGGLED,
    "two lengths": head(POST, HOST, LENGTHS, b"Content-Length: 1") + TOKEN,
    "two lengths in one": head(POST, HOST, b"Content-Length: 5, 6") + TOKEN,
    "negative length": head(POST, HOST, b"Content-Length: -1") + TOKEN,
    "length with a plus": head(POST, HOST, b"Content-Length: +5") + TOKEN,
    "length in hex": head(POST, HOST, b"Content-Length: 0x10") + TOKEN,
    "length in words": head(POST, HOST, b"Content-Length: ten") + TOKEN,
    "chunks misspelt": head(POST, HOST, b"Transfer-Encoding: xchunked") + SMUGGLED,
    "chunks twice": head(POST, HOST, CHUNKED.encode(), CHUNKED.encode()) + SMUGGLED,
    "chunks not last": head(POST, HOST, b"Transfer-Encoding: chunked, gzip") + SMUGGLED,
    "chunks in HTTP/1.0": head(POST[:-1] + b"0", HOST, CHUNKED.encode()) + SMUGGLED,
    "space before the colon": head(POST, HOST, b"Content-Length : 5") + TOKEN,
    "folded header": head(POST, HOST, b"X-A: b", b" c", LENGTHS) + TOKEN,
    "bare line feeds": head(POST, HOST, LENGTHS, end=b"\n") + TOKEN,
    "bare carriage return": head(POST, HOST, b"X-A: b\rX-B: c", LENGTHS) + TOKEN,
    "NUL in a header": head(POST, HOST, b"X-A: b\0c", LENGTHS) + TOKEN,
    "header without a name": head(POST, HOST, b": b", LENGTHS) + TOKEN,
    "20 KB header": head(POST, HOST, b"X-A: " + b"a" * 20_000, LENGTHS) + TOKEN,
    "300 headers": head(POST, HOST, *[b"X-%d: a" % n for n in range(300)], LENGTHS) + TOKEN,
    "20 KB address": head(b"GET /" + b"a" * 20_000 + b" HTTP/1.1", HOST),
    "two hosts": head(POST, HOST, b"Host: evil.example", LENGTHS) + TOKEN,
    "foreign host": head(POST, b"Host: evil.example", LENGTHS) + TOKEN,
    "HTTP of the future": head(POST[:-3] + b"9.9", HOST, LENGTHS) + TOKEN,
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
}


def statuses(line: socket.socket) -> Iterator[int]:
    """Of every answer on this line until it is closed."""
    line.settimeout(15)
    text = b""
    with suppress(OSError):
        while piece := line.recv(65536):
            text += piece
    for part in text.split(b"HTTP/1.1 ")[1:]:
        yield int(part[:3])


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_message_that_can_be_read_in_two_ways_is_refused_once(
    line: socket.socket, frame: bytes
) -> None:
    """Once: what follows on the same line is not taken for a request of its own."""
    line.sendall(frame)
    [status] = statuses(line)
    assert status in {400, 413, 414, 431, 501, 505}
