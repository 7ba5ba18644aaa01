"""The three people of every test (owner, stranger, anonymous) and clean servers behind them."""

import os
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings as project
from django.core.cache import cache
from hypothesis import settings
from rest_framework.test import APIClient

from tests.contract import watched
from tests.factories import StoreFactory, UserFactory, VendorFactory
from tests.watch import Watch
from users.models import User
from users.services import SessionService
from users.tokens import Pair, sign
from vendors.models import Vendor

# No test asserts a time; and what CI tries is the same each time, while at home it is new.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(request: pytest.FixtureRequest) -> None:
    """Workers that run side by side share the server, not the keys."""
    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    cache.key_prefix = f"test-{worker}"
    # A thread makes itself a cache of its own.
    project.CACHES["default"]["KEY_PREFIX"] = cache.key_prefix


@pytest.fixture(scope="session", autouse=True)
def _no_answer_that_is_not_promised() -> Iterator[None]:
    """`tests/contract.py` looks at every one that a client gets."""
    with watched():
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.delete_pattern("*")


@pytest.fixture(scope="session")
def watch() -> Iterator[Watch]:
    """Reads every log line of the run."""
    with Watch().everywhere() as watch:
        yield watch


@pytest.fixture(autouse=True)
def _no_secret_in_any_log_line(watch: Watch) -> Iterator[None]:
    watch.forget()
    yield
    assert watch.leaks() == [], "A secret was logged."


@pytest.fixture(autouse=True)
def _no_secret_in_the_audit_log(watch: Watch, request: pytest.FixtureRequest) -> Iterator[None]:
    """Asked before the test's rows are taken back."""
    marked = request.node.get_closest_marker("django_db")
    if marked or {"db", "transactional_db"} & set(request.fixturenames):
        request.getfixturevalue("db")
        yield
        assert watch.leaks_in_audit() == [], "A secret was kept."
    else:
        yield


def pair_for(user: User) -> Pair:
    """The tokens of a new session, as signing in gives them."""
    user.refresh_from_db(fields=["token_version"])
    return sign(SessionService.open(user=user))


@pytest.fixture
def sign_in() -> Callable[[User], APIClient]:
    """A client with a real token: nothing of the way in is skipped."""

    def client_of(user: User) -> APIClient:
        client = APIClient()
        client.tokens = pair_for(user)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {client.tokens['access']}")
        client.user = user
        return client

    return client_of


@pytest.fixture
def owner(db: None) -> User:
    user = UserFactory()
    StoreFactory(vendor=VendorFactory(owner=user))
    return user


@pytest.fixture
def vendor(owner: User) -> Vendor:
    return owner.vendors.get()


@pytest.fixture
def stranger(db: None) -> User:
    user = UserFactory()
    StoreFactory(vendor=VendorFactory(owner=user))
    return user


@pytest.fixture
def owner_client(owner: User, sign_in: Callable[[User], APIClient]) -> APIClient:
    return sign_in(owner)


@pytest.fixture
def stranger_client(stranger: User, sign_in: Callable[[User], APIClient]) -> APIClient:
    return sign_in(stranger)


@pytest.fixture
def anonymous_client() -> APIClient:
    return APIClient()


@pytest.fixture
def authenticated_client(owner_client: APIClient) -> APIClient:
    """Document 002's name for a client with a valid JWT."""
    return owner_client


@pytest.fixture
def test_db(db: None) -> None:
    """Document 002's name for a database with all migrations."""
