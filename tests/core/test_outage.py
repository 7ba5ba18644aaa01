"""Redis killed, Redis hung: reads go on, doors stay guarded, nobody waits twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.signals import beat_init, celeryd_init
from django.conf import settings as project
from django.core.cache import cache
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import Settings
from rest_framework.test import APIClient

from core.breaker import Breaker, ServerAway
from core.models import ThrottleLog
from core.queueing import PromptTask
from core.tasks import purge_throttle_log
from omni_stock.celery import app as our_app
from scripts.services import Valkey
from tests.core.conftest import Silence, cache_at, frozen
from tests.core.limits import served, set_rates
from tests.core.test_throttles import CALLS

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"


@pytest.fixture(autouse=True)
def _limits_are_on(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED = True
    set_rates(settings, burst="3/minute")


@pytest.fixture(params=["killed", "hung"])
def away(request: pytest.FixtureRequest, own_valkey: Valkey) -> Iterator[None]:
    if request.param == "killed":
        own_valkey.process.stop()
        yield
    else:
        with frozen(own_valkey):
            yield


def breaker() -> Breaker:
    found: Breaker = cache.client.get_client().connection_pool.breaker
    return found


@pytest.mark.usefixtures("away")
class TestAway:
    def test_reads_go_on_under_a_limit_of_this_process(self, owner_client: APIClient) -> None:
        answers = [owner_client.get(ITEMS) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
        assert answers[1]["RateLimit"].startswith('"burst";r=1;t=')
        assert int(answers[4]["Retry-After"]) > 0
        assert not ThrottleLog.objects.exists()

    def test_writes_go_on(self, owner_client: APIClient) -> None:
        assert owner_client.post(ITEMS, {"name": "Falcon"}).status_code == 201

    @pytest.mark.parametrize("scope", CALLS)
    def test_doors_are_counted_in_the_database_which_all_processes_share(
        self, anonymous_client: APIClient, scope: str
    ) -> None:
        address, body, rate = CALLS[scope]
        statuses = [anonymous_client.post(address, body).status_code for _ in range(rate + 1)]
        assert all(status < 429 for status in statuses[:-1])
        assert statuses[-1] == 429
        assert {len(log.hits) for log in ThrottleLog.objects.all()} == {rate}
        assert ThrottleLog.objects.filter(key__contains="ann").count() == 0

    def test_limits_are_shown_from_where_they_are_counted(
        self, anonymous_client: APIClient, owner_client: APIClient
    ) -> None:
        address, body, _rate = CALLS["signup"]
        anonymous_client.post(address, body)
        owner_client.get(ITEMS)
        shown = owner_client.get("/api/v1/rate-limits/").json()["policies"]
        left = {policy["name"]: policy["remaining"] for policy in shown}
        assert (left["burst"], left["user"], left["signup"], left["login"]) == (2, 999, 2, 5)


def test_nobody_asks_again_who_was_not_answered(
    owner_client: APIClient, anonymous_client: APIClient, silence: Silence
) -> None:
    """One attempt to connect, and one wait, for all of them: limits, lists, doors."""
    with cache_at(silence.url):
        breaker().rest = 1000
        assert served(owner_client, 3) == 3
        for address, body, _rate in CALLS.values():
            assert anonymous_client.post(address, body).status_code < 429
    assert len(silence.taken) == 1


def test_everybody_asks_again_when_redis_is_back(
    owner_client: APIClient, own_valkey: Valkey
) -> None:
    breaker().rest = 1000
    assert served(owner_client, 1) == 1
    own_valkey.process.stop()
    assert served(owner_client, 1) == 1
    own_valkey.start()
    with pytest.raises(ServerAway):
        breaker().require_closed()
    breaker()._opens_at = 0  # its rest is over
    assert owner_client.get(ITEMS)["RateLimit"].startswith('"burst";r=2;t=')
    breaker().require_closed()


def test_one_caller_tries_and_the_others_go_on_without() -> None:
    guard = Breaker("somewhere", rest=1000)
    guard.require_closed()
    guard.report(well=False)
    guard._opens_at = 0
    guard.require_closed()
    for _ in range(3):
        with pytest.raises(ServerAway):
            guard.require_closed()
    guard.report(well=True)
    for _ in range(3):
        guard.require_closed()


def test_log_tells_once_that_redis_went_and_once_that_it_came(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard = Breaker("redis cache.example:6379/0")
    for well in (True, False, False, True, True):
        guard.report(well=well)
    told: list[Any] = [record.msg for record in caplog.records if record.name == "core.breaker"]
    assert [each["event"] for each in told] == ["server_is_away", "server_is_back"]


class TestQueue:
    @pytest.fixture
    def app(self, silence: Silence) -> Any:
        """As ours, with a broker that never answers."""
        app = Celery("test", broker=silence.url, task_cls=PromptTask, set_as_current=False)
        app.conf.broker_transport_options = project.CELERY_BROKER_TRANSPORT_OPTIONS
        app.conf.task_publish_retry = project.CELERY_TASK_PUBLISH_RETRY
        return app

    def test_nobody_asks_again_a_broker_that_did_not_answer(
        self, app: Any, silence: Silence
    ) -> None:
        @app.task
        def task() -> None: ...

        with pytest.raises(OperationalError):
            task.delay()
        for _ in range(3):
            with pytest.raises(ServerAway):
                task.delay()
        assert len(silence.taken) == 1

    def test_every_task_of_ours_is_prompt(self) -> None:
        ours = {name: task for name, task in our_app.tasks.items() if not name.startswith("celery")}
        assert len(ours) > 5
        assert all(isinstance(task, PromptTask) for task in ours.values())

    @pytest.mark.parametrize("signal", [celeryd_init, beat_init])
    def test_worker_and_beat_have_more_patience(self, signal: Any) -> None:
        options = our_app.conf.broker_transport_options
        signal.send(sender=None)
        patient = our_app.conf.broker_transport_options
        our_app.conf.broker_transport_options = options
        assert (patient["socket_timeout"], patient["max_retries"]) == (5, None)
        assert patient["visibility_timeout"] == options["visibility_timeout"]


def test_what_counts_no_longer_is_forgotten_at_night() -> None:
    now = timezone.now()
    for key, moment in (("old", now), ("new", now + timezone.timedelta(hours=1))):
        ThrottleLog.objects.create(key=key, hits=[1], expires_at=moment)
    assert purge_throttle_log.delay().get() == 1
    assert ThrottleLog.objects.get().key == "new"
