"""Whose calls are counted together: `X-Forwarded-For` is a claim, but for what our proxies add."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from core.throttles import network_of
from tests.core.limits import set_rates

pytestmark = pytest.mark.django_db
SIGN_UP = "/api/v1/auth/register/"
MAPPED = "::ffff:203.0.113.7"


@pytest.fixture(autouse=True)
def _one_a_minute(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED = True
    set_rates(settings, signup="1/minute")


def behind(settings: Settings, proxies: int) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}


def same(client: APIClient, one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether two calls count as one caller's: the second is refused."""
    statuses = [client.post(SIGN_UP, {}, **meta).status_code for meta in (one, other)]
    assert statuses[0] == 400
    return statuses[1] == 429


def forwarded(claim: str, by: str = "10.0.0.1") -> dict[str, str]:
    return {"HTTP_X_FORWARDED_FOR": claim, "REMOTE_ADDR": by}


@pytest.mark.parametrize("claim", ["203.0.113.9", "203.0.113.9, 10.0.0.1", "nonsense", "", "::1"])
def test_claim_is_not_believed_without_a_proxy(anonymous_client: APIClient, claim: str) -> None:
    assert same(anonymous_client, forwarded("203.0.113.7"), forwarded(claim))


@pytest.mark.parametrize(
    ("proxies", "one", "other", "expected"),
    [
        (1, "203.0.113.7", "203.0.113.7", True),
        (1, "203.0.113.7", "203.0.113.8", False),
        (1, "1.1.1.1, 203.0.113.7", "2.2.2.2, 203.0.113.7", True),
        (1, "1.1.1.1, 203.0.113.7", "1.1.1.1, 203.0.113.8", False),
        (2, "1.1.1.1, 203.0.113.7, 10.0.0.2", "2.2.2.2, 203.0.113.7, 10.0.0.3", True),
        (2, "1.1.1.1, 203.0.113.7, 10.0.0.2", "1.1.1.1, 203.0.113.8, 10.0.0.2", False),
        (2, "203.0.113.7", "203.0.113.8", False),  # only one of the two proxies was there
        (1, f" {MAPPED} ", "203.0.113.7", True),
        (1, "nonsense", "more nonsense", True),  # then by who connected
        (1, "1.1.1.1, " + "9" * 4000, "1.1.1.1, ", True),
    ],
)
def test_what_our_proxies_added_is_believed(
    anonymous_client: APIClient, settings: Settings, proxies: int, one: str, other: str,
    expected: bool,
) -> None:  # fmt: skip
    behind(settings, proxies)
    assert same(anonymous_client, forwarded(one), forwarded(other)) == expected


def test_garbage_from_behind_a_proxy_is_not_everybodys(
    anonymous_client: APIClient, settings: Settings
) -> None:
    behind(settings, 1)
    assert not same(anonymous_client, forwarded("x", by="10.0.0.1"), forwarded("x", by="10.0.0.2"))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("203.0.113.7", "203.0.113.8", False),
        (MAPPED, "203.0.113.7", True),
    ],
)
def test_ipv6_counts_by_network(
    anonymous_client: APIClient, one: str, other: str, expected: bool
) -> None:
    assert same(anonymous_client, {"REMOTE_ADDR": one}, {"REMOTE_ADDR": other}) == expected


def test_unknown_addresses_are_one_caller(anonymous_client: APIClient) -> None:
    assert same(anonymous_client, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": "not an address"})
    assert network_of(None) == ""
