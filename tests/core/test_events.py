"""What happened is told after the commit, to whoever asked to hear it, whatever the others do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction

from core import events
from core.events import publish, subscribe
from tests.factories import VendorFactory
from vendors.models import Vendor


@dataclass(frozen=True)
class ItemSold:
    item_id: int


@dataclass(frozen=True)
class RareItemSold(ItemSold):
    pass


@pytest.fixture(autouse=True)
def _subscriptions_end_with_the_test() -> Iterator[None]:
    yield
    for kind in (ItemSold, RareItemSold):
        events._handlers.pop(kind, None)


@pytest.fixture
def heard() -> list[int]:
    return []


@pytest.fixture
def listener(heard: list[int]) -> Callable[[ItemSold], None]:
    def note(event: ItemSold) -> None:
        heard.append(event.item_id)

    subscribe(ItemSold, note)
    return note


def fail(event: Any) -> None:
    raise RuntimeError("the handler is broken")


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    def test_event_is_told_after_the_commit(
        self, listener: Callable[[ItemSold], None], heard: list[int]
    ) -> None:
        with transaction.atomic():
            with transaction.atomic():
                publish(ItemSold(1))
            assert heard == []
        assert heard == [1]

    def test_event_without_a_transaction_is_told_at_once(
        self, listener: Callable[[ItemSold], None], heard: list[int]
    ) -> None:
        publish(ItemSold(1))
        assert heard == [1]

    def test_event_that_was_rolled_back_never_happened(
        self, listener: Callable[[ItemSold], None], heard: list[int]
    ) -> None:
        with transaction.atomic():
            with transaction.atomic():
                publish(ItemSold(1))
                transaction.set_rollback(True)
            publish(ItemSold(2))
        assert heard == [2]

    def test_handler_sees_what_was_committed_and_may_write(self, heard: list[int]) -> None:
        def rename(event: ItemSold) -> None:
            heard.append(Vendor.objects.filter(pk=event.item_id).update(name="Sold"))

        subscribe(ItemSold, rename)
        with transaction.atomic():
            publish(ItemSold(VendorFactory().pk))
        assert (heard, Vendor.objects.get().name) == ([1], "Sold")

    def test_broken_handler_undoes_nothing_and_stops_nobody(
        self, heard: list[int], caplog: pytest.LogCaptureFixture
    ) -> None:
        subscribe(ItemSold, fail)
        subscribe(ItemSold, lambda event: heard.append(event.item_id))
        with transaction.atomic():
            VendorFactory()
            publish(ItemSold(1))
        assert (heard, Vendor.objects.count()) == ([1], 1)
        lines: list[Any] = [entry.msg for entry in caplog.records if entry.name == "core.events"]
        assert [(e["event"], e["event_type"], e["handler"]) for e in lines] == [
            ("event_handler_failed", "ItemSold", "fail")
        ]


class TestSubscriptions:
    def test_subscribing_twice_is_once(
        self, listener: Callable[[ItemSold], None], heard: list[int]
    ) -> None:
        subscribe(ItemSold, listener)
        events._deliver(ItemSold(1))
        assert heard == [1]

    def test_handlers_are_called_in_the_order_they_came(self, heard: list[int]) -> None:
        for listen in (lambda _: heard.append(1), lambda _: heard.append(2)):
            subscribe(ItemSold, listen)
        events._deliver(ItemSold(1))
        assert heard == [1, 2]

    def test_only_events_of_exactly_this_type_are_told(
        self, listener: Callable[[ItemSold], None], heard: list[int]
    ) -> None:
        events._deliver(RareItemSold(1))
        assert heard == []

    def test_event_nobody_waits_for_is_no_fault(self) -> None:
        events._deliver(RareItemSold(1))
