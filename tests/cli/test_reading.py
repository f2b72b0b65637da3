"""status, history, sql: what they tell people, and what they tell programs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Literal

from api.services import Services
from commands.customers import ActivateCustomer, ChangeCustomer, RegisterCustomer
from domain.customers import Kind
from store import embedded
from store.database import Database, home
from tests.cli.conftest import Kept


@pytest.fixture
def customer(services: Services) -> UUID:
    """A customer whose industry went A → B → A."""
    receipt = services.issue(
        RegisterCustomer(name="星河科技", kind=Kind.ORGANISATION, industry="steel")
    )
    for industry in ("paper", "steel"):
        services.issue(ChangeCustomer(industry=industry), receipt.stream, reason="Corrected")
    services.issue(ActivateCustomer(), receipt.stream)
    return receipt.stream


def test_status_tells_how_far_everybody_is(kept: Kept, services: Services, customer: UUID) -> None:
    found = kept("status", "--json").done().json
    assert found["database"]["kind"] == "embedded"
    assert found["warnings"] == []
    ours = next(one for one in found["tenants"] if one["name"] == services.tenant.name)
    assert ours["head"] == services.log.head()
    assert ours["time_zone"] == "Asia/Shanghai"
    models = {one["name"]: one for one in ours["models"]}
    assert models["customers"]["lag"] == ours["head"] - models["customers"]["position"]
    assert models["history"]["parked"] == 0
    assert f"Tenant {services.tenant.name}" in kept("status").done().out


def test_history_tells_in_words_and_data(kept: Kept, customer: UUID) -> None:
    facts = kept("history", "--record", str(customer), "--field", "industry", "--json").done().json
    assert [(one["from"], one["to"]) for one in facts] == [
        ("paper", "steel"),
        ("steel", "paper"),
        (None, "steel"),
    ]
    assert {one["reason"] for one in facts} == {"Corrected", None}
    said = kept("history", "--record", str(customer)).done().out
    assert "from “steel” to “paper”" in said
    assert "[system" in said


def test_history_takes_a_record_by_its_number(
    kept: Kept, services: Services, customer: UUID
) -> None:
    number = services.log.load(customer)[0].number
    assert number is not None
    found = kept("history", "--record", number.lower(), "--json").done().json
    assert {one["id"] for one in found} == {str(customer)}
    kept("history", "--record", "C-99999").failed(2, "There is no record C-99999.")


def test_history_filters_by_what_no_index_serves_together(kept: Kept, customer: UUID) -> None:
    today = datetime.now(UTC).astimezone()
    since = (today - timedelta(days=2)).date().isoformat()
    until = (today + timedelta(days=2)).date().isoformat()
    narrow = ("--since", since, "--until", until, "--source", "system", "--field", "stage")
    facts = kept("history", *narrow, "--json").done().json
    assert [one["type"] for one in facts] == ["CustomerActivated", "CustomerRegistered"][:1]
    assert kept("history", "--until", "2001-01-01", "--json").done().json == []
    kept("history", "--since", "yesterday").failed(2, "yesterday is no time.")


def test_history_goes_on_behind_the_first_page(kept: Kept, services: Services) -> None:
    receipt = services.issue(RegisterCustomer(name="Acme", kind=Kind.ORGANISATION))
    for size in range(450):
        services.issue(ChangeCustomer(size=size), receipt.stream)
    services.issue(ChangeCustomer(industry="steel"), receipt.stream)
    found = kept("history", "--field", "size", "--limit", "1000", "--json").done().json
    assert [one["to"] for one in found] == [*reversed(range(450))]


def test_history_of_a_user(kept: Kept, customer: UUID) -> None:
    key = kept("keys", "create", "--role", "sales", "--user", "ada@example.com", "--name", "Ada")
    assert key.done().out.startswith("kept_")
    assert kept("history", "--actor", "ada@example.com", "--json").done().json == []
    kept("history", "--actor", "bob@example.com").failed(2, "There is no user bob@example.com.")


def test_sql_reads_the_read_models(kept: Kept, customer: UUID) -> None:
    query = "SELECT number, industry, '100%' AS share FROM customers"
    found = kept("sql", query, "--json").done().json
    assert found == [{"number": "C-1", "industry": "steel", "share": "100%"}]
    assert kept("sql", query).done().out == "number\tindustry\tshare\nC-1\tsteel\t100%\n"
    assert kept("sql", "EXPLAIN SELECT 1").done().out
    few = kept("sql", "SELECT * FROM generate_series(1, 9) AS n", "--limit", "2", "--json")
    assert few.done().json == [{"n": 1}, {"n": 2}]
    assert "more than 2 rows" in few.err


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("SELECT name FROM customers", "Personal columns are left out"),
        ("SELECT name FROM customers_v1", "The reader may not do that"),
        ("SELECT body FROM events", "The reader may not do that"),
        ("SELECT ciphertext FROM personal_data", "The reader may not do that"),
        ("DELETE FROM customers", "The reader may not do that"),
        ("CREATE TABLE mine (a int)", "kept sql only reads"),
        ("CREATE TEMP TABLE mine (a int)", "kept sql only reads"),
        ("SELECT 1; DELETE FROM events", "Give one query at a time"),
        ("SET default_transaction_read_only = off; CREATE TABLE x ()", "one query at a time"),
        ("SET ROLE kept_owner", "The reader may not do that"),
        ("SELECT append('[]')", "The reader may not do that"),
        ("SELECT * FROM nothing", "There is no such table"),
        ("SELEKT 1", "The query is not right"),
        ("", "The query is not right"),
    ],
)
def test_sql_cannot_write_nor_read_what_is_personal(
    kept: Kept, customer: UUID, query: str, part: str
) -> None:
    kept("sql", query).failed(2, part)


@pytest.fixture
def one_url(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The embedded server as one that is not ours, with one URL for every role."""
    url, reader = embedded.start(home()).url(), conninfo_to_dict(database.urls["reader"])
    monkeypatch.setenv("KEPT_DATABASE_URL", url)
    yield
    with psycopg.connect(url, autocommit=True) as connection:
        password = Literal(reader["password"])
        restore = SQL("ALTER ROLE kept_reader PASSWORD {} VALID UNTIL 'infinity'").format(password)
        connection.execute(restore)


@pytest.mark.usefixtures("one_url")
def test_sql_is_held_back_where_one_url_serves_every_role(kept: Kept, customer: UUID) -> None:
    query = "SELECT session_user AS who, set_config('role', 'none', false) AS now"
    ran = kept("sql", query, "--json").done()
    assert ran.json == [{"who": "kept_reader", "now": "none"}]
    assert "One URL serves the roles" in ran.err
    kept("sql", "SELECT name FROM customers_v1").failed(2, "The reader may not do that")
    assert "KEPT_READER_URL" in " ".join(kept("status", "--json").done().json["warnings"])


def test_sql_asks_the_tenant_that_is_named(kept: Kept, customer: UUID) -> None:
    count = "SELECT count(*) AS n FROM customers"
    assert kept("sql", count, "--json").done().json == [{"n": 1}]
    assert kept("sql", count, "--tenant", "default", "--json").done().json == [{"n": 0}]
