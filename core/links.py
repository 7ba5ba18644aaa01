"""Links from one page of a list to others: relative, so that no `Host` header can poison them."""

import re
from functools import lru_cache
from urllib.parse import quote_plus

from django.utils.encoding import escape_uri_path
from rest_framework.request import Request


class Links:
    """The address that was called, with another value of one parameter, or without it.

    The parameters stand in the order of their names, as in the framework's own links, which take
    the address apart and put it together again for each.
    """

    def __init__(self, request: Request, name: str) -> None:
        self.name, self.path = name, _escaped(request.path)
        others = sorted(each for each in request.query_params.lists() if each[0] != name)
        self.before = _query([each for each in others if each[0] < name])
        self.after = _query([each for each in others if each[0] > name])

    def to(self, value: str | int) -> str:
        """The value is a number, or a cursor as it was signed: nothing of either is quoted."""
        return self._joined(self.before, f"{self.name}={value}", self.after)

    def without(self) -> str:
        return self._joined(self.before, self.after)

    def _joined(self, *parts: str) -> str:
        query = "&".join(filter(None, parts))
        return f"{self.path}?{query}" if query else self.path


def _query(given: list[tuple[str, list[str]]]) -> str:
    return "&".join([f"{_said(name)}={_said(text)}" for name, said in given for text in said])


def _said(text: str) -> str:
    return text if _PLAIN(text) else quote_plus(text)


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_escaped = lru_cache(maxsize=1000)(escape_uri_path)
