"""The pages people look at: what is inline carries the nonce of its answer, and nothing else runs.

Looked at in Chromium when they change; this holds what that showed.
"""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client

from core.middleware.headers import DATA_POLICY
from tests.factories import CollectibleFactory
from users.models import User

pytestmark = pytest.mark.django_db
PAGES = ["/api/docs/", "/api/redoc/", "/api/docs/errors/", "/api/docs/changelog/",
         "/api/docs/promises/", "/admin/login/"]  # fmt: skip
INSIDE = ["/admin/", "/admin/inventory/collectible/", "/admin/inventory/collectible/add/"]


class Inline(HTMLParser):
    """What a page runs or styles itself with."""

    def __init__(self) -> None:
        super().__init__()
        self.nonces: list[str | None] = []
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        is_data = said.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in said and not is_data):
            self.nonces.append(said.get("nonce"))
        self.forbidden += [name for name in said if name.startswith("on") or name == "style"]


def nonce_of(policy: str) -> str:
    [nonce] = set(re.findall(r"'nonce-([^']+)'", policy))
    return nonce


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("staff", "s@example.com", "long-enough-2"))
    CollectibleFactory()
    return client


@pytest.mark.parametrize("address", [*PAGES, *INSIDE])
def test_what_is_inline_carries_the_nonce(staff: Client, address: str) -> None:
    if address in PAGES:
        staff.logout()
    answer = staff.get(address)
    page = Inline()
    page.feed(answer.content.decode())
    assert answer.status_code == 200
    assert set(page.nonces) <= {nonce_of(answer["Content-Security-Policy"])}
    assert page.nonces or address.startswith("/admin/")
    assert page.forbidden == []


def test_nonce_is_never_the_same(client: Client) -> None:
    policies = {client.get("/api/docs/")["Content-Security-Policy"] for _ in range(3)}
    nonces = [nonce_of(policy) for policy in policies]
    assert len(set(nonces)) == 3
    assert all(len(nonce) >= 22 for nonce in nonces)


def test_only_redoc_may_start_a_worker(client: Client) -> None:
    with_worker = {
        address for address in PAGES
        if "worker-src" in client.get(address)["Content-Security-Policy"]
    }  # fmt: skip
    assert with_worker == {"/api/redoc/"}


@pytest.mark.parametrize("address", ["/admin/nothing/", "/api/docs/nothing/", "/api/schema/"])
def test_data_at_the_address_of_a_page_is_data(staff: Client, address: str) -> None:
    assert staff.get(address)["Content-Security-Policy"] == DATA_POLICY
