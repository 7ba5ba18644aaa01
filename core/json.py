"""JSON that PostgreSQL can store and people can have meant."""

from typing import Any

from django.utils.translation import gettext as _

MAX_DEPTH = 64


class MergePatch(dict[str, Any]):
    """An object that says what shall be different (RFC 7396), not what shall be."""


def merged(target: Any, patch: Any) -> Any:
    """The target as the patch wants it: null takes a member away, objects are merged."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def fault_of(data: Any, max_depth: int = MAX_DEPTH) -> str:
    """Why the data cannot be taken, in a sentence; empty when it can."""
    level, depth = [data], 0
    while level:
        depth += any(isinstance(value, dict | list) for value in level)
        if depth > max_depth:
            return too_deep(max_depth)
        if not all(_storable(value) for value in level if isinstance(value, str)):
            return _("Text may hold neither NUL nor half of a surrogate pair.")
        level = [child for value in level for child in _children(value)]
    return ""


def too_deep(max_depth: int) -> str:
    return _("JSON is nested deeper than %(count)s levels.") % {"count": max_depth}


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _storable(text: str) -> bool:
    if "\x00" in text:
        return False
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
