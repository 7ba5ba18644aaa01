"""Imports: what was rehearsed is what happens, row by row, or the row is left alone."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import override_settings
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.exceptions import InvalidInput, PlanStale
from core.models import AuditLog
from inventory.models import Category, Collectible, ImportJob
from inventory.selectors import EXPORT_COLUMNS
from inventory.services import CategoryService, CollectibleService, ImportService
from tests.factories import CategoryFactory, CollectibleFactory, MemberFactory, VendorFactory
from tests.flows.world import rows
from tests.inventory.tables import faults, outcomes, table, take
from tests.vendors.people import refusal
from vendors.models import Vendor
from vendors.services import SettingsService, VendorService

IMPORTS = "/api/v1/catalog/imports/"
EXPORTED = "Name,SKU,Category,Value,Quantity,Version"
ROW = st.tuples(
    st.sampled_from(["Falcon", "Wing", ""]),
    st.sampled_from(["A", "B", "C", "A-2", ""]),
    st.sampled_from(["Star Wars", "star wars", "star-wars", "Shelf", "New", "new", ""]),
    st.sampled_from(["1", "2", "x", ""]),
    st.sampled_from(["1", ""]),
    st.sampled_from(["", "", "1", "2", "3"]),
).map(",".join)


def catalog() -> list[Any]:
    """All but the jobs and what they say of themselves."""
    found = [entry for entry in rows().items() if not entry[0][0].startswith("inventory.Import")]
    return [*found, AuditLog.objects.exclude(type="import").count()]


def told(job: ImportJob) -> list[Any]:
    """Every row's result; an item that the file made has an id only in the deed."""
    made = {row.collectible_id for row in job.rows.filter(outcome="created")}
    return [
        (row.line, row.outcome, row.errors,
         None if row.collectible_id in made else row.collectible_id,
         "" if row.sku.startswith("ITEM-") else row.sku)
        for row in job.rows.order_by("line")
    ]  # fmt: skip


def do(vendor: Vendor, *lines: str, plan: str, heading: str = EXPORTED, **how: Any) -> ImportJob:
    return take(vendor, *lines, heading=heading, plan=plan, **how)


@pytest.mark.django_db
@settings(max_examples=60)
@given(
    lines=st.lists(ROW, min_size=1, max_size=7),
    repeated=st.sampled_from(["fail", "suffix", "update"]),
)
def test_any_import_does_what_its_rehearsal_told(lines: list[str], repeated: str) -> None:
    vendor = VendorFactory()
    shelf = CategoryFactory(vendor=vendor, name="Shelf")
    for sku in "AB":
        CollectibleFactory(vendor=vendor, sku=sku, name="Falcon", category=shelf, value=1)
    with override_settings(IMPORT_CHUNK_ROWS=2):
        before = catalog()
        rehearsal = take(vendor, *lines, heading=EXPORTED, repeated=repeated, dry_run=True)
        assert catalog() == before
        deed = do(vendor, *lines, plan=str(rehearsal.pk), repeated=repeated)
    assert told(deed) == told(rehearsal)
    counts = ("total", "processed", "created", "updated", "unchanged", "failed")
    assert [getattr(deed, n) for n in counts] == [getattr(rehearsal, n) for n in counts]


