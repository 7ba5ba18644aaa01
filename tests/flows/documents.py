"""Documents whose calls run: what a reader sees is sent, and answered as it stands there.

A block marked `http` is a call, the next one its answer; `mail` is the newest mail:

    POST /api/v1/auth/token/               HTTP/1.1 200 OK

    {"email": "ann@example.com"}           {"access": {access}, ...}

In an answer `...` is any text or value, or whatever else there is, and `{name}` is kept: wherever
the name stands again, it is the same value. A call is JSON unless its `Content-Type` says
otherwise. `<!-- 31 seconds later -->` lets time pass. Blocks of other kinds are not run.
"""

import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import time_machine
from django.core import mail
from rest_framework.test import APIClient

STEP = re.compile(r"(?ms)^```(http|mail)\n(.*?)^```$|^<!-- (\d+) (\w+) later -->$")
NAME = re.compile(r"\{(\w+)\}")
WILD = re.compile(r"(\.\.\.|\{\w+\})")
# What JSON leaves bare here: `...` and `{name}` outside of its strings.
BARE = re.compile(r'("(?:[^"\\]|\\.)*")|([{,]\s*)\.\.\.(?=\s*\})|(\.\.\.|\{\w+\})')
Committed = Callable[[], AbstractContextManager[Any]]


@dataclass
class Document:
    """One of them, and the values of its names so far."""

    path: Path
    committed: Committed
    known: dict[str, Any] = field(default_factory=dict)
    calls: int = 0

    def run(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        answer: Any = None
        with ExitStack() as clock:
            for step in STEP.finditer(text):
                place = f"{self.path.name}:{text.count(chr(10), 0, step.start()) + 1}"
                kind, block, amount, unit = step.groups()
                try:
                    if amount:
                        later = datetime.now(UTC) + timedelta(**{unit: int(amount)})
                        clock.enter_context(time_machine.travel(later))
                    elif kind == "mail":
                        self._require_mail(block)
                    elif block.startswith("HTTP/"):
                        self._require_answer(answer, block)
                        answer = None
                    else:
                        assert answer is None, "the call before has no answer"
                        answer = self._call(block)
                except (AssertionError, KeyError, ValueError) as error:
                    raise AssertionError(f"{place}: {error}") from error
        assert answer is None, "the last call has no answer"

    def _call(self, block: str) -> Any:
        self.calls += 1
        first, headers, body = parts(self._filled(block))
        method, path = first.split()
        kind = headers.pop("Content-Type", "application/json")
        with self.committed():
            return APIClient().generic(method, path, body, kind, headers=headers)

    def _filled(self, text: str) -> str:
        return NAME.sub(lambda found: str(self.known[found[1]]), text)

    def _require_answer(self, answer: Any, block: str) -> None:
        assert answer is not None, "an answer to nothing"
        first, headers, body = parts(block)
        status = HTTPStatus(answer.status_code)
        assert first == f"HTTP/1.1 {status.value} {status.phrase}", f"{status} {answer.content}"
        for name, told in headers.items():
            self._compare(told, answer.headers.get(name), name)
        if body:
            self._compare(read(body), answer.json(), "")
        else:
            assert answer.content == b"", f"a body: {answer.content}"

    def _require_mail(self, block: str) -> None:
        first, headers, body = parts(block)
        newest = mail.outbox[-1]
        self._compare(first, f"To: {newest.to[0]}", "To")
        self._compare(headers["Subject"], newest.subject, "Subject")
        self._compare(body.strip(), newest.body.strip(), "mail")

    def _compare(self, told: Any, got: Any, place: str) -> None:
        if told == "...":
            return
        if isinstance(told, dict) and isinstance(got, dict):
            more = told.pop("...", None) is not None
            keys = set(got) & set(told) if more else set(got)
            assert keys == set(told), f"{place} has {sorted(got)}, not {sorted(told)}"
            for key, each in told.items():
                self._compare(each, got[key], f"{place}.{key}")
        elif isinstance(told, list) and isinstance(got, list):
            more = told[-1:] == ["..."]
            told = told[:-1] if more else told
            assert len(got) == len(told) or (more and len(got) > len(told)), f"{place}: {got}"
            for index, each in enumerate(told):
                self._compare(each, got[index], f"{place}[{index}]")
        elif isinstance(told, str) and (name := NAME.fullmatch(told)):
            kept = self.known.setdefault(name[1], got)
            assert got == kept, f"{place} is {got!r}, not {{{name[1]}}} {kept!r}"
        elif isinstance(told, str) and WILD.search(told):
            match = re.fullmatch("".join(map(self._pattern, WILD.split(told))), str(got), re.DOTALL)
            assert match, f"{place} is {got!r}, not {told!r}"
            self.known = match.groupdict() | self.known
        else:
            assert got == told, f"{place} is {got!r}, not {told!r}"

    def _pattern(self, part: str) -> str:
        """Of a piece of text: a gap, a name, or just what it says."""
        if part == "...":
            return ".*?"
        if name := NAME.fullmatch(part):
            value = re.escape(str(self.known[name[1]])) if name[1] in self.known else r"\S+"
            return rf"(?P<{name[1]}>{value})"
        return re.escape(part)


def parts(block: str) -> tuple[str, dict[str, str], str]:
    """First line, headers, and what stands after the empty line."""
    head, _, body = block.partition("\n\n")
    first, *lines = head.splitlines()
    return first, dict(line.split(": ", 1) for line in lines), body.strip()


def read(body: str) -> Any:
    """JSON with bare names and gaps; a gap for keys becomes one."""

    def quoted(found: re.Match[str]) -> str:
        string, before, bare = found.groups()
        return string or (f'{before}"...": ""' if before else json.dumps(bare))

    return json.loads(BARE.sub(quoted, body))
