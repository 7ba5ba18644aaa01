"""Rows of several models in one statement (`core.adding`)."""

from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import now
from psycopg.pq import TransactionStatus

from core.adding import add, deed, together
from core.audit import log_audit
from core.events import publish
from core.models import AuditLog
from core.prepared import prepared
from core.saying import Drawn, Words
from inventory.models import Category, Collectible, Valuation
from inventory.services.ledger import allow_opening
from tests.factories import CollectibleFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


def branch(vendor: Vendor, name: str, parent: Category | None = None) -> Category:
    return Category(vendor=vendor, name=name, slug=name.lower(), parent=parent)


def family(vendor: Vendor, besides: int = 0) -> tuple[Category, Category, AuditLog]:
    """Two rows of which one points to the other, and one that tells of them: none has a key yet."""
    drawn: Any = Drawn("upper(%s)", ("drawn once",))
    with together():
        above = branch(vendor, "Above")
        above.name = drawn
        add(above)
        add(*(AuditLog(type="catalog", user="system", action=f"{n}") for n in range(besides)))
        below = branch(vendor, "Below", above)
        add(below)
        row = log_audit("catalog", None, Words(["made ", drawn, "!"]), obj=below)
        assert above.pk is None
    return above, below, row


@pytest.mark.parametrize("besides", [0, 700], ids=["one statement", "model by model"])
def test_rows_point_to_others_before_they_have_keys(vendor: Vendor, besides: int) -> None:
    above, below, row = family(vendor, besides)
    read = Category.objects.get(pk=below.pk)
    assert (read.parent_id, below.parent_id, below.parent) == (above.pk, above.pk, above)
    assert (above.name, Category.objects.get(pk=above.pk).name) == ("DRAWN ONCE", "DRAWN ONCE")
    told = AuditLog.objects.get(pk=row.pk)
    assert (told.action, told.object_id) == ("made DRAWN ONCE!", str(below.pk))
    assert (row.action, row.object_id) == (told.action, told.object_id)
    assert AuditLog.objects.count() == besides + 1


@pytest.mark.parametrize("besides", [0, 700], ids=["one statement", "model by model"])
def test_rows_say_what_they_said_when_they_were_added(vendor: Vendor, besides: int) -> None:
    item = CollectibleFactory(vendor=vendor)
    with together():
        row = Category(vendor=vendor, name="Before", slug="before")
        worth = Valuation(item=item, amount=2, currency="USD", source="hand", valued_at=now())
        add(row, worth)
        add(*(AuditLog(type="catalog", user="system", action=f"{n}") for n in range(besides)))
        row.name = "After"
    assert (row.name, Category.objects.get(pk=row.pk).name) == ("After", "Before")
    # What the database gives, too.
    assert worth.recorded_at == Valuation.objects.get(pk=worth.pk).recorded_at


def test_block_is_one_statement(vendor: Vendor, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        family(vendor)


def test_block_that_fails_adds_nothing(vendor: Vendor) -> None:
    with suppress(LookupError), together():
        add(branch(vendor, "Above"))
        raise LookupError
    add(branch(vendor, "Below"))
    assert [row.name for row in Category.objects.all()] == ["Below"]


def test_row_that_is_refused_takes_all_with_it(vendor: Vendor) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        add(branch(vendor, "Above"), branch(vendor, "ABOVE"))
    assert not Category.objects.exists()


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What begins or ends transactions, as psycopg sends it."""
    sent: list[str] = []
    send = psycopg.Connection._exec_command

    def spy(self: Any, command: Any, *told: Any, **options: Any) -> Any:
        sent.append(bytes(command).decode() if isinstance(command, bytes) else str(command))
        return send(self, command, *told, **options)

    monkeypatch.setattr(psycopg.Connection, "_exec_command", spy)
    return sent


@prepared
def _named(name: Any) -> Any:
    return Category.objects.filter(name=name)


def _named_and_locked(name: str) -> list[Category]:
    return list(Category.objects.select_for_update().filter(name=name))


@pytest.mark.django_db(transaction=True)
def test_deed_of_one_statement_needs_no_transaction_of_its_own(
    vendor: Vendor, began: list[str]
) -> None:
    with deed():
        assert not _named("Above")
        above = branch(vendor, "Above")
        add(above)
    assert not began
    assert above.pk
    assert Category.objects.get().name == "Above"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [_named_and_locked, publish])
def test_deed_that_does_more_is_one_transaction(
    vendor: Vendor, began: list[str], first: Any
) -> None:
    with deed():
        first("Above")
        add(branch(vendor, "Above"))
    assert began == ["BEGIN", "COMMIT"]


@pytest.mark.django_db(transaction=True)
def test_commit_does_not_wait_for_the_answer(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others want what is locked, and our thread may have to wait for its turn."""
    went_along: list[bool] = []
    commit = psycopg.Connection.commit

    def spy(self: Any) -> None:
        if self.info.transaction_status != TransactionStatus.IDLE:
            went_along.append(self.info.transaction_status == TransactionStatus.ACTIVE)
        commit(self)

    monkeypatch.setattr(psycopg.Connection, "commit", spy)
    with deed():
        _named_and_locked("Above")
        add(branch(vendor, "Above"))
    with deed():
        branch(vendor, "Saved").save()
    assert went_along == [True, False]


def _twice(vendor: Vendor) -> None:
    add(branch(vendor, "Above"))


def _with_stock_from_nowhere(vendor: Vendor) -> None:
    """The database asks when the transaction ends."""
    allow_opening()
    add(Collectible(vendor=vendor, name="Falcon", sku="1", quantity=3))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("last", [_twice, _with_stock_from_nowhere])
def test_deed_that_is_refused_at_its_end_does_nothing(vendor: Vendor, last: Any) -> None:
    @deed()
    def try_it(last: Any) -> None:
        _named_and_locked("Above")
        log_audit("catalog", None, "nothing")
        last(vendor)

    branch(vendor, "above").save()
    with pytest.raises(IntegrityError):
        try_it(last)
    assert not AuditLog.objects.exists()
    assert not Collectible.objects.exists()
    try_it(lambda _vendor: None)
    assert AuditLog.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_deed_inside_another_ends_with_that(vendor: Vendor) -> None:
    with suppress(LookupError), transaction.atomic():
        with deed():
            add(branch(vendor, "Above"))
        raise LookupError
    with suppress(IntegrityError), deed():
        with deed():
            add(branch(vendor, "Above"))
        add(branch(vendor, "ABOVE"))
    assert not Category.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_deed_that_fails_does_nothing(vendor: Vendor, began: list[str]) -> None:
    with suppress(LookupError), deed():
        add(branch(vendor, "Above"))
        raise LookupError
    with suppress(LookupError), deed():
        branch(vendor, "Saved").save()
        add(branch(vendor, "Above"))
        raise LookupError
    assert began == ["BEGIN", "ROLLBACK"]
    assert not Category.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_transaction_begins_with_a_cursor_that_is_older(vendor: Vendor) -> None:
    rename = "UPDATE vendors_vendor SET name = 'Other' WHERE id = %s"
    with connection.cursor() as cursor, suppress(LookupError), transaction.atomic():
        cursor.execute(rename, [vendor.pk])
        raise LookupError
    assert Vendor.objects.get().name == vendor.name


def test_what_is_too_long_is_refused_and_not_cut(vendor: Vendor) -> None:
    with pytest.raises(Exception, match="value too long"), transaction.atomic():
        add(branch(vendor, "x" * 200))
