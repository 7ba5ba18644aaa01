"""Bulk calls: what was rehearsed is what happens, or nothing does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.models import AuditLog
from core.rehearsal import Terms
from inventory.models import Collectible
from inventory.services import CategoryService, CollectibleService, ImageService
from inventory.services.many import BulkOutcome
from tests.core.test_pictures import picture
from tests.factories import CategoryFactory, CollectibleFactory, MemberFactory, VendorFactory
from tests.flows.world import rows
from tests.inventory.test_conditional import race
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor

BULK = "/api/v1/catalog/items/bulk_{}/"
ACTIONS = ["update", "delete", "restore"]


def body_of(action: str, ids: list[int]) -> dict[str, Any]:
    return {"ids": ids, **({"updates": {"category": "New"}} if action == "update" else {})}


def everything() -> tuple[dict[Any, Any], int]:
    return rows(), AuditLog.objects.count()


@pytest.fixture
def items(vendor: Vendor) -> list[Collectible]:
    made: list[Collectible] = CollectibleFactory.create_batch(3, vendor=vendor)
    return made


@pytest.fixture(params=ACTIONS)
def action(request: pytest.FixtureRequest, items: list[Collectible]) -> str:
    if request.param == "restore":
        Collectible.objects.all().delete()
    return str(request.param)


@pytest.mark.django_db
class TestVersions:
    def test_stale_ones_are_reported_and_left_and_the_others_done(
        self, owner_client: APIClient, items: list[Collectible], action: str
    ) -> None:
        known = dict(Collectible.all_objects.values_list("pk", "version"))
        stale, fresh, unsaid = (item.pk for item in items)
        body = {**body_of(action, [stale, fresh, unsaid]),
                "versions": {str(stale): known[stale] + 1, str(fresh): known[fresh]}}  # fmt: skip
        before = Collectible.all_objects.values().get(pk=stale)
        answer = owner_client.post(BULK.format(action), body)
        report = answer.json()
        assert (answer.status_code, report.pop(next(iter(report)))) == (200, 2)
        assert report == {
            "missing": [],
            "errors": [
                {
                    "id": stale,
                    "code": "stale_version",
                    "detail": "The item has changed since you read it.",
                    "version": known[stale],
                }
            ],
        }
        assert Collectible.all_objects.values().get(pk=stale) == before
        told = AuditLog.objects.filter(object_type="collectible")
        assert {*told.values_list("object_id", flat=True)} == {str(fresh), str(unsaid)}
        assert told.count() == 2

    @pytest.mark.parametrize(
        "versions",
        [{"0": 1}, {"x": 1}, {"1": 1}, [1], 5, "1", {"ID": 0}, {"ID": True}, {"ID": "1"},
         {"ID": 2**31}, {"ID": None}, {"ID": 1.5}],
    )  # fmt: skip
    def test_anything_else_than_versions_of_the_ids_is_400(
        self, owner_client: APIClient, items: list[Collectible], action: str, versions: Any
    ) -> None:
        item = items[0]
        if isinstance(versions, dict) and "ID" in versions:
            versions = {str(item.pk): versions["ID"]}
        before = everything()
        body = {**body_of(action, [item.pk]), "versions": versions}
        assert owner_client.post(BULK.format(action), body).status_code == 400
        assert everything() == before

    def test_a_version_of_a_foreign_item_tells_nothing(
        self, owner_client: APIClient, action: str
    ) -> None:
        foreign = CollectibleFactory()
        body = {**body_of(action, [foreign.pk]), "versions": {str(foreign.pk): 77}}
        report = owner_client.post(BULK.format(action), body).json()
        assert (report["missing"], report["errors"]) == ([foreign.pk], [])


def add_picture(item: Collectible, owner: User) -> None:
    upload = SimpleUploadedFile("a.jpg", picture())
    ImageService.add(collectible=item, upload=upload, by=owner)


def change(item: Collectible, owner: User) -> None:
    CollectibleService.update(collectible=item, by=owner, name="Other")


def delete(item: Collectible, owner: User) -> None:
    CollectibleService.delete(collectible=item, by=owner)


def make_the_category(item: Collectible, owner: User) -> None:
    CategoryService.create(name="New", vendor=item.vendor, by=owner)


def restore(item: Collectible, owner: User) -> None:
    CollectibleService.restore(collectible=item, by=owner)


def take_the_sku(item: Collectible, owner: User) -> None:
    CollectibleFactory(vendor=item.vendor, sku=item.sku)


MOVES = [
    ("update", add_picture), ("update", change), ("update", delete), ("update", make_the_category),
    ("delete", add_picture), ("delete", change), ("delete", delete),
    ("restore", restore), ("restore", take_the_sku),
]  # fmt: skip


@pytest.mark.django_db
class TestPlan:
    def rehearse(self, client: APIClient, action: str, body: Any) -> tuple[dict[str, Any], str]:
        report = client.post(f"{BULK.format(action)}?dry_run=true", body).json()
        return report, f"{BULK.format(action)}?plan={report.pop('plan')}"

    def test_rehearsal_writes_nothing_and_the_deed_is_as_told(
        self, owner_client: APIClient, items: list[Collectible], action: str
    ) -> None:
        body = body_of(action, [item.pk for item in items])
        before = everything()
        report, address = self.rehearse(owner_client, action, body)
        assert everything() == before
        done = owner_client.post(address, body)
        assert (done.status_code, done.json()) == (200, report)
        assert everything() != before

    @pytest.mark.parametrize(("kind", "move"), MOVES)
    def test_deed_is_409_when_what_it_hangs_on_has_moved(
        self,
        owner_client: APIClient,
        owner: User,
        items: list[Collectible],
        kind: str,
        move: Callable[[Collectible, User], None],
    ) -> None:
        if kind == "restore":
            Collectible.objects.all().delete()
        body = body_of(kind, [item.pk for item in items])
        _report, address = self.rehearse(owner_client, kind, body)
        move(items[1], owner)
        before = everything()
        assert refusal(owner_client.post(address, body)) == (409, "plan_stale")
        assert everything() == before

    def test_what_it_does_not_hang_on_may_move(
        self, owner_client: APIClient, owner: User, items: list[Collectible], action: str
    ) -> None:
        body = body_of(action, [item.pk for item in items[:2]])
        report, address = self.rehearse(owner_client, action, body)
        change(CollectibleFactory(vendor=items[0].vendor), owner)
        CategoryFactory(vendor=items[0].vendor, name="Elsewhere")
        CategoryFactory(name="New")
        assert owner_client.post(address, body).json() == report

    def test_plan_is_good_once_where_something_changed(
        self, owner_client: APIClient, items: list[Collectible], action: str
    ) -> None:
        body = body_of(action, [item.pk for item in items])
        _report, address = self.rehearse(owner_client, action, body)
        statuses = [owner_client.post(address, body).status_code for _ in range(2)]
        assert statuses == [200, 409]

    def test_plan_of_anything_else_is_400(
        self, owner_client: APIClient, sign_in: Any, items: list[Collectible], action: str
    ) -> None:
        ids = [item.pk for item in items]
        body = body_of(action, ids)
        _report, address = self.rehearse(owner_client, action, body)
        colleague = sign_in(MemberFactory(vendor=items[0].vendor, role="manager").user)
        other = "delete" if action != "delete" else "restore"
        calls: list[tuple[APIClient, str, Any]] = [
            (owner_client, address, body_of(action, ids[:2])),
            (owner_client, address, {**body, "versions": {str(ids[0]): 1}}),
            (owner_client, address.replace(action, other), body_of(other, ids)),
            (colleague, address, body),
            (owner_client, f"{address}x", body),
            (owner_client, BULK.format(action) + "?plan=broken", body),
        ]
        before = everything()
        for client, where, sent in calls:
            answer = client.post(where, sent)
            assert refusal(answer) == (400, "validation_error"), where
            assert answer.json()["errors"][0]["code"] == "unknown_plan"
        assert everything() == before

    def test_plan_lasts_an_hour(
        self, owner_client: APIClient, items: list[Collectible], action: str
    ) -> None:
        body = body_of(action, [item.pk for item in items])
        _report, address = self.rehearse(owner_client, action, body)
        with time_machine.travel(timezone.now() + timedelta(minutes=61)):
            client = APIClient()
            client.force_authenticate(owner_client.user)
            assert refusal(client.post(address, body)) == (409, "plan_stale")


@pytest.mark.django_db(transaction=True)
def test_of_two_deeds_with_one_plan_one_is_done(
    owner_client: APIClient, items: list[Collectible]
) -> None:
    body: dict[str, Any] = {"ids": [item.pk for item in items]}
    for number in range(20):
        body["updates"] = {"name": f"Name {number}"}
        plan = owner_client.post(f"{BULK.format('update')}?dry_run=true", body).json()["plan"]
        address = f"{BULK.format('update')}?plan={plan}"
        answers = race([lambda: owner_client.post(address, body)] * 2)  # noqa: B023
        assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert set(Collectible.objects.values_list("version", flat=True)) == {21}


@pytest.mark.django_db
@settings(max_examples=40)
@given(data=st.data())
def test_any_bulk_call_does_what_its_rehearsal_told(data: st.DataObject) -> None:
    vendor, other = VendorFactory.create_batch(2)
    other.owner = vendor.owner
    other.save()
    category = CategoryFactory(vendor=vendor, name="Shelf")
    pool = [
        CollectibleFactory(
            vendor=data.draw(st.sampled_from([vendor, other])), sku=f"{number}",
        )
        for number in range(4)
    ]  # fmt: skip
    for item in data.draw(st.lists(st.sampled_from(pool), unique=True)):
        item.delete()
        if data.draw(st.booleans()):
            CollectibleFactory(vendor=item.vendor, sku=item.sku)
    action = data.draw(st.sampled_from(ACTIONS))
    ids = data.draw(st.lists(st.sampled_from([item.pk for item in pool] + [10**9]), min_size=1))
    versions = {key: data.draw(st.integers(1, 3)) for key in set(ids) if data.draw(st.booleans())}
    said: dict[str, Any] = {"ids": sorted(set(ids)), "by": vendor.owner}
    if action == "update":
        named = st.sampled_from(["Shelf", "New", category.pk, None])
        said["updates"] = {"category": data.draw(named)}
    deleted = action == "restore"

    def call(**terms: Any) -> BulkOutcome:
        outcome: BulkOutcome = getattr(CollectibleService, f"bulk_{action}")(
            items=Collectible.all_objects.visible_to(vendor.owner).filter(is_deleted=deleted),
            terms=Terms(versions=versions, call="this very call", **terms),
            **said,
        )
        return outcome

    before = everything()
    rehearsed = call(dry_run=True)
    assert everything() == before
    done = call(plan=rehearsed.plan)
    assert (done.done, done.missing, done.errors) == (
        rehearsed.done, rehearsed.missing, rehearsed.errors,
    )  # fmt: skip
