"""At the same moment: what is asked for twice is given once, and nobody waits for ever."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import combinations_with_replacement
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import Collectible, StockLevel
from inventory.selectors import find_drift, find_tampering
from inventory.services import (
    AllocationService,
    CollectibleService,
    Line,
    Receipt,
    Return,
    StockService,
    TransferService,
)
from inventory.services.counting import store_of
from tests.factories import CollectibleFactory, StoreFactory, UserFactory, VendorFactory
from tests.races import ROUNDS, at_once
from tests.stock.shelf import Shelf
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
Deed = Callable[[], Any]
# Requests take longer than deeds.
REQUESTS = max(10, ROUNDS // 10)


class Duel(Shelf):
    """Ways to take the last unit that is free; each returns something else than a refusal."""

    def level(self) -> StockLevel:
        return StockLevel.objects.get(item=self.item, store=self.store)

    def sale(self) -> Deed:
        return lambda: StockService.sell(lines=[self.line(1)], by=self.user)

    def write_off(self) -> Deed:
        return lambda: StockService.write_off(line=self.line(1), reason="lost", by=self.user)

    def adjustment(self) -> Deed:
        return lambda: StockService.adjust(line=self.line(-1), reason="lost", by=self.user)

    def allocation(self) -> Deed:
        return lambda: AllocationService.allocate(lines=[self.line(1)], reference="duel")

    def transfer(self) -> Deed:
        other = StoreFactory(vendor=self.item.vendor, is_default=False)
        return lambda: TransferService.send(line=self.line(1), to_store=other, by=self.user)

    def count(self) -> Deed:
        there = self.level().on_hand
        return lambda: StockService.set(
            item=self.item, store=self.store, quantity=there - 1, expected=there, by=self.user
        )


@pytest.fixture
def duel() -> Duel:
    """Nothing is free: what there is is promised."""
    duel = Duel.filled()
    AllocationService.allocate(lines=[duel.line(2)], reference="order")
    return duel


def refusals(outcomes: Sequence[Any]) -> list[str]:
    return sorted(outcome for outcome in outcomes if isinstance(outcome, str))


def assert_sound() -> None:
    assert find_drift() == []
    assert find_tampering() == []


TAKERS = [Duel.sale, Duel.write_off, Duel.adjustment, Duel.allocation, Duel.transfer, Duel.count]


@pytest.mark.parametrize(
    ("one", "other"),
    list(combinations_with_replacement(TAKERS, 2)),
    ids=lambda taker: taker.__name__,
)
def test_last_unit_is_taken_once(duel: Duel, one: Any, other: Any) -> None:
    for _ in range(max(5, ROUNDS // 10)):
        duel.receive(1)
        before = duel.level()
        outcomes = at_once([one(duel), other(duel)])
        [refused] = refusals(outcomes)
        assert refused in {"insufficient_stock", "stale_quantity"}
        after = duel.level()
        assert (before.available, after.available) == (1, 0)
    assert_sound()


def test_many_hands_take_what_there_is(duel: Duel) -> None:
    for _ in range(max(3, ROUNDS // 20)):
        duel.receive(5)
        outcomes = at_once([duel.sale(), duel.transfer(), duel.allocation(), duel.write_off()] * 2)
        assert refusals(outcomes) == ["insufficient_stock"] * 3
        assert duel.level().available == 0
    assert_sound()


def test_opposite_orders_of_two_items_wait_for_each_other() -> None:
    user = UserFactory()
    vendor = VendorFactory(owner=user)
    here, there = (StoreFactory(vendor=vendor, is_default=not n) for n in range(2))
    a, b = (CollectibleFactory(vendor=vendor, quantity=0) for _ in range(2))

    def sells(*items: Any) -> Deed:
        return lambda: StockService.sell(lines=[Line(i, here, 1) for i in items], by=user)

    def receives(*items: Any) -> Deed:
        return lambda: StockService.receive(receipts=[Receipt(i, here, 4) for i in items], by=user)

    def sends(item: Any) -> Deed:
        line = Line(item, here, 1)
        return lambda: TransferService.send(line=line, to_store=there, by=user)

    def holds(*items: Any) -> Deed:
        lines = [Line(i, here, 1) for i in items]
        return lambda: AllocationService.allocate(lines=lines, reference="order")

    for _ in range(2):  # enough for all who take, should they come before those who bring
        receives(a, b)()
    deeds = [sells(a, b), sells(b, a), receives(b, a), receives(a, b), sends(a), sends(b),
             holds(a, b), holds(b, a)]  # fmt: skip
    for _ in range(max(5, ROUNDS // 4)):
        assert refusals(at_once(deeds)) == []
        AllocationService.release(references=["order"])
    assert_sound()


def test_transfer_is_received_once(duel: Duel) -> None:
    other = StoreFactory(vendor=duel.item.vendor, is_default=False)
    for number in range(1, ROUNDS + 1):
        duel.receive(1)
        sent = TransferService.send(
            line=duel.line(1), to_store=other, by=duel.user, in_transit=True
        )
        receive = partial(TransferService.receive, transfer=sent, by=duel.user)
        assert refusals(at_once([receive, receive])) == ["transfer_ended"]
        assert StockLevel.objects.get(store=other).on_hand == number
    assert_sound()


def test_movement_is_corrected_once(duel: Duel) -> None:
    for _ in range(ROUNDS):
        wrong = duel.receive(1)
        correct = partial(StockService.correct, movement=wrong, by=duel.user)
        assert refusals(at_once([correct, correct])) == ["already_corrected"]
        assert duel.level().available == 0
    assert_sound()


def test_unit_is_returned_once(duel: Duel) -> None:
    for number in range(1, ROUNDS + 1):
        duel.receive(1)
        sold = duel.sell(1)
        back = partial(StockService.give_back, returns=[Return(sold, 1)], by=duel.user)
        assert refusals(at_once([back, back])) == ["return_exceeds_sale"]
        assert duel.level().available == number
        duel.sell(1)
        duel.receive(1)
    assert_sound()


def test_count_that_somebody_forestalled_is_refused(duel: Duel) -> None:
    for counted in range(4, 4 + ROUNDS):
        sets = [
            partial(
                StockService.set, item=duel.item, store=duel.store, quantity=counted + more,
                expected=counted - 1, by=duel.user,
            )
            for more in range(2)
        ]  # fmt: skip
        assert refusals(at_once(sets)) == ["stale_quantity"]
        level = duel.level().on_hand
        assert level in {counted, counted + 1}
        if level > counted:
            duel.sell(1)
    assert_sound()


def test_promise_has_one_end(duel: Duel) -> None:
    AllocationService.release(references=["order"])
    for number in range(ROUNDS):
        reference, now = f"duel {number}", timezone.now()
        duel.promise(reference, expires_at=now - timedelta(seconds=1))
        ends = [
            partial(AllocationService.release, references=[reference]),
            partial(AllocationService.consume, references=[reference]),
            AllocationService.expire,
        ]
        released, consumed, expired = at_once(ends)
        assert len(released) + len(consumed) + expired == 1
        assert duel.level().allocated == 0
    assert_sound()


def test_item_is_promised_or_deleted_and_never_both(duel: Duel) -> None:
    AllocationService.release(references=["order"])
    for _ in range(max(5, ROUNDS // 10)):
        delete = partial(CollectibleService.delete, collectible=duel.item, by=duel.user)
        outcomes = at_once([duel.allocation(), delete])
        duel.item.refresh_from_db(from_queryset=Collectible.all_objects.all())
        assert refusals(outcomes) == ["not_found" if duel.item.is_deleted else "in_use"]
        assert duel.level().allocated == (0 if duel.item.is_deleted else 1)
        if duel.item.is_deleted:
            CollectibleService.restore(collectible=duel.item, by=duel.user)
        AllocationService.release(references=["duel"])
    assert_sound()


def test_last_unit_is_taken_once_over_http(
    duel: Duel, sign_in: Callable[[User], APIClient]
) -> None:
    clients = [sign_in(duel.user) for _ in range(2)]
    order = {"item": duel.item.pk, "quantity": 1, "reason": "lost"}
    deeds = [partial(client.post, "/api/v1/stock/write-off/", order) for client in clients]
    for _ in range(REQUESTS):
        duel.receive(1)
        answers = sorted(at_once(deeds), key=lambda answer: answer.status_code)
        assert [answer.status_code for answer in answers] == [201, 409]
        refused = answers[1].json()
        assert (refused["code"], refused["available"]) == ("insufficient_stock", 0)
    assert_sound()


def test_two_first_items_find_one_store() -> None:
    """A shop without a store gets one by its first deed, whoever does it."""
    for _ in range(REQUESTS):
        vendor = VendorFactory()
        opened = at_once([partial(store_of, vendor, vendor.owner)] * 3)
        assert opened == [vendor.stores.get()] * 3
