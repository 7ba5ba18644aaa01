"""`verify_ledger`, `reconcile_stock` and `watch_stock`: whoever got round the triggers is seen."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from inventory.enums import MovementKind
from inventory.models import Allocation, Collectible, StockLevel, StockLot, StockMovement
from inventory.selectors import find_tampering, get_ledger_head
from inventory.tasks import watch_stock
from tests.factories import StoreFactory, VendorFactory
from tests.stock.shelf import Shelf

pytestmark = pytest.mark.django_db
LEDGER = [f"inventory.StockMovement:{name}" for name in ("append_only", "seal", "post")]


def tamper(movement: StockMovement, **changes: Any) -> None:
    with pgtrigger.ignore(*LEDGER):
        StockMovement.objects.filter(pk=movement.pk).update(**changes)


def remove(movement: StockMovement) -> None:
    with pgtrigger.ignore(*LEDGER):
        StockMovement.objects.filter(pk=movement.pk).delete()


def refusal(command: str, capsys: Any, *options: str) -> tuple[str, list[str]]:
    """What the command ends with, and the lines before."""
    with pytest.raises(CommandError) as refused:
        call_command(command, *options)
    assert refused.value.returncode == 1
    return str(refused.value), capsys.readouterr().err.splitlines()


@pytest.fixture
def chain(shelf: Shelf) -> list[StockMovement]:
    """Four movements of one item: numbers 1 to 4."""
    for _ in range(3):
        shelf.receive(1)
    return list(StockMovement.objects.order_by("sequence"))


class TestVerify:
    def test_what_was_not_touched_fits(self, chain: list[StockMovement], capsys: Any) -> None:
        call_command("verify_ledger")
        told = capsys.readouterr().out.splitlines()
        assert told == [
            "4 movements are as they were written.",
            f"Head {get_ledger_head().digest} (keep it elsewhere, and compare).",
        ]

    @pytest.mark.parametrize("item", ["0", "-1", str(2**70)])
    def test_item_that_is_not_there_is_no_good_news(self, item: str, capsys: Any) -> None:
        assert refusal("verify_ledger", capsys, "--item", item)[0] == f"There is no item {item}."

    @pytest.mark.parametrize(
        "change",
        [
            {"kind": MovementKind.OPENING},
            {"quantity": 2},
            {"cost": Decimal(0)},
            {"reason": "count"},
            {"reference": "PO-9"},
            {"note": "x"},
            {"actor_id": None},
            {"occurred_at": timezone.now() - timedelta(days=9)},
            {"recorded_at": timezone.now() - timedelta(days=9)},
            {"digest": "0" * 64},
            {"origin_id": F("id")},
            {"id": 10**9},
            {"lot_id": lambda chain: chain[0].lot_id},
            {"store_id": lambda _chain: StoreFactory().pk},
            {"vendor_id": lambda _chain: VendorFactory().pk},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_changed_row_is_named(
        self, chain: list[StockMovement], capsys: Any, change: dict[str, Any]
    ) -> None:
        victim = chain[1]
        [(column, value)] = change.items()
        tamper(victim, **{column: value(chain) if callable(value) else value})
        said, lines = refusal("verify_ledger", capsys)
        key = change.get("id", victim.pk)
        assert f"item {victim.item_id}, movement {key}: it was changed" in lines
        # A digest is part of the next one, too.
        assert len(lines) == (2 if column == "digest" else 1)
        assert said == f"{len(lines)} movements are not as they were written."

    def test_removed_row_leaves_a_gap(self, chain: list[StockMovement], capsys: Any) -> None:
        remove(chain[1])
        _said, lines = refusal("verify_ledger", capsys)
        assert lines == [
            f"item {row.item_id}, movement {row.pk}: there is a gap before it" for row in chain[2:]
        ]

    def test_rows_that_changed_places_are_named(
        self, chain: list[StockMovement], capsys: Any
    ) -> None:
        second, third = chain[1], chain[2]
        tamper(second, sequence=99)
        tamper(third, sequence=2)
        tamper(second, sequence=3)
        faults = {fault.movement: fault.fault for fault in find_tampering()}
        assert faults == dict.fromkeys([second.pk, third.pk, chain[3].pk], "it was changed")

    @pytest.mark.parametrize(
        ("number", "fault"), [(5, "it was changed"), (7, "there is a gap before it")]
    )
    def test_slipped_in_row_is_named(
        self, shelf: Shelf, chain: list[StockMovement], number: int, fault: str
    ) -> None:
        false = shelf.movement(
            chain[3].lot, vendor=shelf.item.vendor, sequence=number, digest=chain[3].digest
        )
        with pgtrigger.ignore(*LEDGER):
            false.save()
        assert [(each.movement, each.fault) for each in find_tampering()] == [(false.pk, fault)]

    def test_one_item_is_asked_alone(self, chain: list[StockMovement], capsys: Any) -> None:
        victim = Shelf.filled().item.movements.get()
        tamper(victim, note="x")
        call_command("verify_ledger", item=chain[0].item_id)
        assert capsys.readouterr().out.startswith("4 movements")
        _said, lines = refusal("verify_ledger", capsys, f"--item={victim.item_id}")
        assert lines == [f"item {victim.item_id}, movement {victim.pk}: it was changed"]

    def test_head_moves_with_every_movement(self, shelf: Shelf) -> None:
        heads = [get_ledger_head()]
        for deed in [lambda: shelf.receive(1), lambda: shelf.sell(1), Shelf.filled]:
            deed()
            heads.append(get_ledger_head())
        assert [head.movements for head in heads] == [1, 2, 3, 4]
        assert len({head.digest for head in heads}) == 4

    def test_head_tells_of_a_lost_end(self, chain: list[StockMovement]) -> None:
        """Nothing follows the last one that could miss it: this is what the head is kept for."""
        head = get_ledger_head()
        remove(chain[3])
        assert find_tampering() == []
        assert get_ledger_head() != head


FIGURES: list[tuple[Any, str, str]] = [
    (StockLevel, "on_hand", "level of item {item}: on hand in store {store}"),
    (StockLevel, "allocated", "level of item {item}: allocated in store {store}"),
    (StockLot, "remaining", "lot {lot}: remaining"),
    (StockLot, "remaining_cost", "lot {lot}: remaining_cost"),
    (Collectible, "quantity", "item {item}: quantity"),
    (Collectible, "allocated", "item {item}: allocated"),
]


class TestReconcile:
    def test_what_was_not_touched_equals(self, chain: list[StockMovement], capsys: Any) -> None:
        call_command("reconcile_stock")
        assert capsys.readouterr().out == "Levels, lots and quantities equal the ledger.\n"

    @pytest.mark.parametrize(("model", "column", "name"), FIGURES)
    def test_each_figure_that_drifted_is_named(
        self, shelf: Shelf, capsys: Any, model: Any, column: str, name: str
    ) -> None:
        was = getattr(model.objects.get(), column)
        with pgtrigger.ignore():
            model.objects.update(**{column: F(column) - 1})
        is_now = getattr(model.objects.get(), column)
        said, lines = refusal("reconcile_stock", capsys)
        lot = StockLot.objects.get()
        figure = name.format(item=shelf.item.pk, store=shelf.store.pk, lot=lot.pk)
        assert lines == [f"{figure} is {is_now}, the ledger says {was}"]
        assert said == "1 figures differ from the ledger."

    def test_missing_level_is_named(self, shelf: Shelf, capsys: Any) -> None:
        with pgtrigger.ignore():
            StockLevel.objects.all().delete()
        _said, lines = refusal("reconcile_stock", capsys)
        level = f"level of item {shelf.item.pk}:"
        assert lines == [
            f"{level} allocated in store {shelf.store.pk} is 0, the ledger says 1",
            f"{level} on hand in store {shelf.store.pk} is 0, the ledger says 3",
        ]

    def test_movement_that_was_not_posted_shows_everywhere(self, shelf: Shelf, capsys: Any) -> None:
        with pgtrigger.ignore("inventory.StockMovement:post"):
            shelf.movement(StockLot.objects.get()).save()
        said, lines = refusal("reconcile_stock", capsys)
        assert [line.split(":")[1].split(" is ")[0] for line in lines] == [
            " quantity", f" on hand in store {shelf.store.pk}", " remaining", " remaining_cost",
        ]  # fmt: skip
        assert said == "4 figures differ from the ledger."

    def test_promise_that_was_taken_away_shows(self, shelf: Shelf, capsys: Any) -> None:
        with pgtrigger.ignore():
            Allocation.objects.all().delete()
        said, _lines = refusal("reconcile_stock", capsys)
        assert said == "2 figures differ from the ledger."


class TestWatch:
    def test_drift_is_an_error_in_the_log(self, shelf: Shelf, caplog: Any) -> None:
        with pgtrigger.ignore():
            StockLevel.objects.update(on_hand=2)
        watch_stock()
        [record] = caplog.records
        assert record.levelname == "ERROR"
        assert record.msg["event"] == "stock_drift"
        assert record.msg["figures"] == 1
        assert record.msg["first"]["should_be"] == "3"

    def test_nothing_is_said_of_nothing(self, shelf: Shelf, caplog: Any) -> None:
        watch_stock()
        assert caplog.records == []
