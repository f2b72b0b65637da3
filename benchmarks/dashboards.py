"""bench dashboards: every figure as a dashboard asks for it, uncached, on 1,000,000 events.

Ours is what the route does once the request is read: the definition compiled for what is asked, run
by the reader's role, divided, labelled, the names in it passed through the gate. For some there is
the same figure in SQL by hand, on the same table.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import count
from statistics import median
from typing import Any, Final

from api.analytics.asking import asked_of
from api.analytics.series import series
from api.services import Services
from benchmarks.generate import fill
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, percentile, ratio, result
from benchmarks.rebuild import rebuild_all
from benchmarks.server import environment, fresh_database, peer_connection
from domain.envelope import SYSTEM
from domain.reading import Door
from projections.analytics import DEFINITIONS
from projections.readers import Reader

EVENTS: Final = 1_000_000
ASKED: Final = 5
"""Times that each is asked in one measurement."""
READER: Final = Reader(SYSTEM, "sales", "bench", Door.HTTP)
BY_HAND: Final[Mapping[str, str]] = {
    "won_deals": "SELECT date_trunc('month', closed_on), amount_currency, count(*), sum(amount),"
    " avg(amount) FROM opportunities WHERE status = 'won' AND closed_on IS NOT NULL"
    " GROUP BY 1, 2 ORDER BY 1, 2",
    "win_rate": "SELECT date_trunc('month', closed_on), count(*),"
    " count(*) FILTER (WHERE status = 'won') * 100.0 / count(*) FROM opportunities"
    " WHERE status IN ('won', 'lost') AND closed_on IS NOT NULL GROUP BY 1 ORDER BY 1",
    "cycle_length": "SELECT status, count(*), percentile_disc(ARRAY[0.5, 0.9])"
    " WITHIN GROUP (ORDER BY closed_on - created_at::date) FROM opportunities"
    " WHERE status IN ('won', 'lost') AND closed_on IS NOT NULL GROUP BY 1 ORDER BY 1",
    "ticket_volume": "SELECT date_trunc('month', created_at), count(*) FROM tickets"
    " GROUP BY 1 ORDER BY 1",
    "ticket_flow": "SELECT date_trunc('month', occurred_at), count(*) FILTER (WHERE in_work),"
    " count(*) FILTER (WHERE NOT in_work) FROM ticket_changes WHERE was_in_work <> in_work"
    " GROUP BY 1 ORDER BY 1",
    "customer_stages": "SELECT stage, count(*) FROM customers WHERE NOT archived"
    " AND merged_into_id IS NULL GROUP BY 1 ORDER BY 1",
}
"""As somebody writes it who knows the tables: the engine's own means and percentiles."""


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces the number of events."""
    events = max(round(EVENTS * scale), 1_000)
    with fresh_database() as database:
        services = Services.open(database)
        try:
            fill(services, events)
            rebuild_all(services.tenant.name)
            dashboard = Dashboard(services)
            ours = {name: partial(dashboard.ask, name) for name in DEFINITIONS}
            with peer_connection() as connection:
                connection.execute(f"SET search_path = {services.tenant.schema}".encode())
                by_hand = {
                    f"{name} by hand": partial(_each, partial(_fetch, connection, query))
                    for name, query in BY_HAND.items()
                }
                measured = interleaved(ours | by_hand, pairs)
        finally:
            services.close()
        facts = environment()
    shown = [
        Measured(
            f"{name}, 95 % within", _rounds(dashboard.asked[name]), Bar(at_most=300, unit="ms")
        )
        for name in sorted(DEFINITIONS, key=lambda one: -median(measured[one]))
    ]
    relative = [
        ratio(
            f"{name} ÷ SQL by hand",
            measured[name],
            measured[f"{name} by hand"],
            Bar(at_most=3),
            "ms",
        )
        for name in BY_HAND
    ]
    note = (
        f"{events:,} events; each figure {ASKED} times a measurement, as it is grouped by itself. "
        "There are no orders among them, so figures of orders count nothing."
    )
    return result("dashboards", facts, [*relative, *shown], [note])


class Dashboard:
    """Asks for figures as the route does, never for one that is remembered."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._now = datetime.now(UTC).astimezone(services.tenant.zone)
        self._positions = count(services.log.head())
        self.asked: dict[str, list[list[float]]] = {name: [] for name in DEFINITIONS}
        """Milliseconds of each time, by measurement."""

    def ask(self, name: str) -> float:
        """Milliseconds that the figure takes, by the median."""
        definition, services = DEFINITIONS[name], self._services
        asked = asked_of(definition, {}, self._now)

        def answer() -> object:
            at = next(self._positions)
            found = series(services.analytics, services.gate, READER, definition, asked, at, "en")
            return found.as_json()["data"]

        taken = _times(answer)
        self.asked[name].append(taken)
        return median(taken)


def _rounds(rounds: list[list[float]]) -> list[float]:
    """The 95th percentile of each; the first was to warm up."""
    return [percentile(sorted(one), 0.95) for one in rounds[1:]]


def _fetch(connection: Any, query: str) -> object:
    return connection.execute(query.encode()).fetchall()


def _each(read: Callable[[], object]) -> float:
    return median(_times(read))


def _times(read: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(ASKED):
        began = time.perf_counter()
        read()
        taken.append((time.perf_counter() - began) * 1_000)
    return taken
