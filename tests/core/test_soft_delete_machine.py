"""Deleting and restoring a vendor and its items in any order, against a model of plain sets."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import sampled_from

from inventory.models import Collectible
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory

ITEMS = range(2)


class Shelf(RuleBasedStateMachine):
    """`gone` says at which step a row was hidden; what goes along shares the step."""

    def __init__(self) -> None:
        super().__init__()
        vendor = VendorFactory()
        category = CategoryFactory(vendor=vendor)
        items = [CollectibleFactory(vendor=vendor, category=category if n else None) for n in ITEMS]
        self.rows: dict[Any, Any] = {
            "vendor": vendor, "category": category, **dict(enumerate(items))
        }  # fmt: skip
        self.gone: dict[object, int] = {}
        self.step = 0

    def along_with(self, name: object) -> set[object]:
        return set(self.rows) if name == "vendor" else {name}

    @rule(name=sampled_from(ITEMS))
    def delete_item(self, name: int) -> None:
        self.delete(name)

    @rule(name=sampled_from(ITEMS))
    def restore_item(self, name: int) -> None:
        self.restore(name)

    @rule()
    def delete_vendor(self) -> None:
        self.delete("vendor")

    @rule()
    def restore_vendor(self) -> None:
        self.restore("vendor")

    def delete(self, name: object) -> None:
        self.step += 1
        self.rows[name].delete()
        if name not in self.gone:
            self.gone |= dict.fromkeys(self.along_with(name) - set(self.gone), self.step)

    def restore(self, name: object) -> None:
        self.rows[name].restore()
        if (step := self.gone.get(name)) is not None:
            back = {row for row in self.along_with(name) if self.gone.get(row) == step}
            self.gone = {row: at for row, at in self.gone.items() if row not in back}

    @rule()
    def delete_all_items_at_once(self) -> None:
        self.step += 1
        Collectible.objects.filter(vendor=self.rows["vendor"]).delete()
        self.gone |= dict.fromkeys(set(ITEMS) - set(self.gone), self.step)

    @rule()
    def restore_all_items_at_once(self) -> None:
        Collectible.all_objects.filter(vendor=self.rows["vendor"]).restore()
        self.gone = {row: at for row, at in self.gone.items() if row not in ITEMS}

    @invariant()
    def the_database_agrees(self) -> None:
        living = {
            name for name, row in self.rows.items() if type(row).objects.filter(pk=row.pk).exists()
        }
        assert living == set(self.rows) - set(self.gone)


@pytest.mark.django_db
def test_any_order_of_deleting_and_restoring_leaves_what_was_asked_for() -> None:
    steps = settings(max_examples=20, stateful_step_count=12, deadline=None, database=None)
    run_state_machine_as_test(Shelf, settings=steps)
