"""Load over HTTP from a process of its own: keep-alive clients that write bytes and look at as
little of the answers as they must, so that they are not what is measured."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from typing import cast

import uvloop

from benchmarks import orders

CLIENTS = 32
UUID_LENGTH = 36


@dataclass(frozen=True)
class Target:
    """A server, and how its two routes are called."""

    port: int
    path: str
    key: str = ""


@dataclass(frozen=True)
class Load:
    """What one measurement sends: first new customers, then changes of them, so many seconds
    each."""

    target: Target
    seconds: float
    first: int
    """Numbers from here on make the customers' unique values."""


def drive(load: Load) -> tuple[float, float]:
    """Creations and updates a second."""
    return uvloop.run(_drive(load))


async def _drive(load: Load) -> tuple[float, float]:
    numbers = count(load.first)
    made: list[list[str]] = [[] for _ in range(CLIENTS)]
    creations = [_creations(load.target, numbers) for _ in range(CLIENTS)]
    created = await _all(load, creations, [some.append for some in made])
    updates = [_updates(load.target, numbers, ids) for ids in made]
    updated = await _all(load, updates, [lambda _: None] * CLIENTS)
    return created, updated


async def _all(
    load: Load, requests: Sequence[Iterator[bytes]], keeps: Sequence[Callable[[str], object]]
) -> float:
    """Answers a second that all clients together get."""
    loop = asyncio.get_running_loop()
    clients = [_Client(some, keep) for some, keep in zip(requests, keeps, strict=True)]
    for client in clients:
        await loop.create_connection(partial(_same, client), "127.0.0.1", load.target.port)
    began = time.perf_counter()
    for client in clients:
        client.go_on(until=began + load.seconds)
    await asyncio.gather(*(client.done for client in clients))
    elapsed = time.perf_counter() - began
    return sum(client.answers for client in clients) / elapsed


def _same(client: "_Client") -> "_Client":
    return client


@dataclass
class _Client(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    requests: Iterator[bytes]
    keep: Callable[[str], object]
    answers: int = 0
    _until: float = 0.0
    _received: bytes = b""
    _transport: asyncio.Transport | None = None
    done: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def go_on(self, until: float) -> None:
        """Send the first request; the others follow by themselves."""
        self._until = until
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            self._fail(self._received)
            return
        self._received = b""
        self.answers += 1
        at = body.index(b'":"') + 3  # the id comes first in every answer
        self.keep(body[at : at + UUID_LENGTH].decode())
        if time.perf_counter() < self._until:
            self._send()
        else:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._fail(b"the connection was lost")

    def _send(self) -> None:
        assert self._transport is not None
        self._transport.write(next(self.requests))

    def _end(self) -> None:
        self.done.set_result(None)
        if self._transport is not None:
            self._transport.close()

    def _fail(self, why: bytes) -> None:
        self.done.set_exception(RuntimeError(why.decode(errors="replace")))


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + 15
    return int(head[at:].split(b"\r\n", 1)[0])


def _creations(target: Target, numbers: Iterator[int]) -> Iterator[bytes]:
    for number in numbers:
        body = orders.registration(number).model_dump(mode="json", exclude_unset=True)
        yield _request(target, "POST", target.path, body)


def _updates(target: Target, numbers: Iterator[int], ids: Sequence[str]) -> Iterator[bytes]:
    for one in cycle(ids):
        number = next(numbers)
        body = {"size": number % 90_000_000, "note": f"{number}: {orders.NOTE}"}
        yield _request(target, "PATCH", f"{target.path}/{one}", body)


def _request(target: Target, method: str, path: str, body: dict[str, object]) -> bytes:
    sent = json.dumps(body).encode()
    key = f"authorization: Bearer {target.key}\r\n" if target.key else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{target.port}\r\n{key}"
        f"content-type: application/json\r\ncontent-length: {len(sent)}\r\n\r\n"
    )
    return head.encode() + sent
