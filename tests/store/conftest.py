"""Two tenants side by side, each with an empty log and nothing else."""

from collections.abc import Callable, Iterator

import pytest

from store.database import Database
from store.event_log import EventLog
from store.tenants import Tenant
from tests.store.deciding import fresh_tenant, let_go, new_log

Opener = Callable[..., EventLog]


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
        opened.append(new_log(database, tenant, **limits))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
        let_go(database, one.tenant)


@pytest.fixture
def log(open_log: Opener, bare_tenant: Tenant) -> EventLog:
    return open_log(bare_tenant)


@pytest.fixture
def neighbour(open_log: Opener, other_tenant: Tenant) -> EventLog:
    return open_log(other_tenant)
