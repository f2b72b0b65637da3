"""bench lists: every list of customers that is declared, its first page and one far behind, against
SQL by hand on the same table.

Ours is the gate: the list is checked, its cursor opened and sealed, the rows fetched, masked and
made ready for JSON; once without recording who read (what that costs is ``bench reads``) and once
with. By hand it is one prepared SELECT of the same columns by the same key. The rows of a small
company are multiplied in the table until there are enough.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from api.services import Services
from benchmarks.generate import fill
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, percentile, ratio, result
from benchmarks.reads import Unrecorded
from benchmarks.rebuild import rebuild_all
from benchmarks.server import environment, fresh_database, peer_connection
from domain.envelope import SYSTEM
from domain.reading import Door
from projections import DERIVED, PROJECTIONS
from projections.customers import customers
from projections.gate import Gate
from projections.kernel import Serve
from projections.readers import Reader
from projections.tables import table_of
from store import lists
from store.database import Connection
from store.lists import Query
from store.read_models import GRAMS, SEARCH_TEXT

ROWS: Final = 1_000_000
EVENTS: Final = 20_000
"""Of the company whose rows are multiplied."""
LIMIT: Final = 50
PAGES: Final = 10_000
"""Behind which the far page lies, or half of the list, where that is nearer."""
READS: Final = 40
"""Of each page in one measurement."""
READER: Final = Reader(SYSTEM, "sales", "bench", Door.HTTP)
_OTHERWISE: Final = {
    "id": "gen_random_uuid()",
    "number": "number || '-' || turn",
    "name": "name || ' ' || md5(turn || id::text)",
    "changed_at": "changed_at - random() * interval '500 days'",
    "next_follow_up_on": "current_date + (random() * 90)::integer",
}
"""What a row's twin has of its own."""


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces the number of customers."""
    rows = max(round(ROWS * scale), 1_000)
    numbers: list[Measured] = []
    with fresh_database() as database:
        services = Services.open(database)
        try:
            fill(services, min(EVENTS, rows))
            rebuild_all(services.tenant.name)
            with database.connect("projector", services.tenant.schema) as connection:
                _multiply(connection, rows)
            with peer_connection() as connection:
                connection.execute(f"SET search_path = {services.tenant.schema}".encode())
                for serve in customers.serves:
                    numbers += _measure(services, connection, serve, pairs)
        finally:
            services.close()
        facts = environment()
    numbers.sort(key=lambda one: "recorded" in one.name)
    note = f"{rows:,} customers, pages of {LIMIT}; times are those within which 95 % were answered."
    return result("lists", facts, numbers, [note])


def _multiply(connection: Connection, rows: int) -> None:
    """Twins of the rows that are there, until there are so many."""
    table = table_of(customers)
    columns = [one.name for one in table.columns] + [GRAMS, SEARCH_TEXT]
    named = ", ".join(columns)
    twins = ", ".join(f"{_OTHERWISE.get(one, one)} AS {one}" for one in columns)
    for statement in (
        f"INSERT INTO {table.table} ({named}) SELECT {twins} FROM (SELECT * FROM {table.table})"
        f" AS one, generate_series(1, {rows} / (SELECT count(*) FROM {table.table})) AS turn"
        f" LIMIT {rows} - (SELECT count(*) FROM {table.table})",
        f"ANALYZE {table.table}",
    ):
        connection.execute(statement.encode())


def _measure(
    services: Services, connection: Connection, serve: Serve, pairs: int
) -> list[Measured]:
    """The ratios of a list's first page and of one far behind."""
    page = Pages(services, connection, serve)
    gates = {"unrecorded": Unrecorded, "recorded": Gate}
    found = []
    for place, after in (("first page", None), ("far page", page.far())):
        sides: dict[str, Callable[[], object]] = {
            name: partial(page.ours, page.gate(kind), after) for name, kind in gates.items()
        }
        sides["by hand"] = partial(page.by_hand, after)
        measured = interleaved({name: partial(_p95, one) for name, one in sides.items()}, pairs)
        for name, bar in (("unrecorded", Bar(at_most=2)), ("recorded", Bar())):
            title = f"{page.title}, {place}, {name} ÷ SQL by hand"
            found.append(ratio(title, measured[name], measured["by hand"], bar, "ms"))
    return found


