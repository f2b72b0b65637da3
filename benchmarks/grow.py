"""bench grow: what a log of 1,000,000 events costs that one of 10,000 does not.

Two tenants of the same mix on one server. Every operation is set against PostgreSQL's own at
the same size (an insert into a plain table of as many rows, a SELECT from a plain copy of the
read model, a binary COPY of the log), and the large tenant's ratio against the small one's: 1
means that nothing grows but what grows in PostgreSQL anyway.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from api.services import Services, create_tenant
from benchmarks import orders
from benchmarks.append import WORKERS, Commands
from benchmarks.generate import fill
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, rate, result
from benchmarks.raw import RawReads, RawRows
from benchmarks.rebuild import alone, copy_all, rebuild_all
from benchmarks.server import environment, fresh_database
from domain.customers import Customer
from domain.envelope import SYSTEM
from projections.readers import Reader
from projections.tables import table_of
from projections.tickets import tickets
from store.database import Database
from store.lists import Query

SIZES = {"small": 10_000, "large": 1_000_000}
READS = 300
PAGES = 50
LIMIT = 50
COMMANDS = 20
"""Commands of one thread in one measurement: few, so that the small log stays small."""
READER = Reader(SYSTEM, "admin", "bench")


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces the large log."""
    sizes = SIZES | {"large": max(round(SIZES["large"] * scale), SIZES["small"])}
    with fresh_database() as database:
        tenants = {name: Tenant(database, name, size) for name, size in sizes.items()}
        try:
            operations = {
                "rebuild, an event": interleaved(
                    _both(tenants, Tenant.rebuild, Tenant.copy), pairs, warm_up=False
                ),
                "one record": interleaved(_both(tenants, Tenant.read, Tenant.raw_read), pairs),
                "first page": interleaved(_both(tenants, Tenant.page, Tenant.raw_page), pairs),
                "append": interleaved(_both(tenants, Tenant.append, Tenant.raw_append), pairs),
            }
        finally:
            for tenant in tenants.values():
                tenant.close()
        facts = environment()
    order = ("append", "one record", "first page", "rebuild, an event")
    return result(
        "grow",
        facts,
        [_growth(name, operations[name]) for name in order],
        [
            f"{sizes['large']:,} events against {sizes['small']:,}; reads of {tickets.name}, "
            f"pages of {LIMIT} by changed_at; appends are {WORKERS} threads' one-event commands.",
        ],
    )


def _both(
    tenants: dict[str, "Tenant"],
    ours: Callable[["Tenant"], float],
    raw: Callable[["Tenant"], float],
) -> dict[str, Callable[[], float]]:
    return {
        f"{name} {kind}": partial(work, tenant)
        for name, tenant in tenants.items()
        for kind, work in (("ours", ours), ("raw", raw))
    }


def _growth(name: str, measured: dict[str, list[float]]) -> Measured:
    """How many times as dear as raw it is when large ÷ when small."""
    relative = {
        size: [
            a / b for a, b in zip(measured[f"{size} ours"], measured[f"{size} raw"], strict=True)
        ]
        for size in SIZES
    }
    values = [a / b for a, b in zip(relative["large"], relative["small"], strict=True)]
    middle = {size: sorted(some)[len(some) // 2] for size, some in relative.items()}
    return Measured(
        f"{name}: large ÷ small, each relative to raw",
        values,
        Bar(at_most=1.3, target=1.1),
        middle["large"],
        middle["small"],
        "× raw",
    )


class Tenant:
    """One size: a tenant with its log and read models, and the plain tables beside it. Every
    measurement gives a time, in whatever unit."""

    def __init__(self, database: Database, name: str, events: int) -> None:
        create_tenant(database, name)
        self._name, self._events = name, events
        self._services = Services.open(database, name)
        fill(self._services, events)
        alone(rebuild_all, name)
        schema = self._services.tenant.schema
        with database.connect("projector", schema) as connection:
            self._tickets = self._ids(connection, table_of(tickets).table, "id")
            customers = self._ids(
                connection, f"events WHERE type = '{Customer.__name__}Registered'", "stream"
            )
            size = connection.execute("SELECT avg(octet_length(body))::integer FROM events")
            row = size.fetchone()
        self._commands = Commands(self._services, customers[: WORKERS * 8])
        self._rows = RawRows(f"raw_rows_{name}", WORKERS, row[0] if row else 0, events)
        table = table_of(tickets)
        columns = [column.name for column in table.columns]
        self._raw = RawReads(
            f"raw_tickets_{name}", f"{schema}.{table.table}", columns, "changed_at"
        )
        self._random = Random(2)

    @staticmethod
    def _ids(connection: Any, place: str, column: str) -> Sequence[UUID]:
        rows = connection.execute(f"SELECT {column} FROM {place} ORDER BY 1".encode()).fetchall()
        return [row[0] for row in rows]

    def rebuild(self) -> float:
        return alone(rebuild_all, self._name)[0]

    def copy(self) -> float:
        return alone(copy_all, self._name)[0]

    def read(self) -> float:
        gate = self._services.gate
        return self._each(lambda: gate.get(READER, tickets.name, self._one()), READS)

    def raw_read(self) -> float:
        return self._each(lambda: self._raw.one(self._one()), READS)

    def page(self) -> float:
        query = Query(sort="changed_at", descending=True, limit=LIMIT)
        return self._each(lambda: self._services.gate.page(READER, tickets.name, query), PAGES)

    def raw_page(self) -> float:
        return self._each(lambda: self._raw.page(LIMIT), PAGES)

    def append(self) -> float:
        return 1 / self._commands.rate(orders.public_change, each=COMMANDS)

    def raw_append(self) -> float:
        return 1 / _rate(self._rows.work)

    def close(self) -> None:
        self._rows.close()
        self._raw.close()
        self._services.close()

    def _one(self) -> UUID:
        return self._random.choice(self._tickets)

    @staticmethod
    def _each(read: Callable[[], object], count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            assert read() is not None
        return (time.perf_counter() - began) / count


def _rate(work: Callable[[int, Callable[[], bool]], int]) -> float:
    """By count instead of by time."""

    def some(worker: int, _: Callable[[], bool]) -> int:
        turns = itertools.count()
        return work(worker, lambda: next(turns) < COMMANDS)

    return rate(some, WORKERS, seconds=0)
