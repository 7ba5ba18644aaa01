"""At the same moment: real threads on real transactions, and one of them wins.

`RACE_ROUNDS` says how often what chance decides is tried (docs/development.md).
"""

from itertools import count
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.exceptions import AppException
from core.models import AuditLog
from tests.conftest import pair_for
from tests.factories import UserFactory
from tests.races import ROUNDS, alike, together
from users.enums import EmailPurpose
from users.exceptions import LinkNotValid, SessionEnded
from users.models import Session
from users.services import EmailTokenService, Grant, PasswordService, SessionService
from users.tokens import Claims, read, sign

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
REFRESH = "/api/v1/auth/token/refresh/"


def test_eight_refreshes_of_one_token_make_one_new_pair() -> None:
    refresh = pair_for(UserFactory())["refresh"]
    answers = alike(8, lambda: APIClient().post(REFRESH, {"refresh": refresh}))
    assert [answer.status_code for answer in answers] == [200] * 8
    pairs = {(answer.json()["access"], answer.json()["refresh"]) for answer in answers}
    assert len(pairs) == 1
    session = Session.objects.get()
    assert session.revoked_at is None
    assert read(pairs.pop()[1]).jti == session.jti


def refresh(token: Claims | Grant) -> Grant:
    return SessionService.refresh(
        user_id=token.user_id, session_id=token.session_id, version=token.version, jti=token.jti
    )


def test_no_token_is_spent_twice_in_any_round() -> None:
    user = UserFactory()
    tokens = [read(sign(SessionService.open(user=user))["refresh"]) for _ in range(ROUNDS)]
    rounds = together(4, ROUNDS, lambda number: refresh(tokens[number]))
    assert [len(set(grants)) for grants in rounds] == [1] * ROUNDS
    assert all(grants[0].jti != tokens[n].jti for n, grants in enumerate(rounds))
    assert not Session.objects.exclude(revoked_at=None).exists()


def test_used_token_is_caught_in_every_round_and_told_once() -> None:
    """Three come with it at once, and its owner with the newest token."""
    user, turns = UserFactory(), count()
    families = []
    for _ in range(ROUNDS):
        first = SessionService.open(user=user)
        families.append([first, second := refresh(first), refresh(second)])

    def act(number: int) -> str:
        try:
            refresh(families[number][0 if next(turns) % 4 else 2])
        except SessionEnded as refusal:
            return refusal.code
        return "refreshed"

    rounds = together(4, ROUNDS, act)
    assert all(outcomes.count("session_ended") >= 3 for outcomes in rounds)
    assert Session.objects.filter(revoked_reason="reused").count() == ROUNDS
    assert AuditLog.objects.filter(action__contains="used twice").count() == ROUNDS


def test_link_of_a_mail_is_good_for_one_of_two() -> None:
    user = UserFactory()
    token = EmailTokenService.issue(user=user, purpose=EmailPurpose.RESET)

    def reset(word: str) -> str | None:
        try:
            PasswordService.reset(token=token, password=word)
        except LinkNotValid:
            return None
        return word

    words = iter([f"shelf-of-{colour}-bricks" for colour in ("red", "green", "amber", "grey")])
    (winner,) = [word for word in alike(4, lambda: reset(next(words))) if word]
    user.refresh_from_db()
    assert user.check_password(winner)
    assert user.token_version == 2


def test_refreshing_and_logging_out_leave_nothing_alive() -> None:
    user = UserFactory()
    token = read(pair_for(user)["refresh"])

    def act(number: int) -> Any:
        if number % 2:
            return SessionService.log_out(user_id=user.pk, session_id=token.session_id)
        try:
            return SessionService.refresh(
                user_id=user.pk, session_id=token.session_id, version=1, jti=token.jti
            )
        except AppException as refusal:
            return refusal

    turns = iter(range(4))
    alike(4, lambda: act(next(turns)))
    assert not Session.objects.living().exists()