class Pages:
    """One list: its most common filter values, and its pages."""

    def __init__(self, services: Services, connection: Connection, serve: Serve) -> None:
        self._services, self._connection = services, connection
        self._table = table_of(customers)
        where = " AND ".join(f"{one} IS NOT NULL" for one in serve.filters) or "true"
        listed = ", ".join(["1", *serve.filters])
        common = connection.execute(
            f"SELECT {listed}, count(*) FROM {self._table.table} WHERE {where}"
            f" GROUP BY {', '.join(str(n + 1) for n in range(len(serve.filters) + 1))}"
            " ORDER BY count(*) DESC LIMIT 1".encode()
        ).fetchone()
        values = common[1:-1] if common else [None] * len(serve.filters)
        self._length = common[-1] if common else 0
        self.filters = dict(zip(serve.filters, values, strict=True))
        self.sort = serve.sort
        self.title = f"{'+'.join(serve.filters) + ' ' if serve.filters else ''}by {serve.sort}"

    def gate(self, kind: type[Gate]) -> Gate:
        """A gate in front of it."""
        services = self._services
        return kind(services.log, services.read_log, PROJECTIONS, DERIVED)

    def far(self) -> Sequence[Any] | None:
        """Sort value and id of the row after which the far page begins; None in an empty list."""
        ahead = min(PAGES * LIMIT, self._length // 2)
        query, values = self._select(None)
        return self._connection.execute(
            f"SELECT {self.sort}, id FROM ({query}) AS one OFFSET {ahead} LIMIT 1".encode(), values
        ).fetchone()

    def ours(self, gate: Gate, after: Sequence[Any] | None) -> object:
        """The page by the gate."""
        query = Query(filters=self.filters, sort=self.sort, limit=LIMIT)
        if after is not None:
            about = lists._fingerprint(self._table, query)
            token = {"nulls": False, "sort": after[0], "key": [after[1]]}
            cursor = lists.seal_cursor(self._services.log.keys.cursor_key, about, token)
            query = replace(query, cursor=cursor)
        return gate.page(READER, customers.name, query).items

    def by_hand(self, after: Sequence[Any] | None) -> object:
        """The page by SQL."""
        query, values = self._select(after)
        found = self._connection.execute(
            f"{query} LIMIT {LIMIT + 1}".encode(), values, prepare=True, binary=True
        )
        names = [one.name for one in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found]

    def _select(self, after: Sequence[Any] | None) -> tuple[str, list[Any]]:
        """In order, what has a value to be sorted by; nothing comes before it."""
        clauses = [f"{self.sort} IS NOT NULL"]
        values: list[Any] = []
        for name, value in self.filters.items():
            clauses.append(f"{name} IS NULL" if value is None else f"{name} = %s")
            values += [] if value is None else [value]
        if after is not None:
            clauses.append(f"({self.sort}, id) > (%s, %s)")
            values += after
        listed = ", ".join(one.name for one in self._table.columns)
        null_filters = [name for name, value in self.filters.items() if value is None]
        order = ", ".join([*null_filters, self.sort, "id"])
        where = " AND ".join(clauses)
        return f"SELECT {listed} FROM {self._table.table} WHERE {where} ORDER BY {order}", values


def _p95(read: Callable[[], object]) -> float:
    """Milliseconds within which 95 % of the reads are answered."""
    taken = []
    for _ in range(READS):
        began = time.perf_counter()
        read()
        taken.append((time.perf_counter() - began) * 1_000)
    return percentile(sorted(taken), 0.95)
