"""Who may make an administrator, and who is let in as one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from core.exceptions import ForbiddenError
from core.models import AuditLog
from tests.factories import PASSWORD, UserFactory
from users.models import User
from users.services import AdministratorService

pytestmark = pytest.mark.django_db
REGISTER = "/api/v1/auth/admin/register/"
LOGIN = "/api/v1/auth/admin/login/"
SECRET = "told-to-who-installs-it"
NEW = {"email": "root@example.com", "username": "root", "password": PASSWORD}


@pytest.fixture
def _secret(settings: Any) -> None:
    settings.SETUP_SECRET = SECRET


class TestFirst:
    @pytest.mark.usefixtures("_secret")
    def test_is_made_by_who_knows_the_secret(self, anonymous_client: APIClient) -> None:
        answer = anonymous_client.post(REGISTER, {**NEW, "setup_secret": SECRET})
        assert answer.status_code == 201
        user = User.objects.get()
        assert answer.json() == {"id": user.pk, "username": "root", "email": "root@example.com"}
        assert (user.is_admin, user.is_staff, user.is_superuser) == (True, False, False)
        row = AuditLog.objects.get()
        assert (row.type, row.action) == ("security", "made administrator “root”")
        assert SECRET not in f"{row.before}{row.after}{row.details}"

    @pytest.mark.usefixtures("_secret")
    @pytest.mark.parametrize("given", [{}, {"setup_secret": "guess"}])
    def test_is_made_by_nobody_else(
        self, anonymous_client: APIClient, given: dict[str, str]
    ) -> None:
        answer = anonymous_client.post(REGISTER, {**NEW, **given})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert not User.objects.exists()

    @pytest.mark.parametrize("given", ["", "x"])
    def test_is_never_made_where_there_is_no_secret(self, given: str) -> None:
        with pytest.raises(ForbiddenError):
            AdministratorService.register(**NEW, by=AnonymousUser(), setup_secret=given)

    @pytest.mark.usefixtures("_secret")
    @pytest.mark.parametrize(
        "there",
        [{"is_admin": True}, {"is_superuser": True}, {"is_admin": True, "is_active": False}],
    )
    def test_is_the_first_only_once(
        self, anonymous_client: APIClient, there: dict[str, bool]
    ) -> None:
        UserFactory(**there)
        answer = anonymous_client.post(REGISTER, {**NEW, "setup_secret": SECRET})
        assert answer.status_code == 403
        assert User.objects.count() == 1


@pytest.mark.usefixtures("_secret")
@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_of_two_first_ones_at_once_one_is_made() -> None:
    together = Barrier(2)

    def register(name: str) -> bool:
        try:
            together.wait(10)
            AdministratorService.register(
                email=f"{name}@example.com", password=PASSWORD, by=AnonymousUser(),
                setup_secret=SECRET,
            )  # fmt: skip
        except ForbiddenError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(register, ["ann", "bob"])) == [False, True]
    assert User.objects.count() == 1


class TestAnother:
    def test_is_made_by_an_administrator(self, sign_in: Callable[[User], APIClient]) -> None:
        maker = UserFactory(is_admin=True)
        assert sign_in(maker).post(REGISTER, NEW).status_code == 201
        assert User.objects.get(username="root").is_admin
        assert AuditLog.objects.get(action__startswith="made").actor_id == maker.pk

    def test_is_not_made_by_anybody_else(self, owner_client: APIClient) -> None:
        assert owner_client.post(REGISTER, NEW).status_code == 403
        assert not User.objects.filter(username="root").exists()

    @pytest.mark.parametrize(
        ("change", "field"), [({"password": "short"}, "password"), ({"is_staff": True}, "is_staff")]
    )
    def test_is_refused_as_any_account(
        self, sign_in: Callable[[User], APIClient], change: dict[str, Any], field: str
    ) -> None:
        answer = sign_in(UserFactory(is_admin=True)).post(REGISTER, {**NEW, **change})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == field


class TestLogin:
    @pytest.mark.parametrize(
        ("who", "status"), [({"is_admin": True}, 200), ({"is_superuser": True}, 200), ({}, 401)]
    )
    def test_lets_administrators_in(
        self, anonymous_client: APIClient, who: dict[str, bool], status: int
    ) -> None:
        UserFactory(username="root", **who)
        answer = anonymous_client.post(LOGIN, {"username": "root", "password": PASSWORD})
        assert answer.status_code == status
        if status == 401:
            assert answer.json()["code"] == "invalid_credentials"


def test_command_line_is_told_that_an_address_is_taken() -> None:
    UserFactory(email="ann@example.com")
    with pytest.raises(CommandError, match="An account with this e-mail address"):
        call_command("createsuperuser", "--no-input", username="root", email="ANN@example.com")
    assert not User.objects.filter(username="root").exists()
