"""What the works ask for: ids, words, categories, cursors, drawn from the data and the same each
time."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.stand import LIMIT, OURS, Contestant, Stand

DEPTH = 40_000
PAGE = 20
CURSORS = 200
FIXED = [
    "dragon", "café", "CHÂTEAU", "poke", "sign", "angel", "meissen", "edition", "lco", "ixi",
    "uet", "mint", "schloss", "łódź", "collection", "ström",
]  # fmt: skip
COMMON = ["dragon", "edition", "angel", "signed", "knight", "limited", "berlin", "holo"]


@dataclass
class Facts:
    vendor: int
    items: int
    ids: list[int]
    selling: list[int]
    categories: list[int]
    words: list[str]
    cursors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def page(self) -> int:
        """2,000, or as deep as there are pages for."""
        return max(2, min(DEPTH, self.items * 2 // 5) // PAGE)

    def moments(self) -> list[str]:
        """Of the last two years and a half."""
        choose = random.Random(3).uniform  # noqa: S311 (the same each time)
        now = datetime.now(UTC)
        return [f"{now - timedelta(days=choose(20, 900)):%Y-%m-%dT%H:%M:%SZ}" for _ in range(500)]


def gather(stand: Stand) -> Facts:
    [(vendor, items)] = stand.rows(
        "SELECT vendor_id, count(*) FROM inventory_collectible JOIN users_user AS u"
        " ON u.active_vendor_id = vendor_id WHERE u.username = 'scale' AND NOT is_deleted"
        " GROUP BY 1"
    )
    living = "FROM inventory_collectible WHERE vendor_id = %s AND NOT is_deleted"
    ids = [key for (key,) in stand.rows(f"SELECT id {living} ORDER BY id", vendor)]
    store = "SELECT id FROM vendors_vendorstore WHERE vendor_id = %s AND is_default"
    selling = stand.rows(
        "SELECT item_id FROM inventory_stocklot JOIN inventory_collectible AS item"
        f" ON item.id = item_id WHERE store_id = ({store}) AND remaining >= 3 AND NOT is_deleted"
        " ORDER BY item_id LIMIT 20000",
        vendor,
    )
    leaves = stand.rows(
        "SELECT id FROM inventory_category AS c WHERE vendor_id = %s AND NOT EXISTS"
        " (SELECT FROM inventory_category WHERE parent_id = c.id) ORDER BY id LIMIT 12",
        vendor,
    )
    random.Random(1).shuffle(ids)  # noqa: S311
    facts = Facts(
        vendor=vendor,
        items=items,
        ids=ids,
        selling=[key for (key,) in selling],
        categories=[key for (key,) in leaves],
        words=FIXED + _words_of(stand, ids[:: max(1, len(ids) // 24)][:24]),
    )
    for name in (OURS, LIMIT):
        facts.cursors[name] = _walk(stand.contestants[name], facts)
    return facts


def _words_of(stand: Stand, ids: list[int]) -> list[str]:
    """Words of some items' names, common and rare as they come; of every other one a part."""
    rows = stand.rows("SELECT name FROM inventory_collectible WHERE id = ANY(%s) ORDER BY id", ids)
    choose = random.Random(2).choice  # noqa: S311
    words = []
    for place, (name,) in enumerate(rows):
        long = [word for word in name.split() if len(word) > 4 and word.isalpha()]
        if long:
            word = choose(long)
            words.append(word[1:-1] if place % 2 else word)
    return words


def _walk(contestant: Contestant, facts: Facts) -> list[str]:
    """Addresses of pages by cursor that follow each other, deep in the list."""
    address: str | None = "/api/v2/catalog/items/?page_size=100"
    for _ in range(facts.page * PAGE // 100):
        assert address is not None
        body: Any = contestant.get(address)
        address = body["next"] or address
    assert address is not None
    address = address.replace("page_size=100", f"page_size={PAGE}")
    found = []
    while address and len(found) < CURSORS:
        found.append(address)
        address = contestant.get(address)["next"]
    return found
