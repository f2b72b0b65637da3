"""The demo in a database: every command is accepted, and the history tells it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from api import demo
from api.demo.people import COLLEAGUES
from api.service_levels import report
from api.services import Services, create_tenant
from domain.envelope import SYSTEM
from projections.readers import Reader
from store.database import Database
from store.lists import Query

UNTIL = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
READER = Reader(SYSTEM, "admin", "tests")
COUNTS = {"contacts": 166, "customers": 107, "opportunities": 104, "orders": 43, "tickets": 126}


def silent(what: str, done: int, of: int) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="module")
def loaded(database: Database) -> Iterator[tuple[Services, dict[str, Any]]]:
    """A tenant with the small demo, loaded once for all tests here."""
    create_tenant(database, "demo", "UTC")
    services = Services.open(database, "demo")
    summary = demo.load(services, True, silent, UNTIL)
    services.runner.catch_up()
    yield services, summary
    services.close()


def facts(services: Services, record: str) -> list[dict[str, Any]]:
    query = Query(filters={"id": UUID(record)}, sort="position", limit=200)
    return services.gate.history(READER, query).items


def test_the_summary_counts_what_there_is(loaded: tuple[Services, dict[str, Any]]) -> None:
    services, summary = loaded
    assert {name: summary[name] for name in COUNTS} == COUNTS
    for name, count in COUNTS.items():
        model = services.gate.models[name]
        query = Query(filters={}, sort=model.serves[0].sort, count=True, limit=1)
        assert services.gate.page(READER, name, query).count == count
    assert summary["events"] == services.log.head() - 1, "less the pipeline of a new tenant"


def test_tickets_are_promised_something_and_some_of_it_came_too_late(
    loaded: tuple[Services, dict[str, Any]],
) -> None:
    services, _ = loaded
    found = report(services.gate, UNTIL)
    assert found.tickets == COUNTS["tickets"]
    assert all(counts["met"] and counts["missed"] for counts in found.outcomes.values())


def test_no_read_model_waits(loaded: tuple[Services, dict[str, Any]]) -> None:
    services, _ = loaded
    assert services.runner.position() == services.log.head()
    with services.database.borrow("writer", services.tenant.schema) as connection:
        assert connection.execute("SELECT count(*) FROM parked").fetchone() == (0,)


def test_there_are_three_things_to_look_at(loaded: tuple[Services, dict[str, Any]]) -> None:
    services, summary = loaded
    looks = {one["aggregate"]: one for one in summary["look_at"]}
    assert looks.keys() == {"opportunities", "tickets", "customers"}
    for name, one in looks.items():
        found = services.gate.get(READER, name, UUID(one["id"]))
        assert found is not None
        assert found["number"] == one["number"]
        assert found["version"] >= 8
    deal = services.gate.get(READER, "opportunities", UUID(looks["opportunities"]["id"]))
    assert deal is not None
    assert (deal["status"], deal["reopened"], deal["slipped"]) == ("won", 1, 2)
    ticket = services.gate.get(READER, "tickets", UUID(looks["tickets"]["id"]))
    assert ticket is not None
    assert (ticket["status"], ticket["reopen_count"], ticket["escalation_level"]) == (
        "closed",
        1,
        1,
    )
    customer = services.gate.get(READER, "customers", UUID(looks["customers"]["id"]))
    assert customer is not None
    assert (customer["name"], customer["locked"]) == ("Larkcombe Brewery", True)


def test_the_history_tells_a_typo_and_its_correction(
    loaded: tuple[Services, dict[str, Any]],
) -> None:
    services, summary = loaded
    told = [one for one in facts(services, summary["look_at"][0]["id"]) if one["field"] == "amount"]
    assert [one["to"]["amount"] for one in told] == ["480000", "4860000", "486000", "456000"]
    typo = told[2]
    assert typo["reason"] == "多录了一个零"
    assert typo["words"]["zh"].startswith(
        "林晓岚将金额由 CNY 4,860,000.00 改为 CNY 486,000.00，原因：多录了一个零（"
    )
    assert typo["words"]["en"].startswith(
        "林晓岚 changed the amount from CNY 4,860,000.00 to CNY 486,000.00, because "
    )


def test_what_was_entered_late_stands_at_its_own_date(
    loaded: tuple[Services, dict[str, Any]],
) -> None:
    services, summary = loaded
    told = facts(services, summary["look_at"][2]["id"])
    late = next(one for one in told if one["reason"] == "told on the phone")
    before = services.gate.as_of(
        READER, "customers", UUID(late["id"]), datetime(2026, 3, 1, tzinfo=UTC)
    )
    assert before is not None
    assert "+442079460199" not in before["phones"]


def test_each_role_has_somebody(loaded: tuple[Services, dict[str, Any]]) -> None:
    services, summary = loaded
    assert summary["users_by_role"].keys() == {one.role.value for one in COLLEAGUES}
    for one in summary["users_by_role"].values():
        user = services.gate.get(READER, "users", UUID(one["id"]))
        assert user is not None
        assert (user["name"], user["status"]) == (one["name"], "active")


def test_it_is_loaded_once(loaded: tuple[Services, dict[str, Any]]) -> None:
    services, _ = loaded
    assert demo.is_loaded(services)
    with pytest.raises(demo.DemoError, match="holds a demo already"):
        demo.load(services, True, silent, UNTIL)


@pytest.mark.parametrize("day", [1, 4, 7])
def test_any_moment_will_do(services: Services, day: int) -> None:
    assert not demo.is_loaded(services)
    summary = demo.load(services, True, silent, datetime(2027, 2, day, 3 * day, tzinfo=UTC))
    assert summary["customers"] > 95
