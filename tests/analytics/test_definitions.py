"""What figures say of a company whose figures can be figured out by hand."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from projections.analytics import DEFINITIONS, compiling, definition
from projections.analytics.engine import Analytics
from projections.analytics.kernel import UnknownFigure
from tests.analytics.world import TODAY, World, asked


def figures(world: World, name: str, *by: str, **more: Any) -> dict[Any, dict[str, Any]]:
    """By group; of a figure of one dimension, by its value."""
    found = world.services.analytics.groups(DEFINITIONS[name], asked(*by, **more), 1)
    keyed = {tuple(one.by.values()): dict(one.figures) for one in found}
    return {key[0] if len(key) == 1 else key: value for key, value in keyed.items()}


def behind(world: World, name: str, **more: Any) -> dict[Any, list[int]]:
    found = world.services.analytics.behind(DEFINITIONS[name], asked(**more))
    assert found.next_after is None
    return {one: [*positions] for one, positions in found.records}


def test_won_deals_are_added_up_by_currency_product_and_owner(world: World) -> None:
    won = {"deals": 1, "amount": 120, "mean": Decimal("120.00")}
    assert figures(world, "won_deals", "product_id") == {(str(world.product), "CNY"): won}
    assert figures(world, "won_deals", "owner_id", "month") == {
        (str(world.anna), date(2026, 3, 1), "CNY"): won
    }
    assert figures(world, "won_deals", until=date(2026, 3, 9)) == {}
    assert figures(world, "won_deals", filters={"owner_id": None}) == {}


def test_the_win_rate_and_the_cycle_are_of_what_is_closed_now(world: World) -> None:
    assert figures(world, "win_rate") == {
        (): {"closed": 2, "won": 1, "lost": 1, "win_rate": Decimal("50.00")}
    }
    days = figures(world, "cycle_length", "status")
    assert (days["won"]["median_days"], days["lost"]["longest"]) == (Decimal("8.00"), 4)


def test_losses_have_reasons(world: World) -> None:
    assert figures(world, "loss_reasons", "loss_reason") == {
        ("price", "CNY"): {"deals": 1, "amount": 50}
    }


def test_open_deals_have_an_age_and_are_never_added_up_over_currencies(world: World) -> None:
    found = figures(world, "open_deals")
    assert {key: one["amount"] for key, one in found.items()} == {"CNY": 30, "EUR": 90}
    assert found["EUR"]["median_age"] == Decimal("14.00")
    assert found["CNY"]["median_in_stage"] == Decimal("8.00")


def test_the_forecast_weighs_amounts(world: World) -> None:
    found = figures(world, "forecast", "forecast_category")
    assert found == {
        ("commit", "EUR"): {"deals": 1, "amount": 90, "weighted": Decimal("9.00")},
        ("pipeline", "CNY"): {"deals": 1, "amount": 30, "weighted": Decimal("3.00")},
    }


def test_slipped_dates_are_counted_against_the_first(world: World) -> None:
    found = figures(world, "slippage", filters={"status": "open"})[()]
    assert (found["deals"], found["slipped"], found["slips"]) == (2, 1, 1)
    assert (found["slipped_share"], found["median_days"]) == (Decimal("50.00"), Decimal("12.00"))


def test_a_source_is_the_deals_or_else_its_customers(world: World) -> None:
    found = figures(world, "source_effectiveness", "lead_source")
    assert found["web"] == {"deals": 1, "won": 0, "lost": 1, "win_rate": Decimal("0.00")}
    assert found["fair"] == {"deals": 4, "won": 1, "lost": 0, "win_rate": Decimal("100.00")}


def test_the_funnel_counts_each_time_a_deal_comes_into_a_stage(world: World) -> None:
    found = figures(world, "stage_conversion", "stage")
    # Five were opened, and one came back; one went on, two were lost, three stand there.
    assert found["prospecting"] == {
        "entered": 6,
        "went_on": 1,
        "lost": 2,
        "stands": 3,
        "conversion": Decimal("16.67"),
        "median_days": Decimal("3.00"),
    }
    by_product = figures(world, "stage_conversion", "product_id")
    assert {key: one["entered"] for key, one in by_product.items()} == {
        str(world.product): 2,
        None: 5,
    }
    assert found["proposal"]["conversion"] == Decimal("100.00")
    assert found["proposal"]["median_days"] == Decimal("5.00")


def test_opening_and_movements_add_up_to_the_closing(world: World) -> None:
    period = {"since": date(2026, 3, 5), "until": date(2026, 3, 16)}
    found = figures(world, "pipeline_movement", "movement", **period)
    amounts = {key: one["amount"] for key, one in found.items()}
    assert amounts == {
        ("opening", "CNY"): 150,
        ("new", "CNY"): 40,
        ("reopened", "CNY"): 30,
        ("won", "CNY"): -100,
        ("lost", "CNY"): -80,
        ("archived", "CNY"): -10,
        ("closing", "CNY"): 30,
        ("new", "EUR"): 70,
        ("changed", "EUR"): 20,
        ("closing", "EUR"): 90,
    }
    deals = {key: one["deals"] for key, one in found.items() if key[1] == "CNY"}
    closing = deals.pop(("closing", "CNY"))
    assert closing == sum(deals.values()) == 1


@pytest.mark.parametrize("holder", ["stage", "owner_id", "pipeline_id", "product_id"])
def test_what_moved_adds_up_for_each_who_holds_deals(world: World, holder: str) -> None:
    for since in (date(2026, 3, 5), date(2026, 3, 13)):
        period = {"since": since, "until": date(2026, 3, 16)}
        found = figures(world, "pipeline_movement", "movement", holder, **period)
        closing = {key[1:]: one for key, one in found.items() if key[0] == "closing"}
        for name in ("deals", "amount"):
            moved: Counter[Any] = Counter()
            for key, one in found.items():
                moved[key[1:]] += one[name] if key[0] != "closing" else 0
            assert {key: one for key, one in moved.items() if one} == {
                key: one[name] for key, one in closing.items() if one[name]
            }
    passed_on = {key[1:]: one["amount"] for key, one in found.items() if key[0] == "passed_on"}
    if holder == "owner_id":
        assert passed_on == {(None, "CNY"): -30, (str(world.anna), "CNY"): 30}


def test_a_forecast_is_compared_with_what_came_of_it(world: World) -> None:
    evening = {"made_on": date(2026, 3, 8), "until": date(2026, 3, 31)}
    assert figures(world, "forecast_accuracy", **evening) == {
        "CNY": {
            "deals": 3,
            "forecast": 140,
            "weighted": Decimal("54.00"),
            "came": 1,
            "lost": 0,
            "slipped": 1,
            "won_deals": 1,
            "won": 120,
            "beyond": 20,
            "reached": Decimal("85.71"),
        },
        "EUR": {
            "deals": 1,
            "forecast": 70,
            "weighted": Decimal("7.00"),
            "came": 0,
            "lost": 0,
            "slipped": 1,
            "won_deals": 0,
            "won": 0,
            "beyond": 70,
            "reached": Decimal("0.00"),
        },
    }
    outcomes = figures(world, "forecast_accuracy", "outcome", "owner_id", **evening)
    assert {key: one["deals"] for key, one in outcomes.items()} == {
        ("won", str(world.anna), "CNY"): 1,
        ("slipped", None, "CNY"): 1,
        ("archived", None, "CNY"): 1,
        ("slipped", None, "EUR"): 1,
    }


def test_a_forecast_is_the_one_of_its_evening(world: World) -> None:
    later = {"made_on": date(2026, 3, 16), "until": date(2026, 4, 30)}
    found = figures(world, "forecast_accuracy", "forecast_category", **later)
    assert {key: (one["deals"], one["forecast"]) for key, one in found.items()} == {
        ("commit", "EUR"): (1, 90),
        ("pipeline", "CNY"): (1, 30),
    }
    # Unless it is given, it is the evening before the period; nobody had opened the deal by then.
    march = {"since": date(2026, 3, 1), "until": date(2026, 3, 31)}
    unforeseen = figures(world, "forecast_accuracy", "forecast_category", **march)
    assert [*unforeseen] == [("unforeseen", "CNY")]
    assert unforeseen["unforeseen", "CNY"]["won"] == 120
    always = {"since": date.min, "until": date(2026, 3, 31)}
    assert figures(world, "forecast_accuracy", "forecast_category", **always) == unforeseen
    # What is expected after the period is no part of its forecast.
    until = {"made_on": date(2026, 3, 16), "until": date(2026, 3, 31)}
    assert [*figures(world, "forecast_accuracy", **until)] == ["CNY"]


def test_what_is_behind_a_forecast_are_the_steps_that_it_saw_and_the_wins(world: World) -> None:
    made = behind(world, "forecast_accuracy", made_on=date(2026, 3, 8), until=date(2026, 3, 31))
    assert {*made} == {world.won, world.foreign, world.reopened, world.archived}
    types = [one.type for one in world.services.log.at(made[world.won]).values()]
    assert types == ["OpportunityMoved", "OpportunityWon"]


def test_promises_are_kept_or_missed_and_take_time(world: World) -> None:
    found = figures(world, "service_levels", "measure")
    assert found["first_response"] == {
        "clocks": 2,
        "met": 1,
        "missed": 1,
        "kept": Decimal("50.00"),
        "median_hours": Decimal("12.50"),
        "p90_hours": Decimal("24.00"),
        "median_business_hours": Decimal("12.50"),
        "p90_business_hours": Decimal("24.00"),
        "median_over": Decimal("23.00"),
        "longest_over": Decimal("23.00"),
    }
    # The one that was reopened ran for 48 hours at first, and 25 more; four were promised.
    resolution = found["resolution"]
    assert (resolution["median_hours"], resolution["longest_over"]) == (38, 69)
    days = figures(world, "service_levels", "day", filters={"measure": "resolution"})
    assert {key: (one["met"], one["missed"]) for key, one in days.items()} == {
        date(2026, 3, 2): (1, 0),
        date(2026, 3, 3): (0, 1),
    }
    types = {
        one.type
        for one in world.services.log.at(
            position
            for positions in behind(world, "service_levels", filters={"outcome": "missed"}).values()
            for position in positions
        ).values()
    }
    assert types == {"TicketMessageAdded", "TicketResolved"}


def test_verdicts_say_what_was_missed_and_what_is_overdue(world: World) -> None:
    found = figures(world, "service_level_verdicts", "recorded", "ours", "priority")
    assert found == {
        ("nothing", "missed", "high"): {
            "tickets": 1,
            "missed": 1,
            "missed_share": Decimal("100.00"),
            "overdue": 0,
        },
        ("nothing", "not_missed", "high"): {
            "tickets": 1,
            "missed": 0,
            "missed_share": Decimal("0.00"),
            "overdue": 0,
        },
        ("nothing", "not_missed", "low"): {
            "tickets": 1,
            "missed": 0,
            "missed_share": Decimal("0.00"),
            "overdue": 1,
        },
    }


def test_first_answers_and_resolutions_in_calendar_hours(world: World) -> None:
    assert figures(world, "first_response") == {
        (): {"tickets": 2, "median_hours": Decimal("12.50"), "p90_hours": Decimal("24.00")}
    }
    # Of the one that was reopened, the last resolution counts.
    assert figures(world, "resolution_time", "priority") == {
        "high": {"tickets": 2, "median_hours": Decimal("50.00"), "p90_hours": Decimal("97.00")}
    }


def test_the_backlog_is_of_the_evening_that_is_asked_for(world: World) -> None:
    assert figures(world, "backlog", "queue") == {
        "second": {
            "tickets": 1,
            "median_age": Decimal("11.00"),
            "p90_age": 11,
            "oldest": 11,
        }
    }
    was = figures(world, "backlog", "priority", until=date(2026, 3, 3))
    assert (was["high"]["tickets"], was["high"]["oldest"]) == (1, 1)
    assert figures(world, "backlog", until=date(2026, 3, 1))[()]["tickets"] == 0


def test_what_comes_in_less_what_ends_is_what_the_backlog_grows_by(world: World) -> None:
    found = figures(world, "ticket_flow")[()]
    assert found == {"came": 4, "ended": 3, "grew": 1}


def test_reopened_tickets_and_those_solved_at_once(world: World) -> None:
    found = figures(world, "reopen_rate")[()]
    assert (found["tickets"], found["reopened"], found["reopen_rate"]) == (2, 1, Decimal("50.00"))
    assert figures(world, "first_contact_resolution")[()] == {
        "tickets": 2,
        "at_once": 1,
        "rate": Decimal("50.00"),
    }
    assert figures(world, "ticket_volume", "priority")["low"] == {"tickets": 1}


def test_customers_by_stage_and_by_how_long_nobody_was_in_touch(world: World) -> None:
    assert figures(world, "customer_stages", "in_pool") == {False: {"customers": 1}}
    assert figures(world, "customer_stages", filters={"in_pool": "true"}) == {(): {"customers": 0}}
    assert figures(world, "customer_activity", "recency") == {
        "never": {"customers": 1, "median_days": None, "overdue": 1}
    }


def test_every_number_can_be_traced_to_records_and_events(world: World) -> None:
    log = world.services.log
    made = behind(world, "won_deals")
    assert [*made] == [world.won]
    types = [one.type for one in log.at(made[world.won]).values()]
    assert types == ["OpportunityOpened", "OpportunityWon"]
    moved = behind(world, "pipeline_movement", filters={"movement": "archived"})
    [position] = moved[world.archived]
    assert log.at([position])[position].type == "OpportunityArchived"
    answers = behind(world, "first_response")
    assert {*answers} == {world.quick, world.slow}
    told = log.at(one for positions in answers.values() for one in positions)
    assert {one.type for one in told.values()} == {"TicketMessageAdded"}


def test_what_is_behind_comes_page_by_page(world: World) -> None:
    ask, found = world.services.analytics.behind, []
    after = None
    while True:
        page = ask(DEFINITIONS["source_effectiveness"], asked(), after, limit=2)
        found += [one for one, _ in page.records]
        after = page.next_after
        if after is None:
            break
    assert len(found) == len({*found}) == 5
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        ("win_rate", {"by": ("mood",)}, "by: is none of its dimensions"),
        ("win_rate", {"by": ("month", "year")}, "one period"),
        ("backlog", {"by": ("month",)}, "by: is none of its dimensions"),
        ("win_rate", {"filters": {"currency": "CNY"}}, "currency: is no dimension"),
        ("win_rate", {"filters": {"owner_id": "anna"}}, "owner_id: is no id"),
        ("customer_stages", {"filters": {"in_pool": "maybe"}}, "Give true or false"),
        ("win_rate", {"made_on": date(2026, 1, 1)}, "made_on: is only for figures of forecasts"),
        ("forecast_accuracy", {"made_on": date(2027, 1, 1)}, "made_on: lies after the period"),
        (
            "win_rate",
            {"since": date(2026, 2, 1), "until": date(2026, 1, 1)},
            "to: lies before from",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    world: World, name: str, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UnknownFigure, match=sentence):
        figures(world, name, *more.pop("by", ()), **more)


def test_there_is_no_figure_of_that_name() -> None:
    with pytest.raises(UnknownFigure, match=r"name: is no figure\. There are: won_deals"):
        definition("mood")


def test_an_answer_is_remembered_until_an_event_is_added(world: World) -> None:
    class Counting:
        dialect = "postgres"
        asked = 0

        def rows(self, query: str) -> list[dict[str, Any]]:
            self.asked += 1
            return []

    engine = Counting()
    analytics = Analytics(engine)  # type: ignore[arg-type]
    for position in (1, 1, 2, 2):
        analytics.groups(DEFINITIONS["win_rate"], asked("month"), position)
    assert engine.asked == 2


def test_a_query_is_compiled_once_however_the_log_grows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []

    def counting(expression: Any, dialect: compiling.Dialect) -> str:
        compiled.append(sql(expression, dialect))
        return compiled[-1]

    sql = compiling.sql
    monkeypatch.setattr(compiling, "sql", counting)
    analytics = Analytics(world.services.analytics.engine)
    same = [analytics.groups(DEFINITIONS["win_rate"], asked("year"), n) for n in (1, 2, 3)]
    assert same[0] == same[1] == same[2] != []
    assert len(compiled) == 1
    tomorrow = replace(asked("year"), today=TODAY + timedelta(days=1))
    for question in (asked("year", filters={"status": "won"}), tomorrow, asked()):
        name = "cycle_length" if question.filters else "win_rate"
        analytics.groups(DEFINITIONS[name], question, 3)
    assert len({*compiled}) == len(compiled) - 1 == 3
