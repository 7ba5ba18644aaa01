"""The ledger as plain Python says it should be: lists and integers, no database."""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple


@dataclass
class Lot:
    """`cents` is what the units that are left cost."""

    key: int
    units: int
    cents: int
    age: int

    def take(self, units: int) -> int:
        """The cost of so many units: as many cents each as there are, odd cents first."""
        odd = self.cents % self.units
        cost = units * (self.cents // self.units) + min(odd, units)
        self.units -= units
        self.cents -= cost
        return cost


class Piece(NamedTuple):
    lot: Lot
    units: int
    cents: int


@dataclass
class Sold:
    """One movement of a sale: what of it can still come back."""

    place: tuple[int, int]
    lot: Lot
    units: int
    cents: int


@dataclass
class Replay:
    """Stock of items in stores. A place is (item, store)."""

    lots: dict[tuple[int, int], list[Lot]] = field(default_factory=lambda: defaultdict(list))
    held: dict[tuple[int, int], int] = field(default_factory=lambda: defaultdict(int))
    cost_in: int = 0
    sold: int = 0
    lost: int = 0
    travelling: int = 0

    def on_hand(self, place: tuple[int, int]) -> int:
        return sum(lot.units for lot in self.lots[place])

    def available(self, place: tuple[int, int]) -> int:
        return self.on_hand(place) - self.held[place]

    def add(self, place: tuple[int, int], lot: Lot) -> None:
        self.lots[place].append(lot)

    def take(self, place: tuple[int, int], units: int) -> list[Piece]:
        """The oldest first; of equals the one that came first."""
        pieces = []
        for lot in sorted(self.lots[place], key=lambda lot: (lot.age, lot.key)):
            some = min(lot.units, units)
            if some:
                pieces.append(Piece(lot, some, lot.take(some)))
                units -= some
        assert units == 0
        return pieces

    def cost_on_hand(self) -> int:
        return sum(lot.cents for lots in self.lots.values() for lot in lots)

    def books(self) -> tuple[int, int, int, int]:
        """Where the cost of all that came in has gone."""
        return self.cost_on_hand(), self.travelling, self.sold, self.lost


def largest_remainder(cents: int, weights: list[int]) -> list[int]:
    """With exact fractions, as the textbook has it."""
    weights = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(cents * weight, sum(weights)) for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (-(exact[i] - parts[i]), i))
    for index in order[: cents - sum(parts)]:
        parts[index] += 1
    return parts
