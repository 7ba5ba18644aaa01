"""The same key at the same moment: real threads on real transactions."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as search
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.test import APIClient

from core.models import IdempotencyKey
from inventory.models import Collectible
from tests.core.conftest import Refusal
from tests.core.test_idempotency import ITEMS, send
from tests.factories import CollectibleFactory
from tests.races import alike, await_waiting
from vendors.models import Vendor

pytestmark = pytest.mark.django_db(transaction=True)
BULK = f"{ITEMS}bulk_update/"
UNDER_WAY = "A request with this key is being carried out just now."


@pytest.fixture(autouse=True)
def _patience(settings: Settings) -> None:
    """However slow the machine is, nobody gives up; the test of giving up says so."""
    settings.IDEMPOTENCY_WAIT_SECONDS = 60


def test_twenty_at_once_make_one_row_and_get_equal_answers(owner_client: APIClient) -> None:
    answers = alike(20, lambda: send(owner_client))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted("Idempotent-Replayed" in answer for answer in answers) == [False] + [True] * 19
    assert (Collectible.objects.count(), IdempotencyKey.objects.count()) == (1, 1)


def test_twenty_without_a_key_make_twenty(owner_client: APIClient) -> None:
    """Else the test above would pass without the mechanism."""
    alike(20, lambda: owner_client.post(ITEMS, {"name": "Falcon"}))
    assert Collectible.objects.count() == 20


def while_in_flight(
    first: Callable[[], Any], row: Collectible, *meanwhile: Callable[[], Any]
) -> tuple[Any, list[Any]]:
    """What `first` answers, which must wait for the row, and what others do in the meantime."""

    def run(call: Callable[[], Any]) -> Any:
        with closing(connection):
            return call()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Collectible.objects.select_for_update().get(pk=row.pk)
            started: list[Future[Any]] = [pool.submit(run, first)]
            await_waiting(started)
            others = [pool.submit(run, call).result(timeout=60) for call in meanwhile]
            assert not started[0].done()
        return started[0].result(timeout=60), others


def test_in_flight_is_409_and_other_keys_do_not_wait(
    owner_client: APIClient,
    stranger_client: APIClient,
    vendor: Vendor,
    settings: Settings,
    assert_problem: Refusal,
) -> None:
    settings.IDEMPOTENCY_WAIT_SECONDS = 0.05
    item = CollectibleFactory(vendor=vendor)
    body = {"ids": [item.pk], "updates": {"condition": "mint"}}
    answer, (again, other_key, other_user) = while_in_flight(
        lambda: send(owner_client, body, where=BULK),
        item,
        lambda: send(owner_client, body, where=BULK),
        lambda: send(owner_client, {"name": "Falcon"}, key="other"),
        lambda: send(stranger_client),
    )
    assert_problem(again, 409, "request_in_flight", UNDER_WAY)
    assert again["Retry-After"] == "1"
    assert (answer.status_code, other_key.status_code, other_user.status_code) == (200, 201, 201)
    replayed = send(owner_client, body, where=BULK)
    assert (replayed.content, replayed["Idempotent-Replayed"]) == (answer.content, "true")
    item.refresh_from_db()
    assert (item.condition, item.version) == ("mint", 2)


names = st.sampled_from(["Falcon", "Executor"])
sends = st.tuples(st.sampled_from(["a", "b"]), names, st.booleans())
waves = st.lists(st.lists(sends, min_size=1, max_size=4), min_size=1, max_size=4)


@search(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waves=waves)
def test_any_interleaving_has_one_effect_and_one_answer(
    owner_client: APIClient, stranger_client: APIClient, waves: list[list[tuple[str, str, bool]]]
) -> None:
    """P19. The sends of a wave go at once, the waves one after the other."""
    run = str(uuid4())  # keys and names of this example alone: the database stays as it is
    answers: dict[tuple[bool, str], list[tuple[str, Any]]] = {}
    for wave in waves:
        turns = iter(wave)

        def act(turns: Any = turns) -> None:
            key, name, is_owner = next(turns)
            client = owner_client if is_owner else stranger_client
            answer = send(client, {"name": f"{name} {run}"}, key=f"{key} {run}")
            answers.setdefault((is_owner, key), []).append((name, answer))

        alike(len(wave), act)
    for given_answers in answers.values():
        (good,) = {answer.content for _, answer in given_answers if answer.status_code == 201}
        (name,) = {name for name, answer in given_answers if answer.status_code == 201}
        assert f'"name":"{name} {run}"'.encode() in good
        refused = [answer for other, answer in given_answers if other != name]
        assert [answer.json()["code"] for answer in refused] == ["idempotency_key_reused"] * len(
            refused
        )
        replayed = ["Idempotent-Replayed" in a for n, a in given_answers if n == name]
        assert replayed.count(False) == 1
    assert Collectible.objects.filter(name__endswith=run).count() == len(answers)
