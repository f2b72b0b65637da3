"""Forecasts from history: what they learn and expect, and that they know nothing of later."""

import warnings
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from statsmodels.duration.survfunc import CumIncidenceRight  # type: ignore[import-untyped]

from api.analytics.forecasts import forecast_by
from projections.analytics.forecasts import months, open_deals
from projections.analytics.forecasts.asking import asked_forecast
from projections.analytics.forecasts.incidence import LEAST, chances
from projections.analytics.forecasts.kernel import Forecast, PastForecast, Z
from projections.analytics.forecasts.spells import Step, tell
from projections.analytics.kernel import UnknownFigure
from tests.analytics.steps import NEXT, STAGE, START, day, lost, opened, step, wins, won
from tests.analytics.world import TODAY, World


def halves(count: int = 20) -> list[Step]:
    """Half of the deals are won on their tenth day, half are lost on their twentieth."""
    found = []
    for number in range(count):
        found += [opened(f"w{number:02}", 0), won(f"w{number:02}", 10)]
        found += [opened(f"x{number:02}", 0), lost(f"x{number:02}", 20)]
    return found


def test_a_deal_is_told_stage_by_stage_until_it_is_closed() -> None:
    told = tell([opened("a", 0), opened("a", 4, place=NEXT), won("a", 10)], day(30))
    assert [(one.place, one.days(day(30)), one.won) for one in told.spells] == [
        (STAGE, (4, 10), True),
        (NEXT, (6, 6), True),
    ]
    assert [(one.deal, one.day) for one in told.wins] == [("a", day(10))]
    assert told.open == []


def test_nothing_is_told_of_what_came_after_the_evening() -> None:
    told = tell([opened("a", 0), opened("a", 4, place=NEXT), won("a", 10)], day(9))
    assert [one.days(day(9)) for one in told.spells] == [(4, 9), (5, 5)]
    assert [(one.deal, one.place, one.age) for one in told.open] == [("a", NEXT, 5)]
    assert (told.wins, told.deals) == ([], 1)


def test_a_win_that_was_undone_is_none() -> None:
    again = step("a", 12, "open", 100, "won", 100)
    told = tell([opened("a", 0), won("a", 10), again], day(30))
    assert (told.wins, [one.age for one in told.open]) == ([], [18])


