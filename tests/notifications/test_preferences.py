"""What people want to be told, and how: rows only for what differs from the default."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.enums import DEFAULTS
from notifications.models import NotificationPreference
from tests.races import alike
from users.models import User

pytestmark = pytest.mark.django_db
HERE = "/api/v1/notifications/preferences/"


def choice(kind: str, channel: str, enabled: bool) -> dict[str, Any]:
    return {"kind": kind, "channel": channel, "enabled": enabled}


def body(*choices: tuple[str, str, bool]) -> dict[str, Any]:
    return {"preferences": [choice(*each) for each in choices]}


def ways(answer: Any) -> dict[tuple[str, str], bool]:
    assert answer.status_code == 200, answer.content
    return {(p["kind"], p["channel"]): p["enabled"] for p in answer.json()["preferences"]}


def test_every_kind_and_channel_is_told_with_its_default(owner_client: APIClient) -> None:
    answer = owner_client.get(HERE)
    assert ways(answer) == {(kind.value, way.value): on for (kind, way), on in DEFAULTS.items()}
    fixed = [p for p in answer.json()["preferences"] if p["fixed"]]
    assert fixed == [{**choice("security", "in_app", enabled=True), "fixed": True}]
    assert ("security", "email") not in ways(answer)
    mailed = {kind for (kind, way), on in ways(answer).items() if way == "email" and on}
    assert mailed == {"low_stock", "announcement"}


def test_patch_changes_what_is_named_and_put_all(
    owner_client: APIClient, stranger_client: APIClient
) -> None:
    default = ways(owner_client.get(HERE))
    low, order = ("low_stock", "email"), ("order_placed", "email")
    assert ways(owner_client.patch(HERE, body((*low, False)))) == default | {low: False}
    both = ways(owner_client.patch(HERE, body((*order, True))))
    assert both == default | {low: False, order: True}
    assert ways(owner_client.patch(HERE, body())) == both
    assert ways(owner_client.put(HERE, body((*order, True)))) == default | {order: True}
    assert ways(stranger_client.get(HERE)) == default
    assert ways(owner_client.put(HERE, body())) == default


def test_what_is_as_by_default_leaves_no_row(owner_client: APIClient) -> None:
    owner_client.patch(HERE, body(("low_stock", "email", False), ("low_stock", "in_app", True)))
    row = NotificationPreference.objects.get()
    assert (row.kind, row.channel, row.enabled) == ("low_stock", "email", False)
    owner_client.patch(HERE, body(("low_stock", "email", True)))
    assert not NotificationPreference.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        (body(("security", "in_app", False)), "preferences.0", "fixed"),
        (body(("security", "email", True)), "preferences.0", "no_channel"),
        (body(("low_stock", "email", True), ("low_stock", "email", False)), "preferences.1",
         "repeated"),
        (body(("gossip", "email", True)), "preferences.0.kind", "invalid_choice"),
        (body(("low_stock", "pigeon", True)), "preferences.0.channel", "invalid_choice"),
        ({"preferences": [{"kind": "low_stock", "channel": "email"}]}, "preferences.0.enabled",
         "required"),
        ({"preferences": [choice("low_stock", "email", True) | {"x": 1}]}, "preferences.0.x",
         "unknown_field"),
        ({}, "preferences", "required"),
    ],
)  # fmt: skip
def test_misfit_is_told_and_nothing_is_chosen(
    owner_client: APIClient, method: str, sent: Any, field: str, code: str
) -> None:
    owner_client.patch(HERE, body(("order_placed", "email", True)))
    answer = getattr(owner_client, method)(HERE, sent)
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, field, code)
    assert NotificationPreference.objects.get().kind == "order_placed"


@pytest.mark.django_db(transaction=True)
def test_who_chooses_twice_at_once_has_chosen(owner: User, sign_in: Any) -> None:
    client = sign_in(owner)
    token = client.tokens["access"]

    def choose() -> int:
        caller = APIClient()
        caller.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return int(caller.put(HERE, body(("low_stock", "email", False))).status_code)

    assert set(alike(6, choose)) == {200}
    assert NotificationPreference.objects.count() == 1


def test_what_was_read_is_put_back_with_one_change(owner_client: APIClient) -> None:
    read = owner_client.get(HERE).json()["preferences"]
    told = owner_client.put(HERE, {"preferences": read})
    assert told.json()["preferences"] == read
    assert not NotificationPreference.objects.exists()


def test_who_has_an_older_choice_overwrites_none(owner_client: APIClient) -> None:
    first = owner_client.get(HERE)
    assert owner_client.get(HERE, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304
    off = body(("low_stock", "email", False))
    chosen = owner_client.patch(HERE, off, HTTP_IF_MATCH=first["ETag"])
    assert chosen["ETag"] == owner_client.get(HERE)["ETag"] != first["ETag"]
    for write in (owner_client.put, owner_client.patch):
        answer = write(HERE, body(), HTTP_IF_MATCH=first["ETag"])
        assert (answer.status_code, answer["ETag"]) == (412, chosen["ETag"])
        assert answer.json()["current"] == chosen.json()
    assert NotificationPreference.objects.count() == 1
