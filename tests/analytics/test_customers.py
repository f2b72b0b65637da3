"""Figures of customers who buy, in a shop where they can be figured out by hand."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from projections.analytics import DEFINITIONS
from projections.analytics.compiling import sql
from projections.analytics.kernel import UnknownFigure
from projections.analytics.loyalty import DAYS
from projections.analytics.purchases import buyers, by_currency
from projections.analytics.segments import GRID, SEGMENTS, scored
from projections.analytics.views import views
from tests.analytics.shop import TODAY, Shop, asked

JANUARY, FEBRUARY, MARCH = (date(2026, month, 1) for month in (1, 2, 3))


def figures(shop: Shop, name: str, *by: str, **more: Any) -> dict[Any, dict[str, Any]]:
    """By group; of a figure of one dimension, by its value."""
    found = shop.services.analytics.groups(DEFINITIONS[name], asked(*by, **more), 1)
    keyed = {tuple(one.by.values()): dict(one.figures) for one in found}
    return {key[0] if len(key) == 1 else key: value for key, value in keyed.items()}


def rows(shop: Shop, table: Any) -> dict[str, dict[str, Any]]:
    """By the customer's name."""
    found = shop.services.analytics.engine.rows(sql(table, "postgres"))
    return {shop.names[one["id"]]: one for one in found}


def test_which_orders_count(shop: Shop) -> None:
    found = rows(shop, buyers(views(), TODAY))
    counted = {name: (one["orders"], one["last_on"]) for name, one in found.items()}
    # Neither credits nor drafts, cancelled orders or nobody's; Hana's are Anna's.
    assert counted == {
        "anna": (4, date(2026, 3, 10)),
        "bert": (1, date(2026, 1, 10)),
        "carl": (2, date(2026, 3, 1)),
        "dora": (2, date(2026, 3, 5)),
        "gina": (1, date(2026, 3, 15)),
    }
    assert "gina" not in rows(shop, buyers(views(), date(2026, 3, 14)))


def test_credits_and_returns_take_their_value_off_and_currencies_stay_apart(shop: Shop) -> None:
    found = shop.services.analytics.engine.rows(sql(by_currency(views(), TODAY), "postgres"))
    assert {(shop.names[one["id"]], one["currency"]): one["value"] for one in found} == {
        ("anna", "EUR"): 185,
        ("bert", "EUR"): 400,
        ("carl", "EUR"): 20,
        ("carl", "CNY"): 40,
        ("dora", "EUR"): 20,
        ("gina", "EUR"): 75,  # 4 × 25, less one that came back, before tax
    }


def test_scores_are_fifths_and_who_is_alike_scores_alike(shop: Shop) -> None:
    found = rows(shop, scored(views(), asked()))
    scores = {
        name: (one["recency"], *(one[f"{kind}_score"] for kind in KINDS), one["segment"])
        for name, one in found.items()
    }
    assert scores == {
        "anna": (10, 4, 5, 4, "loyal"),
        "bert": (69, 1, 1, 5, "hibernating"),
        # Two bought once, so two of five lie below those who bought twice. The only customer in
        # yuan has nobody below; in euros two buy as little as Carl, and nobody less.
        "carl": (19, 2, 3, 1, "at_risk"),
        "dora": (15, 3, 3, 1, "needing_attention"),
        "gina": (5, 5, 1, 3, "new"),
    }


KINDS = ("recency", "frequency", "monetary")


def test_the_grid_has_a_segment_for_every_pair_of_scores() -> None:
    assert [len(row) for row in GRID] == [5] * 5
    assert {name for row in GRID for name in row} == {*SEGMENTS}


def test_segments_are_counted_and_their_value_is_by_currency(shop: Shop) -> None:
    found = figures(shop, "customer_segments", "segment")
    assert {name: one["customers"] for name, one in found.items()} == {
        "loyal": 1,
        "hibernating": 1,
        "at_risk": 1,
        "needing_attention": 1,
        "new": 1,
    }
    assert found["loyal"]["median_days"] == Decimal("10.00")
    value = figures(shop, "segment_value", "segment", filters={"recency_score": "2"})
    assert value == {
        ("at_risk", "CNY"): {"customers": 1, "value": 40, "mean": Decimal("40.00")},
        ("at_risk", "EUR"): {"customers": 1, "value": 20, "mean": Decimal("20.00")},
    }