@pytest.mark.django_db
class TestPlan:
    LINES = ["Falcon,A,Shelf,1,1,", "Wing,B,,2,1,", "Own,,,3,1,"]

    @pytest.fixture
    def rehearsal(self, vendor: Vendor) -> ImportJob:
        CollectibleFactory(vendor=vendor, sku="A")
        CategoryFactory(vendor=vendor, name="Shelf")
        return take(vendor, *self.LINES, heading=EXPORTED, dry_run=True)

    def move(self, vendor: Vendor, what: str) -> None:
        owner, item = vendor.owner, Collectible.objects.get(sku="A")
        match what:
            case "item":
                CollectibleService.update(collectible=item, by=owner, name="Other")
            case "item gone":
                CollectibleService.delete(collectible=item, by=owner)
            case "sku taken":
                CollectibleFactory(vendor=vendor, sku="B")
            case "category":
                shelf = Category.objects.get(name="Shelf")
                CategoryService.update(category=shelf, by=owner, name="Other")
            case "new category":
                CategoryFactory(vendor=vendor)
            case "currency":
                VendorService.update(vendor=vendor, by=owner, currency="EUR")
                vendor.refresh_from_db()
            case "threshold":
                SettingsService.update(vendor_id=vendor.pk, by=owner, low_stock_threshold=1)

    MOVES = ["item", "item gone", "sku taken", "category", "new category", "currency", "threshold"]

    @pytest.mark.parametrize("what", MOVES)
    def test_call_is_refused_when_what_it_hangs_on_has_moved(
        self, vendor: Vendor, rehearsal: ImportJob, what: str
    ) -> None:
        self.move(vendor, what)
        before = rows()
        with pytest.raises(PlanStale):
            do(vendor, *self.LINES, plan=str(rehearsal.pk))
        assert rows() == before

    def test_what_it_does_not_hang_on_may_move(self, vendor: Vendor, rehearsal: ImportJob) -> None:
        CollectibleFactory(vendor=vendor, sku="elsewhere")
        CollectibleFactory(sku="B")
        deed = do(vendor, *self.LINES, plan=str(rehearsal.pk))
        assert told(deed) == told(rehearsal)

    @pytest.mark.parametrize("what", ["item", "item gone", "sku taken"])
    def test_row_that_moves_before_the_worker_comes_is_left_alone(
        self, vendor: Vendor, rehearsal: ImportJob, what: str
    ) -> None:
        file = table(*self.LINES, heading=EXPORTED)
        job = ImportService.request(
            file=file, vendor=vendor, by=vendor.owner, plan=str(rehearsal.pk)
        )
        self.move(vendor, what)
        line, sku = (3, "B") if what == "sku taken" else (2, "A")
        before = list(Collectible.all_objects.filter(sku=sku).values())
        job = ImportService.run(job_id=job.pk)
        assert faults(job) == [(line, "version", "stale_version")]
        assert (job.failed, job.total) == (1, 3)
        assert list(Collectible.all_objects.filter(sku=sku).values()) == before

    def test_worker_that_died_goes_on_by_the_plan(self, vendor: Vendor) -> None:
        """What the file itself made in the first half is no stranger's work in the second."""
        lines = ["Falcon,N,,1,1,", "Wing,M,,1,1,", "Falcon,N,,2,1,", "Wing,M,,3,1,"]
        with override_settings(IMPORT_CHUNK_ROWS=2):
            rehearsal = take(vendor, *lines, heading=EXPORTED, repeated="update", dry_run=True)
            file = table(*lines, heading=EXPORTED)
            job = ImportService.request(
                file=file, vendor=vendor, by=vendor.owner, repeated="update", plan=str(rehearsal.pk)
            )

            def die(processed: int, total: int) -> None:
                raise SystemExit

            with pytest.raises(SystemExit):
                ImportService.run(job_id=job.pk, on_progress=die)
            assert Collectible.objects.count() == 2
            job = ImportService.run(job_id=job.pk)
        assert outcomes(job) == outcomes(rehearsal)
        assert [outcome for _line, outcome in outcomes(job)] == ["created"] * 2 + ["updated"] * 2

    def test_rows_of_one_item_are_counted_as_the_database_counts(self, vendor: Vendor) -> None:
        """Once for all that a chunk changes of it."""
        CollectibleFactory(vendor=vendor, sku="A")
        lines = [f"{name},A,,1,1," for name in ("One", "Two", "Three")]
        with override_settings(IMPORT_CHUNK_ROWS=2):
            rehearsal = take(vendor, *lines, heading=EXPORTED, repeated="update", dry_run=True)
            deed = do(vendor, *lines, plan=str(rehearsal.pk), repeated="update")
        assert told(deed) == told(rehearsal)
        assert (deed.updated, Collectible.objects.get().version) == (3, 3)

    def test_plan_of_anything_else_is_unknown(self, vendor: Vendor, rehearsal: ImportJob) -> None:
        owner, plan = vendor.owner, str(rehearsal.pk)
        colleague = MemberFactory(vendor=vendor, role="manager").user
        unfinished = ImportService.request(
            file=table(*self.LINES, heading=EXPORTED), vendor=vendor, by=owner, dry_run=True
        )
        done = take(vendor, *self.LINES, heading=EXPORTED)
        same: dict[str, Any] = {"file": self.LINES, "vendor": vendor, "by": owner, "plan": plan}
        others: list[dict[str, Any]] = [
            {"file": self.LINES[:2]}, {"repeated": "update"}, {"mapping": {"Version": None}},
            {"by": colleague}, {"vendor": VendorFactory(owner=owner)}, {"plan": "0"},
            {"plan": "broken"}, {"plan": "9" * 30}, {"plan": str(unfinished.pk)},
            {"plan": str(done.pk)},
        ]  # fmt: skip
        for other in others:
            call = {**same, **other}
            call["file"] = table(*call["file"], heading=EXPORTED)
            with pytest.raises(InvalidInput) as refused:
                ImportService.request(**call)
            assert refused.value.errors[0].code == "unknown_plan", other

    def test_plan_lasts_an_hour(self, vendor: Vendor, rehearsal: ImportJob) -> None:
        later = timezone.now() + timedelta(minutes=61)
        with time_machine.travel(later), pytest.raises(PlanStale):
            do(vendor, *self.LINES, plan=str(rehearsal.pk))

    def test_over_http(
        self, owner_client: APIClient, vendor: Vendor, django_capture_on_commit_callbacks: Any
    ) -> None:
        item = CollectibleFactory(vendor=vendor, sku="A")

        def send(query: str) -> Any:
            with django_capture_on_commit_callbacks(execute=True):
                form = {"file": table(*self.LINES, heading=EXPORTED)}
                return owner_client.post(f"{IMPORTS}{query}", form, format="multipart")

        first = send("?dry_run=true")
        assert (first.status_code, first.json()["plan"]) == (202, None)
        plan = owner_client.get(f"{IMPORTS}{first.json()['id']}/").json()["plan"]
        results = owner_client.get(first.json()["rows"]).json()["results"]
        assert [(row["outcome"], row["item"], row["sku"]) for row in results] == [
            ("updated", item.pk, "A"), ("created", None, "B"), ("created", None, ""),
        ]  # fmt: skip
        assert refusal(send("?plan=broken")) == (400, "validation_error")
        done = send(f"?plan={plan}")
        assert done.status_code == 202
        report = owner_client.get(f"{IMPORTS}{done.json()['id']}/").json()
        assert (report["updated"], report["created"], report["plan"]) == (1, 2, None)
        assert refusal(send(f"?plan={plan}")) == (409, "plan_stale")


