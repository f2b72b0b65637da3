"""Rebuilds in full swing: killed in the middle and begun again, by one, two and four processes,
while commands arrive and everybody reads. The numbers are the same, and nobody who reads notices.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from api.services import Services
from benchmarks import orders
from benchmarks.generate import fill
from domain.envelope import SYSTEM
from projections import DERIVED, PROJECTIONS
from projections import rebuild as rebuilding
from projections.readers import Reader
from projections.rebuild import Rebuilt, rebuild
from store import drafts, embedded
from store.database import home
from store.lists import Query
from tests.faults.house import PATIENCE, ROOT, until
from tests.faults.rebuilding import MODELS, WIDTH

EVENTS: Final = 2_000
RECORDS: Final = 300
"""Customers that come after those."""
PER_SECOND: Final = 200
MOST: Final = 600
"""Commands beside the rebuilds of each kind: slow machines are not given ever more to do."""
ISSUERS: Final = 8
LOOK_EVERY: Final = 0.05
WORKERS: Final = (1, 2, 4)
FILLED: Final = {"customers", "contacts", "opportunities", "tickets", "ticket_clocks", "history"}
WIDE: Final = "repeat('x', 20000)"
"""More of it than the connection holds: a COPY of it goes on for as long as it is read."""
ANALYST: Final = Reader(SYSTEM, "admin", "test")


@dataclass
class Arriving:
    """Commands at their moments, whether or not the ones before them are done."""

    services: Services
    streams: list[UUID]
    issued: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_a_pace(self) -> Iterator[None]:
        """Until this is left."""
        with ThreadPoolExecutor(ISSUERS) as pool:
            threads = [pool.submit(self._issue, number) for number in range(ISSUERS)]
            try:
                yield
            finally:
                self._stop.set()
        for thread in threads:
            thread.result()

    def _issue(self, number: int) -> None:
        began = time.monotonic()
        for turn in range(number, MOST, ISSUERS):
            if self._stop.wait(max(began + turn / PER_SECOND - time.monotonic(), 0)):
                return
            stream = self.streams[turn % len(self.streams)]
            self.services.dispatcher.dispatch(orders.order(orders.change_in_turn(turn), stream))
            if turn % 10 == 0:
                orders.register(self.services, 1)
            self.issued += 1


@dataclass
class Reading:
    """Looks that never end, each of which may only ever see more."""

    looks: dict[str, Callable[[], int]]
    seen: dict[str, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def on_and_on(self) -> Iterator[None]:
        """Until this is left; what a look died of is raised then."""
        with ThreadPoolExecutor(len(self.looks)) as pool:
            threads = [pool.submit(self._look, *one) for one in self.looks.items()]
            try:
                yield
            finally:
                self._stop.set()
        for thread in threads:
            thread.result()

    def _look(self, what: str, look: Callable[[], int]) -> None:
        most = RECORDS
        while not self._stop.wait(LOOK_EVERY):
            now = look()
            assert now >= most, f"{what}: {now} after {most}"
            most, self.seen[what] = now, self.seen.get(what, 0) + 1


@pytest.fixture
def superuser(services: Services) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """Somebody with SQL, in the tenant's schema."""
    options = f"-c search_path={services.tenant.schema}"
    with psycopg.connect(embedded.start(home()).url(), autocommit=True, options=options) as opened:
        yield opened


