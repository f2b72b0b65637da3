"""kept reads: who read whose personal data, what the command line itself reads included."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.services import Services
from commands.customers import RegisterCustomer
from domain.customers import Kind
from store.database import Database
from store.read_log import body_of
from tests.cli.conftest import Kept
from tests.store.reading import a_read, made_older, recorded


@pytest.fixture
def customer(services: Services) -> UUID:
    register = RegisterCustomer(
        name="星河科技", kind=Kind.ORGANISATION, emails=("info@example.com",), note="Likes tea."
    )
    return services.issue(register).stream


def left(services: Services) -> list[dict[str, Any]]:
    """What was recorded."""
    return [body_of(one) for one in recorded(services.log)]


def test_the_history_on_the_command_line_leaves_an_entry(
    kept: Kept, services: Services, customer: UUID
) -> None:
    kept("history", "--record", str(customer)).done()
    [found] = left(services)
    assert (found["door"], found["client"], found["role"]) == ("cli", "command line", "admin")
    assert (found["read_model"], found["purpose"]) == ("history", "administration")
    assert found["records"] == [str(customer)]
    assert found["fields"] == ["emails", "name", "note"]


def test_a_number_that_is_looked_up_leaves_none(
    kept: Kept, services: Services, customer: UUID
) -> None:
    services.runner.catch_up()
    number = services.log.load(customer)[0].number
    assert number is not None
    assert kept("reads", "--subject", number, "--json").done().json == []
    assert left(services) == []


def test_the_audit_trail_leaves_entries_with_its_door(
    kept: Kept, services: Services, customer: UUID, tmp_path: Path
) -> None:
    kept("audit", tmp_path / "audit.zip", "--format", "csv", "--purpose", "legal-duty").done()
    found = left(services)
    assert {one["door"] for one in found} == {"audit"}
    assert {one["purpose"] for one in found} == {"legal-duty"}
    assert str(customer) in {record for one in found for record in one["records"]}


def test_a_list_of_keys_names_users_and_says_so(kept: Kept, services: Services) -> None:
    kept("keys", "create", "--role", "sales", "--name", "Fang Wei").done()
    kept("keys", "list", "--purpose", "security").done()
    [found] = left(services)
    assert (found["read_model"], found["purpose"]) == ("users", "security")
    assert "name" in found["fields"]


def test_sql_sees_nothing_personal_and_leaves_nothing(
    kept: Kept, services: Services, customer: UUID
) -> None:
    kept("sql", "SELECT * FROM customers").done()
    kept("sql", "SELECT count(*) FROM history").done()
    assert left(services) == []
    kept("sql", "SELECT * FROM reads").failed(2, "may not do that")


def test_a_purpose_that_is_none_is_refused(kept: Kept, services: Services, customer: UUID) -> None:
    for command in (("history",), ("audit", "x.zip"), ("keys", "list")):
        kept(*command, "--purpose", "curiosity").failed(2, "There is no purpose curiosity. Give")
    assert left(services) == []


def test_reads_shows_what_was_read_and_where_it_is_sealed(
    kept: Kept, services: Services, customer: UUID
) -> None:
    kept("history", "--record", str(customer)).done()
    [found] = kept("reads", "--json").done().json
    event = services.log.at([found["seal"]["position"]])[found["seal"]["position"]]
    assert event.type == "ReadsSealed"
    assert event.body["data"]["root"] == found["seal"]["root"]
    assert found["subjects"] == [str(customer)]
    said = kept("reads").done().out
    assert "administration" in said
    assert "emails, name, note" in said
    assert len(left(services)) == 1


def test_reads_filters(kept: Kept, services: Services, customer: UUID) -> None:
    services.read_log.record(a_read(customer, door="http"))
    services.read_log.record(a_read(door="feed", model="events"))

    def numbers(*given: str) -> list[int]:
        return [one["number"] for one in kept("reads", "--json", *given).done().json]

    assert numbers() == [2, 1]
    assert numbers("--subject", str(customer)) == [1]
    assert numbers("--door", "feed") == [2]
    assert numbers("--read-model", "customers") == [1]
    assert numbers("--limit", "1") == [2]
    assert numbers("--since", "2199-01-01") == []
    assert numbers("--until", "2199-01-01", "--actor", str(customer)) == []
    kept("reads", "--door", "window").failed(2, "There is nothing named window. There are: http")
    kept("reads", "--read-model", "x").failed(2, "There are: users")
    assert "Nobody read anything" in kept("reads", "--door", "cli").done().err


def test_reads_are_sealed_and_expire(
    kept: Kept, services: Services, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.read_log.record(a_read())
    made_older(database, services.tenant, days=20)
    assert kept("reads", "seal", "--json").done().json == {"sealed": 1}
    assert kept("reads", "seal").done().out == "Sealed 0 reads.\n"
    assert kept("reads", "expire", "--json").done().json == {"expired": 0}
    monkeypatch.setenv("KEPT_READ_LOG_DAYS", "10")
    assert kept("reads", "expire").done().out == "Deleted 1 reads whose time was over.\n"
    assert left(services) == []
    report = kept("verify", "--json").done().json
    assert (report["ok"], report["reads"]) == (True, 0)
    monkeypatch.setenv("KEPT_READ_LOG_DAYS", "soon")
    for command in (("reads", "expire"), ("serve", "--port", "0")):
        kept(*command).failed(1, "KEPT_READ_LOG_DAYS is no number of days. Give one")
