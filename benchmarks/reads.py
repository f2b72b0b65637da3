"""bench reads: what it costs that every read of personal data is recorded before it is given out.

The same gate twice, in front of the same read model: once with its read log, once with one that
records nothing. 32 readers as in the server: tasks of an event loop, reading in as many threads as
a tenant gets, and waiting for the commit without one.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any
from uuid import UUID

import uvloop
from anyio import CapacityLimiter

from api.recording import Recording
from api.services import Services
from api.settling import Settling
from api.tenancy import READERS
from benchmarks import orders
from benchmarks.kernel import PAIRS, Bar, interleaved, ratio, result
from benchmarks.server import environment, fresh_database
from domain.envelope import SYSTEM
from domain.reading import Door
from projections import DERIVED, PROJECTIONS
from projections.customers import customers
from projections.gate import Gate
from projections.kernel import ReadModel
from projections.preparing import prepare
from projections.readers import Reader
from store.dated_copies import DatedCopy
from store.lists import Query

WORKERS = 32
RECORDS = 2_000
LIMIT = 50
SECONDS = 2.0
READER = Reader(SYSTEM, "sales", "bench", Door.HTTP)


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` shortens each measurement."""
    seconds = SECONDS * scale
    with fresh_database() as database:
        services = Services.open(database)
        try:
            prepare(services.log, PROJECTIONS, DERIVED)
            streams = orders.register(services, RECORDS)
            services.runner.catch_up()
            recorded = Reads(services, Gate, streams)
            unrecorded = Reads(services, Unrecorded, streams)
            measured = interleaved(
                {
                    "one": lambda: recorded.rate(recorded.one, seconds),
                    "one unrecorded": lambda: unrecorded.rate(unrecorded.one, seconds),
                    "list": lambda: recorded.rate(recorded.page, seconds),
                    "list unrecorded": lambda: unrecorded.rate(unrecorded.page, seconds),
                },
                pairs,
            )
        finally:
            services.close()
        facts = environment()
    return result(
        "reads",
        facts,
        [
            ratio(
                "one record, recorded ÷ unrecorded",
                measured["one"],
                measured["one unrecorded"],
                Bar(at_least=0.75, target=0.9),
                "/s",
            ),
            ratio(
                f"a list of {LIMIT}, recorded ÷ unrecorded",
                measured["list"],
                measured["list unrecorded"],
                Bar(at_least=0.75, target=0.95),
                "/s",
            ),
        ],
        [
            f"{WORKERS} readers in {READERS} threads, {seconds:g} s a measurement, of "
            f"{len(streams):,} customers; each entry is durable before its answer counts.",
        ],
    )


class Unrecorded(Gate):
    """A gate that records nothing and does not look at what it gives out: only for comparison."""

    def _given_out(
        self,
        reader: Reader,
        model: ReadModel,
        rows: Sequence[Mapping[str, Any]],
        asked: Collection[str] = (),
        copy: DatedCopy | None = None,
    ) -> list[dict[str, Any]]:
        return [one.item for one in self._sight(reader, model).of(rows)]


class Reads:
    """Everybody reads on and on through one gate."""

    def __init__(self, services: Services, gate: type[Gate], streams: Sequence[UUID]) -> None:
        self._read_log, self._streams = services.read_log, streams
        self._gate = gate(services.log, self._read_log, PROJECTIONS, DERIVED)
        self._random = Random(7)

    def one(self) -> object:
        """One record."""
        return self._gate.get(READER, customers.name, self._random.choice(self._streams))

    def page(self) -> object:
        """One page."""
        query = Query(sort="changed_at", descending=True, limit=LIMIT)
        return self._gate.page(READER, customers.name, query)

    def rate(self, read: Callable[[], object], seconds: float) -> float:
        """Answers a second."""
        return uvloop.run(self._rate(read, seconds))

    async def _rate(self, read: Callable[[], object], seconds: float) -> float:
        recording = Recording(self._read_log, Settling(asyncio.get_running_loop()))
        limiter = CapacityLimiter(READERS)
        began = time.perf_counter()

        async def work() -> int:
            for done in itertools.count():
                if time.perf_counter() > began + seconds:
                    return done
                assert await recording.in_thread(limiter, read) is not None
            raise AssertionError

        done = await asyncio.gather(*(work() for _ in range(WORKERS)))
        return sum(done) / (time.perf_counter() - began)
