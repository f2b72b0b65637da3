"""bench rebuild: every read model from nothing, indexes included, against a binary COPY of the
same events.

The COPY brings the events and their personal data out of PostgreSQL into a Python sink that
only counts them; the rebuild also decrypts, decodes, folds, writes every table and its indexes,
compares and swaps. Each side runs in a process of its own; the rebuild with one worker is that
process alone, and its peak memory that of the process.
"""

import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import Any

from api.services import Services
from benchmarks.generate import fill
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, ratio, result
from benchmarks.server import environment, fresh_database
from projections import DERIVED, PROJECTIONS
from projections.kernel import ReadModel
from projections.rebuild import rebuild
from store import tenants
from store.database import open_database

EVENTS = 1_000_000
TABLES = ("events", "personal_data")


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces the number of events."""
    events = max(round(EVENTS * scale), 1_000)
    peaks: list[float] = []

    def rebuilt() -> float:
        seconds, peak = alone(rebuild_all)
        peaks.append(peak)
        return seconds

    sides = {
        "copy": lambda: alone(copy_all)[0],
        "one": rebuilt,
        "two": lambda: alone(rebuild_by_two)[0],
    }

    with fresh_database() as database:
        services = Services.open(database)
        try:
            fill(services, events)
        finally:
            services.close()
        # The first rebuild has no rows to replace, so it is not counted.
        measured = interleaved(sides, pairs)
        facts = environment()
    return result(
        "rebuild",
        facts,
        [
            ratio(
                "binary COPY ÷ rebuild of all read models",
                measured["copy"],
                measured["one"],
                Bar(at_least=0.05, target=0.5),
                "s",
            ),
            ratio(
                "binary COPY ÷ rebuild with two workers",
                measured["copy"],
                measured["two"],
                Bar(at_least=0.15, target=0.5),
                "s",
            ),
            ratio(
                "rebuild with one worker ÷ with two",
                measured["one"],
                measured["two"],
                Bar(at_least=1.25),
                "s",
            ),
            Measured("peak memory of the rebuild's process", peaks, Bar(unit="MB")),
        ],
        [
            f"{events:,} events; {events / median(measured['one']):,.0f} events/s rebuilt by "
            f"one worker, {events / median(measured['two']):,.0f} by two, "
            f"{events / median(measured['copy']):,.0f} copied; "
            f"{len(PROJECTIONS) + len(DERIVED)} read models."
        ],
    )


def alone(work: Any, tenant: str = tenants.DEFAULT) -> tuple[float, float]:
    """What ``work(tenant)`` gives, run in a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        done: tuple[float, float] = pool.submit(work, tenant).result()
    return done


def rebuild_by_two(tenant: str) -> tuple[float, float]:
    """The same by two processes."""
    return rebuild_all(tenant, workers=2)


def rebuild_all(tenant: str, workers: int = 1) -> tuple[float, float]:
    """Seconds that a rebuild of all read models takes, and this process's peak memory in MB."""
    database = open_database()
    services = Services.open(database, tenant)
    began = time.perf_counter()
    models: list[ReadModel] = [*PROJECTIONS, *DERIVED]
    made = rebuild(services.log, PROJECTIONS, DERIVED, models, workers=workers)
    seconds = time.perf_counter() - began
    assert services.runner.position() == services.log.head()
    assert all(one.rows for one in made if one.name in ("customers", "tickets", "history"))
    services.close()
    database.close()
    return seconds, _peak()


def copy_all(tenant: str) -> tuple[float, float]:
    """Seconds that a binary COPY of the log takes, and this process's peak memory in MB."""
    database = open_database()
    began = time.perf_counter()
    with database.connect("writer", tenants.schema_of(tenant)) as connection:
        for table in TABLES:
            received = 0
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)".encode()) as copy,
            ):
                for block in copy:
                    received += len(block)
            assert received
    seconds = time.perf_counter() - began
    database.close()
    return seconds, _peak()


def _peak() -> float:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)
