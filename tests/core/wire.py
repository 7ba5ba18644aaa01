"""HTTP written by hand, for what no client library would send."""

import json
import socket
from contextlib import suppress
from http.client import HTTPResponse

CHUNKED = "Transfer-Encoding: chunked"


def chunks(body: bytes, size: int = 64 * 1024) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


def request(*headers: str, path: str = "/api/v1/auth/token/verify/") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def read(line: socket.socket) -> tuple[int, dict[str, str]]:
    answer = HTTPResponse(line)
    answer.begin()
    with suppress(json.JSONDecodeError):
        return answer.status, json.loads(answer.read())
    return answer.status, {}


def ask(line: socket.socket, *parts: bytes) -> tuple[int, dict[str, str]]:
    """As simple clients do: everything is sent before the answer is looked at."""
    for part in parts:
        line.sendall(part)
    return read(line)
