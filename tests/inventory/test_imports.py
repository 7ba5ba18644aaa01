"""Tables into the catalog: every row is accounted for."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import OperationalError, connection, transaction

from inventory.models import MAX_QUANTITY, MAX_SKU, Category, Collectible, ImportJob, ImportRow
from inventory.services import (
    CategoryService,
    CollectibleService,
    ImportService,
    Receipt,
    StockService,
)
from tests.factories import CategoryFactory, CollectibleFactory, StoreFactory
from tests.flows.scale import read_whole
from tests.inventory.tables import faults, outcomes, table, take
from tests.races import impatient
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


class TestRows:
    def test_new_skus_are_created_with_all_that_the_row_says(self, vendor: Vendor) -> None:
        job = take(vendor, "Falcon,75192,Star Wars,849.99,2,2017")
        item = Collectible.objects.get()
        assert (job.status, job.total, job.processed, job.created) == ("completed", 1, 1, 1)
        assert (item.name, item.sku, item.category.name) == ("Falcon", "75192", "Star Wars")
        assert (item.value, item.quantity, item.attributes) == (
            Decimal("849.99"),
            2,
            {"year": 2017},
        )
        assert (item.created_by, item.version) == (vendor.owner, 1)
        assert job.rows.get().collectible == item

    def test_first_rows_are_not_looked_for_among_each_other(self, vendor: Vendor) -> None:
        """PostgreSQL takes tables for empty that were emptied, and so reads them whole: what was
        added up for every item for every row took a minute for a thousand."""
        take(vendor, "First,0,,1,1,2017")
        rows, levels = 200, "inventory_stocklevel"
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE pg_class SET relpages = 1, reltuples = 0 WHERE relname IN (%s, %s)",
                [levels, "inventory_collectible"],
            )
        before = read_whole([levels])[levels]
        take(vendor, *(f"Card {n},{n},,1,1,2017" for n in range(1, rows + 1)))
        assert read_whole([levels])[levels] - before < 10 * rows**2

    @pytest.mark.parametrize("dry_run", [True, False])
    def test_row_with_more_than_can_be_counted_or_paid_for_stops_no_other(
        self, vendor: Vendor, dry_run: bool
    ) -> None:
        CollectibleFactory(vendor=vendor, sku="C", quantity=5)
        most, dear = 10**9, "999999999999.99"
        job = take(
            vendor,
            f"A,A,{most + 1},1",
            f"B,B,{most},{dear}",
            f"C,C,{most + 1},1",
            f"C,C,{most},{dear}",
            f"D,D,{most},1.00",
            "E,E,2,1",
            heading="name,sku,quantity,unit cost",
            repeated="update",
            dry_run=dry_run,
        )
        assert faults(job) == [
            (2, "quantity", "max_value"), (3, "unit_cost", "max_value"),
            (4, "quantity", "max_value"), (5, "unit_cost", "max_value"),
        ]  # fmt: skip
        assert (job.status, job.created, job.failed) == ("completed", 2, 4)

    def test_stock_of_other_stores_counts_towards_what_can_be_counted(self, vendor: Vendor) -> None:
        """A table says how many there are of it in all, so that it can be no more than that."""
        item = CollectibleFactory(vendor=vendor, sku="A", quantity=5)
        other = StoreFactory(vendor=vendor, is_default=False)
        most = MAX_QUANTITY - 5
        StockService.receive(receipts=[Receipt(item, other, most)], by=vendor.owner)
        job = take(vendor, f"Falcon,A,{MAX_QUANTITY}", heading="name,sku,quantity")
        assert (job.status, job.updated) == ("completed", 1)
        item.refresh_from_db()
        assert (item.name, item.quantity) == ("Falcon", MAX_QUANTITY)

    def test_known_skus_are_updated_or_found_unchanged(self, vendor: Vendor) -> None:
        take(vendor, "Falcon,75192,Star Wars,849.99,2,2017", "X-Wing,75355,Star Wars,239.99,1,2023")
        job = take(vendor, "Falcon,75192,Star Wars,900,2,2017", "X-Wing,75355,star wars,239.99,1,")
        assert outcomes(job) == [(2, "updated"), (3, "unchanged")]
        falcon, wing = Collectible.objects.order_by("sku")
        assert (falcon.value, falcon.version) == (Decimal(900), 2)
        assert (wing.attributes, wing.version) == ({"year": 2023}, 1)

    def test_blank_cell_says_nothing(self, vendor: Vendor) -> None:
        take(vendor, "Falcon,75192,Star Wars,849.99,2,2017")
        job = take(vendor, ",75192,,,,{Not specified}")
        assert outcomes(job) == [(2, "unchanged")]

    def test_row_without_sku_makes_an_item_of_its_own(self, vendor: Vendor) -> None:
        take(vendor, "Falcon,,,,,", "Falcon,,,,,")
        assert Collectible.objects.filter(sku__startswith="ITEM-", quantity=1).count() == 2

    def test_bad_rows_fail_with_their_reasons_and_good_ones_go_on(self, vendor: Vendor) -> None:
        job = take(
            vendor,
            ",A1,,,,",
            "B,B1,,abc,,",
            "C,C1,,-1,2.5,",
            "D,D1,,1.999,1,",
            f"{'x' * 256},E1,,,,",
            "F,F1,,1,1,,,,,surplus",
            f"I,I1,,{'9' * 60},1,",
            "J,J1,,1e400,1,",
            "G\x00,G1,,1,1,",
            "Good,H1,,1,1,",
        )
        assert faults(job) == [
            (2, "name", "required"),
            (3, "value", "invalid"),
            (4, "value", "min_value"),
            (4, "quantity", "invalid"),
            (5, "value", "ambiguous"),
            (6, "name", "max_length"),
            (7, "", "unreadable"),
            (8, "value", "max_digits"),
            (9, "value", "invalid"),
            (10, "", "unreadable"),
        ]
        assert (job.failed, job.created, job.status) == (9, 1, "completed")
        assert Collectible.objects.get().name == "Good"

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("19.99", "19.99"), ("$19.99", "19.99"), ('"1,234.50"', "1234.50"),
            ('"1.234,50 €"', "1234.50"), ('"12,5"', "12.50"), ('"1,234"', "1234.00"), ("7", "7.00"),
            ("16.9899", "16.99"), ("0.125", "0.13"), ("USD 5", "5.00"), ("'+5", "5.00"),
        ],
    )  # fmt: skip
    def test_amounts_are_read_as_people_write_them(
        self, vendor: Vendor, text: str, value: str
    ) -> None:
        take(vendor, f"Falcon,A,,{text},1,")
        assert Collectible.objects.get().value == Decimal(value)

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("33.0", 33), ("0012", "0012"), ("3.50", "3.50"), ("3.5", 3.5), ("True", True),
            ("\"{'min': 6, 'max': 12}\"", {"min": 6, "max": 12}), ("2e9", "2e9"),
            ("\"{'a': {1, 2}}\"", "{'a': {1, 2}}"), ("-7", -7), ("9" * 20, "9" * 20),
            ("{broken", "{broken"), ('"[1, 2]"', [1, 2]), ("'=1+1", "=1+1"),
        ],
    )  # fmt: skip
    def test_attributes_are_numbers_only_where_nothing_is_lost(
        self, vendor: Vendor, text: str, value: Any
    ) -> None:
        take(vendor, f"Falcon,A,,1,1,{text}")
        assert Collectible.objects.get().attributes == {"year": value}

    @pytest.mark.parametrize(
        "cell",
        [
            r'"{""a"": ""x\u0000y""}"',
            r"{'a': 'x\x00y'}",
            r'"{""a"": ""\ud800""}"',
            "[" * 70 + "]" * 70,
        ],
    )
    def test_structure_that_cannot_be_stored_fails_its_row_alone(
        self, vendor: Vendor, cell: str
    ) -> None:
        job = take(vendor, f"F,A,,1,1,{cell}", "G,B,,1,1,")
        assert (job.status, outcomes(job)) == ("completed", [(2, "failed"), (3, "created")])

    def test_deeply_nested_text_stays_text(self, vendor: Vendor) -> None:
        take(vendor, f"Falcon,A,,1,1,{'[' * 1500}")
        assert Collectible.objects.get().attributes == {"year": "[" * 1500}

    def test_conditions_and_flags_are_read_by_any_of_their_names(self, vendor: Vendor) -> None:
        take(vendor, "F,A,Near mint,no", "G,B,NEAR_MINT,Yes", heading="name,sku,condition,active")
        found = Collectible.objects.order_by("sku").values_list("condition", "is_active")
        assert list(found) == [("near_mint", False), ("near_mint", True)]

    def test_more_attributes_than_an_item_holds_fail_the_row(self, vendor: Vendor) -> None:
        heading = "name,sku,a,b"
        job = take(vendor, f"F,A,{'x' * 20_000},", "G,B,1,2", heading=heading)
        assert outcomes(job) == [(2, "created"), (3, "created")]
        job = take(vendor, f"F,A,,{'y' * 20_000}", heading=heading)
        assert faults(job) == [(2, "attributes", "too_large")]

    def test_new_item_takes_the_vendors_currency(self, vendor: Vendor) -> None:
        vendor.currency = "EUR"
        vendor.save()
        take(vendor, "F,A,,,,")
        assert Collectible.objects.get().currency == "EUR"


class TestRepeated:
    LINES = ("First,80035,,1,1,", "Second,80035,,2,1,", "Third,80035,,3,1,")

    def test_later_rows_fail_and_name_the_line(self, vendor: Vendor) -> None:
        job = take(vendor, *self.LINES)
        assert outcomes(job) == [(2, "created"), (3, "failed"), (4, "failed")]
        assert job.rows.get(line=4).errors == [
            {"field": "sku", "code": "repeated_sku", "detail": "SKU 80035 is on line 2 already."}
        ]
        assert Collectible.objects.get().name == "First"

    def test_suffix_makes_items_of_their_own_and_finds_them_again(self, vendor: Vendor) -> None:
        take(vendor, *self.LINES, repeated="suffix")
        skus = Collectible.objects.order_by("sku").values_list("sku", "name")
        assert list(skus) == [("80035", "First"), ("80035-2", "Second"), ("80035-3", "Third")]
        assert take(vendor, *self.LINES, repeated="suffix").unchanged == 3

    def test_suffixes_of_one_sku_are_counted_on(self, vendor: Vendor) -> None:
        job = take(vendor, *(f"F{n},A,,,," for n in range(1200)), repeated="suffix", dry_run=True)
        assert (job.created, job.rows.get(line=1201).sku) == (1200, "A-1200")

    def test_suffix_that_makes_the_sku_too_long_is_reported(self, vendor: Vendor) -> None:
        lines = [f"F,{'x' * (MAX_SKU - 1)},,,,"] * 2
        assert faults(take(vendor, *lines, repeated="suffix")) == [(3, "sku", "repeated_sku")]

    def test_update_lets_the_last_row_win(self, vendor: Vendor) -> None:
        job = take(vendor, *self.LINES, repeated="update")
        assert outcomes(job) == [(2, "created"), (3, "updated"), (4, "updated")]
        item = Collectible.objects.get()
        assert (item.name, item.value) == ("Third", Decimal(3))

    def test_repetition_is_seen_across_chunks(self, vendor: Vendor, settings: Any) -> None:
        settings.IMPORT_CHUNK_ROWS = 1
        assert take(vendor, *self.LINES).failed == 2
        assert take(vendor, *self.LINES, repeated="update").updated == 2


class TestDryRun:
    @pytest.mark.parametrize("repeated", ["fail", "suffix", "update"])
    def test_reports_what_the_real_run_then_does_and_writes_nothing(
        self, vendor: Vendor, repeated: str
    ) -> None:
        CollectibleFactory(vendor=vendor, sku="OLD", name="Old", value=5)
        lines = (
            "Old,OLD,,5,1,", "New,NEW,Fresh,1,1,", "Again,NEW,Fresh,2,1,", "Old,OLD,Fresh,6,1,",
            ",X,,,,", "Bad,Y,,abc,1,",
        )  # fmt: skip
        rehearsed = take(vendor, *lines, repeated=repeated, dry_run=True)
        assert Collectible.objects.get().version == 1
        assert not Category.objects.exists()
        real = take(vendor, *lines, repeated=repeated)
        assert outcomes(rehearsed) == outcomes(real)
        assert faults(rehearsed) == faults(real)
        counts = ("created", "updated", "unchanged", "failed", "processed")
        assert [getattr(rehearsed, c) for c in counts] == [getattr(real, c) for c in counts]


class TestJob:
    def test_killed_job_goes_on_where_it_stopped(self, vendor: Vendor, settings: Any) -> None:
        settings.IMPORT_CHUNK_ROWS = 2
        lines = [f"Item {n},S{n},,1,1," for n in range(6)]
        job = ImportService.request(file=table(*lines), vendor=vendor, by=vendor.owner)

        def die(processed: int, total: int) -> None:
            if processed == 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ImportService.run(job_id=job.pk, on_progress=die)
        job.refresh_from_db()
        assert (job.status, job.processed, job.created) == ("running", 4, 4)
        job = ImportService.run(job_id=job.pk)
        assert (job.status, job.processed, job.created) == ("completed", 6, 6)
        assert Collectible.objects.count() == ImportRow.objects.count() == 6

    def test_done_twice_is_done_once(self, vendor: Vendor) -> None:
        job = take(vendor, "Falcon,A,,1,1,")
        assert ImportService.run(job_id=job.pk).created == 1
        assert Collectible.objects.get().version == 1

    def test_worker_that_comes_late_does_not_open_it_again(self, vendor: Vendor) -> None:
        job = ImportService.request(file=table("F,A,,,,"), vendor=vendor, by=vendor.owner)
        late: list[ImportJob] = []

        def overtake(processed: int, total: int) -> None:
            if not late:
                late.append(ImportService.run(job_id=job.pk))

        ImportService.run(job_id=job.pk, on_progress=overtake)
        job.refresh_from_db()
        assert (job.status, job.created) == ("completed", 1)

    def test_stops_when_the_shop_was_closed(self, vendor: Vendor) -> None:
        job = ImportService.request(file=table("F,A,,,,"), vendor=vendor, by=vendor.owner)
        vendor.delete()
        job = ImportService.run(job_id=job.pk)
        assert (job.status, job.error) == ("failed", "The shop was closed.")
        assert not Collectible.all_objects.exists()

    def test_file_is_private_and_gone_when_the_job_has_ended(self, vendor: Vendor) -> None:
        job = ImportService.request(file=table("F,A,,,,"), vendor=vendor, by=vendor.owner)
        assert storages["private"].exists(job.file.name)
        assert not storages["default"].exists(job.file.name)
        ImportService.run(job_id=job.pk)
        assert not storages["private"].exists(job.file.name)

    def test_lost_file_ends_the_job_as_failed(self, vendor: Vendor) -> None:
        job = ImportService.request(file=table("F,A,,,,"), vendor=vendor, by=vendor.owner)
        storages["private"].delete(job.file.name)
        job = ImportService.run(job_id=job.pk)
        assert (job.status, job.error) == ("failed", "The file is gone.")


@pytest.mark.django_db(transaction=True)
def test_item_made_by_somebody_else_meanwhile_is_updated(vendor: Vendor) -> None:
    """The rival's insert is not committed when we look, and is when we write."""
    job = ImportService.request(file=table("Falcon,A,,7,1,"), vendor=vendor, by=vendor.owner)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            CollectibleService.create(name="Rival", vendor=vendor, sku="A")
            running = pool.submit(_run_and_close, job.pk)
            _wait_until_somebody_waits()
        done = running.result(timeout=20)
    item = Collectible.objects.get()
    assert (item.name, item.value, item.version) == ("Falcon", Decimal(7), 2)
    assert (done.updated, done.processed, done.status) == (1, 1, "completed")


