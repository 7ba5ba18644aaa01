"""A table, and somebody who makes items of its SKUs while it comes in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from inventory.models import Collectible, ImportJob
from inventory.services import CollectibleService, ImportService
from tests.inventory.tables import faults, outcomes, table
from tests.races import await_waiting, impatient, on_own_connection
from vendors.models import Vendor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]


def asked(vendor: Vendor, *lines: str, **options: Any) -> Callable[[], ImportJob]:
    job = ImportService.request(file=table(*lines), vendor=vendor, by=vendor.owner, **options)
    return partial(ImportService.run, job_id=job.pk)


def test_row_is_judged_by_what_is_there_when_it_is_taken(vendor: Vendor) -> None:
    """Nothing was there at first, and then all: a fault that is none any more is forgotten."""
    run = asked(vendor, "Falcon,A,,7,1,", ",B,,7,1,", "Wing,C,,x,1,", ",D,,7,1,")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            for sku in "AB":
                CollectibleService.create(name="Rival", vendor=vendor, sku=sku)
            running = pool.submit(on_own_connection, run)
            await_waiting([running])
        done = running.result(timeout=30)
    assert outcomes(done) == [(2, "updated"), (3, "updated"), (4, "failed"), (5, "failed")]
    assert faults(done) == [(4, "value", "invalid"), (5, "name", "required")]
    assert (Collectible.objects.filter(value=7).count(), done.failed) == (2, 2)


@pytest.mark.parametrize("chunk", [2, 8, 1000])
def test_who_is_always_quicker_ends_no_import(vendor: Vendor, settings: Any, chunk: int) -> None:
    settings.IMPORT_CHUNK_ROWS = chunk
    skus = [f"S{n}" for n in range(16)]
    left = list(skus)
    run = asked(vendor, *(f"Mine,{sku},,7,1," for sku in skus))

    def take_next() -> None:
        CollectibleService.create(name="Rival", vendor=vendor, sku=left.pop(0))

    def once_read(execute: Any, sql: str, *more: Any) -> Any:
        found = execute(sql, *more)
        if '"sku" IN' in sql and "FOR NO KEY UPDATE" in sql and left:
            impatient(take_next)
        return found

    with connection.execute_wrapper(once_read):
        done = run()
    assert (done.status, done.failed, done.processed) == ("completed", 0, len(skus))
    assert [line for line, _outcome in outcomes(done)] == [*range(2, len(skus) + 2)]
    assert Collectible.objects.filter(name="Mine", value=7).count() == len(skus)


def test_import_that_was_killed_between_halves_goes_on_with_the_other(
    vendor: Vendor, settings: Any
) -> None:
    run = asked(vendor, *(f"Mine,S{n},,7,1," for n in range(5)))
    settings.IMPORT_CHUNK_ROWS = 2

    def die(processed: int, _total: int) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        run(on_progress=die)  # type: ignore[call-arg]
    settings.IMPORT_CHUNK_ROWS = 4
    done = run()
    assert outcomes(done) == [(line, "created") for line in range(2, 7)]
    assert (done.processed, done.created) == (5, 5)
