"""The Maven set comes out of Kept as its files say it was, on every day of it."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from datetime import time as clock
from decimal import Decimal

import pytest

from api.cli.shared import command_line_reader
from api.imports.maven_crm import import_maven_crm
from projections import DERIVED, PROJECTIONS
from projections.as_of import fold_as_of
from projections.dated_copies import copy_as_of
from projections.opportunities import opportunities
from store.dated_copies import Wanted
from store.lists import Query
from store.sql_reader import ask
from tests.imports.conftest import ZONE, Maven, Row, lines, run_import

pytestmark = pytest.mark.real_input


def test_the_known_counts_in_the_read_model(maven: Maven) -> None:
    found = maven.sql("SELECT stage, count(*), sum(amount) FROM opportunities GROUP BY stage")
    assert {stage: (count, value) for stage, count, value in found} == {
        "won": (4_238, Decimal(10_005_534)),
        "lost": (2_473, None),
        "engaging": (1_589, None),
        "prospecting": (500, None),
    }


def test_the_known_counts_through_the_gate(maven: Maven) -> None:
    gate, reader = maven.services.gate, command_line_reader()
    for status, count in (("won", 4_238), ("lost", 2_473), ("open", 2_089)):
        query = Query(filters={"status": status}, sort="amount", limit=1, count=True)
        assert gate.page(reader, "opportunities", query).count == count


def test_the_known_counts_in_the_events(maven: Maven) -> None:
    facts = [one for stream in maven.deals.values() for one in maven.events[stream]]
    assert sum(one.type == "OpportunityWon" for one in facts) == 4_238
    assert sum(one.type == "OpportunityLost" for one in facts) == 2_473
    won = [one.event for one in facts if one.type == "OpportunityWon"]
    assert sum(getattr(one, "amount").amount for one in won) == 10_005_534  # noqa: B009
    assert len(maven.deals) == 8_800


def expected(row: Row, day: date) -> tuple[str, str, Decimal | None] | None:
    """What the file says of a deal on a day: stage, status and value. None: it was not there."""
    if not row["engage_date"] or day < date.fromisoformat(row["engage_date"]):
        return None
    if not row["close_date"] or day < date.fromisoformat(row["close_date"]):
        return "engaging", "open", None
    stage = row["deal_stage"].lower()
    return stage, stage, Decimal(row["close_value"]) if stage == "won" else None


def days_of(row: Row, chance: random.Random) -> set[date]:
    """The days around everything that happened, and any other."""
    told = [date.fromisoformat(row[one]) for one in ("engage_date", "close_date") if row[one]]
    around = {day + timedelta(days=step) for day in told for step in (-1, 0, 1)}
    return around | {date(2016, 1, 1) + timedelta(days=chance.randrange(1_000))}


def test_any_deal_as_of_any_day_is_what_the_file_says(maven: Maven) -> None:
    chance = random.Random(8_800)
    for name, row in maven.rows.items():
        for day in days_of(row, chance):
            for hour in (clock.min, clock.max):
                moment = datetime.combine(day, hour, ZONE)
                deal = fold_as_of(opportunities, maven.events[maven.deals[name]], moment)
                said = deal and (deal.stage, deal.status, deal.amount and deal.amount.amount)
                assert said == expected(row, day), f"{name} on {day}"


def test_a_copy_as_of_a_month_end_has_the_pipeline_that_the_file_says(maven: Maven) -> None:
    """Counts and values by stage, in SQL on the copy, against sums over the file's own rows."""
    day = date(2017, 5, 31)
    wanted: dict[str, tuple[int, Decimal | None]] = {}
    for row in maven.rows.values():
        if (was := expected(row, day)) is not None:
            count, value = wanted.get(was[0], (0, None))
            wanted[was[0]] = count + 1, value if was[2] is None else (value or 0) + was[2]
    assert wanted.keys() == {"engaging", "won", "lost"}
    services = maven.services
    month_end = Wanted("may", datetime.combine(day, clock.max, ZONE))
    copy_as_of(services.log, PROJECTIONS, DERIVED, month_end, workers=1)
    query = "SELECT stage, count(*), sum(amount) FROM opportunities GROUP BY stage"
    found = ask(services.database, services.tenant, query, 10, "may").rows
    assert {stage: (count, value) for stage, count, value in found} == wanted


def test_the_gate_shows_a_deal_as_of_a_day(maven: Maven) -> None:
    chance = random.Random(1)
    gate, reader = maven.services.gate, command_line_reader()
    for name in chance.sample(sorted(maven.rows), 60):
        for day in days_of(maven.rows[name], chance):
            moment = datetime.combine(day, clock(12), ZONE)
            deal = gate.as_of(reader, "opportunities", maven.deals[name], as_of=moment)
            wanted = expected(maven.rows[name], day)
            assert (deal and deal["stage"]) == (wanted and wanted[0])


def test_each_deal_has_the_customer_owner_product_and_day_of_its_row(maven: Maven) -> None:
    customers, users, products = (maven.names(one) for one in ("customers", "users", "products"))
    for name, row in maven.rows.items():
        deal = fold_as_of(opportunities, maven.events[maven.deals[name]])
        assert customers.get(str(deal.customer_id), "") == row["account"]
        assert users[str(deal.owner_id)] == row["sales_agent"]
        [line] = deal.lines
        assert products[str(line.product_id)] == row["product"].replace("GTXPro", "GTX Pro")
        assert (deal.closed_on.isoformat() if deal.closed_on else "") == row["close_date"]
        opened = maven.events[maven.deals[name]][0].occurred_at.astimezone(ZONE)
        assert opened.date().isoformat() == row["engage_date"] or not row["engage_date"]


