"""What there must be one of, staff choose by an action, and no form leaves it out."""

from typing import Any

import pytest
from django.test import Client

from core.models import AuditLog
from inventory.models import CollectibleImage
from tests.flows.desk import address, image, save, saved
from users.models import User

pytestmark = pytest.mark.django_db


def told(desk: Client, action: str, *rows: Any) -> list[str]:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    answer = desk.post(address(type(rows[0])), chosen, follow=True)
    return [str(message) for message in answer.context["messages"]]


class TestPrimaryPicture:
    def test_is_chosen_by_an_action(self, desk: Client, staff: User) -> None:
        first = image()
        second = image(collectible=first.collectible, is_primary=False)
        assert told(desk, "make_primary", second) == ["1 done."]
        assert CollectibleImage.objects.get(is_primary=True) == second
        entry = AuditLog.objects.get()
        assert (entry.type, entry.actor_id, entry.object_id) == (
            "catalog", staff.pk, str(second.pk),
        )  # fmt: skip

    def test_deleted_one_is_not_chosen(self, desk: Client) -> None:
        first = image()
        second = image(collectible=first.collectible, is_primary=False)
        second.delete()
        assert told(desk, "make_primary", second)[-1] == "0 done."
        assert CollectibleImage.objects.get(is_primary=True) == first

    def test_no_form_takes_it_away_or_gives_a_second(self, desk: Client) -> None:
        first = image()
        second = image(collectible=first.collectible, is_primary=False)
        ticks = [{"images-0-is_primary": ""}, {f"images-{n}-is_primary": "on" for n in (0, 1)}]
        for change in ticks:
            assert saved(save(desk, address(first.collectible, "change"), **change))
        assert saved(save(desk, address(first, "change"), is_primary=""))
        assert saved(save(desk, address(second, "change"), is_primary="on"))
        assert CollectibleImage.objects.get(is_primary=True) == first
