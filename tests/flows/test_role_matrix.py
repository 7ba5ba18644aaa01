"""Every route, every method, everybody: the answer is the one that stands in doors.py.

Routes and methods come from the URL resolver, so one that nobody ruled on fails here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.urls import get_resolver
from rest_framework.test import APIClient

from tests.flows.doors import BODIES, DOORS, PEOPLE, Shop
from tests.flows.routes import OPEN
from tests.flows.world import MARKER, METHODS, api, patterns, served

Statuses = dict[str, int]
CODES = {
    400: "validation_error", 401: "not_authenticated", 403: "permission_denied", 404: "not_found",
    405: "method_not_allowed",
}  # fmt: skip
# Its refusal is the same for everybody and not for want of a token.
CODE_OF_DOOR = {"admin-login": {401: "invalid_credentials"}, "me": {409: "owns_vendors"}}
ALL_METHODS = [*METHODS, "trace"]
# What was refused may leave a trace there and nowhere else.
MAY_GROW = "core_auditlog"


def table() -> dict[str, dict[str, Statuses]]:
    """Door (`route` or `route?query`) → method → person → status."""
    doors: dict[str, dict[str, Statuses]] = {}
    for line in DOORS.splitlines():
        if line and not line.startswith("#"):
            door, method, *statuses = line.split()
            told = dict(zip(PEOPLE, map(int, statuses), strict=True))
            assert method not in doors.setdefault(door, {}), f"{door} {method} stands there twice"
            doors[door][method] = told
    return doors


TABLE = table()
ADDRESSES = {door: methods for door, methods in TABLE.items() if "?" not in door}


def lines() -> set[tuple[str, str]]:
    return {
        (door.partition("?")[0], method) for door, methods in TABLE.items() for method in methods
    }


def expected(door: str, method: str) -> Statuses:
    """What the table says, or what follows for who is not in it."""
    told = TABLE[door].get("get" if method == "head" else method)
    if told is None:
        rest = 200 if method == "options" else 405
        told = dict.fromkeys(PEOPLE, rest) | {"anonymous": rest if door in OPEN else 401}
    return told


class Writes:
    """The statements that changed rows."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        changed = sql.startswith(("INSERT", "UPDATE", "DELETE")) and context["cursor"].rowcount
        if changed and MAY_GROW not in sql:
            self.seen.append(sql)
        return result


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.delete_pattern("*")


def knock(client: APIClient, shop: Shop, door: str, method: str) -> tuple[int, str]:
    """Status and code of the answer; a refusal has written nothing, an outsider learnt nothing."""
    route, _, query = door.partition("?")
    body = BODIES.get(f"{route} {method}", BODIES.get(route, {}))
    body = body(shop) if callable(body) else body
    files = any(hasattr(value, "read") for value in body.values())
    sent: dict[str, Any] = {"data": body, "format": "multipart" if files else "json"}
    call = getattr(client, method)
    address = f"{shop.address(route)}?{query}"
    with connection.execute_wrapper(writes := Writes()):
        answer = call(address, **(sent if method in {"post", "put", "patch", "delete"} else {}))
        told = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert not (shop.outside and MARKER.encode() in told), (door, method, told)
    if answer.status_code < 400:
        return answer.status_code, ""
    assert writes.seen == [], (door, method)
    problem = {"code": ""} if method == "head" else answer.json()
    if problem["code"] == "permission_denied":  # in the words of the document
        assert problem["error"] == "Access denied", (door, method)
    return answer.status_code, problem["code"]


@pytest.mark.django_db
@pytest.mark.parametrize("door", TABLE)
def test_everybody_gets_the_answer_of_the_table(door: str, sign_in: Any) -> None:
    shop = Shop()
    clients = {person: sign_in(user) for person, user in shop.people.items()}
    clients["anonymous"] = APIClient()
    wrong = {}
    for method in ALL_METHODS if door in ADDRESSES else TABLE[door]:
        for person, status in expected(door, method).items():
            code = CODE_OF_DOOR.get(door, {}).get(status, CODES.get(status, ""))
            with undone():
                answer = knock(clients[person], shop.as_seen_by(person), door, method)
            if answer != (status, "" if method == "head" else code):
                wrong[method, person] = f"{answer} instead of {status} {code}"
    assert wrong == {}


def test_every_route_and_method_has_its_line() -> None:
    there = {(name, method) for name, route in api().items() for method in served(route)}
    there = {(name, method) for name, method in there if method not in {"head", "options"}}
    missing = [f"{name} {method}  {' '.join(PEOPLE)}" for name, method in sorted(there - lines())]
    assert not missing, (
        "Who may? Add to DOORS in tests/flows/doors.py, with a status for each of the seven (and "
        "to BODIES what a call that may succeed sends):\n" + "\n".join(missing)
    )


def test_every_line_has_its_route_and_method() -> None:
    there = {(name, method) for name, route in api().items() for method in served(route)}
    stale = [f"{name} {method}" for name, method in sorted(lines() - there)]
    stale += [f"{key} (body)" for key in BODIES if key.partition(" ")[0] not in ADDRESSES]
    assert not stale, f"Nothing answers there; take it out of tests/flows/doors.py: {stale}"


def test_every_version_of_the_api_has_the_doors_of_the_first() -> None:
    """The same views with the same methods and options: what holds for one holds for all."""
    trees: dict[str, dict[str, Any]] = {}
    for path, route in patterns(get_resolver().url_patterns):
        # Each version may describe itself.
        if match := re.fullmatch(r"api/(v\d+)/(?!schema)(.*)", path):
            view: Any = route.callback
            door = (view.cls, getattr(view, "actions", None), view.initkwargs)
            trees.setdefault(match[1], {})[match[2]] = door
    different = {
        f"{version}: {path}"
        for version, tree in trees.items()
        for path in tree.keys() | trees["v1"].keys()
        if tree.get(path) != trees["v1"].get(path)
    }
    assert different == set()


@pytest.mark.django_db
def test_method_is_the_one_of_the_request_line(sign_in: Any) -> None:
    """A proxy that lets GET alone through is not got round."""
    shop = Shop()
    shop.item.refresh_from_db()
    version, client = shop.item.version, sign_in(shop.owner)
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"]:
        address = f"{shop.address('product-detail')}?_method=DELETE"
        assert client.get(address, headers={header: "DELETE"}).json()["id"] == shop.item.pk
        assert client.post(address, {"_method": "DELETE"}).status_code == 405
    shop.item.refresh_from_db()
    assert (shop.item.is_deleted, shop.item.version) == (False, version)
