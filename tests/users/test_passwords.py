"""Passwords and addresses: changing, resetting, confirming; what a mail can do and what not."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import AuditLog
from tests.conftest import pair_for
from tests.factories import NEW_PASSWORD, PASSWORD, UserFactory
from users.models import EmailToken, Session, User
from users.tokens import read

pytestmark = pytest.mark.django_db
REGISTER = "/api/v1/auth/register/"
TOKEN = "/api/v1/auth/token/"
REFRESH = "/api/v1/auth/token/refresh/"
ME = "/api/v1/auth/me/"
CHANGE = "/api/v1/auth/password/change/"
RESET = "/api/v1/auth/password/reset/"
CONFIRM = "/api/v1/auth/password/reset/confirm/"
VERIFY = "/api/v1/auth/email/verify/"
RESEND = "/api/v1/auth/email/resend/"
CHECK = "/api/v1/auth/register/check-email/"
COMPLETE = "/api/v1/auth/profile/complete/"
ENDED = (401, "session_ended")
BAD_LINK = (400, "link_not_valid")
Committed = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Committed:
    """What happens after the commit happens at the end of the block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def post(path: str, **body: Any) -> Any:
    return APIClient().post(path, body)


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def use(token: str) -> Any:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get(ME)


def mailed_token(page: str) -> str:
    """From the newest mail, which has one link, to this page of the front end."""
    (link,) = re.findall(r"https?://\S+", mail.outbox[-1].body)
    match = re.fullmatch(rf"https://omni-stock\.vercel\.app/{page}\?token=([\w-]{{43}})", link)
    assert match
    return match[1]


class TestChange:
    def test_goes_on_here_and_ends_everywhere_else(
        self, owner: User, owner_client: Any, committed: Committed
    ) -> None:
        other = pair_for(owner)
        with committed():
            answer = owner_client.post(
                CHANGE, {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
            )
        assert answer.status_code == 200
        assert set(answer.json()) == {"access", "refresh"}
        before, after = read(owner_client.tokens["refresh"]), read(answer.json()["refresh"])
        assert after.session_id == before.session_id
        assert use(answer.json()["access"]).status_code == 200
        assert post(REFRESH, refresh=answer.json()["refresh"]).status_code == 200
        for old in (other, owner_client.tokens):
            assert outcome(use(old["access"])) == ENDED
            assert outcome(post(REFRESH, refresh=old["refresh"])) == ENDED
        assert post(TOKEN, email=owner.email, password=NEW_PASSWORD).status_code == 200
        assert post(TOKEN, email=owner.email, password=PASSWORD).status_code == 401
        assert [message.subject for message in mail.outbox] == ["Your password was changed"]

    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [
            (
                {"current_password": "wrong", "new_password": NEW_PASSWORD},
                "current_password",
                "wrong_password",
            ),
            (
                {"current_password": PASSWORD, "new_password": "short"},
                "new_password",
                "password_too_short",
            ),
            ({"new_password": NEW_PASSWORD}, "current_password", "required"),
        ],
    )
    def test_refusal_names_the_field_and_ends_nothing(
        self, owner: User, owner_client: APIClient, body: dict[str, str], field: str, code: str
    ) -> None:
        answer = owner_client.post(CHANGE, body)
        assert outcome(answer) == (400, "validation_error")
        assert (field, code) in [(e["field"], e["code"]) for e in answer.json()["errors"]]
        assert owner_client.get(ME).status_code == 200
        owner.refresh_from_db()
        assert owner.check_password(PASSWORD)

    def test_needs_a_token(self, anonymous_client: APIClient) -> None:
        assert outcome(anonymous_client.post(CHANGE)) == (401, "not_authenticated")


