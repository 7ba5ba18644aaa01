"""Writing: what somebody wants to be told, and how."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.exceptions import InvalidInput
from notifications.enums import DEFAULTS, FIXED, Channel, Kind
from notifications.models import NotificationPreference
from notifications.selectors import PreferenceSheet, get_preferences

if TYPE_CHECKING:
    from users.models import User


class Choice(NamedTuple):
    kind: Kind
    channel: Channel
    enabled: bool


class PreferenceService:
    @staticmethod
    def lock(*, row: PreferenceSheet) -> PreferenceSheet:
        """As they are now, and stay: whoever chooses has the account's lock."""
        _lock(row.pk)
        return get_preferences(row.pk)

    @staticmethod
    @transaction.atomic
    def choose(*, user: "User", choices: Iterable[Choice], anew: bool = False) -> None:
        """With `anew`, what is not named is as by default again.

        Raises `InvalidInput` for what there is not, is named twice, or cannot be switched off.
        """
        chosen = _by_way(choices)
        _lock(user.pk)
        rows = NotificationPreference.objects.filter(user=user)
        named = [Q(kind=kind, channel=channel) for kind, channel in chosen]
        if anew or named:
            rows.filter(Q() if anew else Q(*named, _connector=Q.OR)).delete()
        other = {way: on for way, on in chosen.items() if on != DEFAULTS[way]}
        NotificationPreference.objects.bulk_create(
            [
                NotificationPreference(user=user, kind=kind, channel=channel, enabled=on)
                for (kind, channel), on in other.items()
            ]
        )


def _lock(user_id: int) -> None:
    list(get_user_model().objects.select_for_update(no_key=True).filter(pk=user_id))


def _by_way(choices: Iterable[Choice]) -> dict[tuple[Kind, Channel], bool]:
    chosen: dict[tuple[Kind, Channel], bool] = {}
    for place, (kind, channel, enabled) in enumerate(choices):
        fault = _fault_of((kind, channel), enabled)
        if (kind, channel) in chosen:
            fault = ("repeated", _("This is named twice."))
        if fault:
            code, text = fault
            raise InvalidInput.of(f"preferences.{place}", text, code)
        chosen[kind, channel] = enabled
    return chosen


def _fault_of(way: tuple[Kind, Channel], enabled: bool) -> tuple[str, str] | None:
    if way not in DEFAULTS:
        return "no_channel", _("Notifications of this kind do not go this way.")
    if way in FIXED and not enabled:
        return "fixed", _("This cannot be switched off.")
    return None
