"""bench project: one projection live and rebuilt, here and in the eventsourcing library; and how
soon a commit is readable.

Both fold the same backlog of customers' events into equal rows of tables with equal indexes.
The library's projection is written to its advantage: it changes only the columns that an event
gives, without reading the row, and has nothing to decrypt. It commits every event, live or from
nothing; ours takes a backlog in batches, where what happened to a record is written once: that is
what a batch is for, and it is in the ratio.
"""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api.services import Services
from benchmarks import library, orders
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, ratio, result
from benchmarks.library_view import Backlog
from benchmarks.paced import delays
from benchmarks.server import environment, fresh_database
from projections.customers import customers
from projections.rebuild import rebuild
from projections.runner import Runner
from projections.tables import table_of

RECORDS = 1_000
CHANGES = 3
"""Events of a customer after its registration, each after all others had theirs."""
PEER = "eventsourcing's ProjectionRunner"
RATIOS = (
    ("customers, live", "ours", Bar(at_least=20, target=50)),
    ("customers, rebuilt", "rebuilt", Bar(at_least=50)),
)
PER_SECOND = 200
SECONDS = 6.0


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces the number of events and the seconds."""
    changes = max(round(CHANGES * scale), 1)
    with fresh_database() as database:
        services = Services.open(database)
        try:
            streams = _fill(services, changes)
            events = RECORDS * (1 + changes)
            peer = Backlog(library.environment(), f"{services.tenant.schema}.customers_v1")
            peer.fill(RECORDS, changes)
            measured = interleaved(
                {
                    "ours": lambda: events / _fold_all(services),
                    "rebuilt": lambda: events / _rebuild(services),
                    "library": lambda: peer.events / peer.fold_all(),
                },
                pairs,
            )
            assert _rows(services) == peer.rows() == RECORDS
            services.runner.catch_up()  # the other read models, for what comes next
            seconds = max(SECONDS * scale, 1.0)
            waits = [delays(services, streams, PER_SECOND, seconds) for _ in range(pairs)]
        finally:
            services.close()
        facts = environment()
    return result(
        "project",
        facts,
        [
            *(
                ratio(f"{name} ÷ {PEER}", measured[kind], measured["library"], bar, "events/s")
                for name, kind, bar in RATIOS
            ),
            _percentile(
                "99 % readable after, all read models", waits, 0.99, Bar(at_most=250, unit="ms")
            ),
            _percentile("50 % readable after, all read models", waits, 0.50, Bar(unit="ms")),
        ],
        [
            f"{events:,} events of {RECORDS:,} customers; delays over {seconds:g} s at "
            f"{PER_SECOND} commands/s, "
            f"from the commit to the runner's.",
        ],
    )


def _fill(services: Services, changes: int) -> list[UUID]:
    """The backlog: registrations, then changes, each round through all customers."""
    streams = list(orders.register(services, RECORDS))
    for number in range(changes):
        outcomes = services.dispatcher.dispatch_all(
            [orders.order(orders.change_in_turn(number), stream) for stream in streams]
        )
        assert not any(isinstance(one, Exception) for one in outcomes)
    return streams


def _fold_all(services: Services) -> float:
    """Seconds in which the live runner folds the whole log into an empty table, by batches as
    it always does."""
    with services.database.connect("projector", services.tenant.schema) as connection:
        connection.execute(f"TRUNCATE {table_of(customers).table}".encode())
        connection.execute("UPDATE projections SET position = 0 WHERE name = %s", [customers.name])
    runner = Runner(services.log, [customers], [])
    began = time.perf_counter()
    runner.catch_up()
    return time.perf_counter() - began


def _rebuild(services: Services) -> float:
    """Seconds in which one process makes the table anew and puts it in the live one's place."""
    began = time.perf_counter()
    (made,) = rebuild(services.log, [customers], [], [customers], workers=1)
    seconds = time.perf_counter() - began
    assert made.rows == RECORDS
    return seconds


def _rows(services: Services) -> int:
    with services.database.connect("projector", services.tenant.schema) as connection:
        return table_of(customers).checksum(connection)[0]


def _percentile(name: str, waits: Sequence[Sequence[float]], share: float, bar: Bar) -> Measured:
    values = [one[min(int(len(one) * share), len(one) - 1)] for one in waits]
    return Measured(name, values, bar)
