"""The parts of a list (`core.paging`): each is of one shop, with its own range of an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, Q
from django.db.models.lookups import Exact


@dataclass(frozen=True)
class Part:
    """Rows that lie together, and whose they are; None of no shop's."""

    rows: Q
    vendor_id: int | None


class Foreseen(Exists):
    """What hangs on no row: PostgreSQL asks it once, and where it is not so it reads no row."""


@dataclass(frozen=True)
class Named:
    """Things of which each row of a list has one: how they are found from it, by which keys, and
    how from a thing its shop is."""

    path: str
    keys: Sequence[Any]
    owner: str

    def are_of(self, part: Part, model: Any) -> Foreseen:
        """Whether any of them is of the part's shop."""
        for name in self.path.split("__"):
            model = model._meta.get_field(name).related_model
        # Computed, so that they are looked up by their keys and not among all that the shop has.
        shop = ExpressionWrapper(F(self.owner) + 0, output_field=BigIntegerField())
        things = model._base_manager.filter(pk__in=self.keys)  # noqa: SLF001 (Django tells of it)
        return Foreseen(things.filter(Exact(shop, part.vendor_id)))
