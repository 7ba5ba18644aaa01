import pytest
from django.test import Client

from tests.factories import UserFactory
from users.models import User


@pytest.fixture
def staff(db: None) -> User:
    user: User = UserFactory(is_staff=True, is_superuser=True)
    return user


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client
