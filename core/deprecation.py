"""Telling ahead what will go: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), `Link` (RFC 8288)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, TypeVar

CHANGELOG = "/api/docs/changelog/"
V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Deprecation:
    """Still there, and not for ever. `section` is the paragraph of the API changelog about it.

    `field` names a query parameter or a key of the body, when only that will go.
    """

    since: date
    sunset: date
    section: str
    replacement: str = ""
    field: str = ""

    def __post_init__(self) -> None:
        if self.sunset <= self.since:
            raise ValueError("What is deprecated goes later, not before.")

    def headers(self) -> dict[str, str]:
        links = {"deprecation": f"{CHANGELOG}#{self.section}"}
        if self.replacement:
            links["successor-version"] = self.replacement
        return {
            "Deprecation": f"@{_midnight(self.since).timestamp():.0f}",
            "Sunset": format_datetime(_midnight(self.sunset), usegmt=True),
            "Link": ", ".join(f'<{link}>; rel="{name}"' for name, link in links.items()),
        }


def deprecated(notice: Deprecation) -> Callable[[V], V]:
    """For a view, an action or a method of a view; a version stands in `API_VERSIONS`."""

    def mark(view: V) -> V:
        target: Any = getattr(view, "cls", view)  # `@api_view` has made a class of a function
        target.deprecations = (*getattr(target, "deprecations", ()), notice)
        return view

    return mark


def deprecations_of(view: type, handler: str) -> tuple[Deprecation, ...]:
    """What was said of the view and of its method."""
    said = (view, getattr(view, handler, None))
    return tuple(notice for part in said for notice in getattr(part, "deprecations", ()))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
