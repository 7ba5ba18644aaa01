"""Entity tags (RFC 9110, 8.8): `"4711-3"`, or `"4711-3.1f0c9a2b40d3e5f6"`.

Before the point stand the row and its version: what a write replaces. After it, where there is
more to see than the row itself, a digest of that: counts, names of what it belongs to. A reader's
copy is good while the whole tag is the same; a write is when what stands before the point is.
"""

import hashlib
import re
import time
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder

if TYPE_CHECKING:
    from django.db.models.fields.files import FieldFile

ANY = "*"
_TAG = r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"'
_ENCODER = DjangoJSONEncoder(sort_keys=True)
_TAGS = re.compile(rf"\s*{_TAG}\s*(?:,\s*{_TAG}\s*)*")


def digest(value: object) -> str:
    """32 hexadecimal digits; the same for the same plain value, on every machine."""
    return hashlib.sha256(_ENCODER.encode(value).encode()).hexdigest()[:32]


def entity_tag(key: object, version: object, beside: object = None) -> str:
    """`beside` is what the representation shows besides the row, as plain values."""
    tail = "" if beside is None else f".{digest(beside)[:16]}"
    return f'"{key}-{version}{tail}"'


def address_period(file: "FieldFile") -> int | None:
    """What is beside a row that shows the file's address: signed ones expire.

    A tag is good for half of their time. So what 304 says is still good stays good for the other
    half, at least.
    """
    lasts: int = getattr(file.storage, "querystring_expire", 0) if file else 0
    return int(time.time() // (lasts / 2)) if lasts else None


def read_tags(header: str) -> list[str]:
    """The tags of `If-Match` or `If-None-Match`, without quotes, or `*` alone.

    Weak ones count as strong: it is our own gzip that makes them weak. Raises `ValueError` for
    what is no list of tags.
    """
    if header.strip() == ANY:
        return [ANY]
    if not _TAGS.fullmatch(header):
        raise ValueError(header)
    return re.findall(_TAG, header)


def known_tags(request: Any) -> list[str]:
    """What the reader has; a header that cannot be read is none: the full answer is never wrong."""
    header = request.META.get("HTTP_IF_NONE_MATCH")
    try:
        return read_tags(header) if header else []
    except ValueError:
        return []


def matches(tags: list[str], tag: str) -> bool:
    """Whether one of them is this tag: is the reader's copy as good as new?"""
    return ANY in tags or tag.strip('"') in tags


def still_at(tags: list[str], tag: str) -> bool:
    """Whether one of them names this row in this version: may the writer go on?"""
    return ANY in tags or _state(tag.strip('"')) in {_state(known) for known in tags}


def _state(tag: str) -> str:
    return tag.partition(".")[0]