@pytest.mark.parametrize("age", [0, 3, 11])
def test_chances_and_their_errors_are_those_of_statsmodels(age: int) -> None:
    random, steps, until = Random(age), list[Step](), day(60)
    for number in range(120):
        deal, began, took = f"{number:03}", random.randrange(50), random.randrange(40)
        steps.append(opened(deal, began))
        if random.random() < 0.4:
            steps.append(opened(deal, began + took // 2, place=NEXT))
        steps.append(random.choice((won, lost))(deal, began + took))
    told = tell(steps, until)
    spells = [one for one in told.spells if one.place == STAGE]
    found = chances(spells, until, [age], 25)[age]
    times, outcomes = [], []
    for one in spells:
        stayed, followed = one.days(until)
        if stayed > age:
            times.append(followed - age)
            outcomes.append(0 if one.ended is None else 1 if one.won else 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its last day, on which nobody is left
        theirs = CumIncidenceRight(times, outcomes)
    [*_, last] = [at for at, time in enumerate(theirs.times) if time <= 25]
    assert len(times) >= LEAST
    assert found.probability == pytest.approx(theirs.cinc[0][last], rel=1e-12)
    assert found.error == pytest.approx(theirs.cinc_se[0][last], rel=1e-9)
    assert 0.1 < found.probability < 0.9


def test_open_deals_bring_what_those_like_them_did() -> None:
    [expected] = forecast([*halves(30), opened("y", 40, 200)], 40, 15).expected
    assert (expected.first, expected.last, expected.currency) == (day(41), day(55), "EUR")
    assert (expected.amount, expected.expected_deals) == (Decimal("100.00"), Decimal("0.50"))
    assert (expected.deals, expected.unpriced, expected.open_amount) == (
        1,
        0,
        Decimal(200),
    )
    # Of 200 or nothing, by sixty deals: 100² + (200 · √(0.5 · 0.5 / 60))².
    reach = Z * (100**2 + 200**2 * 0.25 / 60) ** 0.5
    assert expected.high == Decimal(100 + reach).quantize(Decimal("0.01"))
    assert expected.low == 0
    # Whoever is older than ten days was never won.
    [late] = forecast([*halves(30), opened("y", 25, 200)], 40, 15).expected
    assert late.amount == 0
    # Nine days are too few for a deal of today.
    [soon] = forecast([*halves(30), opened("y", 40, 200)], 40, 9).expected
    assert soon.amount == 0


def test_amounts_are_expected_as_they_were_agreed_and_never_added_up_over_currencies() -> None:
    cheaper = []
    for number in range(20):
        cheaper += [opened(f"w{number:02}", 0), won(f"w{number:02}", 10, 80)]
        cheaper += [opened(f"x{number:02}", 0), lost(f"x{number:02}", 20)]
    [expected] = forecast([*cheaper, opened("y", 40, 200)], 40, 15).expected
    assert expected.amount == Decimal("80.00")
    none_given = []
    for number in range(20):
        none_given += [opened(f"w{number:02}", 0, None), won(f"w{number:02}", 10, 70, None)]
        none_given += [opened(f"x{number:02}", 0, None), lost(f"x{number:02}", 20)]
    [unpriced] = forecast([*none_given, opened("y", 40, None)], 40, 15).expected
    assert (unpriced.unpriced, unpriced.amount) == (1, Decimal("35.00"))
    abroad = Step("z", day(40), "open", STAGE, False, Decimal(9), "USD", None, None, None)
    both = forecast([*halves(), opened("y", 40, 200), abroad], 40, 15)
    assert [(one.currency, one.amount) for one in both.expected] == [
        ("EUR", Decimal("100.00")),
        ("USD", Decimal("4.50")),
    ]


def test_a_forecast_is_tried_out_by_what_was_known_on_past_evenings() -> None:
    waves = []
    for wave in range(5):
        for number in range(20):
            deals = f"{wave}w{number:02}", f"{wave}x{number:02}"
            waves += [opened(deals[0], wave * 31 + 20), won(deals[0], wave * 31 + 30)]
            waves += [opened(deals[1], wave * 31 + 20), lost(deals[1], wave * 31 + 40)]
    found = forecast(waves, 140, 15)
    assert [one.made_on for one in found.tested] == [
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    # Each wave is a week old then, and half of it is won; fifteen days before, nothing was open.
    for one in found.tested:
        assert (one.amount, one.came, one.naive) == (Decimal(2_000), Decimal(2_000), Decimal(0))
        assert one.low < 2_000 < one.high
    [accuracy] = found.accuracy
    assert (accuracy.error, accuracy.bias, accuracy.covered) == (
        Decimal(0),
        Decimal(0),
        Decimal(100),
    )
    assert accuracy.naive_error == 100


def test_intervals_are_as_wide_as_past_forecasts_were_wrong() -> None:
    known = [(date(2026, 3, 1), 9.0, "EUR"), (date(2026, 4, 1), 1.0, "EUR")]
    settled = [open_deals.Settled(on, off, a_past_one(currency)) for on, off, currency in known]
    assert open_deals.dispersion(settled, "EUR", date(2026, 2, 28)) == 1.0
    assert open_deals.dispersion(settled, "EUR", date(2026, 3, 31)) == 9.0
    assert open_deals.dispersion(settled, "EUR", date(2026, 4, 1)) == 5.0
    assert open_deals.dispersion(settled, "USD", date(2026, 4, 1)) == 1.0


def a_past_one(currency: str) -> PastForecast:
    return PastForecast(START, currency, *[Decimal(1)] * 5)


def forecast(steps: list[Step], evening: int, days: int) -> Forecast:
    """The same whatever came later."""
    steps.sort(key=lambda one: (one.deal, one.day))
    made_on = day(evening)
    known = [one for one in steps if one.day <= made_on]
    found = open_deals.forecast(steps, made_on, days, 7)
    assert found == open_deals.forecast(known, made_on, days, 7)
    return found


def test_what_is_too_short_to_learn_from_is_said_in_a_sentence() -> None:
    few = forecast([*halves(14), opened("y", 40)], 40, 15)
    assert (few.expected, few.tested, few.trained_on["deals"]) == ([], [], 29)
    assert few.said is not None
    assert few.said.en.startswith("Of 28 times that a deal stood in a stage the outcome is known.")
    none = months.forecast([], TODAY, 3, 7)
    assert none.said is not None
    assert none.said.en == "Nothing has been won yet. A forecast needs 6 complete months."
    short = months.forecast(wins(5, 7, 6), date(2026, 3, 31), 3, 7)
    assert short.said is not None
    assert short.said.zh == "自首次赢单以来的完整月份：EUR 3 个，预测至少需要 6 个。"


def test_a_forecast_of_the_read_models_says_where_they_stand(world: World) -> None:
    found = forecast_by(
        world.services.analytics, asked_forecast("open_deals", None, None, TODAY), 9
    )
    assert (found.position, found.made_on) == (9, TODAY)
    # Five were opened, one went on, one came back; three times that is closed.
    assert (found.trained_on["deals"], found.trained_on["spells"]) == (5, 7)
    assert found.said is not None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("mood", None, None), "model: is no forecast"),
        (("open_deals", date(2027, 1, 1), None), "made_on: lies in the future"),
        (("won_months", None, 13), "ahead: is out of range. Give 1 to 12 months"),
    ],
)
def test_what_cannot_be_forecast_is_refused_with_a_sentence(
    given: tuple[str, date | None, int | None], sentence: str
) -> None:
    with pytest.raises(UnknownFigure, match=sentence):
        asked_forecast(*given, TODAY)
