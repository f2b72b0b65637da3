"""A scoring rule over past deals: what is in a score, and how well it tells won from lost."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.kernel import Event
from domain.opportunities import (
    LossReason,
    OpportunityChanged,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityWon,
    Status,
    Type,
)
from projections.what_if.kernel import Period, share
from projections.what_if.scoring import Judgement, Scored, ScoringTally, ScoringTrial, fold
from tests.dsl import eur, id_of
from tests.projections.telling import START, log_of, told

PERIOD = Period(ZoneInfo("UTC"), START + timedelta(days=500))
PIPELINE = id_of("pipeline")
RENEWAL = {"when": [{"field": "type", "operator": "is", "value": "renewal"}], "points": 30}
LARGE = {
    "when": [
        {"field": "currency", "operator": "is", "value": "EUR"},
        {"field": "amount", "operator": "at_least", "value": "1000"},
    ],
    "points": 20,
}
BANDS = [{"name": "A", "at_least": 40}, {"name": "B", "at_least": 20}]

opened = OpportunityOpened(
    name="x",
    pipeline_id=PIPELINE,
    stage="prospecting",
    type=Type.RENEWAL,
    amount=eur(100),
    probability=10,
    expected_close_on=date(2026, 4, 1),
)
won = OpportunityWon(stage="won", amount=eur(5_000), closed_on=date(2026, 4, 1))
lost = OpportunityLost(stage="lost", loss_reason=LossReason.PRICE, closed_on=date(2026, 4, 1))
grown = OpportunityChanged(amount=eur(2_000), probability=60)
moved = OpportunityMoved(pipeline_id=PIPELINE, stage="proposal", probability=50)
reopened = OpportunityReopened(stage="proposal", probability=50)


def trial(*items: dict[str, Any], **more: Any) -> ScoringTrial:
    rule = {"items": [*items] or [RENEWAL, LARGE], "bands": BANDS}
    return ScoringTrial.model_validate({"rule": rule, **more})


def deal(after_days: int, *steps: tuple[int, Event], items: tuple[Any, ...] = ()) -> Scored:
    """A deal that was opened on day 0, and then had this happen to it."""
    told_ = [
        told(event, occurred_at=START + timedelta(days=day), number="O-1") for day, event in steps
    ]
    events = log_of(told(opened, occurred_at=START, number="O-1"), *told_)
    return fold(trial(*items, after_days=after_days), PERIOD, events)


def points(scored: Scored) -> int:
    return int(scored.scores["rule"].points)


def test_a_deal_is_scored_as_it_stood_on_its_day() -> None:
    steps = ((5, grown), (20, won))
    assert (points(deal(0, *steps)), points(deal(5, *steps))) == (30, 50)
    assert deal(5, *steps).scores["rule"].band == "A"
    assert deal(0, *steps).scores["rule"].band == "B"
    assert deal(0, *steps).scores["probability"] == (Decimal(10), "0–24 %")
    assert deal(5, *steps).scores["probability"] == (Decimal(60), "50–74 %")


def test_nothing_of_its_end_is_in_its_score() -> None:
    """A won deal has the amount that was agreed and 100 %, which would tell everything."""
    early = deal(30, (2, won))
    assert (points(early), early.status) == (30, Status.WON)
    assert early.scores["probability"].points == 10
    again = deal(30, (2, lost), (3, reopened), (4, grown), (5, won))
    assert (points(again), again.status) == (30, Status.WON)


def test_what_is_entered_late_counts_on_its_day() -> None:
    assert points(deal(3, (20, moved), (1, grown))) == 50


def test_numbers_of_a_deal() -> None:
    def score(field: str, operator: str, value: Any) -> int:
        item = {"when": [{"field": field, "operator": operator, "value": value}], "points": 1}
        return points(deal(10, (1, moved), (2, grown), items=(item,)))

    assert score("changes", "is", 2) == 1
    assert score("days_open", "is", 10) == 1
    assert score("days_to_close", "is", 20) == 1
    assert score("stage", "is", "proposal") == 1
    assert score("lines", "at_most", 0) == 1
    assert score("product_id", "is_empty", None) == 1


outcomes = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=12)


@given(outcomes)
def test_auc_is_the_share_of_pairs_that_are_in_order(found: list[tuple[int, bool]]) -> None:
    judged = Judgement()
    judged.points.update((Decimal(score), is_won) for score, is_won in found)
    pairs = [(w, f) for w, is_won in found if is_won for f, other in found if not other]
    right = sum(Decimal(w > f) + Decimal(w == f) / 2 for w, f in pairs)
    assert judged.auc == share(Decimal(right), len(pairs))


@given(outcomes)
def test_auc_turned_round_is_what_is_left(found: list[tuple[int, bool]]) -> None:
    one, other = Judgement(), Judgement()
    one.points.update((Decimal(score), is_won) for score, is_won in found)
    other.points.update((Decimal(-score), is_won) for score, is_won in found)
    if one.auc is not None and other.auc is not None:
        assert abs(one.auc + other.auc - 100) <= Decimal("0.01")


def test_bands_say_how_many_of_them_were_won() -> None:
    tally = ScoringTally(trial(), PERIOD)
    steps = [((1, grown), (9, won))] * 3 + [((1, grown), (9, lost))]
    steps += [((9, won),), ((9, lost),), ((9, lost),), ((9, lost),)]  # type: ignore[list-item]
    for one in steps:
        tally.count(deal(2, *one))
    tally.count(deal(2))
    found = tally.rows()
    rule, probability = found["quality"]
    assert rule == ("rule", 8, 4, 4, Decimal(50), Decimal(75), 1, 0)
    assert probability[0] == "probability"
    assert found["bands"][:3] == [
        ("rule", "A", 4, 3, 1, Decimal(75), Decimal("1.5"), Decimal(75)),
        ("rule", "B", 4, 1, 3, Decimal(25), Decimal("0.5"), Decimal(25)),
        ("rule", None, 0, 0, 0, None, None, Decimal(0)),
    ]


def test_another_rule_is_told_beside_it_with_the_deals_that_it_puts_elsewhere() -> None:
    two = trial(RENEWAL, LARGE, against={"items": [LARGE], "bands": BANDS})
    event = told(opened, occurred_at=START, number="O-7")
    halves = ScoringTally(two, PERIOD), ScoringTally(two, PERIOD)
    for one in halves:
        one.count(fold(two, PERIOD, log_of(event, told(won, occurred_at=START))))
    halves[0].add(halves[1])
    found = halves[0].rows()
    assert [one[:3] for one in found["quality"]] == [
        ("rule", 2, 2),
        ("against", 2, 2),
        ("probability", 2, 2),
    ]
    first, second = found["changed"]
    assert first == second
    assert first[1:] == ("O-7", "2026-03", "won", Decimal(30), "B", Decimal(0), None)


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"items": [{"when": [LARGE["when"][1]], "points": 1}]}, "without its currency"),  # type: ignore[index]
        ({"bands": [*BANDS, {"name": "A", "at_least": 1}]}, "name two the same"),
        ({"bands": [*BANDS, {"name": "C", "at_least": 40}]}, "begin twice at the same points"),
        ({"items": []}, "at least 1 item"),
        ({"items": [{"when": [], "points": 1}]}, "at least 1 item"),
        ({"mood": 1}, "not permitted"),
    ],
)
def test_what_is_no_rule_is_refused(wrong: dict[str, Any], part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        ScoringTrial.model_validate({"rule": {"items": [RENEWAL], "bands": BANDS, **wrong}})
