"""Every place that can hold personal data has been thought of."""

import psycopg
import pytest

from api.services import Services
from store import embedded, places
from store.database import home
from store.places import PLACES, WrongCopies, copies, place_of_file, place_of_table


@pytest.fixture
def tables(services: Services) -> list[str]:
    services.start_runner()
    schemas = [services.tenant.schema, services.tenant.keys]
    with psycopg.connect(embedded.start(home()).url()) as superuser:
        rows = superuser.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = ANY(%s)", [schemas]
        ).fetchall()
    return [row[0] for row in rows]


def test_every_table_of_a_tenant_is_in_a_place(tables: list[str]) -> None:
    """Whoever adds one says here what an erasure does to it."""
    assert len(tables) > 25
    assert [one for one in tables if place_of_table(one) is None] == []


def test_every_file_of_a_home_is_in_a_place(services: Services) -> None:
    services.integrator.catch_up()
    files = [one.relative_to(home()).as_posix() for one in home().rglob("*") if one.is_file()]
    assert {one.partition("/")[0] for one in files} >= {"postgres", "epochs", "checkpoints"}
    assert sorted({one for one in files if place_of_file(one) is None}) == []


def test_a_table_or_file_that_nobody_thought_of_is_in_none() -> None:
    assert place_of_table("notes_of_the_day") is None
    assert place_of_file("exports/today.csv") is None


def test_every_place_is_named_once_and_says_what_is_done_there() -> None:
    assert len({one.name for one in PLACES}) == len(PLACES)
    for one in PLACES:
        assert one.erased.endswith("."), one.name
        assert one.what, one.name


def test_copies_of_others_are_named_with_their_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(places.COPIES, raising=False)
    assert copies() == {}
    monkeypatch.setenv(places.COPIES, "wal-archive=14, replica=0,")
    assert copies() == {"wal-archive": 14, "replica": 0}
    for wrong in ("wal", "=3", "wal=-1", "wal=x", "wal=99999"):
        monkeypatch.setenv(places.COPIES, wrong)
        with pytest.raises(WrongCopies, match="Write a name and its days"):
            copies()
