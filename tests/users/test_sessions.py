"""Sessions: the family of tokens of one device, how it goes on and how it ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session as StaffSession
from django.core import mail
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient

from tests.conftest import pair_for
from tests.factories import PASSWORD, UserFactory
from users.models import Session, User
from users.services import SessionService
from users.tasks import purge_expired_tokens
from users.tokens import Pair, read, sign

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
VERIFY = "/api/v1/auth/token/verify/"
LOGOUT = "/api/v1/auth/logout/"
LOGOUT_ALL = "/api/v1/auth/logout/all/"
SESSIONS = "/api/v1/auth/sessions/"
ME = "/api/v1/auth/me/"


@pytest.fixture
def pair(owner: User) -> Pair:
    return pair_for(owner)


def post(path: str, **body: Any) -> Any:
    return APIClient().post(path, body)


def use(token: str) -> Any:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get(ME)


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def let_the_grace_pass() -> None:
    Session.objects.update(last_used_at=F("last_used_at") - timedelta(seconds=31))


ENDED = (401, "session_ended")
NOT_VALID = (401, "token_not_valid")


class TestRefresh:
    def test_gives_the_next_pair(self, pair: Pair) -> None:
        answer = post(REFRESH, refresh=pair["refresh"])
        assert answer.status_code == 200
        assert set(answer.json()) == {"access", "refresh"}
        assert not {*answer.json().values()} & {*pair.values()}
        assert use(answer.json()["access"]).status_code == 200
        assert post(REFRESH, refresh=answer.json()["refresh"]).status_code == 200

    def test_gives_a_second_tab_the_same_pair(self, pair: Pair) -> None:
        first, second = (post(REFRESH, refresh=pair["refresh"]) for _ in range(2))
        assert second.status_code == 200
        assert second.json() == first.json()

    def test_after_the_successor_was_used_ends_the_session(self, pair: Pair) -> None:
        second = post(REFRESH, refresh=pair["refresh"]).json()
        third = post(REFRESH, refresh=second["refresh"]).json()
        assert outcome(post(REFRESH, refresh=pair["refresh"])) == ENDED
        for descendant in (second, third):
            assert outcome(post(REFRESH, refresh=descendant["refresh"])) == ENDED
            assert outcome(use(descendant["access"])) == ENDED

    def test_after_the_grace_ends_the_session_and_tells_the_user(
        self, pair: Pair, owner: User, caplog: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        successor = post(REFRESH, refresh=pair["refresh"]).json()
        let_the_grace_pass()
        with django_capture_on_commit_callbacks(execute=True):
            assert outcome(post(REFRESH, refresh=pair["refresh"])) == ENDED
            assert outcome(post(REFRESH, refresh=pair["refresh"])) == ENDED
        assert outcome(use(successor["access"])) == ENDED
        session = Session.objects.get()
        assert session.revoked_reason == "reused"
        told = [r.msg for r in caplog.records if "refresh_token_reused" in str(r.msg)]
        assert len(told) == 1
        assert (told[0]["user_id"], told[0]["session_id"]) == (owner.pk, session.pk)
        assert [message.to for message in mail.outbox] == [[owner.email]]
        assert mail.outbox[0].subject == "We signed you out on one device"

    def test_leaves_other_sessions_alone(self, pair: Pair, owner: User) -> None:
        other = pair_for(owner)
        post(REFRESH, refresh=pair["refresh"])
        let_the_grace_pass()
        post(REFRESH, refresh=pair["refresh"])
        assert use(other["access"]).status_code == 200

    def test_does_not_outlive_seven_days_from_signing_in(self, pair: Pair) -> None:
        expiry = Session.objects.get().expires_at
        assert timezone.now() + timedelta(days=6, hours=23) < expiry
        assert expiry < timezone.now() + timedelta(days=7)
        post(REFRESH, refresh=pair["refresh"])
        assert Session.objects.get().expires_at == expiry
        Session.objects.update(expires_at=timezone.now())
        assert outcome(post(REFRESH, refresh=pair["refresh"])) == ENDED

    @pytest.mark.parametrize("token", ["", "a.b.c", "\x00", "é" * 20, "x" * 5000])
    def test_refuses_what_is_no_token(self, token: str) -> None:
        answer = post(REFRESH, refresh=token)
        assert answer.status_code in {400, 401}

    def test_refuses_an_access_token(self, pair: Pair) -> None:
        assert outcome(post(REFRESH, refresh=pair["access"])) == NOT_VALID

    def test_takes_nothing_else(self, pair: Pair) -> None:
        answer = post(REFRESH, refresh=pair["refresh"], access="x")
        assert outcome(answer) == (400, "validation_error")


class TestVerify:
    def test_tells_good_from_bad(self, pair: Pair) -> None:
        good = [post(VERIFY, token=token) for token in pair.values()]
        assert [(answer.status_code, answer.json()) for answer in good] == [(200, {})] * 2
        assert outcome(post(VERIFY, token=pair["access"][:-2])) == NOT_VALID

    def test_of_a_used_refresh_token_is_401(self, pair: Pair) -> None:
        post(REFRESH, refresh=pair["refresh"])
        assert outcome(post(VERIFY, token=pair["refresh"])) == NOT_VALID
        assert post(VERIFY, token=pair["access"]).status_code == 200


class TestAccess:
    def test_costs_one_query(self, pair: Pair, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(3):  # user with session, count, page
            APIClient(HTTP_AUTHORIZATION=f"Bearer {pair['access']}").get(SESSIONS)

    @pytest.mark.parametrize(
        "change",
        [
            {"password": "another hash"},
            {"is_active": False},
            {"is_staff": True},
            {"is_superuser": True},
            {"is_admin": True},
            {"is_salesperson": True},
            {"token_version": F("token_version") + 1},
        ],
    )
    def test_ends_with_password_pause_and_role_however_they_are_written(
        self, pair: Pair, owner: User, change: dict[str, Any]
    ) -> None:
        User.objects.filter(pk=owner.pk).update(**change)
        assert outcome(use(pair["access"])) == ENDED
        assert outcome(post(REFRESH, refresh=pair["refresh"])) == ENDED
        assert outcome(post(VERIFY, token=pair["access"])) == ENDED
        assert outcome(post(VERIFY, token=pair["refresh"])) == ENDED

    def test_outlives_every_other_change(self, pair: Pair, owner: User) -> None:
        owner.first_name, owner.last_login = "Ann", timezone.now()
        owner.save()
        assert use(pair["access"]).status_code == 200

    def test_does_not_come_back_with_a_stale_form(self, pair: Pair, owner: User) -> None:
        stale = User.objects.get(pk=owner.pk)
        stale.first_name = "Ann"
        User.objects.filter(pk=owner.pk).update(token_version=F("token_version") + 1)
        stale.save()
        assert outcome(use(pair["access"])) == ENDED

    def test_does_not_end_when_a_hash_is_made_anew(
        self, pair: Pair, owner: User, settings: Any
    ) -> None:
        settings.PASSWORD_HASHERS = list(reversed(settings.PASSWORD_HASHERS))
        answer = post(TOKEN, username=owner.username, password=PASSWORD)
        owner.refresh_from_db()
        assert owner.password.startswith("pbkdf2_sha256$")
        assert use(answer.json()["access"]).status_code == 200
        assert use(pair["access"]).status_code == 200
        User.objects.filter(pk=owner.pk).update(password="another hash")
        assert outcome(use(pair["access"])) == ENDED

    def test_of_a_deleted_user_is_401_everywhere(self) -> None:
        user = UserFactory()
        pair = pair_for(user)
        user.delete()
        assert outcome(use(pair["access"])) == NOT_VALID
        assert outcome(post(REFRESH, refresh=pair["refresh"])) == NOT_VALID
        assert outcome(post(VERIFY, token=pair["access"])) == NOT_VALID
        assert post(LOGOUT, refresh=pair["refresh"]).status_code == 204

    def test_refuses_a_refresh_token(self, pair: Pair) -> None:
        assert outcome(use(pair["refresh"])) == NOT_VALID

    def test_needs_a_session_older_than_the_change_of_password(self, owner: User) -> None:
        """Signing in with the old password while it is changed opens nothing."""
        User.objects.filter(pk=owner.pk).update(password="another hash")
        assert outcome(use(sign(SessionService.open(user=owner))["access"])) == ENDED


class TestLogout:
    def test_in_one_tab_ends_access_in_the_other_at_once(self, pair: Pair) -> None:
        other_tab = post(REFRESH, refresh=pair["refresh"]).json()
        answer = post(LOGOUT, refresh=pair["refresh"])
        assert (answer.status_code, answer.content) == (204, b"")
        assert outcome(use(other_tab["access"])) == ENDED
        assert outcome(post(REFRESH, refresh=other_tab["refresh"])) == ENDED

    def test_is_the_same_twice_and_after_the_end(self, pair: Pair) -> None:
        assert post(LOGOUT, refresh=pair["refresh"]).status_code == 204
        assert post(LOGOUT, refresh=pair["refresh"]).status_code == 204
        Session.objects.all().delete()
        assert post(LOGOUT, refresh=pair["refresh"]).status_code == 204

    def test_ends_only_that_session(self, pair: Pair, owner: User) -> None:
        other = pair_for(owner)
        post(LOGOUT, refresh=pair["refresh"])
        assert use(other["access"]).status_code == 200
        assert Session.objects.filter(revoked_reason="logout").count() == 1

    def test_needs_a_refresh_token_of_ours(self, pair: Pair) -> None:
        assert outcome(post(LOGOUT, refresh=pair["access"])) == NOT_VALID
        assert outcome(post(LOGOUT, refresh=pair["refresh"][:-3])) == NOT_VALID
        assert outcome(post(LOGOUT)) == (400, "validation_error")
        assert use(pair["access"]).status_code == 200

    def test_everywhere_ends_every_session(
        self, pair: Pair, owner_client: APIClient, stranger_client: APIClient
    ) -> None:
        answer = owner_client.post(LOGOUT_ALL)
        assert (answer.status_code, answer.content) == (204, b"")
        assert outcome(owner_client.get(ME)) == ENDED
        assert outcome(use(pair["access"])) == ENDED
        assert stranger_client.get(ME).status_code == 200

    def test_everywhere_needs_a_token(self, anonymous_client: APIClient) -> None:
        assert outcome(anonymous_client.post(LOGOUT_ALL)) == (401, "not_authenticated")


class TestSessions:
    def test_are_listed_with_device_and_times(self, owner: User) -> None:
        agent = "Tester/1.0 " + "x" * 300
        signed = APIClient(HTTP_USER_AGENT=agent, REMOTE_ADDR="203.0.113.7").post(
            TOKEN, {"username": owner.username, "password": PASSWORD}
        )
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {signed.json()['access']}")
        answer = client.get(SESSIONS)
        assert answer.status_code == 200
        session = Session.objects.get()
        (row,) = answer.json()["results"]
        for name in ("created_at", "last_used_at", "expires_at"):
            assert row.pop(name).endswith("Z")
        assert row == {
            "id": session.pk, "user_agent": agent[:200], "ip": "203.0.113.7", "current": True,
        }  # fmt: skip
        assert (answer.json()["count"], answer.json()["page_size"]) == (1, 20)

    def test_that_have_ended_are_not(self, owner: User, owner_client: APIClient) -> None:
        post(LOGOUT, refresh=pair_for(owner)["refresh"])
        over = read(pair_for(owner)["access"]).session_id
        Session.objects.filter(pk=over).update(expires_at=timezone.now())
        rows = owner_client.get(SESSIONS).json()["results"]
        assert [row["current"] for row in rows] == [True]

    def test_of_others_are_not_there(
        self, owner: User, owner_client: APIClient, stranger_client: APIClient
    ) -> None:
        mine = Session.objects.get(user=owner)
        assert [row["id"] for row in stranger_client.get(SESSIONS).json()["results"]] != [mine.pk]
        assert outcome(stranger_client.delete(f"{SESSIONS}{mine.pk}/")) == (404, "not_found")
        assert outcome(stranger_client.delete(f"{SESSIONS}99999999/")) == (404, "not_found")
        assert owner_client.get(ME).status_code == 200

    def test_can_be_ended_one_by_one(self, owner_client: APIClient, pair: Pair) -> None:
        (other,) = [r for r in owner_client.get(SESSIONS).json()["results"] if not r["current"]]
        answer = owner_client.delete(f"{SESSIONS}{other['id']}/")
        assert (answer.status_code, answer.content) == (204, b"")
        assert outcome(use(pair["access"])) == ENDED
        assert outcome(owner_client.delete(f"{SESSIONS}{other['id']}/")) == (404, "not_found")
        assert owner_client.get(ME).status_code == 200

    def test_need_a_token(self, anonymous_client: APIClient) -> None:
        assert outcome(anonymous_client.get(SESSIONS)) == (401, "not_authenticated")
        assert outcome(anonymous_client.delete(f"{SESSIONS}1/")) == (401, "not_authenticated")

    @pytest.mark.parametrize(
        "purge", [purge_expired_tokens, lambda: call_command("purge_expired_tokens")]
    )
    def test_are_forgotten_when_their_time_is_over(
        self, purge: Callable[[], None], pair: Pair, owner: User
    ) -> None:
        Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        living = pair_for(owner)
        for days in (-1, 1):
            until = timezone.now() + timedelta(days=days)
            StaffSession.objects.create(session_key=f"{days}", session_data="", expire_date=until)
        purge()
        assert StaffSession.objects.get().session_key == "1"
        assert Session.objects.count() == 1
        assert use(living["access"]).status_code == 200
