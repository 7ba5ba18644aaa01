"""A client that costs little: kept connections, a parser of four things, every status checked.

It shares two cores with what it measures, so it does no more than HTTP/1.1 needs: the status, how
long the body is, whether it comes in chunks, and whether the server hangs up afterwards.
"""

import asyncio
import gc
import re
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from scripts.processes import LOOPBACK

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
# After so many answers a connection is dialled anew: which of the workers took it is chance, and
# eight that one worker has taken would measure half a server.
WEAR = 20
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_EMPTY = {204, 304}
_TO_THE_END = 1 << 62  # the body ends when the server hangs up


class Ask(NamedTuple):
    """What is sent; what is not `counted` takes time, but no place among the latencies."""

    data: bytes
    status: int = 200
    counted: bool = True


class UnexpectedAnswer(RuntimeError):
    """The answer was not what the work is about."""


@dataclass
class Slice:
    """What came of one contestant's turn."""

    latencies: list[float] = field(default_factory=list)
    done: int = 0
    failures: int = 0
    seconds: float = 0.0
    bytes: int = 0

    def add(self, other: "Slice") -> None:
        self.latencies += other.latencies
        self.done += other.done
        self.failures += other.failures
        self.seconds += other.seconds
        self.bytes += other.bytes

    @property
    def rate(self) -> float:
        return self.done / self.seconds if self.seconds else 0.0


class Answer:
    """Of one request: grows until it is whole."""

    def __init__(self) -> None:
        self.head = b""
        self.buffer = bytearray()
        self.size = 0
        self.length: int | None = None
        self.chunked = False

    def take(self, data: bytes) -> bool:
        """Whether it is whole now."""
        self.size += len(data)
        if self.head:
            self._keep(data)
        else:
            self.buffer += data
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._read_head(bytes(self.buffer[:end]), end + 4)
        if self.length is not None:
            return self.size >= self.length
        return self.chunked and self.buffer.endswith(b"\r\n0\r\n\r\n")

    def _keep(self, data: bytes) -> None:
        """Of a stream no more than its end is looked at."""
        self.buffer += data
        if self.chunked and len(self.buffer) > 1 << 20:
            del self.buffer[:-64]

    def _read_head(self, head: bytes, begin: int) -> None:
        self.head = head
        length = _LENGTH.search(head)
        self.chunked = _CHUNKED.search(head) is not None
        if self.status in _EMPTY:
            self.length = begin
        elif length:
            self.length = begin + int(length[1])
        elif not self.chunked:
            self.length = _TO_THE_END

    @property
    def status(self) -> int:
        return int(self.head[9:12])

    @property
    def body(self) -> bytes:
        return bytes(self.buffer[self.buffer.find(b"\r\n\r\n") + 4 :])

    def header(self, name: str) -> str:
        found = re.search(rf"\r\n{name}: *([^\r]*)".encode(), self.head, re.IGNORECASE)
        return found[1].decode() if found else ""


class Line(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, run: "Run") -> None:
        self.run = run
        self.transport: asyncio.Transport | None = None
        self.ask: Ask | None = None
        self.answer = Answer()
        self.begun = 0.0
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.run.ready(self)

    def send(self, ask: Ask, begun: float) -> None:
        assert self.transport is not None
        self.ask, self.begun, self.answer = ask, begun, Answer()
        self.transport.write(ask.data)

    def data_received(self, data: bytes) -> None:
        if self.answer.take(data):
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.ask is not None:
            if self.answer.head and self.answer.length == _TO_THE_END:
                self._finish()
            else:
                self.run.broken(self)
        else:
            self.run.left(self)

    def _finish(self) -> None:
        ask, self.ask = self.ask, None
        assert ask is not None
        self.run.answered(ask, self.answer, self.begun)
        self.answers += 1
        worn = self.answers >= WEAR
        if self.transport is not None and (worn or _CLOSES.search(self.answer.head)):
            self.transport.abort()
            self.run.dial()
        elif self.transport is None:
            self.run.dial()
        else:
            self.run.ready(self)


