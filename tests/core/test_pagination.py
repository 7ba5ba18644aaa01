"""Pages of every list: the envelope, its links, and its limits."""

import re
from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.utils.urls import remove_query_param, replace_query_param

from core.links import Links
from core.pagination import StandardResultsSetPagination
from inventory.models import Category
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
CATEGORIES = "/api/v1/catalog/categories/"
VENDORS = "/api/v1/vendors/"
IMPORTS = "/api/v1/catalog/imports/"


def links(page: dict[str, Any]) -> tuple[str | None, str | None]:
    return page["previous"], page["next"]


@pytest.mark.parametrize("address", [ITEMS, CATEGORIES, IMPORTS])
def test_empty_list_is_one_page_without_rows(owner_client: APIClient, address: str) -> None:
    assert owner_client.get(address).json() == {
        "count": 0,
        "next": None,
        "previous": None,
        "page": 1,
        "page_size": 20,
        "total_pages": 1,
        "results": [],
    }


@pytest.mark.parametrize("address", [ITEMS, CATEGORIES, VENDORS])
def test_every_list_is_paged_alike(owner_client: APIClient, owner: User, address: str) -> None:
    vendor = owner.vendors.get()
    for _ in range(25):
        CollectibleFactory(vendor=vendor)
        CategoryFactory(vendor=vendor)
        VendorFactory(owner=owner)
    first = owner_client.get(address).json()
    second = owner_client.get(first["next"]).json()
    assert (first["page"], first["page_size"], first["total_pages"]) == (1, 20, 2)
    assert links(first) == (None, f"{address}?page=2")
    assert links(second) == (address, None)
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert len(ids) == len(set(ids)) == first["count"] == second["count"] > 20


def test_links_keep_the_question(owner_client: APIClient, vendor: Vendor) -> None:
    CollectibleFactory.create_batch(3, vendor=vendor, name="Black & white")
    query = {"search": "black &", "ordering": "name", "page_size": "1", "page": "2"}
    page = owner_client.get(ITEMS, query).json()
    kept = "ordering=name&{}page_size=1&search=black+%26"
    assert links(page) == (f"{ITEMS}?{kept.format('')}", f"{ITEMS}?{kept.format('page=3&')}")
    assert owner_client.get(page["next"]).json()["page"] == 3


@pytest.mark.parametrize(
    "query", ["", "page=2", "a=1&z=2", "z=2&page=9&a=1&page=3", "a=&b", "z=%20x&a=%26&a=b+c",
              "q=caf%C3%A9&_=1", "p=%2F~-_.&pagf=1"],
)  # fmt: skip
def test_links_are_the_frameworks(query: str) -> None:
    request = Request(APIRequestFactory().get(f"{ITEMS}?{query}"))
    here, links = request.get_full_path(), Links(request, "page")
    assert links.to(17) == replace_query_param(here, "page", 17)
    assert links.without() == remove_query_param(here, "page")


def test_links_stand_in_the_header_too(owner_client: APIClient, vendor: Vendor) -> None:
    CollectibleFactory.create_batch(3, vendor=vendor)
    for _ in range(2):  # made, and kept
        answer = owner_client.get(ITEMS, {"page_size": 1, "page": 2})
        queries = {"first": "", "last": "page=3&", "prev": "", "next": "page=3&"}
        links = [f'<{ITEMS}?{q}page_size=1>; rel="{name}"' for name, q in queries.items()]
        assert answer["Link"] == ", ".join(links)
    assert "Link" not in owner_client.get(ITEMS)


def test_pages_by_number_answer_for_themselves(vendor: Vendor) -> None:
    """For a view that names them as its own."""
    CategoryFactory.create_batch(5, vendor=vendor)
    pages = StandardResultsSetPagination()
    request = Request(APIRequestFactory().get("/shelves/?page=2&page_size=2&_=1"))
    rows = pages.paginate_queryset(Category.objects.order_by("pk"), request)
    answer = pages.get_paginated_response([row.pk for row in rows])
    assert answer.data == {
        "count": 5,
        "next": "/shelves/?_=1&page=3&page_size=2",
        "previous": "/shelves/?_=1&page_size=2",
        "page": 2,
        "page_size": 2,
        "total_pages": 3,
        "results": [*Category.objects.order_by("pk").values_list("pk", flat=True)[2:4]],
    }
    told = re.findall(r'rel="(\w+)"', answer["Link"])
    assert told == ["first", "last", "prev", "next"]


@pytest.mark.parametrize(
    "claims",
    [
        {"HTTP_HOST": "localhost:9"},
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_X_FORWARDED_PROTO": "gopher"},
        {"HTTP_FORWARDED": "host=evil.example"},
    ],
)
def test_links_name_no_host_whatever_the_caller_claims(
    owner_client: APIClient, vendor: Vendor, claims: dict[str, str]
) -> None:
    CollectibleFactory.create_batch(2, vendor=vendor)
    page = owner_client.get(ITEMS, {"page_size": 1}, **claims).json()
    assert links(page) == (None, f"{ITEMS}?page=2&page_size=1")


@pytest.mark.parametrize(
    ("asked", "given", "pages"),
    [
        ("1", 1, 3),
        ("2", 2, 2),
        ("3", 3, 1),
        ("100", 100, 1),
        ("101", 100, 1),
        ("999999999", 100, 1),
    ],
)
def test_page_size_told_is_the_one_used(
    owner_client: APIClient, vendor: Vendor, asked: str, given: int, pages: int
) -> None:
    CollectibleFactory.create_batch(3, vendor=vendor)
    page = owner_client.get(ITEMS, {"page_size": asked}).json()
    assert (page["page_size"], page["total_pages"]) == (given, pages)
    assert len(page["results"]) == min(given, 3)


@pytest.mark.parametrize("name", ["page", "page_size"])
@pytest.mark.parametrize(
    "value",
    ["", "0", "00", "-1", "+1", "1.0", "1e1", " 1", "١", "²", "x", "last", "1" * 10, "\x00"],
)  # fmt: skip
def test_what_is_no_whole_number_is_400(owner_client: APIClient, name: str, value: str) -> None:
    answer = owner_client.get(ITEMS, {name: value})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": name, "code": "invalid", "detail": "Give a whole number from 1 up."}
    ]


@pytest.mark.parametrize("address", [ITEMS, CATEGORIES, VENDORS, IMPORTS])
@pytest.mark.parametrize("page", ["2", "999999999"])
def test_page_beyond_the_last_is_404(
    owner_client: APIClient, vendor: Vendor, address: str, page: str
) -> None:
    answer = owner_client.get(address, {"page": page})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_last_of_repeated_parameters_counts(owner_client: APIClient, vendor: Vendor) -> None:
    CollectibleFactory.create_batch(3, vendor=vendor)
    page = owner_client.get(f"{ITEMS}?page=9&page=2&page_size=50&page_size=1").json()
    assert (page["page"], page["page_size"]) == (2, 1)
