"""Two tenants side by side, each with an empty log and nothing else."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from store import tenants
from store.database import Database, home
from store.epoch_keys import EpochKeyFiles
from store.event_log import EventLog
from store.keys import KeyStore
from store.tenants import Tenant

Opener = Callable[..., EventLog]
_numbers = count(1)


@pytest.fixture
def bare_tenant(database: Database) -> Tenant:
    """A fresh tenant without a single event."""
    return fresh_tenant(database)


@pytest.fixture
def other_tenant(database: Database) -> Tenant:
    """Its neighbour, whose log must not notice anything."""
    return fresh_tenant(database)


@pytest.fixture
def open_log(database: Database) -> Iterator[Opener]:
    """Opens logs as processes of their own would, and closes them after the test."""
    opened: list[EventLog] = []

    def open_one(tenant: Tenant, **limits: int) -> EventLog:
        keys = KeyStore(database, tenant, EpochKeyFiles(home() / "epochs"))
        opened.append(EventLog(database, tenant, keys, **limits))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def log(open_log: Opener, bare_tenant: Tenant) -> EventLog:
    return open_log(bare_tenant)


@pytest.fixture
def neighbour(open_log: Opener, other_tenant: Tenant) -> EventLog:
    return open_log(other_tenant)


def fresh_tenant(database: Database) -> Tenant:
    return tenants.create(database, f"bare{next(_numbers)}", "Asia/Shanghai")
