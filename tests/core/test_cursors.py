"""Pages of every list in version 2: the envelope, its links, and what a cursor is good for."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import Signer
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import Collectible
from inventory.services import ImportService
from tests.factories import (
    AccessTokenFactory,
    CategoryFactory,
    CollectibleFactory,
    CustomerFactory,
    MemberFactory,
    NotificationFactory,
    StoreFactory,
    VendorFactory,
)
from tests.factories.orders import order, sale, stocked
from tests.flows.world import api
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v2/catalog/items/"
REPORT = "/api/v2/reports/sales/"
BESIDE = {REPORT: ["by", "currency", "total", "others"]}
LISTS = [
    ITEMS, "/api/v2/catalog/categories/", "/api/v2/catalog/imports/", "/api/v2/vendors/",
    "/api/v2/vendor-members/", "/api/v2/vendor-invites/", "/api/v2/vendor-stores/",
    "/api/v2/access-tokens/", "/api/v2/auth/sessions/", "/api/v2/audit-logs/",
    "/api/v2/stock/levels/", "/api/v2/stock/movements/", "/api/v2/stock/lots/",
    "/api/v2/stock/transfers/", "/api/v2/customers/", REPORT, "/api/v2/notifications/",
    "/api/v2/orders/", "/api/v2/sales/",
]  # fmt: skip


def walk(client: APIClient, address: str | None, way: str = "next") -> Iterator[Any]:
    """Every page on the way."""
    for _ in range(200):
        if address is None:
            return
        answer = client.get(address)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        yield page
        address = page[way]
    raise AssertionError("It never ends.")


def ids(pages: Any) -> list[Any]:
    """A level has none: it is known by its item and store."""
    rows = [row for page in pages for row in page["results"]]
    return [row["id"] if "id" in row else (row["item"], row["store"]) for row in rows]


@pytest.fixture
def full(owner: User, vendor: Vendor, owner_client: APIClient) -> APIClient:
    """The client of somebody who has seven and more of everything."""
    ware = stocked(vendor, quantity=50)
    for n in range(7):
        CollectibleFactory(vendor=vendor, value=n % 2, name="Same")
        CategoryFactory(vendor=vendor)
        CustomerFactory(vendor=vendor, name="Same")
        VendorFactory(owner=owner)
        MemberFactory(vendor=vendor)
        StoreFactory(vendor=vendor, is_default=False)
        used = {"is_used": True, "used_at": timezone.now()} if n % 3 else {}
        AccessTokenFactory(vendor=vendor, **used)
        NotificationFactory(user=owner)
        MemberFactory(user=None, email=owner.email, invite_status="pending")
        order(vendor, "completed" if n % 2 else "draft", ware)
        sale(vendor, ware)
        assert owner_client.post("/api/v2/catalog/items/", {"name": "Same"}).status_code == 201
    return owner_client


def test_every_list_there_is_is_tried_here(full: APIClient) -> None:
    """A new list belongs to LISTS; those below an item or an import are tried on their own."""
    found = set()
    for name, pattern in api("v2").items():
        answer = None if pattern.pattern.converters else full.get(f"/api/v2/{pattern.pattern}")
        if answer is not None and answer.status_code == 200 and not answer.streaming:
            body = answer.json()
            found |= {answer.request["PATH_INFO"]} if "results" in body else set()
            assert "count" not in body, name
    assert found == set(LISTS)


@pytest.mark.parametrize("address", LISTS)
def test_every_list_has_the_same_envelope(full: APIClient, address: str) -> None:
    page = full.get(address).json()
    assert list(page) == ["next", "previous", "results", *BESIDE.get(address, [])]
    assert page["previous"] is None


@pytest.mark.parametrize("address", LISTS)
def test_every_list_is_walked_there_and_back(full: APIClient, address: str) -> None:
    whole = ids([full.get(address, {"page_size": 100}).json()])
    there = list(walk(full, f"{address}?page_size=3"))
    back = list(walk(full, there[-1]["previous"], "previous"))
    assert ids(there) == whole
    assert ids(back[::-1]) == whole[: len(ids(there[:-1]))]
    if len(there) > 1:
        assert back[-1]["results"] == there[0]["results"]
        assert [page["previous"] is None for page in back] == [False] * (len(back) - 1) + [True]


@pytest.mark.parametrize(
    "ordering",
    ["name", "-name", "value", "-value", "sku", "-quantity", "created_at", "-updated_at",
     "name,-value", "-value,name,sku", "quantity,-created_at"],
)  # fmt: skip
def test_order_is_that_of_version_1(full: APIClient, ordering: str) -> None:
    query = {"ordering": ordering, "page_size": 100}
    numbered = full.get("/api/v1/catalog/items/", query).json()
    assert ids(walk(full, f"{ITEMS}?ordering={ordering}&page_size=3")) == ids([numbered])


@pytest.mark.parametrize(
    ("name", "ordering"),
    [("access-tokens", ordering) for ordering in ("used_at", "-used_at", "-used_at,created_at")]
    + [("orders", ordering) for ordering in ("placed_at", "-placed_at", "total,-placed_at")],
)
def test_order_by_what_may_be_null_is_that_of_version_1(
    full: APIClient, name: str, ordering: str
) -> None:
    query = {"ordering": ordering, "page_size": 100}
    numbered = full.get(f"/api/v1/{name}/", query).json()
    walked = walk(full, f"/api/v2/{name}/?ordering={ordering}&page_size=2")
    assert ids(walked) == ids([numbered])


def test_order_by_a_count_is_walked(full: APIClient, vendor: Vendor) -> None:
    for size in (1, 1, 2):
        CollectibleFactory.create_batch(
            size, vendor=vendor, category=CategoryFactory(vendor=vendor)
        )
    address = "/api/v2/catalog/categories/?ordering=-item_count&page_size=2"
    counts = [row["item_count"] for page in walk(full, address) for row in page["results"]]
    assert counts == [2, 1, 1, *[0] * 7]


def test_links_keep_the_question_and_name_no_host(full: APIClient) -> None:
    query = {"search": "same", "ordering": "name", "page_size": "5"}
    page = full.get(ITEMS, query, HTTP_HOST="localhost:9").json()
    assert page["next"].startswith(f"{ITEMS}?cursor=")
    assert page["next"].endswith("&ordering=name&page_size=5&search=same")


def test_links_stand_in_the_header_too(full: APIClient) -> None:
    first = full.get(ITEMS, {"page_size": 5})
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    second = full.get(first.json()["next"])
    page = second.json()
    assert second["Link"] == f'<{page["previous"]}>; rel="prev", <{page["next"]}>; rel="next"'
    again = full.get(first.json()["next"])  # from the cache
    assert again["Link"] == second["Link"]
    assert "Link" not in full.get(ITEMS, {"page_size": 100})


def test_page_that_others_emptied_leads_back_to_what_is_left(
    full: APIClient, vendor: Vendor
) -> None:
    whole = ids(walk(full, ITEMS))
    first = full.get(ITEMS, {"page_size": 4}).json()
    Collectible.objects.exclude(pk__in=whole[:4]).delete()
    empty = full.get(first["next"]).json()
    assert (empty["next"], empty["results"]) == (None, [])
    last = full.get(empty["previous"]).json()
    assert (ids([last]), last["next"], last["previous"]) == (whole[:4], None, None)


def test_page_before_which_others_deleted_all_leads_to_the_first(full: APIClient) -> None:
    whole = ids(walk(full, ITEMS))
    first = full.get(ITEMS, {"page_size": 4}).json()
    second = full.get(first["next"]).json()
    Collectible.objects.filter(pk__in=whole[:4]).delete()
    empty = full.get(second["previous"]).json()
    assert empty == {"next": f"{ITEMS}?page_size=4", "previous": None, "results": []}
    assert ids(walk(full, empty["next"])) == whole[4:]


def test_cost_is_the_same_on_every_page(full: APIClient, django_assert_num_queries: Any) -> None:
    address = f"{ITEMS}?page_size=4"
    while address:
        with django_assert_num_queries(2) as asked:  # user and version, page: no count
            address = full.get(address).json()["next"]
        assert not [query for query in asked if "COUNT(" in (query["sql"] or "").upper()]


@pytest.mark.parametrize("address", LISTS)
def test_page_numbers_are_not_known(full: APIClient, address: str) -> None:
    answer = full.get(address, {"page": 2})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "page")


def test_cursors_are_not_known_in_version_1(full: APIClient) -> None:
    answer = full.get("/api/v1/catalog/items/", {"cursor": "x"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


@pytest.mark.parametrize("size", ["0", "-1", "x", "", "²"])
def test_page_size_is_a_whole_number(full: APIClient, size: str) -> None:
    assert full.get(ITEMS, {"page_size": size}).status_code == 400


def cursor_of(client: APIClient, address: str = ITEMS, **query: Any) -> str:
    link = client.get(address, {"page_size": 3, **query}).json()["next"]
    return str(link.partition("cursor=")[2].partition("&")[0])


@pytest.mark.parametrize(
    "query",
    [{"ordering": "name"}, {"ordering": "created_at"}, {"search": "Same"}, {"value": "1"},
     {"min_value": "0"}, {"is_deleted": "false"}],
)  # fmt: skip
def test_cursor_is_good_for_its_order_and_filters_only(
    full: APIClient, query: dict[str, str]
) -> None:
    query = {k: v for k, v in query.items() if k != "value"} or {"max_value": "1"}
    for asked, other in (({}, query), (query, {})):
        answer = full.get(ITEMS, {"cursor": cursor_of(full, **asked), **other})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


def test_cursor_is_good_for_its_list_only(full: APIClient) -> None:
    cursor = cursor_of(full, "/api/v2/catalog/categories/")
    for address in ("/api/v2/vendors/", "/api/v2/vendor-stores/"):  # also by name
        assert full.get(address, {"cursor": cursor}).json()["code"] == "invalid_cursor"


def test_cursor_takes_another_page_size(full: APIClient) -> None:
    answer = full.get(ITEMS, {"cursor": cursor_of(full), "page_size": 5, "_": "17"})
    assert len(answer.json()["results"]) == 5


def forged(value: Any) -> str:
    return Signer(key="k" * 50, salt="x", sep="~").sign_object(value)


@pytest.mark.parametrize(
    "cursor",
    ["x", "~", "a~b", "é", "\x00", "W10", "a" * 5000, "=~=", "~~~", ":", "W10~W10",
     forged([]), forged([False, "2026", 1]), forged({"a": 1}), forged(7), forged(None)],
)  # fmt: skip
def test_what_is_no_cursor_of_ours_is_400(
    full: APIClient, assert_problem: Any, cursor: str
) -> None:
    detail = "This cursor does not belong to this list, order and filters. Begin without it."
    assert_problem(full.get(ITEMS, {"cursor": cursor}), 400, "invalid_cursor", detail)


def test_cursor_with_one_letter_changed_is_400(full: APIClient) -> None:
    cursor = cursor_of(full)
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        damaged = cursor[:place] + other + cursor[place + 1 :]
        assert full.get(ITEMS, {"cursor": damaged}).status_code == 400, place


def test_cursor_holds_no_more_than_its_reader_saw(full: APIClient) -> None:
    page = full.get(ITEMS, {"page_size": 3}).json()
    text = cursor_of(full).partition("~")[0]
    held = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    moment = page["results"][-1]["created_at"].replace("Z", "+00:00")
    assert held == f'[false,"{moment}",{page["results"][-1]["id"]}]'


def test_cursor_of_a_colleague_shows_ones_own_rows(
    full: APIClient, stranger_client: APIClient
) -> None:
    answer = stranger_client.get(ITEMS, {"cursor": cursor_of(full)})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_lists_below_a_row_have_cursors_too(full: APIClient, vendor: Vendor) -> None:
    file = "sku,name\n" + "".join(f"S{n},Name\n" for n in range(5))
    table = SimpleUploadedFile("t.csv", file.encode())
    job = full.post("/api/v2/catalog/imports/", {"file": table}, format="multipart").json()
    assert job["rows"] == f"/api/v2/catalog/imports/{job['id']}/rows/"
    ImportService.run(job_id=job["id"])
    pages = list(walk(full, f"{job['rows']}?page_size=2"))
    assert [row["line"] for page in pages for row in page["results"]] == [2, 3, 4, 5, 6]
    assert len(pages) == 3
    item = full.get(ITEMS, {"page_size": 1}).json()["results"][0]
    answer = full.get(f"{ITEMS}{item['id']}/images/").json()
    assert answer == {"next": None, "previous": None, "results": []}