def test_cohorts_are_who_first_ordered_together(shop: Shop) -> None:
    found = figures(shop, "cohort_retention", "month", "months_since")
    assert {key: (one["customers"], one["came"]) for key, one in found.items()} == {
        # In December nobody ordered at all, so there is nothing to come back in.
        (date(2025, 11, 1), 0): (1, 1),
        (date(2025, 11, 1), 2): (1, 0),
        (date(2025, 11, 1), 3): (1, 0),
        (date(2025, 11, 1), 4): (1, 1),
        (JANUARY, 0): (2, 2),
        (JANUARY, 1): (2, 1),
        (JANUARY, 2): (2, 1),
        (FEBRUARY, 0): (1, 1),
        (FEBRUARY, 1): (1, 1),
        (MARCH, 0): (1, 1),
    }
    assert found[JANUARY, 1]["retention"] == Decimal("50.00")
    by_quarter = figures(shop, "cohort_retention", "quarter", filters={"months_since": "1"})
    assert by_quarter[JANUARY]["customers"] == 3


def test_active_customers_are_new_or_come_again(shop: Shop) -> None:
    found = figures(shop, "active_customers", "month")
    assert found[JANUARY] == {"active": 2, "new": 2, "came_again": 1, "orders": 3}
    assert found[FEBRUARY] == {"active": 2, "new": 1, "came_again": 1, "orders": 2}
    assert found[MARCH] == {"active": 4, "new": 1, "came_again": 3, "orders": 4}
    later = figures(shop, "active_customers", filters={"order": "later"})[()]
    assert (later["active"], later["new"]) == (3, 0)


def test_loyalty_is_what_those_who_come_again_are_worth(shop: Shop) -> None:
    found = figures(shop, "customer_loyalty")
    assert found["EUR"] == {
        "customers": 5,
        "again": 3,
        "again_share": Decimal("60.00"),
        "value": 700,
        "value_share": Decimal("32.14"),  # 225 of 700
        "mean_orders": Decimal("2.00"),
    }
    assert found["CNY"]["value_share"] == Decimal("100.00")


def test_churn_is_of_those_who_were_active_when_a_month_began(shop: Shop) -> None:
    found = figures(shop, "customer_churn", "month")
    # Dora's ninety days were over on January 30th; she came back in March.
    assert found[JANUARY] == {
        "at_start": 1,
        "churned": 1,
        "back": 1,
        "churn_rate": Decimal("100.00"),
    }
    assert (found[FEBRUARY]["at_start"], found[FEBRUARY]["churned"]) == (2, 0)
    shorter = figures(shop, "customer_churn", "month", settings={"days": 40})
    assert (shorter[FEBRUARY]["churned"], shorter[FEBRUARY]["back"]) == (1, 0)  # Bert, on the 19th
    assert (
        figures(shop, "customer_churn", "month", until=date(2026, 1, 30))[JANUARY]["churned"] == 0
    )


def test_a_setting_has_bounds() -> None:
    assert DAYS.read("31") == 31
    for text in ("30", "3651", "ninety", "-90", ""):
        with pytest.raises(UnknownFigure, match=r"days: is no whole number in range\. Give"):
            DAYS.read(text)


def test_the_time_between_orders_is_from_day_to_day(shop: Shop) -> None:
    found = figures(shop, "order_intervals", "month")
    assert found[MARCH] == {"times": 3, "median_days": Decimal("36.00"), "p90_days": 124}
    assert found[JANUARY]["median_days"] == Decimal("15.00")


def test_sources_lead_to_deals_orders_and_value(shop: Shop) -> None:
    found = figures(shop, "source_conversion", "lead_source", until=None)
    fair, web = found["fair"], found["web"]
    assert (fair["customers"], fair["dealt"], fair["won"], fair["ordered"]) == (2, 1, 1, 2)
    assert (fair["won_share"], fair["days_to_won"]) == (Decimal("50.00"), Decimal("0.00"))
    # Hana and Emil went on in Anna; Fred sent something back, and bought nothing.
    assert (web["customers"], web["ordered"]) == (4, 3)
    value = figures(shop, "source_value", "lead_source", until=None)
    assert (value["fair", "EUR"]["won"], value["fair", "EUR"]["ordered"]) == (900, 420)
    assert (value["web", "EUR"]["ordered"], value["web", "CNY"]["ordered"]) == (280, 40)


def test_who_is_behind_a_segment_and_by_which_orders(shop: Shop) -> None:
    ask = asked(filters={"segment": "loyal"})
    found = shop.services.analytics.behind(DEFINITIONS["customer_segments"], ask)
    [(customer, positions)] = found.records
    assert shop.names[customer] == "anna"
    types = [one.type for one in shop.services.log.at(positions).values()]
    assert types == ["OrderRecorded"] * 4
