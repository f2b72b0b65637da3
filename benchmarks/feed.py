"""bench feed: how much longer commands take while 500 clients wait for events that do not come.

Half of them wait by long polls, half by server-sent events, for events of a kind and of a record
that nobody writes meanwhile. In each pair one stretch has them and the other has not; they are
connected for the one and gone for the other, so both are of the same server a moment apart.
"""

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvloop

from api.services import Services
from benchmarks import orders
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, ratio, result
from benchmarks.server import HOST, environment, fresh_database, serve_ours, served, worker_key

FEEDS = 500
CLIENTS = 8
PER_SECOND = 100
"""Commands, of all clients together: far from what a server can take, so that what is measured is
how long each takes and not how many fit."""
SECONDS = 4.0
SETTLE_SECONDS = 1.0
"""For those who have just come to be waiting, and those who have left to be forgotten."""
WAIT = 30


@dataclass(frozen=True)
class Stretch:
    """One measurement."""

    port: int
    key: str
    records: tuple[str, ...]
    """Whom the commands are for."""
    bystander: str
    """A record that nobody changes."""
    feeds: int
    seconds: float


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` shortens each stretch, not the number of feeds."""
    seconds = max(SECONDS * scale, 0.5)
    with fresh_database() as database, ExitStack() as running:
        services = running.enter_context(closing(Services.open(database)))
        records = [str(services.issue(orders.registration(n)).stream) for n in range(CLIENTS + 1)]
        port = running.enter_context(served(serve_ours))
        key = worker_key(database, services.tenant.name)
        spawn = multiprocessing.get_context("spawn")
        pool = running.enter_context(ProcessPoolExecutor(1, mp_context=spawn))

        def measure(feeds: int) -> float:
            stretch = Stretch(port, key, tuple(records[1:]), records[0], feeds, seconds)
            return pool.submit(percentile, stretch).result()

        measured = interleaved(
            {"with": partial(measure, FEEDS), "without": partial(measure, 0)}, pairs
        )
        facts = environment()
    return result("feed", facts, _numbers(measured), _notes(seconds))


def _numbers(measured: dict[str, list[float]]) -> list[Measured]:
    bar = Bar(at_most=1.2)
    name = f"95 % of commands within, {FEEDS} idle feeds ÷ none"
    return [ratio(name, measured["with"], measured["without"], bar, "ms")]


def _notes(seconds: float) -> list[str]:
    return [
        f"{PER_SECOND} commands/s from {CLIENTS} clients over {seconds:g} s a stretch, each due at "
        "a fixed moment and timed from then on."
    ]


def percentile(stretch: Stretch) -> float:
    """Milliseconds within which 95 % of the commands were answered."""
    return uvloop.run(_percentile(stretch))


async def _percentile(stretch: Stretch) -> float:
    there = asyncio.Semaphore(0)
    feeds = [asyncio.create_task(_follow(stretch, n, there)) for n in range(stretch.feeds)]
    for _ in feeds:
        await there.acquire()
    await asyncio.sleep(SETTLE_SECONDS)
    began = time.perf_counter()
    each = [_command(stretch, n, began) for n in range(CLIENTS)]
    waits = sorted(wait for waits in await asyncio.gather(*each) for wait in waits)
    lost = [feed for feed in feeds if feed.done()]
    for feed in feeds:
        feed.cancel()
    ended = await asyncio.gather(*feeds, return_exceptions=True)
    assert not lost, f"{len(lost)} of the feeds did not wait: {ended[feeds.index(lost[0])]!r}"
    await asyncio.sleep(SETTLE_SECONDS)
    return waits[int(len(waits) * 0.95)] * 1_000


async def _follow(stretch: Stretch, number: int, there: asyncio.Semaphore) -> None:
    """Wait for events for ever, by a long poll after another or by one stream."""
    wanted = "type=TicketOpened" if number % 4 < 2 else f"stream={stretch.bystander}"
    reader, writer = await asyncio.open_connection(HOST, stretch.port)
    try:
        if number % 2:
            path = f"/v1/events?after=1000000000&{wanted}"
            writer.write(_request(stretch, "GET", path, "accept: text/event-stream\r\n"))
            await _head(reader)
            there.release()
            while await reader.read(65_536):
                pass
            raise RuntimeError("the stream ended")
        while True:
            path = f"/v1/events?after=1000000000&wait={WAIT}&{wanted}"
            writer.write(_request(stretch, "GET", path))
            there.release()
            await reader.readexactly(await _head(reader))
    finally:
        writer.close()


async def _command(stretch: Stretch, number: int, began: float) -> list[float]:
    """How long each command took from the moment at which it was due."""
    reader, writer = await asyncio.open_connection(HOST, stretch.port)
    every = CLIENTS / PER_SECOND
    waits = []
    path = f"/v1/customers/{stretch.records[number]}"
    for turn in range(int(stretch.seconds / every)):
        due = began + (turn + number / CLIENTS) * every
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        body = f'{{"size": {time.perf_counter_ns() % 90_000_000}, "note": "{turn}: as agreed"}}'
        writer.write(_request(stretch, "PATCH", path, "", body))
        await reader.readexactly(await _head(reader))
        waits.append(time.perf_counter() - due)
    writer.close()
    return waits


async def _head(reader: asyncio.StreamReader) -> int:
    """The length of the answer's body, which comes next; 0 if it has none of its own."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


def _request(stretch: Stretch, method: str, path: str, headers: str = "", body: str = "") -> bytes:
    sent = body.encode()
    return (
        f"{method} {path} HTTP/1.1\r\nhost: {HOST}\r\nauthorization: Bearer {stretch.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(sent)}\r\n{headers}\r\n"
    ).encode() + sent
