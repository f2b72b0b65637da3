"""The drift check: what somebody changed in the read models behind Kept's back is named."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from domain.customers import Kind
from projections import DERIVED, PROJECTIONS
from projections import rebuild as rebuilding
from projections.drift import Drift, drift
from store import drafts
from store.database import Connection


@pytest.fixture
def customers(services: Services) -> list[UUID]:
    """Six, each changed once, and folded."""
    found = [
        services.issue(RegisterCustomer(name=f"客户 {n}", kind=Kind.ORGANISATION)).stream
        for n in range(6)
    ]
    for one in found:
        services.issue(ChangeCustomer(size=7), one)
    services.runner.catch_up()
    return found


@pytest.fixture
def intruder(services: Services) -> Iterator[Connection]:
    with services.database.connect("projector", services.tenant.schema) as connection:
        yield connection


def checked(services: Services, most: int = 100) -> tuple[int, dict[str, Drift]]:
    position, found = drift(services.log, PROJECTIONS, DERIVED, most=most, workers=1)
    assert len(found) == len(PROJECTIONS) + len(DERIVED)
    return position, {one.name: one for one in found if not one.is_right}


def test_what_was_changed_taken_away_or_added_is_named(
    services: Services, customers: list[UUID], intruder: Connection
) -> None:
    assert checked(services) == (services.log.head(), {})
    first, second, third, *_ = sorted(customers)
    intruder.execute("UPDATE customers_v1 SET size = 8 WHERE id = %s", [first])
    intruder.execute("DELETE FROM customers_v1 WHERE id = %s", [second])
    intruder.execute("UPDATE history_v1 SET fields = '{name}' WHERE id = %s", [third])
    _, found = checked(services)
    assert found == {
        "customers": Drift("customers", 2, [first, second]),
        "history": Drift("history", 1, [third]),
    }
    assert checked(services, most=1)[1]["customers"] == Drift("customers", 2, [first])
    assert drafts.unfinished(intruder) is None
    left = intruder.execute(
        "SELECT tablename FROM pg_tables"
        " WHERE schemaname = current_schema() AND tablename ~ '_draft_'"
    )
    assert left.fetchall() == []


def test_what_comes_in_meanwhile_is_no_drift(
    services: Services, customers: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that the live tables fold while the log is folded anew, and some that they have not
    folded yet.
    """
    index = rebuilding.Rebuild.index

    def busily(work: rebuilding.Rebuild) -> None:
        index(work)
        services.issue(ChangeCustomer(size=9), customers[0])
        services.issue(RegisterCustomer(name="New", kind=Kind.PERSON))
        services.runner.catch_up()
        services.issue(ChangeCustomer(size=11), customers[1])

    monkeypatch.setattr(rebuilding.Rebuild, "index", busily)
    assert checked(services) == (services.log.head() - 1, {})
