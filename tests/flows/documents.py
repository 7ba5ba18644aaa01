"""Documents whose calls run: what a reader sees is sent, and answered as it stands there.

A block marked `http` is a call, the next one its answer; `mail` is the newest mail:

    POST /api/v1/auth/token/               HTTP/1.1 200 OK

    {"email": "ann@example.com"}           {"access": {access}, ...}

In an answer `...` is any text or value, or whatever else there is, and `{name}` is kept: wherever
the name stands again, it is the same value. A call is JSON unless its `Content-Type` says
otherwise, and is packed when its `Content-Encoding` says gzip. `<!-- 31 seconds later -->` lets
time pass, `<!-- 3 times -->` repeats the last call, `<!-- with NAME = 5 -->` sets a setting from
there on. Blocks of other kinds are not run.
"""

import gzip
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
from django.test import override_settings
from rest_framework.test import APIClient

from tests.core.limits import pass_time

STEP = re.compile(r"(?ms)^```(http|mail)\n(.*?)^```$|^<!-- (.+?) -->$")
LATER = re.compile(r"(\d+) (\w+) later")
TIMES = re.compile(r"(\d+) times")
SETTING = re.compile(r"with ([A-Z_]+) = (.+)")
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
    last: str = ""
    answer: Any = None
    world: ExitStack = field(default_factory=ExitStack)

    def run(self) -> None:
        text = self.path.read_text(encoding="utf-8")
        with self.world:
            for step in STEP.finditer(text):
                place = f"{self.path.name}:{text.count(chr(10), 0, step.start()) + 1}"
                kind, block, remark = step.groups()
                try:
                    if remark:
                        self._heed(remark)
                    elif kind == "mail":
                        self._require_mail(block)
                    elif block.startswith("HTTP/"):
                        self._require_answer(self.answer, block)
                        self.answer = None
                    else:
                        assert self.answer is None, "the call before has no answer"
                        self.last = block
                        self.answer = self._call(block)
                except (AssertionError, KeyError, ValueError) as error:
                    raise AssertionError(f"{place}: {error}") from error
        assert self.answer is None, "the last call has no answer"

    def _heed(self, remark: str) -> None:
        """What is said to us alone; other remarks are for who writes the document."""
        if later := LATER.fullmatch(remark):
            passed = timedelta(**{later[2]: int(later[1])})
            self.world.enter_context(time_machine.travel(datetime.now(UTC) + passed))
            pass_time(passed.total_seconds())
        elif times := TIMES.fullmatch(remark):
            for _each in range(int(times[1])):
                self._call(self.last)
        elif setting := SETTING.fullmatch(remark):
            self.world.enter_context(override_settings(**{setting[1]: json.loads(setting[2])}))

    def _call(self, block: str) -> Any:
        self.calls += 1
        first, headers, body = parts(self._filled(block))
        method, path = first.split()
        kind = headers.pop("Content-Type", "application/json")
        packed = headers.get("Content-Encoding") == "gzip"
        sent = gzip.compress(body.encode()) if packed else body
        with self.committed():
            return APIClient().generic(method, path, sent, kind, headers=headers)

    def _filled(self, text: str) -> str:
        return NAME.sub(lambda found: str(self.known[found[1]]), text)

    def _require_answer(self, answer: Any, block: str) -> None:
        assert answer is not None, "an answer to nothing"
        first, headers, body = parts(block)
        status = HTTPStatus(answer.status_code)
        assert first == f"HTTP/1.1 {status.value} {status.phrase}", f"{status} {answer.content}"
        for name, told in headers.items():
            assert name in answer.headers, f"there is no {name}"
            self._compare(told, answer.headers[name], name)
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
