"""Won months from the months before: what the smoothing learns, and how it did."""

from datetime import date
from decimal import Decimal

from projections.analytics.forecasts import months
from projections.analytics.forecasts.kernel import Z, month_end, month_ends
from tests.analytics.steps import START, wins

AMOUNTS = (500, 900, 400, 700, 800, 300, 600, 900, 500, 700)


def test_months_are_smoothed_as_their_parameters_say() -> None:
    found = months.forecast(wins(*AMOUNTS), date(2026, 11, 15), 2, 7)
    [series] = found.trained_on["series"]
    assert (series["method"], series["months"]) == ("ETS(A,N,N)", 10)
    assert (series["first_day"], series["last_day"]) == (date(2026, 1, 1), date(2026, 10, 31))
    level, alpha = (series["parameters"][one] for one in ("initial_level", "smoothing_level"))
    errors = []
    for amount in AMOUNTS:
        errors.append(amount / series["scale"] - level)
        level += alpha * errors[-1]
    assert [(one.first, one.last) for one in found.expected] == [
        (date(2026, 11, 1), date(2026, 11, 30)),
        (date(2026, 12, 1), date(2026, 12, 31)),
    ]
    # By hand, with ten months and two parameters.
    sigma = (sum((one**2 for one in errors), Decimal(0)) / 8).sqrt()
    for ahead, one in enumerate(found.expected):
        reach = Decimal(Z) * sigma * (1 + ahead * alpha**2).sqrt()
        values = [level, level - reach, level + reach]
        for said, value in zip((one.amount, one.low, one.high), values, strict=True):
            assert abs(said - value * series["scale"]) < Decimal("0.01")


def test_months_are_tried_out_one_ahead_and_against_the_month_before() -> None:
    found = months.forecast(wins(*AMOUNTS), date(2026, 10, 31), 1, 7)
    assert [one.made_on.month for one in found.tested] == [6, 7, 8, 9]
    assert [one.came for one in found.tested] == [*AMOUNTS[6:]]
    assert [one.naive for one in found.tested] == [*AMOUNTS[5:9]]
    early = months.forecast(wins(*AMOUNTS[:6]), date(2026, 6, 30), 1, 7)
    first = found.tested[0]
    assert (early.expected[0].amount, early.expected[0].low) == (first.amount, first.low)
    [accuracy] = found.accuracy
    errors = [abs(one.amount - one.came) / one.came for one in found.tested]
    assert accuracy.error == (25 * sum(errors, Decimal(0))).quantize(Decimal("0.01"))
    inside = sum(one.low <= one.came <= one.high for one in found.tested)
    assert (accuracy.times, accuracy.covered) == (4, Decimal(25 * inside))


def test_months_alike_are_expected_to_stay_so_and_trends_are_seen() -> None:
    [constant] = months.forecast(wins(*[50] * 8), date(2026, 8, 31), 1, 7).expected
    assert {constant.amount, constant.low, constant.high} == {Decimal(50)}
    rising = [100 + 30 * month + (7 if month % 2 else -7) for month in range(12)]
    found = months.forecast(wins(*rising), date(2026, 12, 31), 1, 7)
    assert found.trained_on["series"][0]["method"] == "ETS(A,Ad,N)"
    assert found.expected[0].amount > rising[-1]


def test_the_ends_of_months() -> None:
    assert [month_end(date(2024, month, 5)).day for month in (1, 2, 12)] == [31, 29, 31]
    ends = [*month_ends(date(2026, 3, 30), date(2025, 12, 31))]
    assert ends == [date(2026, 2, 28), date(2026, 1, 31), date(2025, 12, 31)]
    assert next(iter(month_ends(date(2026, 3, 31), START))) == date(2026, 3, 31)
