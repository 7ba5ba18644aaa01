"""Turning the pages of all items: asked in words that are kept, and answered anew each time."""

from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inventory.models import Collectible
from tests.factories import CollectibleFactory, MemberFactory, VendorFactory
from users.models import User
from vendors.models import Vendor
from vendors.roles import Role

pytestmark = pytest.mark.django_db
V1, V2 = "/api/v1/catalog/items/", "/api/v2/catalog/items/"
_unseen = count()


def pages(client: APIClient, address: str) -> list[list[str]]:
    """The names on each page, none of them from the cache."""
    found = []
    following = f"{address}{'&' if '?' in address else '?'}page_size=3&_={next(_unseen)}"
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.content
        found.append([item["name"] for item in answer.json()["results"]])
        following = answer.json()["next"]
    return found


@pytest.mark.parametrize("address", [V1, V2])
@pytest.mark.parametrize("order", ["", "name", "-name", "-value,name", "quantity"])
def test_pages_are_those_of_now(
    owner_client: APIClient, vendor: Vendor, address: str, order: str
) -> None:
    asked = f"{address}?ordering={order}" if order else address
    terms = order.split(",") if order else ["-created_at"]
    last = "-id" if terms[-1][0] == "-" else "id"
    for names in ([], list("cab"), list("fged")):
        for name in names:
            CollectibleFactory(vendor=vendor, name=name, value=len(names))
        found = [name for page in pages(owner_client, asked) for name in page]
        items = Collectible.objects.filter(vendor=vendor).order_by(*terms, last)
        assert found == [item.name for item in items]


def test_who_asks_the_same_of_other_shops_sees_those(
    owner_client: APIClient, stranger: User, stranger_client: APIClient, vendor: Vendor
) -> None:
    mine = CollectibleFactory(vendor=vendor, name="mine")
    CollectibleFactory(vendor=VendorFactory(owner=stranger), name="theirs")
    for address in (V1, V2):
        assert pages(owner_client, address) == [["mine"]]
        assert pages(stranger_client, address) == [["theirs"]]
    membership = MemberFactory(vendor=vendor, user=stranger, role=Role.VIEWER)
    for address in (V1, V2):
        assert pages(stranger_client, address) == [["theirs", "mine"]]
    membership.delete()
    mine.delete()
    assert pages(stranger_client, V1) == [["theirs"]]
    assert pages(owner_client, V1) == [[]]


def test_words_that_are_kept_do_not_let_through_what_is_refused(owner_client: APIClient) -> None:
    for _ in range(2):
        assert owner_client.get(V1).status_code == 200
        for wrong in ("ordering=x", "nonsense=1", "page=0", "page=7", "page_size=x", "cursor=x"):
            assert owner_client.get(f"{V1}?{wrong}").status_code in {400, 404}, wrong
        assert owner_client.get(f"{V2}?cursor=x").status_code == 400


def test_page_costs_one_question_besides_who_asks(vendor: Vendor, owner_client: APIClient) -> None:
    CollectibleFactory.create_batch(7, vendor=vendor)
    for address in (V1, V2):
        following = f"{address}?page_size=3"
        while following:
            with CaptureQueriesContext(connection) as asked:
                following = owner_client.get(following).json()["next"]
            assert len(asked) == 2, asked.captured_queries


def test_one_item_is_not_looked_for_by_what_lists_take(owner_client: APIClient) -> None:
    """Nor an export by pages: what a call has no use for is refused, and not passed over."""
    item = CollectibleFactory(vendor__owner=User.objects.get())
    for address, unknown in (
        (f"{V1}{item.pk}/", "search"), (f"{V1}{item.pk}/", "category"), (f"{V1}export/", "page"),
        (f"{V1}export/", "page_size"),
    ):  # fmt: skip
        answer = owner_client.get(address, {unknown: "1"})
        assert answer.status_code == 400, address
        assert [error["field"] for error in answer.json()["errors"]] == [unknown]
