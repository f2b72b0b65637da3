"""bench access: answering somebody of whom there are 10,000 events, against reading those events
through the log.

Both open every value under their keys. The answer also folds the record, says every field and value
in two languages, looks for mentions and writes it all as JSON.
"""

import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from api.answering.access import answer_access
from api.services import Services
from benchmarks import orders
from benchmarks.kernel import PAIRS, Bar, interleaved, ratio, result
from benchmarks.server import environment, fresh_database
from commands.dispatcher import Order
from commands.subject_requests import IdentifySubject, ReceiveSubjectRequest
from domain.envelope import SYSTEM
from domain.subject_requests import Kind, Method
from projections.readers import Reader

EVENTS = 10_000
AT_ONCE = 100
"""Changes that are dispatched together."""


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces the number of events."""
    events = max(round(EVENTS * scale), 100)
    with fresh_database() as database, tempfile.TemporaryDirectory() as folder:
        services = Services.open(database)
        try:
            person, request = _fill(services, events)
            path = Path(folder) / "access.json"
            measured = interleaved(
                {
                    "answer": lambda: _answer(services, request, path, events),
                    "read": lambda: _read(services, person, events),
                },
                pairs,
            )
            size = path.stat().st_size
        finally:
            services.close()
        facts = environment()
    return result(
        "access",
        facts,
        [
            ratio(
                "answer as JSON ÷ reading the events",
                measured["answer"],
                measured["read"],
                Bar(at_most=10, target=3),
                "s",
            )
        ],
        [f"{events:,} events of one person, {size / 1e6:.1f} MB of JSON."],
    )


def _fill(services: Services, events: int) -> tuple[UUID, UUID]:
    """A customer who was changed again and again, and asks."""
    person = services.dispatcher.dispatch(orders.order(orders.registration(1))).stream
    for start in range(1, events, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, events))
        changes: list[Order] = [orders.order(orders.change_in_turn(n), person) for n in numbers]
        services.dispatcher.dispatch_all(changes)
    asked = ReceiveSubjectRequest(kind=Kind.ACCESS, customer_id=person)
    request = services.issue(asked).stream
    services.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
    services.runner.catch_up()
    return person, request


def _answer(services: Services, request: UUID, path: Path, events: int) -> float:
    reader = Reader(SYSTEM, "admin", "bench")
    began = time.perf_counter()
    done = answer_access(services, reader, request, path, "json")
    seconds = time.perf_counter() - began
    assert done.events >= events
    return seconds


def _read(services: Services, person: UUID, events: int) -> float:
    began = time.perf_counter()
    found = services.log.load(person)
    seconds = time.perf_counter() - began
    assert len(found) == events
    return seconds
