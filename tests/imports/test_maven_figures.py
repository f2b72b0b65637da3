"""The figures of the Maven set are those that its file gives to whoever counts it by hand."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from math import ceil
from typing import Any

import pytest

from api.exporting.opening import opened
from api.exporting.parquet import export
from projections.analytics import DEFINITIONS
from projections.analytics.engine import Analytics
from projections.analytics.kernel import Asked
from projections.readers import KEPT
from tests.imports.conftest import ZONE, Maven, Row

pytestmark = pytest.mark.real_input

TODAY = date(2018, 1, 1)
CLOSED = ("Won", "Lost")


@pytest.fixture(scope="module")
def engines(
    maven: Maven, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Analytics, Analytics]]:
    """PostgreSQL, and DuckDB on an export."""
    folder = tmp_path_factory.mktemp("maven") / "out"
    export(maven.services, KEPT, folder)
    with opened(folder) as (exported, _):
        yield maven.services.analytics, exported


def asked(engines: Iterable[Analytics], name: str, *by: str, **more: Any) -> dict[Any, Any]:
    """The figures by group, once every engine gave the same."""
    question = Asked(TODAY, by=by, **more)
    first, second = (one.groups(DEFINITIONS[name], question, 1) for one in engines)
    assert sorted(map(repr, first)) == sorted(map(repr, second))
    keyed = {tuple(one.by.values()): dict(one.figures) for one in first}
    return {key[0] if len(key) == 1 else key: value for key, value in keyed.items()}


def grouped(maven: Maven, key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """The closed deals of the file."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in maven.rows.values():
        if row["deal_stage"] in CLOSED:
            found[key(row)].append(row)
    return found


