"""Who waits for somebody else's lock is told so in time, and may try again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models.signals import pre_migrate
from rest_framework.test import APIClient

from core.problems import exception_handler
from inventory.models import Collectible
from tests.factories import CollectibleFactory
from tests.races import impatient
from tests.vendors.people import refusal
from vendors.models import Vendor

pytestmark = pytest.mark.django_db(transaction=True)


def test_lock_that_does_not_come_is_409_busy(owner_client: APIClient, vendor: Vendor) -> None:
    item = CollectibleFactory(vendor=vendor, quantity=3)
    body = {"item": item.pk, "quantity": 1, "reason": "lost"}

    def write_off() -> Any:
        return owner_client.post("/api/v1/stock/write-off/", body)

    with transaction.atomic():
        Collectible.objects.select_for_update().get(pk=item.pk)
        answer = impatient(write_off)
    assert refusal(answer) == (409, "busy")
    assert answer["Retry-After"] == "1"
    assert item.movements.count() == 1
    assert impatient(write_off).status_code == 201


def test_one_of_two_who_wait_for_each_other_is_told_so(vendor: Vendor) -> None:
    first, second = (CollectibleFactory(vendor=vendor).pk for _ in range(2))
    gate = Barrier(2, timeout=30)

    def lock(keys: list[int]) -> int:
        try:
            with transaction.atomic():
                for key in keys:
                    Collectible.objects.select_for_update().get(pk=key)
                    if key == keys[0]:
                        gate.wait()
            return 200
        except Exception as error:
            return exception_handler(error, {}).data["code"]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lock, ([first, second], [second, first])))
    assert sorted(map(str, outcomes)) == ["200", "busy"]


def test_every_connection_has_the_limit_and_migrate_has_none() -> None:
    options = settings.DATABASES["default"]["OPTIONS"]["options"]
    wanted = options.partition("lock_timeout=")[2].partition(" ")[0]

    def told() -> list[str]:
        try:
            before = limit()
            pre_migrate.send(sender=apps.get_app_config("core"), using="default")
            return [before, limit()]
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(told).result() == [wanted, "0"] == ["30s", "0"]


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])
