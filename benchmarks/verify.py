"""bench verify: everything that ``kept verify`` checks, by two processes, against plain SHA-256
over the same rows, events and their personal data, read by binary COPY in one process.

The plain side decodes and decrypts nothing; verify checks every position, version, column, key,
ciphertext, commitment and unique value besides, and hashes the entries into the tree.
"""

import hashlib
import time
from statistics import median
from typing import Any

from api.services import Services
from benchmarks.generate import fill
from benchmarks.kernel import PAIRS, Bar, interleaved, ratio, result
from benchmarks.server import environment, fresh_database
from store.verify import verify

EVENTS = 1_000_000
WORKERS = 2
TABLES = ("events", "personal_data")


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces the number of events."""
    events = max(round(EVENTS * scale), 1_000)
    with fresh_database() as database:
        services = Services.open(database)
        try:
            fill(services, events)
            services.integrator.catch_up()
            sides = {"plain": lambda: plain(services), "verify": lambda: verified(services)}
            measured = interleaved(sides, pairs)
            facts = environment()
        finally:
            services.close()
    return result(
        "verify",
        facts,
        [
            ratio(
                f"plain SHA-256 ÷ kept verify, {WORKERS} processes",
                measured["plain"],
                measured["verify"],
                Bar(at_least=0.1, target=0.5),
                "s",
            )
        ],
        [
            f"{events:,} events; {events / median(measured['verify']):,.0f} events/s verified, "
            f"{events / median(measured['plain']):,.0f} hashed."
        ],
    )


def verified(services: Services) -> float:
    """Seconds that verifying the log takes; nothing may be wrong with it."""
    began = time.perf_counter()
    found = verify(services.log, workers=WORKERS)
    seconds = time.perf_counter() - began
    assert found.fault_count == 0, found.faults
    assert found.events == services.log.head()
    return seconds


def plain(services: Services) -> float:
    """Seconds that hashing the rows of the log takes."""
    began = time.perf_counter()
    digest = hashlib.sha256()
    with services.database.connect("writer", services.tenant.schema) as connection:
        for table in TABLES:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)".encode()) as copy,
            ):
                for block in copy:
                    digest.update(block)
    assert any(digest.digest())
    return time.perf_counter() - began
