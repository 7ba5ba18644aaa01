"""Staff do what they were given: who may look changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import models
from django.test import Client, RequestFactory

from tests.factories import UserFactory
from tests.flows.desk import BUSINESS, MAKE, address
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> Callable[..., Client]:
    """Staff with these permissions and no other."""

    def signed_in(*names: str) -> Client:
        user, client = UserFactory(is_staff=True), Client()
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user)
        return client

    return signed_in


@pytest.mark.parametrize("model", MAKE, ids=lambda model: model.__name__)
def test_every_action_asks_for_a_permission(model: type[models.Model], staff: User) -> None:
    request = RequestFactory().get("/")
    request.user = staff
    offered: Any = admin.site.get_model_admin(model).get_actions(request)
    asking = {name for name, (deed, *_) in offered.items() if hasattr(deed, "allowed_permissions")}
    assert asking == {*offered}


@pytest.mark.parametrize("model", BUSINESS, ids=lambda model: model.__name__)
def test_who_may_only_look_restores_nothing(
    model: type[models.Model], clerk: Callable[..., Client]
) -> None:
    row = MAKE[model]()
    row.delete()
    desk = clerk(f"view_{model._meta.model_name}")
    assert desk.get(address(model)).status_code == 200
    desk.post(address(model), {"action": "restore", "_selected_action": row.pk})
    row.refresh_from_db()
    assert row.is_deleted