class TestReset:
    def test_by_the_mailed_link_ends_all_sessions(
        self, owner: User, owner_client: APIClient, committed: Committed
    ) -> None:
        with committed():
            answer = post(RESET, email=owner.email.upper())
        assert (answer.status_code, answer.content) == (204, b"")
        assert mail.outbox[0].to == [owner.email]
        token = mailed_token("reset-password")
        answer = post(CONFIRM, token=token, password=NEW_PASSWORD)
        assert (answer.status_code, answer.content) == (204, b"")
        assert outcome(owner_client.get(ME)) == ENDED
        assert post(TOKEN, email=owner.email, password=NEW_PASSWORD).status_code == 200
        assert outcome(post(CONFIRM, token=token, password=PASSWORD)) == BAD_LINK
        owner.refresh_from_db()
        assert owner.email_verified

    def test_answers_unknown_and_known_alike_and_asks_nobody(
        self, owner: User, committed: Committed, django_assert_num_queries: Any
    ) -> None:
        UserFactory(email="paused@example.com", is_active=False)
        with committed():
            for email in ("nobody@example.com", "paused@example.com"):
                with django_assert_num_queries(1):  # that it was asked for is written down
                    assert post(RESET, email=email).status_code == 204
        assert mail.outbox == []
        with committed(), django_assert_num_queries(1):
            assert post(RESET, email=owner.email).status_code == 204
        assert len(mail.outbox) == 1

    def test_link_is_good_once_for_an_hour_and_only_for_this(
        self, owner: User, committed: Committed
    ) -> None:
        with committed():
            post(RESET, email=owner.email)
        token = mailed_token("reset-password")
        assert outcome(post(VERIFY, token=token)) == BAD_LINK
        assert outcome(post(CONFIRM, token=f"{token}x", password=NEW_PASSWORD)) == BAD_LINK
        EmailToken.objects.update(expires_at=F("expires_at") - timedelta(minutes=61))
        assert outcome(post(CONFIRM, token=token, password=NEW_PASSWORD)) == BAD_LINK

    def test_weak_password_does_not_use_the_link_up(
        self, owner: User, committed: Committed
    ) -> None:
        with committed():
            post(RESET, email=owner.email)
        token = mailed_token("reset-password")
        answer = post(CONFIRM, token=token, password="password1")
        assert answer.json()["errors"][0]["code"] == "password_too_common"
        assert post(CONFIRM, token=token, password=NEW_PASSWORD).status_code == 204

    def test_changing_the_password_withdraws_links_under_way(
        self, owner: User, owner_client: APIClient, committed: Committed
    ) -> None:
        with committed():
            post(RESET, email=owner.email)
        token = mailed_token("reset-password")
        owner_client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
        assert outcome(post(CONFIRM, token=token, password=PASSWORD)) == BAD_LINK

    def test_link_of_a_paused_account_is_not_good(self, owner: User, committed: Committed) -> None:
        with committed():
            post(RESET, email=owner.email)
        User.objects.update(is_active=False)
        token = mailed_token("reset-password")
        assert outcome(post(CONFIRM, token=token, password=NEW_PASSWORD)) == BAD_LINK

    def test_only_the_digest_of_a_link_is_kept(self, owner: User, committed: Committed) -> None:
        with committed():
            post(RESET, email=owner.email)
        (row,) = EmailToken.objects.values()
        assert mailed_token("reset-password") not in str(row)
        assert len(row["digest"]) == 64


