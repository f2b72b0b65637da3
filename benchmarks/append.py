"""bench append: 32 one-event commands at once, against raw rows and against the eventsourcing
library.

Ours is the whole way of a command: built, decided, encrypted where it is personal, canonical JSON,
one durable outcome each, 32 tasks of an event loop as in the server. The peers do less, from 32
threads: a raw row of the same size (a connection each, in autocommit), and the library's default
``Application.save`` of an aggregate that is at hand, without loading and without encryption.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any
from uuid import UUID

import uvloop

from api.issuing import Issuer
from api.services import Services
from benchmarks import library, orders
from benchmarks.kernel import PAIRS, Bar, interleaved, rate, ratio, result
from benchmarks.raw import RawRows
from benchmarks.server import environment, fresh_database
from commands.kernel import Command
from store.group_commit import MAX_WAITING

WORKERS = 32
RECORDS = 8
"""Records a worker takes in turn; no two workers share one, as raw rows do not contend either."""
SECONDS = 2.0


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` shortens each measurement."""
    seconds = SECONDS * scale
    with fresh_database() as database:
        services = Services.open(database)
        app = library.Customers(env=library.environment())
        try:
            ours = Commands(services)
            sizes = {kind: ours.entry_size(kind) for kind in ("public", "personal")}
            raw = {kind: RawRows(f"raw_{kind}", WORKERS, size) for kind, size in sizes.items()}
            peer = LibrarySaves(app)
            measured = interleaved(
                {
                    "public": lambda: ours.rate(orders.public_change, seconds),
                    "raw public": lambda: rate(raw["public"].work, WORKERS, seconds),
                    "personal": lambda: ours.rate(orders.personal_change, seconds),
                    "raw personal": lambda: rate(raw["personal"].work, WORKERS, seconds),
                    "library": lambda: rate(peer.work, WORKERS, seconds),
                },
                pairs,
            )
            for rows in raw.values():
                rows.close()
        finally:
            app.close()
            services.close()
        facts = environment()
    public, personal = measured["public"], measured["personal"]
    return result(
        "append",
        facts,
        [
            ratio(
                "a change without personal data ÷ raw rows",
                public,
                measured["raw public"],
                Bar(at_least=1.2, target=3),
                "/s",
            ),
            ratio(
                "a change with personal data ÷ raw rows",
                personal,
                measured["raw personal"],
                Bar(at_least=1.2, target=3),
                "/s",
            ),
            ratio(
                "a change without personal data ÷ eventsourcing's save",
                public,
                measured["library"],
                Bar(at_least=8, target=30),
                "/s",
            ),
            ratio(
                "a change with personal data ÷ eventsourcing's save",
                personal,
                measured["library"],
                unit="/s",
            ),
        ],
        [
            f"{WORKERS} at once, {seconds:g} s a measurement; the command is ChangeCustomer of one "
            "field (size, or note: 1 row of personal data), one event.",
            f"Bytes of a raw row: {sizes['public']} (the body), "
            f"{sizes['personal']} (body and ciphertext).",
        ],
    )


class Commands:
    """Our side: every worker changes records of its own."""

    def __init__(self, services: Services, streams: Sequence[UUID] = ()) -> None:
        self._services = services
        streams = streams or orders.register(services, WORKERS * RECORDS)
        self._own = [streams[n::WORKERS] for n in range(WORKERS)]
        self._numbers: Iterator[int] = itertools.count(1_000)

    def rate(
        self, command: Callable[[int], Command], seconds: float = inf, each: float = inf
    ) -> float:
        """Commands a second, each issued as soon as its worker's last one is durable, for so many
        seconds or so many commands of ``each`` worker.
        """
        return uvloop.run(self._rate(command, seconds, each))

    async def _rate(self, command: Callable[[int], Command], seconds: float, each: float) -> float:
        issuer = Issuer(self._services.dispatcher, asyncio.get_running_loop(), MAX_WAITING)
        began = time.perf_counter()

        async def work(streams: Sequence[UUID]) -> int:
            done = 0
            for stream in itertools.cycle(streams):
                if done == each or time.perf_counter() > began + seconds:
                    break
                await issuer.issue(orders.order(command(next(self._numbers)), stream))
                done += 1
            return done

        done = await asyncio.gather(*map(work, self._own))
        return sum(done) / (time.perf_counter() - began)

    def entry_size(self, kind: str) -> int:
        """Bytes of the event that such a command stores."""
        command = orders.public_change(7) if kind == "public" else orders.personal_change(7)
        receipt = self._services.dispatcher.dispatch(orders.order(command, self._own[0][0]))
        with self._services.database.connect("writer", self._services.tenant.schema) as connection:
            row = connection.execute(
                "SELECT octet_length(body) + coalesce((SELECT sum(octet_length(ciphertext))"
                " FROM personal_data p WHERE p.position = e.position), 0)"
                " FROM events e WHERE position = %s",
                [receipt.position],
            ).fetchone()
        return int(row[0]) if row else 0


class LibrarySaves:
    """The library's side: every worker saves events of aggregates that it holds in memory."""

    def __init__(self, app: library.Customers) -> None:
        self._app = app
        fields = orders.registration(0).model_dump(mode="json", exclude_unset=True)
        self._own = [
            [library.Customer.register(fields) for _ in range(RECORDS)] for _ in range(WORKERS)
        ]
        app.save(*(one for some in self._own for one in some))
        self._numbers = itertools.count(1_000)

    def work(self, worker: int, may_go_on: Callable[[], bool]) -> int:
        done = 0
        for customer in itertools.cycle(self._own[worker]):
            if not may_go_on():
                break
            customer.change(size=next(self._numbers))
            self._app.save(customer)
            done += 1
        return done