def _run_and_close(job_id: int) -> ImportJob:
    try:
        return ImportService.run(job_id=job_id)
    finally:
        connection.close()


def _wait_until_somebody_waits() -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waits.")


@pytest.mark.django_db(transaction=True)
def test_category_that_is_deleted_meanwhile_waits_for_its_new_items(vendor: Vendor) -> None:
    lego = CategoryFactory(vendor=vendor, name="Lego")
    tried: list[str] = []

    def deleted() -> str:
        try:
            CategoryService.delete(category=lego, by=vendor.owner)
        except OperationalError:
            return "waited"
        return "deleted"

    def once_read(execute: Any, sql: str, *more: Any) -> Any:
        found = execute(sql, *more)
        if 'FROM "inventory_category"' in sql and connection.in_atomic_block and not tried:
            tried.append(impatient(deleted))
        return found

    file = table("Falcon,75192,Lego,1,1,2017")
    job = ImportService.request(file=file, vendor=vendor, by=vendor.owner)
    with connection.execute_wrapper(once_read):
        ImportService.run(job_id=job.pk)
    item = Collectible.objects.select_related("category").get(sku="75192")
    assert item.category is not None
    assert not item.category.is_deleted
    assert tried == ["waited"]
    assert deleted() == "deleted"
    item.refresh_from_db()
    assert item.category_id is None