class TestVerify:
    def test_by_the_link_in_the_welcome(
        self, anonymous_client: APIClient, committed: Committed
    ) -> None:
        with committed():
            post(REGISTER, email="ann@example.com", password=PASSWORD)
        token = mailed_token("verify-email")
        pair = post(TOKEN, email="ann@example.com", password=PASSWORD).json()
        assert use(pair["access"]).json()["email_verified"] is False
        answer = anonymous_client.post(VERIFY, {"token": token})
        assert (answer.status_code, answer.content) == (204, b"")
        assert use(pair["access"]).json()["email_verified"] is True
        assert outcome(anonymous_client.post(VERIFY, {"token": token})) == BAD_LINK

    def test_link_can_be_had_again_while_it_is_needed(
        self, owner: User, committed: Committed
    ) -> None:
        for email in (owner.email, "nobody@example.com"):
            with committed():
                answer = post(RESEND, email=email)
            assert (answer.status_code, answer.content) == (204, b"")
        assert [message.to for message in mail.outbox] == [[owner.email]]
        assert post(VERIFY, token=mailed_token("verify-email")).status_code == 204
        with committed():
            assert post(RESEND, email=owner.email).status_code == 204
        assert len(mail.outbox) == 1

    def test_link_to_the_address_in_other_letters_is_good(
        self, owner: User, committed: Committed
    ) -> None:
        with committed():
            post(RESEND, email=owner.email)
        User.objects.filter(pk=owner.pk).update(email=owner.email.capitalize())
        assert post(VERIFY, token=mailed_token("verify-email")).status_code == 204

    def test_link_to_an_address_that_is_no_longer_the_users_is_not_good(
        self, owner: User, committed: Committed
    ) -> None:
        with committed():
            post(RESEND, email=owner.email)
        User.objects.filter(pk=owner.pk).update(email="other@example.com")
        assert outcome(post(VERIFY, token=mailed_token("verify-email"))) == BAD_LINK

    def test_is_needed_to_sign_in_where_it_is_required(
        self, owner: User, settings: Any, committed: Committed
    ) -> None:
        settings.EMAIL_VERIFICATION = "required"
        assert outcome(post(TOKEN, email=owner.email, password=PASSWORD)) == (
            403,
            "email_not_verified",
        )
        assert outcome(post(TOKEN, email=owner.email, password="wrong")) == (
            401,
            "invalid_credentials",
        )
        assert not Session.objects.exists()
        with committed():
            post(RESEND, email=owner.email)
        post(VERIFY, token=mailed_token("verify-email"))
        assert post(TOKEN, email=owner.email, password=PASSWORD).status_code == 200

    def test_is_not_asked_of_who_has_the_command_line(self, settings: Any) -> None:
        settings.EMAIL_VERIFICATION = "required"
        User.objects.create_superuser("root", "root@example.com", PASSWORD)
        assert post(TOKEN, username="root", password=PASSWORD).status_code == 200


class TestCheckEmail:
    def test_tells_free_from_taken_without_regard_to_case(self, owner: User) -> None:
        assert post(CHECK, email=owner.email.upper()).json() == {"available": False}
        answer = post(CHECK, email="free@example.com")
        assert (answer.status_code, answer.json()) == (200, {"available": True})
        assert outcome(post(CHECK, email="nonsense")) == (400, "validation_error")


class TestCompleteProfile:
    def test_sets_what_is_missing(self, owner: User, owner_client: APIClient) -> None:
        User.objects.filter(pk=owner.pk).update(first_name="Ann")
        answer = owner_client.post(COMPLETE, {"last_name": "Lee", "birthdate": "1990-04-01"})
        assert answer.status_code == 200
        assert (answer.json()["full_name"], answer.json()["profile_completed"]) == ("Ann Lee", True)

    def test_names_what_is_missing_still_and_writes_nothing(
        self, owner: User, owner_client: APIClient
    ) -> None:
        answer = owner_client.post(COMPLETE, {"first_name": "Ann"})
        assert outcome(answer) == (400, "validation_error")
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
            ("last_name", "required"),
            ("birthdate", "required"),
        ]
        owner.refresh_from_db()
        assert owner.first_name == ""

    def test_takes_nothing_else_and_nobody_else(
        self, owner_client: APIClient, anonymous_client: APIClient
    ) -> None:
        answer = owner_client.post(COMPLETE, {"is_admin": True})
        assert answer.json()["errors"][0]["code"] == "unknown_field"
        assert outcome(anonymous_client.post(COMPLETE)) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("path", "body", "limit"),
    [
        (RESET, {"email": "x@example.com"}, 3),
        (RESEND, {"email": "x@example.com"}, 3),
        (CONFIRM, {"token": "x", "password": "x"}, 3),
        (VERIFY, {"token": "x"}, 3),
        (CHECK, {"email": "x@example.com"}, 5),
    ],
)
def test_guessing_is_throttled(settings: Any, path: str, body: dict[str, str], limit: int) -> None:
    settings.RATE_LIMIT_ENABLED = True
    statuses = [post(path, **body).status_code for _ in range(limit + 1)]
    assert 429 not in statuses[:-1]
    assert statuses[-1] == 429


