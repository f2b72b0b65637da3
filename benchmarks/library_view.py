"""The peer of the live projection: the library's ProjectionRunner with a
PostgresTrackingRecorder, which keeps the same rows as ours in a copy of our table, indexes
included."""

import threading
import time
from collections.abc import Mapping
from itertools import chain
from typing import Any, ClassVar

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.types.json import Jsonb

from benchmarks import orders
from benchmarks.library import SCHEMA, Customer, Customers
from benchmarks.server import peer_connection
from store.search import grams, search_text

TABLE = f"{SCHEMA}.customers_view"
SEARCHED = ("name", "emails", "phones")
LOOK_SECONDS = 1.0


class CustomersView(PostgresTrackingRecorder):
    """Rows and tracking in one transaction, as its documentation shows."""

    last: ClassVar[int] = 0
    """The notification after which all is done."""

    def __init__(self, datastore: PostgresDatastore, **names: Any) -> None:
        super().__init__(datastore, **names)
        self.began: float | None = None
        self.ended = 0.0
        self.done = threading.Event()

    def insert(self, row: Mapping[str, Any], tracking: Tracking) -> None:
        self._begin()
        names = ", ".join(row)
        marks = ", ".join(["%s"] * len(row))
        sets = ", ".join(f"{name} = EXCLUDED.{name}" for name in row)
        self._write(
            f"INSERT INTO {TABLE} ({names}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {sets}",
            [*row.values()],
            tracking,
        )

    def update(self, record: Any, row: Mapping[str, Any], tracking: Tracking) -> None:
        sets = ", ".join(f"{name} = %s" for name in row)
        self._write(f"UPDATE {TABLE} SET {sets} WHERE id = %s", [*row.values(), record], tracking)

    def _begin(self) -> None:
        if self.began is None:
            self.began = time.perf_counter()

    def _write(self, statement: str, values: list[Any], tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement.encode(), values)
        if tracking.notification_id == self.last:
            self.ended = time.perf_counter()
            self.done.set()


class CustomersProjection(Projection[CustomersView]):
    """The library's projection of customers."""

    name = "customers"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Others are not followed."""

    @process_event.register
    def registered(self, event: Customer.Registered, tracking: Tracking) -> None:
        text = search_text(event.fields.get(name) for name in SEARCHED)
        row = {
            "id": event.originator_id,
            **_columns(event.fields),
            "created_at": event.timestamp,
            "created_by": orders.ACTOR,
            **_header(event, tracking),
            "search_text": text,
            "grams": [*dict.fromkeys(chain.from_iterable(map(grams, text.split())))],
        }
        self.view.insert(row, tracking)

    @process_event.register
    def changed(self, event: Customer.Changed, tracking: Tracking) -> None:
        row = {**_columns(event.fields), **_header(event, tracking)}
        self.view.update(event.originator_id, row, tracking)


def _header(event: Any, tracking: Tracking) -> dict[str, Any]:
    return {
        "version": event.originator_version,
        "position": tracking.notification_id,
        "changed_at": event.timestamp,
        "changed_by": orders.ACTOR,
    }


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "annual_revenue":
            row[name], row[f"{name}_currency"] = value["amount"], value["currency"]
        else:
            row[name] = Jsonb(value) if isinstance(value, dict) else value
    return row


class Backlog:
    """A log of the library's with customers, and its projection run over all of it again and
    again."""

    def __init__(self, env: dict[str, str], like: str) -> None:
        self._env = env
        self.events = 0
        with peer_connection() as connection:
            connection.execute(f"CREATE TABLE {TABLE} (LIKE {like} INCLUDING ALL)".encode())

    def fill(self, records: int, changes: int) -> None:
        """Registrations, then public and personal changes in turn, each round through all
        customers."""
        app = Customers(env=self._env)
        customers = [
            Customer.register(
                orders.registration(number).model_dump(mode="json", exclude_unset=True)
            )
            for number in range(records)
        ]
        app.save(*customers)
        for number in range(changes):
            for customer in customers:
                command = orders.change_in_turn(number)
                customer.change(**command.model_dump(mode="json", exclude_unset=True))
            app.save(*customers)
        app.close()
        self.events = records * (1 + changes)

    def fold_all(self) -> float:
        """Seconds from the first event to the commit of the last."""
        with peer_connection() as connection:
            connection.execute(f"TRUNCATE {TABLE}".encode())
            tracking = f"{SCHEMA}.{CustomersProjection.name}_tracking"
            if connection.execute("SELECT to_regclass(%s)", [tracking]).fetchone() != (None,):
                connection.execute(
                    f"DELETE FROM {tracking} WHERE application_name = %s".encode(), [Customers.name]
                )
        CustomersView.last = self.events
        with ProjectionRunner[Customers, CustomersView](
            application_class=Customers,
            projection_class=CustomersProjection,
            view_class=CustomersView,
            env=self._env,
        ) as runner:
            while not runner.view.done.wait(LOOK_SECONDS):
                runner.run_forever(timeout=0)  # raises what the runner died of
            began = runner.view.began
            assert began is not None
            return runner.view.ended - began

    def rows(self) -> int:
        """How many rows the view has."""
        with peer_connection() as connection:
            row = connection.execute(f"SELECT count(*) FROM {TABLE}".encode()).fetchone()
        return int(row[0]) if row else 0
