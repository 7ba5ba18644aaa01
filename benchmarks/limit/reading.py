"""The limit reads: lists, an item, and what it all comes to."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlencode

from benchmarks.limit import sql
from benchmarks.limit.answers import Answer, Asked, as_item, refuse, told
from benchmarks.limit.valuing import figures


def items(asked: Asked) -> Answer:
    page = int(asked.query.get("page", 1))
    size = int(asked.query.get("page_size", 20))
    given = {"size": size, "offset": (page - 1) * size}
    conditions = _conditions(asked)
    if conditions:
        words = asked.query.get("search", "").split()
        named = {f"word{n}": word for n, word in enumerate(words)}
        category = int(asked.query.get("category", 0))
        statement = sql.FOUND.format(conditions=conditions)
        rows = asked.rows(statement, prepare=False, category=category, **named, **given)
    else:
        # The plan for any page would be the one for a deep page.
        rows = asked.rows(sql.PAGE, prepare=page == 1, **given)
    count = rows[0][0] if rows else 0
    pages = max(1, -(-count // size))
    body = {
        "count": count,
        "next": _link(asked, page + 1) if page < pages else None,
        "previous": _link(asked, page - 1) if page > 1 else None,
        "page": page,
        "page_size": size,
        "total_pages": pages,
        "results": [as_item(row) for row in rows],
    }
    return told(body)


def _conditions(asked: Asked) -> str:
    words = asked.query.get("search", "").split()
    found = "".join(sql.WORD.format(n=n) for n in range(len(words)))
    return found + (sql.CATEGORY if "category" in asked.query else "")


def _link(asked: Asked, page: int) -> str:
    query = {**asked.query, "page": str(page)}
    if page == 1:
        del query["page"]
    return f"{asked.path}?{urlencode(sorted(query.items()))}" if query else asked.path


def items_after(asked: Asked) -> Answer:
    size = int(asked.query.get("page_size", 20))
    cursor = asked.query.get("cursor", "")
    place = urlsafe_b64decode(cursor).decode().split() if cursor else ["infinity", "0"]
    rows = asked.rows(sql.AFTER, size=size, created_at=place[0], id=int(place[1]))
    results = [as_item(row) for row in rows[:size]]
    following = None
    if len(rows) > size:
        last = results[-1]
        position = f"{last['created_at'].isoformat()} {last['id']}"
        query = {**asked.query, "cursor": urlsafe_b64encode(position.encode()).decode()}
        following = f"{asked.path}?{urlencode(query)}"
    before = f"{asked.path}" if cursor else None
    return told({"next": following, "previous": before, "results": results})


def item(asked: Asked) -> Answer:
    rows = asked.rows(sql.ONE, id=asked.key)
    if not rows:
        return refuse("404 Not Found")
    found = as_item(rows[0])
    return told(found, ETag=f'"{found["id"]}-{found["version"]}"')


def summary(asked: Asked) -> Answer:
    [(total, value, stock, units, low, vendors, month)] = asked.rows(sql.TOTALS)
    categories = asked.rows(sql.CATEGORIES)
    recent = asked.rows(sql.PAGE, size=5, offset=0)
    body = {
        "total_items": total,
        "total_vendors": vendors,
        "total_value": value,
        "total_stock_value": stock,
        "total_units": int(units),
        "low_stock": low,
        "items_this_month": month,
        "items_by_category": [{"category": name, "count": count} for name, count in categories],
        "recent_items": [as_item(row) for row in recent],
    }
    return told(body)


def valuation(asked: Asked) -> Answer:
    return told(figures(asked))