def test_every_event_names_its_file_and_row(maven: Maven) -> None:
    numbers = {row["opportunity_id"]: line for line, row in enumerate(maven.rows.values(), 2)}
    for name, stream in maven.deals.items():
        for recorded in maven.events[stream]:
            assert recorded.trace["file"] == "sales_pipeline.csv"
            assert recorded.body["source"] == {
                "kind": "import",
                "client": "maven-crm",
                "row": numbers[name],
            }


def test_the_company_is_there(maven: Maven) -> None:
    teams = lines(maven.directory / "sales_teams.csv")
    agents, managers = {one["sales_agent"] for one in teams}, {one["manager"] for one in teams}
    users = maven.names("users")
    assert {*users.values()} == agents | managers
    assert len(agents - {row["sales_agent"] for row in maven.rows.values()}) == 5
    assert {*maven.names("teams").values()} == {"Central", "East", "West"}
    people = maven.sql("SELECT id, manager_id, status FROM users")
    above = {users[str(one)]: users.get(str(manager)) for one, manager, _ in people}
    assert above == dict.fromkeys(managers) | {one["sales_agent"]: one["manager"] for one in teams}
    assert {status for *_, status in people} == {"active"}
    prices = maven.sql("SELECT name, prices->0->'price'->>'amount' FROM products")
    catalogue = lines(maven.directory / "products.csv")
    assert {name: Decimal(price) for name, price in prices} == {
        one["product"]: Decimal(one["sales_price"]) for one in catalogue
    }


def test_customers_are_what_the_accounts_say(maven: Maven) -> None:
    customers = maven.names("customers")
    rows = maven.sql(
        "SELECT id, industry, annual_revenue, annual_revenue_currency, size, parent_id,"
        " custom->>'year_established' FROM customers"
    )
    found = {customers[str(one[0])]: one[1:] for one in rows}
    places = maven.names("customers", "billing_address")
    for row in lines(maven.directory / "accounts.csv"):
        industry, revenue, currency, size, parent, year = found[row["account"]]
        assert industry == row["sector"].replace("technolgy", "technology")
        assert (revenue, currency) == (Decimal(row["revenue"]) * 1_000_000, "USD")
        assert (size, year) == (int(row["employees"]), row["year_established"])
        assert customers.get(str(parent), "") == row["subsidiary_of"]
    countries = sorted(one["country"] for one in places.values())  # type: ignore[index]
    assert countries.count("US") == 71
    assert {"PH", "KR", "CN", "KE"} <= {*countries}


def test_deals_without_an_account_are_kept_and_visible_as_such(maven: Maven) -> None:
    query = Query(filters={"customer_id": None}, sort="changed_at", count=True)
    page = maven.services.gate.page(command_line_reader(), "opportunities", query)
    assert page.count == 1_425
    assert {one["customer_id"] for one in page.items} == {None}
    without = maven.notes.of("incomplete")
    assert len(without) == 1_425
    assert {*without.values()} == {"account: is empty. The deal is kept without"}


def test_every_correction_is_reported_by_line(maven: Maven) -> None:
    mended: dict[str, int] = defaultdict(int)
    for note in maven.notes.notes:
        if note.outcome == "mended":
            mended[note.reason.partition(":")[0] + " " + note.file] += 1
    assert mended == {
        "product sales_pipeline.csv": 1_480,
        "engage_date sales_pipeline.csv": 500,
        "e-mail sales_teams.csv": 41,
        "sector accounts.csv": 12,
        "office_location accounts.csv": 2,
    }
    assert not maven.notes.of("not_taken")
    pipeline = [*maven.rows.values()]
    for note in maven.notes.notes:
        if note.reason == "product: GTXPro stands for GTX Pro":
            assert pipeline[note.line - 2]["product"] == "GTXPro"


def test_running_it_again_adds_nothing_and_reports_the_same(maven: Maven) -> None:
    before = maven.services.log.head()
    again, notes = run_import(
        maven.services, "maven-crm", lambda one: import_maven_crm(one, maven.directory)
    )
    assert maven.services.log.head() == before
    assert again.commands == 0
    assert not again.opened
    assert again.known["opportunities"] == 8_800
    assert sorted(notes.notes) == sorted(maven.notes.notes)


def test_the_history_tells_of_a_deal_in_its_own_time(maven: Maven) -> None:
    name = next(one for one, row in maven.rows.items() if row["deal_stage"] == "Won")
    query = Query(filters={"id": maven.deals[name], "fields": "stage"}, sort="position")
    facts = maven.services.gate.history(command_line_reader(), query).items
    stages = [(one["from"], one["to"]) for one in facts if one["field"] == "stage"]
    assert stages == [(None, "engaging"), ("engaging", "won")]
    days = [
        datetime.fromisoformat(one["occurred_at"]).astimezone(ZONE).date().isoformat()
        for one in facts
        if one["field"] == "stage"
    ]
    assert days == [maven.rows[name]["engage_date"], maven.rows[name]["close_date"]]
