"""bench load: an aggregate through the dispatcher's own load, against the raw SELECT of its rows.

The raw SELECT is prepared, binary, on a connection of its own, and gives the rows as they are
stored: nothing is decrypted, decoded or folded. *Cold* has neither the state nor its data keys
at hand, as in a process that has just started; *warm* has the state and asks the log for newer
events.
"""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from api.services import Services
from benchmarks import orders
from benchmarks.kernel import PAIRS, Bar, Measured, interleaved, ratio, result
from benchmarks.server import environment, fresh_database
from commands.customers import ActivateCustomer, FollowUpCustomer, LockCustomer, UnlockCustomer
from commands.dispatcher import Dispatcher
from commands.kernel import Command
from domain.customers import Customer
from store.database import Connection

LENGTHS = (10, 100, 1_000)
RECORDS = 20
"""Aggregates of each length, loaded in turn."""
EVENTS = 20_000
"""Events that one measurement loads, in aggregates of whatever length."""
RAW = (
    b"SELECT e.position, e.version, e.type, e.recorded_at, e.body, p.subject, p.category,"
    b" p.key_id, p.nonce, p.blind, p.ciphertext"
    b" FROM events e LEFT JOIN personal_data p USING (position)"
    b" WHERE e.stream = %s ORDER BY e.version"
)


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` reduces how many loads one measurement makes."""
    with fresh_database() as database:
        services = Services.open(database)
        try:
            with database.connect("writer", services.tenant.schema) as connection:
                numbers = [
                    number
                    for length in LENGTHS
                    for number in _measure(services, connection, length, pairs, scale)
                ]
        finally:
            services.close()
        facts = environment()
    kinds = ("cold", "warm", "cold, keys at hand")
    ordered = [number for kind in kinds for number in numbers if number.name.startswith(kind + ":")]
    return result(
        "load",
        facts,
        ordered,
        [
            "Customers with a registration (3 rows of personal data) and then in turn: a public "
            "change, a note (personal), a follow-up, lock, unlock.",
        ],
    )


def _measure(
    services: Services, connection: Connection, length: int, pairs: int, scale: float
) -> list[Measured]:
    streams = grown(services, length)
    count = max(round(EVENTS * scale / length), 3)
    warm = services.dispatcher
    for stream in streams:
        assert warm.state(Customer, stream).version == length

    def cold(forget: bool) -> Callable[[UUID], object]:
        def load(stream: UUID) -> object:
            if forget:
                services.log.keys.forget()
            return Dispatcher(services.log).state(Customer, stream)

        return load

    def select(stream: UUID) -> object:
        return connection.execute(RAW, [stream], prepare=True, binary=True).fetchall()

    measured = interleaved(
        {
            "select": lambda: _each(select, streams, count),
            "cold": lambda: _each(cold(forget=True), streams, count),
            "keys": lambda: _each(cold(forget=False), streams, count),
            "warm": lambda: _each(lambda one: warm.state(Customer, one), streams, count),
        },
        pairs,
    )
    raw = measured["select"]
    of = f"{length:,} events ÷ raw SELECT of its rows"
    return [
        ratio(f"cold: {of}", measured["cold"], raw, Bar(at_most=10, target=4), "ms"),
        ratio(f"warm: {of}", measured["warm"], raw, Bar(at_most=1.5), "ms"),
        ratio(f"cold, keys at hand: {of}", measured["keys"], raw, unit="ms"),
    ]


def _each(load: Callable[[UUID], object], streams: list[UUID], count: int) -> float:
    """Milliseconds that one load takes."""
    began = time.perf_counter()
    for number in range(count):
        load(streams[number % len(streams)])
    return (time.perf_counter() - began) / count * 1_000


def grown(services: Services, length: int) -> list[UUID]:
    """Customers of so many events, their pages and theirs alone apart, as time leaves them: the
    events of all of them in turn."""
    streams = list(orders.register(services, RECORDS))
    for stream in streams:
        services.dispatcher.dispatch(orders.order(ActivateCustomer(), stream))
    step = 200
    for first in range(2, length, step):
        wanted = range(first, min(first + step, length))
        for stream in streams:
            outcomes = services.dispatcher.dispatch_all(
                [orders.order(_change(number), stream) for number in wanted]
            )
            assert not any(isinstance(one, Exception) for one in outcomes)
    return streams


def _change(number: int) -> Command:
    changes: tuple[Callable[[], Command], ...] = (
        lambda: orders.public_change(1_000 + number),
        lambda: orders.personal_change(number),
        FollowUpCustomer,
        LockCustomer,
        UnlockCustomer,
    )
    return changes[(number - 2) % len(changes)]()