@pytest.mark.django_db
class TestVersionColumn:
    def test_export_says_it_and_import_heeds_it(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        items = [CollectibleFactory(vendor=vendor, sku=sku) for sku in "AB"]
        answer = owner_client.get("/api/v1/catalog/items/export/?columns=version&ordering=sku")
        heading, *lines = b"".join(answer.streaming_content).decode().splitlines()
        assert heading == EXPORTED
        assert [line.rsplit(",", 1)[1] for line in lines] == ["1", "1"]
        assert outcomes(take(vendor, *lines, heading=heading)) == [
            (2, "unchanged"), (3, "unchanged"),
        ]  # fmt: skip
        CollectibleService.update(collectible=items[0], by=vendor.owner, name="Quicker")
        lines = [f"Mine{line.removeprefix(line.partition(',')[0])}" for line in lines]
        job = take(vendor, *lines, heading=heading)
        assert outcomes(job) == [(2, "failed"), (3, "updated")]
        assert faults(job) == [(2, "version", "stale_version")]
        assert Collectible.objects.get(sku="A").name == "Quicker"

    def test_version_of_an_item_that_is_gone_makes_no_new_one(self, vendor: Vendor) -> None:
        job = take(vendor, "Falcon,A,,1,1,3", "Falcon,,,1,1,3", heading=EXPORTED)
        assert faults(job) == [(2, "version", "stale_version"), (3, "version", "stale_version")]
        assert not Collectible.objects.exists()

    @pytest.mark.parametrize("text", ["foil", "-1", "1.5", "99999999999"])
    def test_what_is_no_version_fails_its_row(self, vendor: Vendor, text: str) -> None:
        CollectibleFactory(vendor=vendor, sku="A")
        job = take(vendor, f"Falcon,A,,1,1,{text}", heading=EXPORTED)
        assert [(line, field) for line, field, _code in faults(job)] == [(2, "version")]

    def test_what_collectors_call_a_version_stays_an_attribute(self, vendor: Vendor) -> None:
        take(vendor, "Falcon,A,foil", heading="name,sku,Version")
        assert Collectible.objects.get().attributes == {"Version": "foil"}

    def test_mapping_can_say_which_column_it_is(self, vendor: Vendor) -> None:
        CollectibleFactory(vendor=vendor, sku="A")
        mapping = {"Read": "version"}
        job = take(vendor, "Falcon,A,2", heading="name,sku,Read", mapping=mapping)
        assert faults(job) == [(2, "version", "stale_version")]
        assert "Version" in EXPORT_COLUMNS
