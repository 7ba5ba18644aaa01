"""A table, and somebody who makes items of its SKUs while it comes in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from inventory.models import Collectible, ImportJob
from inventory.services import CollectibleService, ImportService
from tests.inventory.tables import faults, outcomes, table
from tests.races import await_waiting, on_own_connection
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
