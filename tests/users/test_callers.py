"""Who calls is remembered, and not for a moment longer than it is true."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from tests.conftest import pair_for
from tests.core.servers import web_server
from tests.factories import CollectibleFactory
from tests.races import await_true
from tests.stock.server import Caller
from users.models import Session, User
from users.selectors import callers, get_caller
from users.services import SessionService
from users.tokens import Pair, read
from vendors.models import Vendor

pytestmark = pytest.mark.django_db(transaction=True)
ME = "/api/v1/auth/me/"
ITEMS = "/api/v1/catalog/items/"
LISTENING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query = 'LISTEN callers'
"""


@pytest.fixture(autouse=True)
def _remembering() -> Iterator[None]:
    """As in a process of the web server."""
    thread = callers.listen()
    await_true(lambda: callers.is_up_to_date)
    yield
    callers.close()
    thread.join(20)


@pytest.fixture
def pair(owner: User) -> Pair:
    return pair_for(owner)


@pytest.fixture
def client(pair: Pair) -> APIClient:
    """Who has called a moment ago."""
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert client.get(ME).status_code == 200
    return client


def await_heard(deed: Callable[[], Any]) -> None:
    before = callers.heard
    deed()
    await_true(lambda: callers.heard > before and callers.is_up_to_date)


def by_hand(statement: str, *values: object) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []


def test_caller_is_asked_for_once(
    client: APIClient, vendor: Vendor, django_assert_num_queries: Any
) -> None:
    item = CollectibleFactory(vendor=vendor)
    with django_assert_num_queries(1) as asked:
        assert client.get(f"{ITEMS}{item.pk}/").status_code == 200
    assert "users_session" not in asked.captured_queries[0]["sql"]


def test_what_a_list_reads_beside_is_asked_for_anew(
    client: APIClient, vendor: Vendor, django_assert_num_queries: Any
) -> None:
    for count in range(3):
        assert client.get(ITEMS).json()["count"] == count
        CollectibleFactory(vendor=vendor)
    client.get(ITEMS)
    with django_assert_num_queries(1):
        assert client.get(ITEMS).json()["count"] == 3


def test_calls_do_not_share_their_caller(client: APIClient, owner: User, pair: Pair) -> None:
    claims = read(pair["access"])
    token = owner.pk, claims.session_id, claims.version
    one, other = (get_caller(*token, may_be_remembered=True) for _ in range(2))
    assert one == other == owner
    assert one is not other
    read_by_django = User.objects.get(pk=owner.pk)
    for each in (one, other):
        assert vars(each) | {"_state": 0} == vars(read_by_django) | {"_state": 0}
        assert vars(each._state) == vars(read_by_django._state)


@pytest.mark.parametrize(
    "end",
    [
        lambda user, claims: SessionService.log_out(user_id=user.pk, session_id=claims.session_id),
        lambda user, _: SessionService.end_all(user=user),
        lambda user, _: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user, _: User.objects.filter(pk=user.pk).update(is_admin=True),
        lambda user, _: (user.set_password("another one 47"), user.save()),
        lambda user, _: by_hand(
            "UPDATE users_user SET token_version = token_version + 1 WHERE id = %s", user.pk
        ),
        lambda user, _: by_hand("DELETE FROM users_session WHERE user_id = %s", user.pk),
        lambda user, _: Session.objects.filter(user=user).update(expires_at=timezone.now()),
        lambda user, _: User.objects.filter(pk=user.pk).update(
            is_active=False, deleted_at=timezone.now()
        ),
    ],
    ids=[
        "signed out", "everywhere", "paused", "another role", "another password", "by hand",
        "session deleted", "session over", "account deleted",
    ],
)  # fmt: skip
def test_access_ends(client: APIClient, owner: User, pair: Pair, end: Callable[..., Any]) -> None:
    await_heard(lambda: end(owner, read(pair["access"])))
    assert client.get(ME).status_code == 401


def test_own_changes_show_at_once(client: APIClient) -> None:
    for name in ("Ada", "Bea", "Cleo"):
        assert client.patch(ME, {"first_name": name}).status_code == 200
        assert client.get(ME).json()["first_name"] == name


def test_who_writes_is_asked_for(client: APIClient) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert client.post(ITEMS, {}).status_code == 400
    assert "users_session" in asked.captured_queries[0]["sql"]


def test_signing_in_elsewhere_leaves_the_caller_remembered(
    client: APIClient, owner: User, stranger: User
) -> None:
    SessionService.let_in(user=owner)
    await_heard(lambda: rename(stranger))
    assert not is_asked_for(client)


def rename(user: User) -> None:
    User.objects.filter(pk=user.pk).update(first_name="Bea")


def is_asked_for(client: APIClient) -> bool:
    """Whether the next call asks the database for its caller."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(ME).status_code == 200
    return any("users_session" in each["sql"] for each in asked.captured_queries)


def test_caller_is_asked_for_after_a_change(client: APIClient, owner: User) -> None:
    await_heard(lambda: rename(owner))
    assert [is_asked_for(client), is_asked_for(client)] == [True, False]


def test_others_changes_leave_the_caller_remembered(client: APIClient, stranger: User) -> None:
    await_heard(lambda: rename(stranger))
    assert not is_asked_for(client)


def test_refresh_leaves_the_caller_remembered(
    client: APIClient, stranger: User, pair: Pair
) -> None:
    before = callers.heard
    answer = APIClient().post("/api/v1/auth/token/refresh/", {"refresh": pair["refresh"]})
    assert answer.status_code == 200
    await_heard(lambda: rename(stranger))
    assert callers.heard == before + 1
    assert not is_asked_for(client)


def refused(lines: list[Caller]) -> bool:
    return {line.get(ME).status for line in lines} == {401}


def test_who_signs_out_is_let_in_by_no_worker(owner: User, tmp_path: Path) -> None:
    """On eight lines, and so by either of two."""
    with web_server(tmp_path / "log", workers=2) as (port, _server):
        # The two, and this process.
        await_true(lambda: by_hand(LISTENING) == [(3,)])
        for _ in range(10):
            pair = pair_for(owner)
            lines = [Caller(port, pair["access"]) for _ in range(8)]
            assert {line.get(ME).status for line in lines * 2} == {200}
            assert lines[0].post("/api/v1/auth/logout/", {"refresh": pair["refresh"]}).status < 300
            # The other worker hears of it in a moment, and has heard of it for good.
            await_true(lambda lines=lines: refused(lines))  # type: ignore[misc]
            assert all(refused(lines) for _ in range(5))
