"""A log with a tree over it, and somebody with every right, who damages them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from uuid_utils.compat import uuid7

from store.database import Connection
from store.event_log import EventLog, Receipt
from store.transparency import merkle, retained
from store.transparency.integrator import Integrator
from store.transparency.notes import Checkpoint, opened, parts
from store.transparency.proofs import Transparency
from store.transparency.signing import SigningKeys
from tests.store.deciding import registered


def append(log: EventLog, count: int) -> list[Receipt]:
    """So many customers, in as few batches as it takes."""
    decisions = [registered(uuid7(), f"Customer {number}") for number in range(count)]
    waiting = [(one, *log.submit(one)) for one in decisions]
    return [log.receive(*one) for one in waiting]


def keys_of(log: EventLog) -> SigningKeys:
    return SigningKeys(log.database, log.tenant)


def integrator_of(log: EventLog) -> Integrator:
    return Integrator(log, keys_of(log))


def transparency_of(log: EventLog) -> Transparency:
    return Transparency(log, keys_of(log))


def integrated(log: EventLog, *counts: int) -> None:
    """So many customers more, and after each of the numbers a checkpoint."""
    for count in counts:
        append(log, count)
        assert integrator_of(log).catch_up() == log.head()


def rows(log: EventLog, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with log.database.borrow("writer", log.tenant.schema) as connection:
        return connection.execute(query.encode(), values).fetchall()


def notes(log: EventLog) -> list[str]:
    """Every checkpoint, oldest first."""
    return [row[0] for row in rows(log, "SELECT note FROM checkpoints ORDER BY number")]


def sizes(log: EventLog) -> list[int]:
    return [said(note).size for note in notes(log)]


def said(note: str) -> Checkpoint:
    return Checkpoint.parse(parts(note)[0])


def true_root(log: EventLog, size: int) -> bytes:
    """The root over the raw entries."""
    query = "SELECT leaf_hash(recorded_at, body) FROM events WHERE position <= %s ORDER BY position"
    return merkle.root_of([bytes.fromhex(row[0]) for row in rows(log, query, size)])


def assert_right(log: EventLog) -> None:
    """Every checkpoint is signed, and of the entries that there are; the newest is kept outside."""
    with log.database.borrow("writer", log.tenant.schema) as connection:
        verifiers = keys_of(log).verifiers(connection)
    for note in notes(log):
        text, _ = opened(note, verifiers)
        checkpoint = Checkpoint.parse(text)
        assert checkpoint.root == true_root(log, checkpoint.size)
    numbers = [row[0] for row in rows(log, "SELECT number FROM checkpoints ORDER BY size")]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert retained.kept(log.tenant) == notes(log)[-1]


@contextmanager
def intruder(log: EventLog) -> Iterator[Connection]:
    """Somebody with every right, who switches off what holds others back."""
    with log.database.connect("owner", log.tenant.schema) as connection:
        for table in ("events", "personal_data", "tiles", "checkpoints"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        yield connection
        for table in ("events", "personal_data", "tiles", "checkpoints"):
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL".encode())


def tamper(log: EventLog, *statements: str) -> None:
    with intruder(log) as connection:
        for statement in statements:
            assert connection.execute(statement.encode()).rowcount != 0
