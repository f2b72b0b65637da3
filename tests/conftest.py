"""What tests share: one embedded database for the whole run, and tenants of their own in it."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from store import embedded
from store.database import Database, open_database
from store.tenants import Tenant, find
from tests.store.deciding import let_go

if TYPE_CHECKING:
    from api.services import Services

_numbers = count(1)
FOR_TESTS = (
    "fsync = off",
    "full_page_writes = off",
    "autovacuum = off",
    "max_wal_size = '8GB'",
    "checkpoint_timeout = '1h'",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, or at the end all but one process wait for them."""
    items.sort(key=lambda one: not one.nodeid.startswith("tests/imports"))


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A PostgreSQL of the run's own, under a ``KEPT_HOME`` of the run's own."""
    home = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KEPT_HOME", str(home))
        environment.delenv("KEPT_DATABASE_URL", raising=False)
        database = open_database()
        _let_go_of_the_disk(home)
        yield database
        database.close()
        embedded.stop(home)


def _let_go_of_the_disk(home: Path) -> None:
    """No test cuts the power, so nothing has to wait for the disk: what a process wrote before it
    was killed lies with the operating system. And hundreds of tenants, each with hundreds of
    indexes, are not looked through every minute for something to tidy up, nor written again and
    again to files that nobody keeps.
    """
    with psycopg.connect(embedded.start(home).url(), autocommit=True) as superuser:
        for setting in FOR_TESTS:
            superuser.execute(f"ALTER SYSTEM SET {setting}".encode())
        superuser.execute("SELECT pg_reload_conf()")


@pytest.fixture
def tenant(database: Database) -> Iterator[Tenant]:
    """A fresh tenant, with its read models and its pipeline."""
    tenant = _fresh(database)
    yield tenant
    let_go(database, tenant)


@pytest.fixture
def two_tenants(database: Database) -> Iterator[tuple[Tenant, Tenant]]:
    """Two fresh tenants side by side."""
    two = _fresh(database), _fresh(database)
    yield two
    for tenant in two:
        let_go(database, tenant)


@pytest.fixture
def services(database: Database, tenant: Tenant) -> "Iterator[Services]":
    """The fresh tenant, ready to use."""
    from api.services import Services  # noqa: PLC0415  the other tests need no doors

    opened = Services.open(database, tenant.name)
    yield opened
    opened.close()


def _fresh(database: Database) -> Tenant:
    from api.services import create_tenant  # noqa: PLC0415

    name = f"t{next(_numbers)}"
    create_tenant(database, name, "Asia/Shanghai")
    return find(database, name)
