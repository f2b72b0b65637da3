"""The eventsourcing library as a peer: its default application, recorder and projection runner,
with the same customers as ours, on the same server in a schema of its own."""

from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from psycopg.conninfo import conninfo_to_dict

from benchmarks.orders import ACTOR
from benchmarks.server import peer_connection, superuser_url

SCHEMA = "library"


class Customer(Aggregate):
    """The aggregate in the library's own manner."""

    class Registered(Aggregate.Created):
        """With every field of the registration."""

        fields: dict[str, Any]

    class Changed(Aggregate.Event):
        """Only the fields that changed."""

        fields: dict[str, Any]
        actor: str

        def apply(self, aggregate: Any) -> None:
            aggregate.fields.update(self.fields)

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = dict(fields)

    @classmethod
    def register(cls, fields: dict[str, Any]) -> "Customer":
        return cls._create(cls.Registered, fields=fields)

    def change(self, **fields: Any) -> None:
        self.trigger_event(self.Changed, fields=fields, actor=str(ACTOR))


class Customers(Application[UUID]):
    """The library's application with its defaults (no cache, pool of 5 and 10 more)."""

    env: ClassVar[dict[str, str]] = {}


def environment() -> dict[str, str]:
    """Its settings: where the server is, and nothing but the defaults."""
    server = conninfo_to_dict(superuser_url())
    with peer_connection() as connection:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(server["dbname"]),
        "POSTGRES_HOST": str(server["host"]),
        "POSTGRES_PORT": str(server["port"]),
        "POSTGRES_USER": str(server["user"]),
        "POSTGRES_PASSWORD": str(server["password"]),
        "POSTGRES_SCHEMA": SCHEMA,
    }
