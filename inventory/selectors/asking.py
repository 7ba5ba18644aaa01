"""What is asked of a list of items again and again: the same in words, about other things.

The SQL of its pages is made once for each shape of a question, and each call gives it its own
values (docs/decisions/0025-fast-reads.md).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.paging import MANY
from core.prepared import Given
from core.searching import Word, has_trigram
from inventory.models import CollectibleQuerySet, Match
from inventory.selectors.catalog import CatalogScope, get_category_ids

if TYPE_CHECKING:
    from users.models import User


@dataclass
class ItemQuestion:
    """The living items of the scope's shops; those in one of the categories, if any are named, and
    with all of the words."""

    scope: CatalogScope
    categories: list[int]
    words: list[str]

    @cached_property
    def shape(self) -> tuple[Any, ...]:
        """Of which shops, with many items or not, of how many categories, and which of the words an
        index can find."""
        indexed = tuple(map(has_trigram, self.words))
        is_large = self.scope.items > MANY
        return tuple(self.scope.vendor_ids), is_large, len(self.categories), indexed

    def asked_of(self, rows: CollectibleQuerySet) -> CollectibleQuerySet:
        _vendors, _is_large, categories, indexed = self.shape
        if categories:
            rows = rows.in_categories([Given(f"category{n}") for n in range(categories)])
        if indexed:
            words = [Word(f"word{n}", is_indexed=each) for n, each in enumerate(indexed)]
            rows = rows.with_words(words)
        return rows

    def meant(self, rows: CollectibleQuerySet) -> CollectibleQuerySet:
        if not (self.categories or self.words):
            return rows.counted(self.scope.items)
        categories = {f"category{n}": key for n, key in enumerate(self.categories)}
        words = {f"word{n}": word for n, word in enumerate(self.words)}
        rows = rows.meaning({**categories, **words})
        known = frozenset(self.categories) if self.categories else None
        rows.match = Match(frozenset(self.words), known)
        return rows


def ask_for_items(
    user: "User", scope: CatalogScope, text: str, category: str
) -> ItemQuestion | None:
    """The question for items with the words of a text, in the category called so (with its
    branches); either may be empty. None for a category there is not."""
    called = category.strip()
    if "\0" in called:
        return None
    ids = get_category_ids(user, called) if called else []
    return ItemQuestion(scope, ids, text.split()) if ids or not called else None
