"""``kill -9`` of the server and of PostgreSQL under load, twenty times: nothing that was
acknowledged is lost, nothing is stored twice, and everything comes back by itself.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.services import Services
from projections import DERIVED, PROJECTIONS
from projections.rebuild import rebuild
from store.database import open_database
from tests.faults.house import Acknowledged, Client, House, until

CLIENTS = 4
ROUNDS = 10
MOST_BEFORE = 40
"""Commands that are acknowledged before a kill, at most: each kill meets another moment."""


@dataclass
class Load:
    """A house under load."""

    house: House
    clients: list[Client]

    @property
    def acknowledged(self) -> list[Acknowledged]:
        return [one for client in self.clients for one in client.acknowledged]

    @property
    def retries(self) -> int:
        return sum(client.retries for client in self.clients)

    def goes_on(self, commands: int) -> None:
        """Wait until each client was answered again, and all together so often."""
        before = [len(client.acknowledged) for client in self.clients]

        def has() -> bool:
            self.no_surprise()
            now = [len(client.acknowledged) for client in self.clients]
            return sum(now) - sum(before) >= commands and all(
                after > was for after, was in zip(now, before, strict=True)
            )

        until(has, "the clients are answered again")

    def no_surprise(self) -> None:
        """Whoever was answered got a receipt, or was asked to come back."""
        assert [said for client in self.clients for said in client.surprises] == []


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    house = House(tmp_path_factory.mktemp("killed"))
    clients: list[Client] = []
    try:
        key = house.run("keys", "create", "--role", "admin")["key"]
        house.start_server()
        clients += [Client(house.port, key) for _ in range(CLIENTS)]
        load = Load(house, clients)
        load.goes_on(1)
        yield load
        # Here and not in a test, so that every house is looked at, however tests are shared out.
        assert_all_adds_up(load)
    finally:
        for client in clients:
            client.surprises.append("the test is over")
            client.stop()
        house.close()


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("victim", ["server", "postgres"])
def test_after_a_kill_everything_comes_back_by_itself(victim: str, turn: int, load: Load) -> None:
    load.goes_on(random.Random(f"{victim} {turn}").randrange(1, MOST_BEFORE))
    if victim == "server":
        load.house.kill_server()
    else:
        load.house.kill_postmaster()
    load.goes_on(CLIENTS)
    assert_the_log_holds(load)


def assert_the_log_holds(load: Load) -> None:
    """Every receipt that was given by now is in the log as it says, and the log has no gaps."""
    promised = {one.position: one for one in load.acknowledged}
    with load.house.connect() as connection:
        found = connection.execute(
            "SELECT position, stream, version, type, leaf_hash(recorded_at, body) FROM events"
        ).fetchall()
        rows = {row[0]: row[1:] for row in found}
        assert [*sorted(rows)] == [*range(1, len(rows) + 1)]
    lost = {
        position: one
        for position, one in promised.items()
        if rows.get(position) != (one.stream, one.version, one.kind, one.leaf_hash)
    }
    assert lost == {}


def assert_all_adds_up(load: Load) -> None:
    """At the end, when every command was answered."""
    for client in load.clients:
        client.stop()
    load.no_surprise()
    assert_the_log_holds(load)
    assert_nothing_is_stored_twice(load)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KEPT_HOME", str(load.house.home))
        assert_nothing_is_in_memory_only(load)


def assert_nothing_is_stored_twice(load: Load) -> None:
    """Every command was sent until it was answered, so that there are as many events as answers."""
    acknowledged = load.acknowledged
    assert len({one.key for one in acknowledged}) == len(acknowledged)
    assert len({one.position for one in acknowledged}) == len(acknowledged)
    with load.house.connect() as connection:
        stored = dict(
            connection.execute(
                "SELECT type, count(*) FROM events WHERE type LIKE 'Customer%' GROUP BY type"
            ).fetchall()
        )
        commands = connection.execute(
            "SELECT count(*), count(DISTINCT body::jsonb ->> 'command') FROM events"
            " WHERE type LIKE 'Customer%'"
        ).fetchone()
    assert stored == Counter(one.kind for one in acknowledged)
    assert commands == (len(acknowledged), len(acknowledged))


def assert_nothing_is_in_memory_only(load: Load) -> None:
    """The server has kept the read models; a rebuild from the log alone is equal to them."""
    database = open_database(Path(load.house.home))
    services = Services.open(database)
    try:
        until(
            lambda: services.runner.position() == services.log.head(), "the read models are there"
        )
        for made in rebuild(services.log, PROJECTIONS, DERIVED, (*PROJECTIONS, *DERIVED)):
            assert made.checksum == made.live_checksum, made.name
    finally:
        services.close()
        database.close()
