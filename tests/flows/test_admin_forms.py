"""No form of the admin is a 500: what cannot be kept is told, and told truly."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from core.forms import TAKEN
from inventory.models import Collectible
from tests.factories import (
    CategoryFactory,
    CollectibleFactory,
    MemberFactory,
    StoreFactory,
    UserFactory,
)
from tests.flows.desk import address, filled, save, saved
from tests.races import await_waiting, on_own_connection
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db
NUMBERS = ["NaN", "-Infinity", "1e999"]
NO_JSON, SIZE = "This is not JSON.", "At most 32 KiB of attributes."
KEYS = "Give an object whose keys have at most 100 characters."
DEPTH = "JSON is nested deeper than {} levels."
TEXT = "Text may hold neither NUL nor half of a surrogate pair."


class TestAttributes:
    @pytest.mark.parametrize("text", ["", " ", "null", "{}"])
    def test_that_are_cleared_are_none(self, desk: Client, text: str) -> None:
        item = CollectibleFactory(attributes={"year": 1999})
        assert saved(save(desk, address(item, "change"), attributes=text))
        item.refresh_from_db()
        assert item.attributes == {}

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            *((f'{{"a": {number}}}', NO_JSON) for number in NUMBERS), ("{", NO_JSON),
            ("9" * 5000, NO_JSON), ("[" * 100_000, DEPTH.format(64)),
            ('{"a":' * 63 + "{}" + "}" * 63, DEPTH.format(63)),
            ('{"a": "\\ud800"}', TEXT), ('{"\\u0000": 1}', TEXT), ("[1]", KEYS), ('"x"', KEYS),
            ("0", KEYS), ("false", KEYS), (f'{{"{"x" * 101}": 1}}', KEYS),
            (f'{{"a": "{"x" * 40_000}"}}', SIZE),
        ],
    )  # fmt: skip
    def test_that_cannot_be_kept_are_told(self, desk: Client, text: str, why: str) -> None:
        item = CollectibleFactory(attributes={"year": 1999})
        answer = save(desk, address(item, "change"), attributes=text)
        assert not saved(answer)
        assert answer.context["adminform"].form.errors == {"attributes": [why]}
        item.refresh_from_db()
        assert item.attributes == {"year": 1999}

    def test_are_told_in_the_form_of_a_new_item(self, desk: Client) -> None:
        body = {"name": "Falcon", "vendor": StoreFactory().vendor.pk}
        place = address(Collectible, "add")
        assert not saved(save(desk, place, **body, attributes="[1]"))
        assert saved(save(desk, place, **body, attributes='{"year": 1999}'))
        assert Collectible.objects.get().attributes == {"year": 1999}


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (CollectibleFactory, "sku"), (CollectibleFactory, "slug"), (CategoryFactory, "name"),
        (StoreFactory, "slug"), (MemberFactory, "email"), (MemberFactory, "user_id"),
    ],
)  # fmt: skip
def test_what_is_taken_is_told_where_it_stands(desk: Client, make: Any, name: str) -> None:
    first = make()
    more = {"is_default": False} if make is StoreFactory else {}
    other, field = make(vendor=first.vendor, **more), name.removesuffix("_id")
    answer = save(desk, address(other, "change"), **{field: getattr(first, name)})
    assert not saved(answer)
    assert answer.context["adminform"].form.errors == {field: [TAKEN]}


@pytest.mark.parametrize("page", ["add", "change"])
def test_two_stores_of_the_same_slug_are_told_in_the_form(desk: Client, page: str) -> None:
    place = address(Vendor, "add") if page == "add" else address(StoreFactory().vendor, "change")
    body: dict[str, Any] = {"name": "Shop", "owner": UserFactory().pk} if page == "add" else {}
    first = 0 if page == "add" else 1
    body["stores-TOTAL_FORMS"] = first + 2
    for number in (first, first + 1):
        values = {"name": "Annex", "slug": "annex", "type": "retail", "currency": "USD"}
        body |= {f"stores-{number}-{key}": value for key, value in values.items()}
    assert not saved(save(desk, place, **body))
    assert saved(save(desk, place, **{**body, f"stores-{first}-slug": "annex-2"}))
    assert VendorStore.objects.filter(slug__startswith="annex").count() == 2


@pytest.mark.django_db(transaction=True)
def test_sku_that_is_taken_at_the_same_moment_is_told() -> None:
    desk, item = Client(), CollectibleFactory(sku="A")
    desk.force_login(UserFactory(is_staff=True, is_superuser=True))
    where = address(item, "change")
    form = {**filled(desk.get(where)), "sku": "B"}
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            CollectibleFactory(vendor=item.vendor, sku="B")
            answer = pool.submit(on_own_connection, partial(desk.post, where, form))
            await_waiting([answer])
        page = desk.get(answer.result(timeout=30)["Location"])
    assert "Not saved" in str([str(message) for message in page.context["messages"]])
    item.refresh_from_db()
    assert item.sku == "A"
