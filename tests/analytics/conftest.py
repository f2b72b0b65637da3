"""One small company and one small shop for all tests of a process."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from api.services import Services, create_tenant
from store.database import Database
from tests.analytics.shop import Shop
from tests.analytics.world import World


@pytest.fixture(scope="session")
def world(database: Database) -> Iterator[World]:
    create_tenant(database, "figures", "Asia/Shanghai")
    with closing(Services.open(database, "figures")) as services:
        yield World(services)


@pytest.fixture(scope="session")
def shop(database: Database) -> Iterator[Shop]:
    create_tenant(database, "shop", "Asia/Shanghai")
    with closing(Services.open(database, "shop")) as services:
        yield Shop(services)
