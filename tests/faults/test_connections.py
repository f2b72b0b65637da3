"""Connections that are cut anywhere: a command is stored once or not at all, and its key tells."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from uuid_utils.compat import uuid7

from api.envelopes import system_envelope
from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.dispatcher import Order
from commands.kernel import Command
from domain.customers import Kind
from projections import DERIVED, PROJECTIONS
from projections.rebuild import rebuild
from store import group_commit
from store.database import OUT_OF_REACH, Database
from store.errors import LogUnavailable
from store.event_log import Idempotency, Receipt
from store.tenants import Tenant

SEEDS: Final = range(12)


@dataclass
class Scissors:
    """A way to PostgreSQL that is cut after so many bytes, in either direction, and is whole again
    for the next connection."""

    target: tuple[str, int]
    cuts: Iterator[int | None]
    """After how many bytes each connection is cut; None for one that is not."""
    cut: int = 0
    _listener: socket.socket = field(init=False)
    _sockets: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._begin(self._accept)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listener.getsockname()
        return host, port

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up(*self._sockets)
        for thread in self._threads:
            thread.join()

    def _begin(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self.target)
                self._sockets += [client, server]
                left = [next(self.cuts, None)]
                for source, sink in ((client, server), (server, client)):
                    self._begin(self._pump, source, sink, left)

    def _pump(self, source: socket.socket, sink: socket.socket, left: list[int | None]) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                whole = left[0]
                if whole is not None:
                    data, left[0] = data[:whole], max(whole - len(data), 0)
                sink.sendall(data)
                if left[0] == 0:
                    self.cut += 1
                    break
        self._hang_up(source, sink)

    @staticmethod
    def _hang_up(*sockets: socket.socket) -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@dataclass
class Far:
    """A tenant that is reached through scissors."""

    services: Services
    scissors: Scissors

    def issue(self, command: Command, stream: UUID | None, key: str) -> Receipt:
        """Issue a command again and again under one key, as a client does, until it is answered."""
        while True:
            order = Order(
                command,
                system_envelope(),
                stream,
                idempotency=Idempotency("test", key, repr(command)),
            )
            with suppress(LogUnavailable, *OUT_OF_REACH):
                return self.services.dispatcher.dispatch(order)


def cut_database(database: Database, cuts: Iterator[int | None]) -> tuple[Database, Scissors]:
    target = conninfo_to_dict(database.urls["writer"])
    scissors = Scissors((str(target["host"]), int(target["port"] or 0)), cuts)
    host, port = scissors.address
    writer = make_conninfo(database.urls["writer"], host=host, port=port)
    return Database({**database.urls, "writer": writer}), scissors


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "RECONNECT_EVERY", 0.01)


def assert_once(services: Services, receipts: list[Receipt]) -> None:
    """Each command is in the log once, at the place that its receipt names."""
    events = services.log.read(0, 10_000)
    assert [one.position for one in events] == [*range(1, len(events) + 1)]
    assert len({one.body["command"] for one in events}) == len(events)
    own = {one.position: (one.stream, one.version) for one in events if one.position > 1}
    assert own == {one.position: (one.stream, one.version) for one in receipts}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_connection_that_is_cut_anywhere_stores_a_command_once(
    seed: int, database: Database, tenant: Tenant, services: Services
) -> None:
    """Every connection of the first ones is cut, after few bytes or many: while it is made, while a
    request is on its way, while it is carried out, or while it is answered."""
    dice = random.Random(seed)
    cuts = [int(2 ** dice.uniform(0, 14)) for _ in range(14)]
    behind, scissors = cut_database(database, iter([None, *cuts]))
    far = Far(Services.open(behind, tenant.name), scissors)
    try:
        receipts = []
        for n in range(4):
            name = f"Customer {n}"
            opened = far.issue(RegisterCustomer(name=name, kind=Kind.PERSON), uuid7(), f"open {n}")
            receipts.append(opened)
            for size in range(3):
                change = ChangeCustomer(size=size, note=name)
                receipts.append(far.issue(change, opened.stream, f"change {n} {size}"))
        assert scissors.cut > 5
    finally:
        far.services.close()
        behind.close()
        scissors.close()
    assert_once(services, receipts)


def test_read_models_follow_over_a_connection_that_is_cut_again_and_again(
    database: Database, tenant: Tenant, services: Services
) -> None:
    dice = random.Random(7)
    cuts = [int(2 ** dice.uniform(8, 17)) for _ in range(12)]
    target = conninfo_to_dict(database.urls["projector"])
    whole_to_prepare = iter([None, *cuts])
    scissors = Scissors((str(target["host"]), int(target["port"] or 0)), whole_to_prepare)
    host, port = scissors.address
    projector = make_conninfo(database.urls["projector"], host=host, port=port)
    behind = Database({**database.urls, "projector": projector})
    far = Services.open(behind, tenant.name)
    try:
        far.start_runner()
        for n in range(60):
            services.issue(RegisterCustomer(name=f"Customer {n}", kind=Kind.PERSON))
        assert far.runner.wait_for(services.log.head(), 60)
        assert far.is_running
    finally:
        far.close()
        behind.close()
        scissors.close()
    for made in rebuild(services.log, PROJECTIONS, DERIVED, (*PROJECTIONS, *DERIVED)):
        assert made.checksum == made.live_checksum, made.name
