"""Decisions to append, without commands: the store does not care what was decided."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.customers import Customer, CustomerChanged, CustomerRegistered, Kind
from domain.envelope import SYSTEM, Envelope, Source
from domain.kernel import Event
from store import tenants
from store.codec import NewEvent
from store.database import Database, home
from store.epoch_keys import EpochKeyFiles
from store.event_log import Claim, Decision, EventLog, Idempotency
from store.keys import KeyStore
from store.tenants import Tenant

_numbers = count(1)
WAIT = 30.0
"""Seconds after which something that should have happened will not."""


def fresh_tenant(database: Database) -> Tenant:
    """A tenant with an empty log, and nothing else."""
    return tenants.create(database, f"bare{next(_numbers)}", "Asia/Shanghai")


def new_log(database: Database, tenant: Tenant, **limits: int) -> EventLog:
    """The tenant's log as another process would open it."""
    keys = KeyStore(database, tenant, EpochKeyFiles(home() / "epochs"))
    return EventLog(database, tenant, keys, **limits)


def let_go(database: Database, tenant: Tenant) -> None:
    """Close the connections to a tenant that is needed no more: a run has hundreds of them."""
    for key in [key for key in database._pools if key[1] == tenant.schema]:
        database._pools.pop(key).close()


def envelope(**given: Any) -> Envelope:
    """An envelope of a command of its own, now."""
    defaults: dict[str, Any] = {
        "actor": SYSTEM,
        "occurred_at": datetime.now(UTC),
        "source": Source(kind="system"),
        "command_id": uuid7(),
    }
    return Envelope(**{**defaults, **given})


def decision(
    stream: UUID,
    *events: Event,
    at: int = 0,
    claims: tuple[str, ...] = (),
    releases: tuple[str, ...] = (),
    key: str | None = None,
    request: str = "the request",
    reads: dict[UUID, int] | None = None,
    **given: Any,
) -> Decision:
    """These events of a customer that is at version ``at``; claims and releases are of e-mails."""
    state = Customer()
    news = []
    for number, event in enumerate(events, start=at + 1):
        state = event.evolve(state)
        news.append(NewEvent(stream, number, event, state))
    return Decision(
        envelope(**given),
        stream,
        {stream: at, **(reads or {})},
        news,
        [claim(stream, one) for one in claims],
        [claim(stream, one) for one in releases],
        None if key is None else Idempotency("a client", key, request),
        frozenset() if at else frozenset({stream}),
    )


def claim(stream: UUID, email: str) -> Claim:
    return Claim("customers", "emails", email, stream)


def registered(stream: UUID, name: str = "Acme", **given: Any) -> Decision:
    """A customer is registered."""
    return decision(stream, CustomerRegistered(name=name, kind=Kind.ORGANISATION), **given)


def renamed(stream: UUID, at: int, name: str = "Acme & Co", **given: Any) -> Decision:
    """A customer at version ``at`` gets another name."""
    return decision(stream, CustomerChanged(name=name), at=at, **given)


def stored(log: EventLog) -> list[tuple[UUID, int, str]]:
    """Stream, version and type of everything in the log, in order; positions are dense."""
    events = log.read(0, log.head() + 10)
    assert [one.position for one in events] == [*range(1, len(events) + 1)]
    return [(one.stream, one.version, one.type) for one in events]


def names(log: EventLog, stream: UUID) -> list[Any]:
    """The names that a customer had."""
    return [getattr(one.event, "name", None) for one in log.load(stream)]


def contents(database: Database, tenant: Tenant) -> dict[str, list[Any]]:
    """Every row of a tenant's log and keys."""
    tables = ("events", "personal_data", "unique_values", "command_receipts", "numbers")
    with database.connect("owner", tenant.schema) as connection:
        return {
            table: connection.execute(
                f"SELECT t::text FROM {table} t ORDER BY 1".encode()
            ).fetchall()
            for table in (*tables, f"{tenant.keys}.data_keys")
        }


@contextmanager
def held_up(database: Database, log: EventLog) -> Iterator[None]:
    """Commits wait until the end of this block, so that what is submitted in it becomes one batch.

    The first of them is a batch of its own: the committer is in the middle of it.
    """
    schema = log.tenant.schema
    with database.connect("owner", schema) as owner, owner.transaction():
        owner.execute("LOCK TABLE append_lock IN EXCLUSIVE MODE")
        log.submit(registered(uuid7(), "Plug"))
        with database.connect("owner", schema) as observer:
            until(lambda: waiting_for_lock(observer))
        yield


def waiting_for_lock(observer: Any) -> int:
    """How many wait for the lock of the append, in the observer's schema."""
    row = observer.execute(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'append_lock'::regclass"
    ).fetchone()
    return int(row[0])


def until(done: Callable[[], Any]) -> None:
    """Wait for what nothing announces."""
    pause = threading.Event()
    for _ in range(int(WAIT / 0.005)):
        if done():
            return
        pause.wait(0.005)
    raise AssertionError("it did not happen")


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    """Begin all of these at once; gives what each returned, or the exception that it raised."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        start.wait(WAIT)
        try:
            results[number] = work()
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
    return results
