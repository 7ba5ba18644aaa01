"""Before anything is measured: do the contestants say the same?"""

from typing import Any

from benchmarks.facts import Facts
from benchmarks.stand import LIMIT, OURS, PLAIN, Stand
from benchmarks.works import ITEMS

# Who makes it has its own way: cursors are signed, and a moment is told as it was asked for.
OWN = {"next", "previous", "as_of"}


class Disagreement(RuntimeError):
    """Somebody answers something else, so a comparison would mean nothing."""


def require_agreement(stand: Stand, facts: Facts) -> None:
    """The limit says what ours says, to the letter; plain has the same fields."""
    key, moment = facts.ids[0], facts.moments()[0]
    cursors = facts.cursors
    for address in (
        ITEMS,
        f"{ITEMS}?page={facts.page}",
        f"{ITEMS}?search=dragon",
        f"{ITEMS}?category={facts.categories[0]}&search=edition",
        f"{ITEMS}{key}/",
        "/api/v1/dashboard/summary/",
    ):
        bodies = {name: stand.contestants[name].get(address) for name in (OURS, LIMIT, PLAIN)}
        _require_same(address, bodies[OURS], bodies[LIMIT])
        if _shape(bodies[OURS]) != _shape(bodies[PLAIN]):
            raise Disagreement(f"{address}: plain has other fields than ours.")
    for asked in (dict(cursors), {}):
        if asked and all(asked.values()):
            deep = {name: stand.contestants[name].get(asked[name][0]) for name in asked}
            _require_same("by cursor", _common(deep[OURS]), _common(deep[LIMIT]))
    address = f"/api/v1/dashboard/valuation/?as_of={moment}"
    told = {name: stand.contestants[name].get(address) for name in (OURS, LIMIT)}
    _require_same(address, _common(told[OURS]), _common(told[LIMIT]))


def _require_same(address: str, ours: Any, limit: Any) -> None:
    if ours != limit:
        raise Disagreement(f"{address}: the limit differs: {_difference(ours, limit)}")


def _difference(ours: Any, limit: Any, place: str = "") -> str:
    if isinstance(ours, dict) and isinstance(limit, dict) and ours.keys() == limit.keys():
        name = next(name for name in ours if ours[name] != limit[name])
        return _difference(ours[name], limit[name], f"{place}.{name}")
    if isinstance(ours, list) and isinstance(limit, list) and len(ours) == len(limit):
        index = next(
            n for n, pair in enumerate(zip(ours, limit, strict=True)) if pair[0] != pair[1]
        )
        return _difference(ours[index], limit[index], f"{place}[{index}]")
    return f"{place}: {str(ours)[:200]} is {str(limit)[:200]}"


def _common(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in OWN}


def _shape(body: dict[str, Any]) -> Any:
    rows = body.get("results") or body.get("recent_items") or [{}]
    return sorted(body), sorted(rows[0])
