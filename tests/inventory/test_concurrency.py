"""Two at once: real threads on real transactions, released from one gate, so that they do meet."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from inventory.models import Category, Collectible
from inventory.services import CategoryService
from tests.factories import (
    PASSWORD,
    CategoryFactory,
    CollectibleFactory,
    UserFactory,
    VendorFactory,
)
from tests.races import at_once, impatient, in_turn, outcome
from users.models import User
from vendors.models import Vendor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
ITEMS = "/api/v1/catalog/items/"
CATEGORIES = "/api/v1/catalog/categories/"


def statuses(answers: Sequence[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


@pytest.mark.parametrize("second", ["bulk_update", "bulk_delete"])
def test_bulk_calls_in_opposite_order_do_not_deadlock(
    owner_client: APIClient, vendor: Vendor, second: str
) -> None:
    ids = [item.pk for item in CollectibleFactory.create_batch(9, vendor=vendor)]
    backwards: dict[str, Any] = {"ids": ids[::-1]}
    if second == "bulk_update":
        backwards["updates"] = {"condition": "mint"}
    forwards = {"ids": ids, "updates": {"value": "5.00"}}
    answers = in_turn(
        lambda: owner_client.post(f"{ITEMS}bulk_update/", forwards),
        lambda: owner_client.post(f"{ITEMS}{second}/", backwards),
        behind=Collectible.objects.get(pk=ids[4]),
    )
    assert statuses(answers) == [200, 200]
    rows = Collectible.all_objects.all()
    if second == "bulk_update":
        assert set(rows.values_list("value", "condition", "version")) == {(5, "mint", 3)}
    else:
        assert set(rows.values_list("is_deleted", flat=True)) == {True}


@pytest.mark.parametrize("action", ["bulk_update", "bulk_restore"])
def test_bulk_calls_over_two_vendors_in_opposite_order_do_not_deadlock(
    owner_client: APIClient, owner: User, vendor: Vendor, action: str
) -> None:
    other = VendorFactory(owner=owner)
    first, second = (
        [CollectibleFactory(vendor=shop).pk for shop in shops]
        for shops in ((vendor, other), (other, vendor))
    )
    if action == "bulk_restore":
        Collectible.objects.all().delete()
    extra = {"updates": {"condition": "mint"}} if action == "bulk_update" else {}
    answers = in_turn(
        lambda: owner_client.post(f"{ITEMS}{action}/", {"ids": first, **extra}),
        lambda: owner_client.post(f"{ITEMS}{action}/", {"ids": second, **extra}),
        behind=[vendor.catalogversion, other.catalogversion],
    )
    assert statuses(answers) == [200, 200]
    assert Collectible.objects.count() == 4


def test_two_restores_of_one_sku_make_one_winner(owner_client: APIClient, vendor: Vendor) -> None:
    items = []
    for _twin in range(2):
        item = CollectibleFactory(vendor=vendor, sku="75192-1")
        item.delete()
        items.append(item)
    answers = in_turn(
        *(lambda pk=item.pk: owner_client.post(f"{ITEMS}{pk}/restore/") for item in items),
        behind=items,
    )
    assert statuses(answers) == [200, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"sku_taken"}
    assert Collectible.objects.get(sku="75192-1").pk in {
        answer.json()["id"] for answer in answers if answer.status_code == 200
    }


def test_two_patches_are_both_applied(owner_client: APIClient, vendor: Vendor) -> None:
    item = CollectibleFactory(vendor=vendor)
    address = f"{ITEMS}{item.pk}/"
    answers = in_turn(
        lambda: owner_client.patch(address, {"value": "5.00"}),
        lambda: owner_client.patch(address, {"condition": "mint"}),
        behind=item,
    )
    assert statuses(answers) == [200, 200]
    item.refresh_from_db()
    assert (item.value, item.condition, item.version) == (5, "mint", 3)
    assert sorted(answer.json()["version"] for answer in answers) == [2, 3]


def test_change_that_waited_shows_the_category_of_the_one_before(
    owner_client: APIClient, vendor: Vendor
) -> None:
    item = CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
    address, other = f"{ITEMS}{item.pk}/", CategoryFactory(vendor=vendor)
    _sorted, changed = in_turn(
        lambda: owner_client.patch(address, {"category": other.pk}),
        lambda: owner_client.patch(address, {"value": "5.00"}),
        behind=item,
    )
    assert (changed.json()["category"], changed.json()["category_id"]) == (other.name, other.pk)


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_item_deleted_meanwhile_is_404(
    owner_client: APIClient, vendor: Vendor, method: str
) -> None:
    item = CollectibleFactory(vendor=vendor)
    address = f"{ITEMS}{item.pk}/"
    deleted, changed = in_turn(
        lambda: owner_client.delete(address),
        lambda: getattr(owner_client, method)(address, {"name": "Changed"}),
        behind=item,
    )
    assert (deleted.status_code, changed.status_code) == (204, 404)
    assert Collectible.all_objects.get().name == item.name


def test_two_creations_of_one_sku_make_one_item(owner_client: APIClient, vendor: Vendor) -> None:
    CollectibleFactory(vendor=vendor, sku="other")
    answers = in_turn(
        *[lambda: owner_client.post(ITEMS, {"name": "Falcon", "sku": "75192-1"})] * 2,
        behind=vendor.catalogversion,
    )
    assert statuses(answers) == [201, 409]
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"sku_taken"}
    assert Collectible.objects.filter(sku="75192-1").count() == 1


def test_two_categories_of_one_name_or_one_slug(owner_client: APIClient, vendor: Vendor) -> None:
    CategoryFactory(vendor=vendor)
    for names, expected in ((["LEGO", "lego"], [201, 409]), (["A B", "A-B"], [201, 201])):
        answers = in_turn(
            *(lambda name=name: owner_client.post(CATEGORIES, {"name": name}) for name in names),
            behind=vendor.catalogversion,
        )
        assert statuses(answers) == expected
    assert sorted(Category.objects.filter(slug__startswith="a-b").values_list("slug")) == [
        ("a-b",), ("a-b-2",),
    ]  # fmt: skip


def test_two_moves_cannot_close_a_circle_and_do_not_deadlock(
    owner_client: APIClient, vendor: Vendor
) -> None:
    first, second = CategoryFactory.create_batch(2, vendor=vendor)

    def move(row: Category, below: Category) -> Any:
        return owner_client.patch(f"{CATEGORIES}{row.pk}/", {"parent": below.pk})

    answers = in_turn(
        lambda: move(first, second), lambda: move(second, first), behind=[first, second]
    )
    assert statuses(answers) == [200, 400]
    assert Category.objects.filter(parent=None).count() == 1


def test_move_and_deletion_of_categories_do_not_deadlock(
    owner_client: APIClient, vendor: Vendor
) -> None:
    stem, branch = (CategoryFactory(vendor=vendor) for _ in range(2))
    leaf = CategoryFactory(vendor=vendor, parent=branch)
    answers = in_turn(
        lambda: owner_client.delete(f"{CATEGORIES}{branch.pk}/"),
        lambda: owner_client.patch(f"{CATEGORIES}{leaf.pk}/", {"parent": stem.pk}),
        behind=[stem, branch, leaf],
    )
    assert statuses(answers) == [200, 204]
    leaf.refresh_from_db()
    assert leaf.parent in {stem, None}


@pytest.mark.parametrize("method", ["patch", "delete"])
@pytest.mark.parametrize("item_first", [True, False])
def test_change_of_a_category_and_a_new_item_in_it_do_not_deadlock(
    owner_client: APIClient, vendor: Vendor, method: str, item_first: bool
) -> None:
    row = CategoryFactory(vendor=vendor)
    address, body = f"{CATEGORIES}{row.pk}/", {"name": "New"} if method == "patch" else None
    calls = [
        lambda: owner_client.post(ITEMS, {"name": "Falcon", "category": row.pk}),
        lambda: getattr(owner_client, method)(address, body),
    ]
    answers = in_turn(*calls[:: 1 if item_first else -1], behind=vendor.catalogversion)
    gone = method == "delete" and not item_first
    changed, added = 200 if method == "patch" else 204, 400 if gone else 201
    assert statuses(answers) == sorted([changed, added])
    assert not Collectible.objects.filter(category__is_deleted=True).exists()


@pytest.mark.parametrize("call", ["post", "patch", "bulk_update"])
def test_category_that_is_deleted_meanwhile_gets_no_item(
    owner_client: APIClient, owner: User, vendor: Vendor, call: str
) -> None:
    row, item = CategoryFactory(vendor=vendor), CollectibleFactory(vendor=vendor)
    gone: list[str] = []

    def once_found(execute: Any, sql: str, *more: Any) -> Any:
        found = execute(sql, *more)
        if 'FROM "inventory_category"' in sql and not gone:
            deleted = partial(CategoryService.delete, category=row, by=owner)
            gone.append(impatient(partial(outcome, deleted)))
        return found

    filed = {"category": row.pk}
    with connection.execute_wrapper(once_found):
        answer = {
            "post": lambda: owner_client.post(ITEMS, {"name": "Falcon", **filed}),
            "patch": lambda: owner_client.patch(f"{ITEMS}{item.pk}/", filed),
            "bulk_update": lambda: owner_client.post(
                f"{ITEMS}bulk_update/", {"ids": [item.pk], "updates": filed}
            ),
        }[call]()
    assert gone == ["done"]
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "category")
    assert list(Collectible.objects.values_list("category", flat=True)) == [None]


def test_deletion_of_a_category_and_bulk_update_of_its_items_do_not_deadlock(
    owner_client: APIClient, vendor: Vendor
) -> None:
    row = CategoryFactory(vendor=vendor)
    ids = [item.pk for item in CollectibleFactory.create_batch(5, vendor=vendor, category=row)]
    # Rewritten at the end of the table, the first is the last that a plain UPDATE comes to.
    Collectible.objects.filter(pk=ids[0]).update(value=1)
    body = {"ids": ids, "updates": {"value": "5.00"}}
    answers = in_turn(
        lambda: owner_client.delete(f"{CATEGORIES}{row.pk}/"),
        lambda: owner_client.post(f"{ITEMS}bulk_update/", body),
        behind=Collectible.objects.get(pk=ids[2]),
    )
    assert statuses(answers) == [200, 204]
    assert Collectible.objects.filter(category=None, value=5).count() == len(ids)


def test_deletion_of_a_shop_and_a_new_item_in_it_do_not_deadlock(
    owner_client: APIClient, vendor: Vendor
) -> None:
    CollectibleFactory(vendor=vendor)
    answers = in_turn(
        lambda: owner_client.post(ITEMS, {"name": "Falcon"}),
        lambda: owner_client.delete(f"/api/v1/vendors/{vendor.pk}/"),
        behind=vendor.catalogversion,
    )
    assert statuses(answers) == [201, 204]


def test_two_shops_of_one_name_get_two_slugs(owner_client: APIClient, owner: User) -> None:
    answers = in_turn(
        *[lambda: owner_client.post("/api/v1/vendors/", {"name": "Brick & Card"})] * 2,
        behind=owner,
    )
    assert statuses(answers) == [201, 201]
    assert sorted(answer.json()["slug"] for answer in answers) == ["brick-card", "brick-card-2"]


@pytest.mark.parametrize("what", ["accounts", "shops", "categories"])
def test_twelve_of_one_slug_are_all_made(
    owner_client: APIClient, vendor: Vendor, sign_in: Callable[[User], APIClient], what: str
) -> None:
    """Each commit lets through one of those who wait for the slug, not all of them."""

    def call(number: int) -> Callable[[], Any]:
        if what == "accounts":  # each gets a shop of the person's name
            person = {"email": f"{number}@example.com", "first_name": "Anna", "password": PASSWORD}
            return partial(APIClient().post, "/api/v1/auth/register/", person)
        if what == "shops":
            return partial(sign_in(UserFactory()).post, "/api/v1/vendors/", {"name": "Anna"})
        return partial(owner_client.post, CATEGORIES, {"name": f"Anna{'!' * number}"})

    answers = at_once([call(number) for number in range(12)])
    assert statuses(answers) == [201] * 12
    model = Category if what == "categories" else Vendor
    slugs = model.objects.filter(slug__startswith="anna").values_list("slug", flat=True)
    assert len(slugs) == 12


@pytest.mark.parametrize("looked_at_last", ["category_name_unique", "category_slug_unique"])
def test_same_new_category_at_the_same_moment_is_one(
    owner_client: APIClient, vendor: Vendor, looked_at_last: str
) -> None:
    CollectibleFactory(vendor=vendor)
    _make_again(looked_at_last)

    def add(name: str) -> Any:
        return owner_client.post(ITEMS, {"name": name, "category": "Star Wars"})

    answers = in_turn(lambda: add("A"), lambda: add("B"), behind=vendor.catalogversion)
    assert [answer.status_code for answer in answers] == [201, 201]
    row = Category.objects.get()
    assert set(Collectible.objects.values_list("category", flat=True)) == {None, row.pk}


def _make_again(name: str) -> None:
    """PostgreSQL looks at a table's indexes in the order in which they were made."""
    constraint = next(each for each in Category._meta.constraints if each.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(Category, constraint)
        editor.add_constraint(Category, constraint)
