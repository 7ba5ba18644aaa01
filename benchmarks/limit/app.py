"""A bare WSGI application that does the same work: psycopg, orjson and PyJWT, SQL by hand.

One process, one connection, one request at a time: behind gunicorn's workers of one thread, which
are the quickest for this. Statements are prepared, except where a plan made for every word or
every depth would be a bad one.
"""

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jwt
import psycopg

from benchmarks.limit import bulk, reading, writing
from benchmarks.limit.answers import Answer, Asked, refuse

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Handler = Callable[[Asked], Answer]

ITEMS = "/api/v1/catalog/items/"
ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", ITEMS): reading.items,
    ("GET", "/api/v2/catalog/items/"): reading.items_after,
    ("GET", "/api/v1/dashboard/summary/"): reading.summary,
    ("GET", "/api/v1/dashboard/valuation/"): reading.valuation,
    ("GET", f"{ITEMS}export/"): bulk.export,
    ("POST", ITEMS): writing.create,
    ("POST", "/api/v1/sales/"): writing.sell,
    ("POST", f"{ITEMS}bulk_update/"): bulk.update,
    ("POST", f"{ITEMS}bulk_delete/"): bulk.delete,
    ("POST", "/api/v1/catalog/imports/"): bulk.take,
}
ONE: dict[str, Handler] = {"GET": reading.item, "PATCH": writing.revalue}


@cache
def connection() -> psycopg.Connection[Any]:
    """This worker's."""
    return psycopg.connect(
        os.environ["DATABASE_URL"],
        autocommit=True,
        prepare_threshold=0,
        options="-c timezone=UTC -c jit=off",
    )


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    answer = _answer(environ)
    body = answer.body
    headers = [("Content-Type", answer.kind), *answer.headers]
    if isinstance(body, bytes):
        headers.append(("Content-Length", str(len(body))))
        body = [body]
    start_response(answer.status, headers)
    return body


def _answer(environ: dict[str, Any]) -> Answer:
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if path == "/health/":
        return Answer(b"{}")
    _scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    try:
        claims = jwt.decode(token, os.environ["JWT_SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return refuse("401 Unauthorized")
    handler = ROUTES.get((method, path))
    key = 0
    if handler is None and path.startswith(ITEMS) and path[len(ITEMS) : -1].isdigit():
        handler, key = ONE.get(method), int(path[len(ITEMS) : -1])
    if handler is None:
        return refuse("404 Not Found")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    asked = Asked(
        connection=connection(),
        path=path,
        query=dict(parse_qsl(environ["QUERY_STRING"])),
        body=body,
        claims=claims,
        key=key,
    )
    return handler(asked)