@pytest.fixture
def filled(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """A log of several parts with records of every kind that a company has many of, followed by a
    runner.
    """
    monkeypatch.setattr(rebuilding, "WIDTH", WIDTH)
    monkeypatch.setattr(rebuilding, "PARTS_A_WORKER", 1)
    fill(services, EVENTS)
    _rebuilt(services, 1)
    assert services.log.head() == EVENTS
    orders.register(services, RECORDS)
    services.runner.catch_up()
    services.start_runner()
    return services


def test_the_numbers_are_the_same_and_nobody_notices(
    filled: Services, superuser: "psycopg.Connection[tuple[Any, ...]]"
) -> None:
    superuser.execute("CREATE VIEW known AS SELECT number, size FROM customers WHERE size > 0")
    registered = filled.log.read(EVENTS, RECORDS * 2)
    streams = [one.stream for one in registered if one.type == "CustomerRegistered"]
    made: list[Rebuilt] = []
    with ExitStack() as stack:
        reading = Reading(_looks(filled, stack))
        stack.enter_context(reading.on_and_on())
        for workers in WORKERS:
            arriving = Arriving(filled, streams)
            with arriving.at_a_pace():
                _killed_in_the_middle(filled, workers)
                with _exports(filled, superuser):
                    made += _rebuilt(filled, workers)
            assert arriving.issued > PER_SECOND
    assert min(reading.seen[one] for one in reading.looks) > len(WORKERS)
    assert [one.name for one in made if one.checksum != one.live_checksum] == []
    filled.sealer.close()  # it adds an event a minute: who read
    assert filled.runner.wait_for(filled.log.head(), PATIENCE)
    assert filled.is_running
    at_rest = [_rebuilt(filled, workers) for workers in WORKERS]
    assert {one.name for one in at_rest[0] if one.rows} >= FILLED
    sums = [[(one.rows, one.checksum) for one in models] for models in at_rest]
    assert sums == [sums[0]] * len(WORKERS)
    assert all(one.checksum == one.live_checksum for models in at_rest for one in models)


def _rebuilt(services: Services, workers: int) -> list[Rebuilt]:
    return rebuild(services.log, PROJECTIONS, DERIVED, MODELS, workers=workers)


def _killed_in_the_middle(services: Services, workers: int) -> None:
    """``kill -9`` when some parts are written and others are not."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.rebuilding", services.tenant.name, str(workers)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "in the middle"
        process.send_signal(signal.SIGKILL)
    with services.database.connect("projector", services.tenant.schema) as connection:
        begun = drafts.unfinished(connection)
        assert begun is not None
        assert 0 < len(drafts.marked(connection)) <= len(begun.cuts) + 1


def _looks(services: Services, stack: ExitStack) -> dict[str, Callable[[], int]]:
    """A prepared statement on a table, one on a view of a view, and the pages of the API."""
    schema = services.tenant.schema
    options = f"-c search_path={schema}"
    writer = stack.enter_context(services.database.connect("writer", schema))
    analyst = stack.enter_context(
        psycopg.connect(embedded.start(home()).url(), autocommit=True, options=options)
    )

    def counted(connection: Any, place: str) -> int:
        row = connection.execute(f"SELECT count(*) FROM {place}", prepare=True).fetchone()
        return int(row[0])

    def pages() -> int:
        query = Query(sort="number", count=True, limit=5)
        page = services.gate.page(ANALYST, "customers", query)
        assert len(page.items) == 5
        return page.count or 0

    return {
        "table": lambda: counted(writer, "customers_v1"),
        "view of a view": lambda: counted(analyst, "known"),
        "pages": pages,
    }


@contextmanager
def _exports(
    services: Services, superuser: "psycopg.Connection[tuple[Any, ...]]"
) -> Iterator[None]:
    """A cursor on the server and a COPY that have begun, and are read to their end only when the
    rebuild waits for them: every row is there.
    """
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        schema = services.tenant.schema
        by_cursor = stack.enter_context(services.database.connect("writer", schema))
        by_copy = stack.enter_context(services.database.connect("writer", schema))
        stack.enter_context(by_cursor.transaction())
        by_cursor.execute("DECLARE export CURSOR FOR SELECT id FROM customers_v1")
        first = by_cursor.execute("FETCH 10 FROM export").fetchall()
        cursor = stack.enter_context(by_copy.cursor())
        query = sql.SQL("COPY (SELECT id, {} FROM customers_v1) TO STDOUT").format(sql.SQL(WIDE))
        copy = stack.enter_context(cursor.copy(query))
        begun = bytes(copy.read())

        def read_on() -> tuple[int, int]:
            until(lambda: _waits_for_exports(superuser), "the rebuild waits")
            copied = begun.count(b"\n") + sum(bytes(block).count(b"\n") for block in copy)
            rest = by_cursor.execute("FETCH ALL FROM export").fetchall()
            by_cursor.execute("COMMIT")
            return len({*first, *rest}), copied

        read = pool.submit(read_on)
        yield
        found, copied = read.result()
        assert min(found, copied) >= RECORDS


def _waits_for_exports(superuser: "psycopg.Connection[tuple[Any, ...]]") -> bool:
    row = superuser.execute(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%age(backend_xmin)%'"
        " AND pid <> pg_backend_pid() AND query_start > now() - interval '1 s')"
    ).fetchone()
    return bool(row and row[0])
