"""Pages of rows that are in several shops, and pages deep in a list, are those of the whole."""

import copy

import pytest
from rest_framework.test import APIClient

from core.audit import log_audit
from core.enums import AuditType
from core.keyset import Keyset, Ranges, first_rows
from core.paging import SHALLOW
from dashboard.selectors import get_audit_logs_for_user
from inventory.models import Collectible
from inventory.selectors import get_lots_for_user
from sales.selectors import get_orders_for_user, get_sales_for_user
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from tests.factories.orders import order, sale, stocked
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"


@pytest.fixture
def many(owner: User, vendor: Vendor) -> list[Collectible]:
    """More items than a shallow page is deep, in turn in one shop and the other; not all shown."""
    other = VendorFactory(owner=owner)
    rows = [
        Collectible(vendor=(vendor, other)[n % 2], name=f"Card {n % 7}", slug=f"card-{n}",
                    value=n % 11, is_active=n % 10 > 0)
        for n in range(SHALLOW + 60)
    ]  # fmt: skip
    CollectibleFactory(name="A stranger's card")
    return Collectible.objects.bulk_create(rows)


def test_rows_are_copied_whole_as_serializers_do(many: list[Collectible], owner: User) -> None:
    rows = Collectible.objects.of_vendors([many[0].vendor_id]).order_by("pk")
    kept = rows.counted(7).meaning({"word0": "x"})
    assert list(copy.deepcopy(rows)) == list(copy.deepcopy(kept)) == list(rows)


@pytest.mark.parametrize("ordering", ["-created_at", "name", "-value,name", "sku"])
@pytest.mark.parametrize("start", [0, 20, SHALLOW - 20, SHALLOW, SHALLOW + 20])
def test_page_is_that_part_of_the_whole(
    many: list[Collectible], owner: User, ordering: str, start: int
) -> None:
    names = ordering.split(",")
    ids = {vendor.pk for vendor in owner.vendors.all()}
    names.append("-id" if names[-1][0] == "-" else "id")
    rows = Collectible.objects.of_vendors(ids).filter(is_active=True).order_by(*names)
    whole = list(rows)
    assert list(rows.page(start, start + 20)) == whole[start : start + 20]
    assert list(rows.first_rows(start + 20)) == whole[: start + 20]
    assert rows.with_details().page(start, start + 20)[0].category is None


def test_pages_of_version_1_hold_each_row_once(
    many: list[Collectible], owner_client: APIClient
) -> None:
    pages = [owner_client.get(ITEMS, {"page": n, "page_size": 50}).json() for n in range(1, 7)]
    found = [row["id"] for page in pages for row in page["results"]]
    assert sorted(found) == sorted(row.pk for row in many)
    assert [len(page["results"]) for page in pages] == [50, 50, 50, 50, 50, 10]


def test_page_of_rows_that_are_counted_along_is_that_part_too(vendor: Vendor) -> None:
    CategoryFactory.create_batch(5, vendor=vendor)
    rows = vendor.categories.with_item_count().order_by("-item_count", "id")
    assert list(rows.page(SHALLOW - 2, SHALLOW + 2)) == []
    assert list(rows.page(1, 3)) == list(rows)[1:3]


def test_sales_are_one_range_both_ways(owner: User, vendor: Vendor) -> None:
    """What was sold was placed: no row without a time is looked for."""
    for _ in range(3):
        sale(vendor)
    rows = get_sales_for_user(owner)
    keyset = Keyset.of(rows)
    position = keyset.position(list(rows)[1])
    for way, expected in ((keyset, list(rows)[2:]), (keyset.reversed(), list(rows)[:1])):
        after = way.after(rows, position)
        assert list(first_rows(after, 5)) == expected
        assert " OR " not in str(after.query)


def test_what_has_no_value_is_a_range_of_its_own(owner: User, vendor: Vendor) -> None:
    ware = stocked(vendor, quantity=50)
    placed = [order(vendor, "pending", ware).pk for _ in range(2)]
    drafts = [order(vendor, "draft", ware).pk for _ in range(2)]
    rows = get_orders_for_user(owner).order_by("placed_at", "id")
    keyset = Keyset.of(rows)
    first = rows.get(pk=placed[0])
    after = keyset.after(rows, keyset.position(first))
    assert isinstance(after, Ranges)
    assert [row.pk for row in after.first_rows(9)] == [placed[1], *drafts]
    assert [row.pk for row in after.first_rows(1)] == [placed[1]]
    back = keyset.reversed()
    before = back.after(rows, back.position(rows.get(pk=drafts[1])))
    assert [row.pk for row in before.first_rows(9)] == [drafts[0], placed[1], placed[0]]


def test_rows_of_one_thing_are_found_in_its_shop_alone(
    owner: User, vendor: Vendor, owner_client: APIClient
) -> None:
    """Another shop's part is not begun, whoever's the thing is."""
    sales = [sale(shop) for shop in (vendor, VendorFactory(owner=owner), VendorFactory())]
    for own, sold in zip((True, True, False), sales, strict=True):
        ware = sold.lines.get().item_id
        rows = get_orders_for_user(owner).with_item(ware)
        assert [row.pk for row in rows.first_rows(9)] == ([sold.pk] if own else [])
        assert rows.first_rows(9).explain().count("One-Time Filter: $") == 2
        for call in (f"sales/?item={ware}", f"orders/?store={sold.store_id}"):
            found = owner_client.get(f"/api/v2/{call}").json()["results"]
            assert [row["id"] for row in found] == ([sold.pk] if own else []), call


def test_part_is_asked_for_in_place_of_the_whole(owner: User, vendor: Vendor) -> None:
    """Asked both, PostgreSQL would expect the square of the shop's share of all rows."""
    sale(vendor)
    sale(VendorFactory(owner=owner))
    rows = get_orders_for_user(owner)
    assert str(rows.query).count(" IN (") == 1
    assert " IN (" not in str(rows.first_rows(9).query)
    assert list(rows.first_rows(9)) == list(rows)


def test_rows_of_one_shop_are_its_parts_alone(owner: User, vendor: Vendor) -> None:
    other = VendorFactory(owner=owner)
    stocked(vendor)
    wares = [stocked(other).pk for _ in range(2)]
    stocked(VendorFactory())
    log_audit(AuditType.ACCOUNT, owner, "signed in")
    lots = get_lots_for_user(owner).of_vendor(other.pk)
    assert [lot.item_id for lot in lots.first_rows(9)] == wares[::-1]
    entries = get_audit_logs_for_user(owner)
    assert "UNION" in str(entries.first_rows(9).query)
    of_one = entries.of_vendor(other.pk).first_rows(9)
    assert {entry.vendor_id for entry in of_one} == {other.pk}
    assert "UNION" not in str(of_one.query)