class Run:
    """Asks as fast as it is answered, or at a `pace`, until the time is over or all is asked."""

    def __init__(self, port: int, asks: Iterator[Ask], *, seconds: float, pace: float = 0) -> None:
        self.port, self.asks, self.pace = port, asks, pace
        self.slice = Slice()
        self.loop = asyncio.get_running_loop()
        self.over: asyncio.Future[None] = self.loop.create_future()
        self.begun = time.perf_counter()
        self.until = self.begun + seconds
        self.lines = 0
        self.idle: deque[Line] = deque()
        self.again: deque[Ask] = deque()
        self.waiting: deque[tuple[Ask, float]] = deque()
        self.dialling: set[asyncio.Task[object]] = set()

    async def go(self, connections: int) -> Slice:
        self.lines = connections
        for _ in range(connections):
            self.dial()
        if self.pace:
            self.loop.call_soon(self._due, 0)
        await self.over
        self.slice.seconds = time.perf_counter() - self.begun
        for line in self.idle:
            if line.transport is not None:
                line.transport.abort()
        return self.slice

    def dial(self) -> None:
        # On the loopback interface this waits for nothing, and costs half of asyncio's way.
        try:
            there = socket.create_connection((LOOPBACK, self.port))
        except OSError as problem:
            self._fail(problem)
            return
        there.setblocking(False)
        dialled = self.loop.create_connection(lambda: Line(self), sock=there)
        task: asyncio.Task[object] = self.loop.create_task(dialled)
        self.dialling.add(task)
        task.add_done_callback(self._dialled)

    def _dialled(self, task: "asyncio.Task[object]") -> None:
        self.dialling.discard(task)
        if (problem := task.exception()) is not None:
            self._fail(problem)

    def ready(self, line: Line) -> None:
        now = time.perf_counter()
        if self.pace:
            self.idle.append(line)
            self._hand_out()
        elif now < self.until and (ask := self._next()) is not None:
            line.send(ask, now)
        else:
            self.idle.append(line)
        self._end()

    def answered(self, ask: Ask, answer: Answer, begun: float) -> None:
        self.slice.done += 1
        self.slice.bytes += answer.size
        if answer.status != ask.status:
            self.slice.failures += 1
            if not self.pace:
                told = answer.body[:600].decode(errors="replace")
                asked = ask.data[:120].decode(errors="replace")
                self._fail(UnexpectedAnswer(f"{answer.status} to {asked!r}: {told}"))
        if ask.counted:
            self.slice.latencies.append(time.perf_counter() - begun)

    def broken(self, line: Line) -> None:
        """A worker that ends hangs up between two requests: what it did not read is asked again."""
        if line.answer.size or line.ask is None:
            self._fail(UnexpectedAnswer("The server hung up in the middle of an answer."))
        elif self.pace:
            self.waiting.appendleft((line.ask, line.begun))
            self.dial()
        else:
            self.again.append(line.ask)
            self.dial()

    def left(self, line: Line) -> None:
        if line in self.idle and not self.over.done():
            self.idle.remove(line)
            self.dial()

    def _next(self) -> Ask | None:
        return self.again.popleft() if self.again else next(self.asks, None)

    def _fail(self, problem: BaseException) -> None:
        if not self.over.done():
            self.over.set_exception(problem)

    def _end(self) -> None:
        all_idle = len(self.idle) == self.lines and not self.waiting
        late = not self.pace or time.perf_counter() >= self.until
        if all_idle and late and not self.over.done():
            self.over.set_result(None)

    def _due(self, number: int) -> None:
        """A request is due at its time whether or not one before it is answered."""
        due = self.begun + number / self.pace
        if due < self.until:
            self.waiting.append((next(self.asks), due))
            self._hand_out()
            later = self.begun + (number + 1) / self.pace - time.perf_counter()
            self.loop.call_later(max(0.0, later), self._due, number + 1)
        else:
            self._end()

    def _hand_out(self) -> None:
        while self.idle and self.waiting:
            ask, due = self.waiting.popleft()
            self.idle.popleft().send(ask, due)


def drive(
    port: int, asks: Iterator[Ask], *, seconds: float, connections: int = 8, pace: float = 0
) -> Slice:
    """Until the time is over or all is asked; raises `UnexpectedAnswer` at the first one."""

    async def run() -> Slice:
        return await Run(port, asks, seconds=seconds, pace=pace).go(connections)

    gc.collect()
    gc.disable()
    try:
        return asyncio.run(run())
    finally:
        gc.enable()


class _One(Run):
    """Keeps the answer itself."""

    got: Answer

    def answered(self, ask: Ask, answer: Answer, begun: float) -> None:
        self.got = answer
        super().answered(ask, answer, begun)


def fetch(port: int, ask: Ask) -> Answer:
    """One answer, whole."""

    async def run() -> Answer:
        one = _One(port, iter([ask]), seconds=600)
        await one.go(1)
        return one.got

    return asyncio.run(run())
