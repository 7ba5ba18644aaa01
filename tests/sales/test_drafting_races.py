"""A draft points to its items in any order: who changes many at once is waited for by none."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from inventory.models import Category, Collectible
from inventory.services import CategoryService, CollectibleService, ImportService
from sales.models import Order
from sales.services import Wanted
from tests.races import impatient
from tests.sales.till import Till

pytestmark = pytest.mark.django_db(transaction=True)


def lock(till: Till) -> None:
    for item in Collectible.objects.order_by("pk"):
        CollectibleService.lock(row=item)


def update(till: Till) -> None:
    CollectibleService.bulk_update(updates={"is_featured": True}, by=till.user, **both())


def delete(till: Till) -> None:
    CollectibleService.bulk_delete(by=till.user, **both())


def restore(till: Till) -> None:
    CollectibleService.bulk_delete(by=till.user, **both())
    CollectibleService.bulk_restore(by=till.user, **both())


def delete_category(till: Till) -> None:
    CategoryService.delete(category=Category.objects.get(), by=till.user)


def run_import(till: Till) -> None:
    lines = [f"{item.sku},New" for item in Collectible.objects.all()]
    table = SimpleUploadedFile("t.csv", "\n".join(["sku,name", *lines]).encode())
    job = ImportService.request(file=table, vendor=till.vendor, by=till.user)
    assert ImportService.run(job_id=job.pk).updated == 2


def both() -> dict[str, Any]:
    rows = Collectible.all_objects.all()
    return {"items": rows, "ids": [item.pk for item in rows]}


@pytest.mark.parametrize(
    "deed", [lock, update, delete, restore, delete_category, run_import], ids=lambda d: d.__name__
)
def test_draft_waits_for_no_change_of_many_items(deed: Callable[[Till], None], till: Till) -> None:
    category = Category.objects.create(vendor=till.vendor, name="Sets")
    items = [till.item(category=category) for _each in range(2)]
    lines = [Wanted(item, 1) for item in reversed(items)]
    with transaction.atomic():
        deed(till)
        draft = impatient(lambda: till.draft(*lines))
    assert Order.objects.get() == draft