def test_links_are_forgotten_when_their_time_is_over(owner: User, committed: Committed) -> None:
    with committed():
        post(RESET, email=owner.email)
        post(RESEND, email=owner.email)
    EmailToken.objects.filter(purpose="reset").update(expires_at=timezone.now())
    call_command("purge_expired_tokens")
    assert [token.purpose for token in EmailToken.objects.all()] == ["verify"]


class TestDocumentPattern:
    """Document 002's rule, for servers that switch it on."""

    @pytest.fixture(autouse=True)
    def _switched_on(self, settings: Any) -> None:
        settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": "users.validators.DocumentPatternValidator"}]

    @pytest.mark.parametrize("password", ["Password1!", "Xk#9-long_pass.phrase~42!", "Größe 4 @ll"])
    def test_takes_all_four_kinds_whatever_else_there_is(self, password: str) -> None:
        validate_password(password)

    @pytest.mark.parametrize(
        "password", ["Pass1!", "password1!", "PASSWORD1!", "Password!", "Password1", ""]
    )
    def test_refuses_where_one_is_missing(self, password: str) -> None:
        with pytest.raises(ValidationError) as refused:
            validate_password(password)
        assert refused.value.error_list[0].code == "password_pattern"


def test_answers_are_as_published(owner: User, owner_client: Any) -> None:
    def require(client: Any, method: str, path: str, body: dict[str, Any], status: int) -> None:
        answer = getattr(client, method)(path, body)
        assert answer.status_code == status

    anyone = APIClient()
    require(owner_client, "get", "/api/v1/auth/sessions/", {}, 200)
    require(owner_client, "post", COMPLETE, {"first_name": "Ann"}, 400)
    require(anyone, "post", CHECK, {"email": "free@example.com"}, 200)
    require(anyone, "post", CONFIRM, {"token": "x", "password": "x"}, 400)
    require(anyone, "post", VERIFY, {"token": "x"}, 400)
    require(anyone, "post", REFRESH, {"refresh": owner_client.tokens["refresh"]}, 200)
    require(anyone, "post", REFRESH, {"refresh": "x"}, 401)
    require(anyone, "post", "/api/v1/auth/logout/", {"refresh": "x"}, 401)
    words = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    require(owner_client, "post", CHANGE, words, 200)
    require(owner_client, "post", CHANGE, words, 401)


def test_what_ends_or_opens_access_is_in_the_audit_log(owner: User, committed: Committed) -> None:
    def signed_in(password: str) -> Any:
        return post(TOKEN, email=owner.email, password=password).json()

    with committed():
        post(RESEND, email=owner.email)
    post(VERIFY, token=mailed_token("verify-email"))
    first, second = signed_in(PASSWORD), signed_in(PASSWORD)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {first['access']}")
    client.delete(f"/api/v1/auth/sessions/{read(second['access']).session_id}/")
    for _ in range(2):
        post("/api/v1/auth/logout/", refresh=first["refresh"])
    third = signed_in(PASSWORD)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {third['access']}")
    pair = client.post(CHANGE, {"current_password": PASSWORD, "new_password": NEW_PASSWORD}).json()
    post(REFRESH, refresh=post(REFRESH, refresh=pair["refresh"]).json()["refresh"])
    post(REFRESH, refresh=pair["refresh"])
    with committed():
        post(RESET, email=owner.email)
    post(CONFIRM, token=mailed_token("reset-password"), password=PASSWORD)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {signed_in(PASSWORD)['access']}")
    client.post("/api/v1/auth/logout/all/")
    entries = AuditLog.objects.order_by("pk")
    assert {(entry.type, entry.user) for entry in entries} == {("security", owner.username)}
    assert [entry.action for entry in entries] == [
        "confirmed the address",
        "signed in",
        "signed in",
        "ended a session",
        "signed out",
        "signed in",
        "changed the password",
        "a refresh token was used twice; its session was ended",
        "set a new password by mail",
        "signed in",
        "signed out everywhere",
    ]
