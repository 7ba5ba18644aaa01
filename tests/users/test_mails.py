"""Mails: in the reader's language, wanted in the transaction of the deed, never lost."""

from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import OutboxMessage
from core.relay import relay
from tests.factories import MemberFactory, UserFactory
from users.models import EmailToken, Session, User
from users.services import MailService

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me/"
NEW = {"email": "ann@example.com", "password": "shelf-of-blue-bricks"}


class DeadServer(EmailBackend):
    """Quotes the address, as mail servers do."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError(f"{messages[0].to[0]}: no")


class TestLanguage:
    @pytest.mark.parametrize(
        ("asked", "kept", "subject"),
        [
            ("de-AT,de;q=0.9", "de", "Willkommen bei Omni-Stock"),
            ("fr", "en", "Welcome to Omni-Stock"),
        ],
    )
    def test_is_that_of_the_registration(
        self, anonymous_client: APIClient, asked: str, kept: str, subject: str
    ) -> None:
        headers = {"Accept-Language": asked}
        answer = anonymous_client.post("/api/v1/auth/register/", NEW, headers=headers)
        assert answer.status_code == 201
        assert User.objects.get().language == kept
        relay()
        assert [message.subject for message in mail.outbox] == [subject]

    def test_is_changed_by_the_person(self, owner: User, owner_client: APIClient) -> None:
        tag = owner_client.get(ME)["ETag"]
        answer = owner_client.patch(ME, {"language": "de"})
        assert (answer.status_code, answer.json()["language"]) == (200, "de")
        assert answer["ETag"] != tag
        owner_client.post("/api/v1/auth/password/reset/", {"email": owner.email})
        relay()
        assert mail.outbox[0].subject == "Neues Passwort festlegen"
        assert owner_client.patch(ME, {"language": ""}).json()["language"] == ""
        assert owner_client.patch(ME, {"language": "fr"}).json()["errors"][0]["field"] == "language"

    def test_every_mail_is_whole_in_every_language(self, settings: Any) -> None:
        for code, _name in settings.LANGUAGES:
            write_all(UserFactory(language=code))
        half = len(mail.outbox) // 2
        english, german = mail.outbox[:half], mail.outbox[half:]
        for one, other in zip(english, german, strict=True):
            assert one.subject != other.subject
            assert len(one.body.split("\n\n")) == len(other.body.split("\n\n"))
            for message in (one, other):
                assert not {"\n"} & set(message.subject)
                assert not any(sign in message.body for sign in ("{", "%(", "\n\n\n"))


def write_all(user: User) -> None:
    session = Session.objects.create(user=user, token_version=1, expires_at=timezone.now())
    member = MemberFactory(user=None, email=user.email, invite_status="pending")
    event_id = uuid4()
    MailService.welcome(user_id=user.pk, event_id=event_id)
    MailService.verification(email=user.email, event_id=event_id)
    MailService.reset(email=user.email, event_id=event_id)
    MailService.password_changed(user_id=user.pk, event_id=event_id)
    MailService.warn_of_reuse(user_id=user.pk, session_id=session.pk, event_id=event_id)
    MailService.paused(user_id=user.pk, reason="A quarrel.", event_id=event_id)
    MailService.reactivated(user_id=user.pk, event_id=event_id)
    MailService.deleted(email=user.email, language=user.language, event_id=event_id)
    MailService.invitation(member_id=member.pk, event_id=event_id)


class TestOutbox:
    def test_mail_waits_for_a_server_and_tells_nobody_whose_it_is(
        self, owner: User, anonymous_client: APIClient, settings: Any, caplog: Any
    ) -> None:
        usual = settings.EMAIL_BACKEND
        settings.EMAIL_BACKEND = f"{__name__}.DeadServer"
        anonymous_client.post("/api/v1/auth/password/reset/", {"email": owner.email})
        assert relay() == 1
        row = OutboxMessage.objects.get()
        assert (row.state, row.last_error) == ("pending", "ConnectionRefusedError")
        assert owner.email not in caplog.text
        settings.EMAIL_BACKEND = usual
        OutboxMessage.objects.update(next_attempt_at=timezone.now())
        assert relay() == 1
        assert [message.to for message in mail.outbox] == [[owner.email]]

    def test_no_token_waits_in_a_row(self, owner: User, anonymous_client: APIClient) -> None:
        anonymous_client.post("/api/v1/auth/password/reset/", {"email": owner.email})
        assert OutboxMessage.objects.get().payload == {"email": owner.email}
        assert not EmailToken.objects.exists()

    def test_second_sending_is_known_by_its_id(self, owner: User) -> None:
        event_id = uuid4()
        for _time in range(2):
            MailService.password_changed(user_id=owner.pk, event_id=event_id)
        ids = {message.message()["Message-ID"] for message in mail.outbox}
        assert ids == {f"<{event_id}@omni-stock.example>"}
