"""How many items match: counted once an hour at most, and kept up with what has changed since.

Each change of a catalog moves its version and notes, under the same lock, what has come among the
living items and what has gone (`inventory.triggers.ITEM_CHANGES`). So a count as of one version and
the changes up to another are the count as of that one (docs/decisions/0028-counts-of-matches.md).
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.core.cache import cache
from django.db.models import BigIntegerField, Count, Q, Sum, Value
from django.db.models.functions import Coalesce

from core.etags import digest
from core.prepared import prepared
from inventory.enums import Facet
from inventory.models import (
    CatalogChange,
    CatalogCount,
    CatalogText,
    CatalogVersion,
    Match,
    holding,
)
from inventory.selectors.catalog import CatalogScope

# Then it is counted anew, so no error lives longer.
KEPT_SECONDS = 3600
# As of which version, when counted, and how many by category (0 for none).
_Known = list[Any]


def count_matches(scope: CatalogScope, match: Match) -> int:
    """How many there are, as of the scope's version or a later one."""
    if match.low:
        return sum(row[0] for row in _low(scope.vendor_ids))
    if not match.words:
        rows = _in_categories(scope.vendor_ids, [*(match.categories or ())])
        return sum(row[0] for row in rows)
    among = match.categories
    by_category = _by_category(dict(zip(scope.vendor_ids, scope.versions, strict=True)), match)
    return sum(n for key, n in by_category.items() if among is None or key in among)


@prepared
def _low(vendors: Any) -> Any:
    return CatalogVersion.objects.filter(pk__any=vendors).values_list("low_stock")


@prepared
def _in_categories(vendors: Any, ids: Any) -> Any:
    of_these = CatalogCount.objects.filter(vendor__any=vendors, facet=Facet.CATEGORY, key__any=ids)
    return of_these.values_list("items")


def _by_category(versions: Mapping[int, int], match: Match) -> Counter[int]:
    words = sorted(match.words)
    keys = {vendor: f"matches:{vendor}:{digest(words)}" for vendor in versions}
    kept = cache.get_many(keys.values())
    young = time.time() - KEPT_SECONDS
    known: dict[int, _Known] = {
        vendor: kept[key] for vendor, key in keys.items() if key in kept and kept[key][1] > young
    }
    stale = {vendor for vendor, (version, *_) in known.items() if version < versions[vendor]}
    brought = _brought_up_to_date({vendor: known[vendor] for vendor in stale}, versions, words)
    known = {vendor: each for vendor, each in known.items() if vendor not in stale} | brought
    new = brought | _counted(versions.keys() - known.keys(), words)
    if new:
        cache.set_many({keys[vendor]: each for vendor, each in new.items()}, KEPT_SECONDS)
    counts: Counter[int] = Counter()
    for _version, _at, pairs in (known | new).values():
        counts.update(dict(pairs))
    return counts


def _brought_up_to_date(
    known: Mapping[int, _Known], versions: Mapping[int, int], words: list[str]
) -> dict[int, _Known]:
    """Those of which what has changed since was noted."""
    if not known:
        return {}
    since = (
        Q(vendor=vendor, version__gt=version, version__lte=versions[vendor])
        for vendor, (version, *_) in known.items()
    )
    noted: Any = CatalogChange.objects.filter(reduce(or_, since))
    rows = noted.filter(Q(sign=0) | Q(*map(holding, words))).values_list("vendor", "category")
    sums = {vendor: Counter(dict(pairs)) for vendor, (_version, _at, pairs) in known.items()}
    for vendor, category, sum_, many in rows.annotate(sum=Sum("sign"), many=BoolOr(Q(sign=0))):
        if many:
            sums.pop(vendor, None)
        elif vendor in sums:
            sums[vendor][category] += sum_
    return {
        vendor: [versions[vendor], known[vendor][1], [*counts.items()]]
        for vendor, counts in sums.items()
    }


def _counted(vendors: Iterable[int], words: list[str]) -> dict[int, _Known]:
    """One statement, so that counts and versions are of the same moment."""
    if not vendors:
        return {}
    texts = CatalogText.objects.filter(*map(holding, words), vendor__in=vendors)
    found = texts.values_list("vendor", Coalesce("category", 0)).annotate(number=Count("*"))
    versions = CatalogVersion.objects.filter(pk__in=vendors)
    whole = versions.values_list("pk", Value(None, BigIntegerField()), "version")
    known: dict[int, _Known] = {}
    pairs: dict[int, list[Any]] = defaultdict(list)
    for vendor, category, number in whole.union(found, all=True):
        if category is None:
            known[vendor] = [number, int(time.time()), pairs[vendor]]
        else:
            pairs[vendor].append([category, number])
    return known