def rate(rows: list[Row]) -> Decimal:
    won = sum(row["deal_stage"] == "Won" for row in rows)
    return (Decimal(100) * won / len(rows)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def days(row: Row) -> int:
    ended, began = (date.fromisoformat(row[one]) for one in ("close_date", "engage_date"))
    return (ended - began).days


def test_what_was_won_by_month_owner_and_product(
    maven: Maven, engines: tuple[Analytics, Analytics]
) -> None:
    whole = asked(engines, "won_deals")["USD"]
    assert (whole["deals"], whole["amount"]) == (4_238, 10_005_534)
    users, products = (maven.names(one) for one in ("users", "products"))
    ways: list[tuple[str, Callable[[Row], Any], Callable[[Any], Any]]] = [
        ("month", lambda row: row["close_date"][:7], lambda value: f"{value:%Y-%m}"),
        ("owner_id", lambda row: row["sales_agent"], users.__getitem__),
        (
            "product_id",
            lambda row: row["product"].replace("GTXPro", "GTX Pro"),
            products.__getitem__,
        ),
    ]
    for by, key, name in ways:
        found = asked(engines, "won_deals", by)
        won = {
            group: [Decimal(row["close_value"]) for row in rows if row["deal_stage"] == "Won"]
            for group, rows in grouped(maven, key).items()
        }
        assert {
            name(group): (one["deals"], one["amount"]) for (group, _), one in found.items()
        } == {group: (len(values), sum(values)) for group, values in won.items() if values}


def test_the_win_rate_of_everybody_and_of_each(
    maven: Maven, engines: tuple[Analytics, Analytics]
) -> None:
    whole = asked(engines, "win_rate")[()]
    assert (whole["won"], whole["lost"]) == (4_238, 2_473)
    assert whole["win_rate"] == Decimal("63.15")
    users = maven.names("users")
    found = asked(engines, "win_rate", "owner_id")
    by_agent = grouped(maven, lambda row: row["sales_agent"])
    assert {users[key]: one["win_rate"] for key, one in found.items()} == {
        agent: rate(rows) for agent, rows in by_agent.items()
    }


def test_how_long_deals_took(maven: Maven, engines: tuple[Analytics, Analytics]) -> None:
    for stage, rows in grouped(maven, lambda row: row["deal_stage"].lower()).items():
        found = asked(engines, "cycle_length", "status")[stage]
        took = sorted(map(days, rows))
        assert found["median_days"] == statistics.median(took)
        assert found["p90_days"] == took[ceil(len(took) * 0.9) - 1]
        assert found["longest"] == took[-1]


def test_the_funnel_and_what_is_open(maven: Maven, engines: tuple[Analytics, Analytics]) -> None:
    funnel = asked(engines, "stage_conversion", "stage")
    engaging = {name: funnel["engaging"][name] for name in ("went_on", "lost", "stands")}
    assert engaging == {"went_on": 4_238, "lost": 2_473, "stands": 1_589}
    assert funnel["prospecting"]["stands"] == 500
    there = asked(engines, "open_deals", "stage")
    assert {key[0]: one["deals"] for key, one in there.items()} == {
        "engaging": 1_589,
        "prospecting": 500,
    }


def test_what_moved_between_two_dates_is_what_the_file_says_of_them(
    maven: Maven, engines: tuple[Analytics, Analytics]
) -> None:
    since, until = date(2017, 3, 1), date(2017, 5, 31)
    period = {"since": since, "until": until}
    found = asked(engines, "pipeline_movement", "movement", **period)
    counted = Counter[str]()
    for row in maven.rows.values():
        began = row["engage_date"] and date.fromisoformat(row["engage_date"])
        ended = row["close_date"] and date.fromisoformat(row["close_date"])
        if began:
            counted["opening"] += _is_open(began, ended, since - timedelta(days=1))
            counted["closing"] += _is_open(began, ended, until)
            counted["new"] += since <= began <= until
        if ended and since <= ended <= until:
            counted[row["deal_stage"].lower()] -= 1
    assert {key[0]: one["deals"] for key, one in found.items()} == counted


def _is_open(began: date, ended: Any, day: date) -> bool:
    return began <= day and not (ended and ended <= day)


def test_the_deals_behind_a_number_are_those_of_the_file(
    maven: Maven, engines: tuple[Analytics, Analytics]
) -> None:
    day = date(2017, 3, 1)
    question = Asked(TODAY, since=day, until=day)
    found = engines[0].behind(DEFINITIONS["won_deals"], question)
    assert found.next_after is None
    won = {
        maven.deals[name]
        for name, row in maven.rows.items()
        if (row["deal_stage"], row["close_date"]) == ("Won", day.isoformat())
    }
    assert {one for one, _ in found.records} == won
    for deal, positions in found.records:
        types = {one.position: one.type for one in maven.events[deal]}
        assert {types[at] for at in positions} == {"OpportunityOpened", "OpportunityWon"}


def test_the_end_of_a_month_is_as_the_file_says_of_that_day(maven: Maven) -> None:
    """By what the file says of each deal up to that evening: won, lost, or still open."""
    day = date(2017, 6, 30)
    evening = datetime.combine(day, time.max, ZONE)
    services = maven.services
    services.dating.copy(evening)
    services.dating.make()
    copy = services.dating.copy(evening)
    dated, question = services.figures(copy), Asked(day)
    counted: Counter[str] = Counter()
    value = Decimal(0)
    for row in maven.rows.values():
        began, ended = (
            row[name] and date.fromisoformat(row[name]) for name in ("engage_date", "close_date")
        )
        if ended and ended <= day:
            counted[row["deal_stage"]] += 1
            value += Decimal(row["close_value"] or 0)
        elif began and began <= day:
            counted["open"] += 1
    [won] = dated.groups(DEFINITIONS["won_deals"], replace(question, by=()), copy.head)
    assert (won.figures["deals"], won.figures["amount"]) == (counted["Won"], value)
    [rate] = dated.groups(DEFINITIONS["win_rate"], question, copy.head)
    assert (rate.figures["won"], rate.figures["lost"]) == (counted["Won"], counted["Lost"])
    there = dated.groups(DEFINITIONS["open_deals"], replace(question, by=("stage",)), copy.head)
    engaging = [one.figures["deals"] for one in there if one.by["stage"] == "engaging"]
    assert sum(engaging) == counted["open"]
