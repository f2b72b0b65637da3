"""The models of what customers will buy: against published values, against made-up customers whose
parameters are known, and by laws that hold for all of them.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad  # type: ignore[import-untyped]
from scipy.special import hyp2f1  # type: ignore[import-untyped]

from projections.analytics.kernel import UnknownFigure
from projections.analytics.prediction import bg_nbd, gamma_gamma
from projections.analytics.prediction.back_test import back_test
from projections.analytics.prediction.bg_nbd import BgNbd
from projections.analytics.prediction.gamma_gamma import GammaGamma
from projections.analytics.prediction.histories import Histories, Spending
from projections.analytics.prediction.lifetime import Model, trained

CDNOW = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""As the paper has it, in weeks."""
SPENT = GammaGamma(p=6.25, q=3.74, gamma=15.44)
"""As the note on the gamma-gamma model has it, in dollars."""
DAY = date(2026, 3, 31)
Floats = Any


def untold(what: str, done: int, of: int) -> None:
    """Nobody watches."""


def one(x: float, t_x: float, t: float) -> tuple[Floats, Floats, Floats]:
    """A history of one customer."""
    return np.array([x]), np.array([t_x]), np.array([t])


def test_expected_purchases_are_the_published_ones() -> None:
    """Fader, Hardie and Lee's spreadsheet of 2005: E[X(t)], and the customer who bought twice."""
    published = {0.1429: 0.0078, 1: 0.0532, 3: 0.1506, 31.8571: 1.0405, 32: 1.0437, 78: 1.8576}
    for weeks, expected in published.items():
        # The paper rounds its parameters to three decimals, and the spreadsheet does not.
        assert CDNOW.expected_of_new(weeks) == pytest.approx(expected, rel=3e-3, abs=6e-5)
    assert CDNOW.expected(*one(2, 30.43, 38.86), ahead=39)[0] == pytest.approx(1.226, abs=1e-3)


def test_what_a_purchase_is_worth_is_as_published() -> None:
    """Fader and Hardie's note of 2013: two purchases at 22.35, one at 11.77, seven at 73.74."""
    found = SPENT.expected(np.array([2.0, 1.0, 7.0]), np.array([22.35, 11.77, 73.74]))
    assert found == pytest.approx([24.66, 18.91, 71.46], abs=1e-2)
    assert SPENT.expected(0.0, 0.0) == pytest.approx(35.22, abs=1e-2)


def test_the_stable_form_is_the_papers_own() -> None:
    """Equation 10 as it is printed, where nothing overflows."""
    x, t_x, t, ahead = 5.0, 20.0, 30.0, 26.0
    r, alpha, a, b = CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b
    series = hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + t + ahead))
    power = ((alpha + t) / (alpha + t + ahead)) ** (r + x)
    left = 1 + a / (b + x - 1) * ((alpha + t) / (alpha + t_x)) ** (r + x)
    printed = (a + b + x - 1) / (a - 1) * (1 - power * series) / left
    assert CDNOW.expected(*one(x, t_x, t), ahead=ahead)[0] == pytest.approx(printed, rel=1e-9)
    busy = CDNOW.expected(*one(3_000, 500, 500), ahead=52)[0]
    assert busy == pytest.approx(3_000 / 504 * 52, rel=0.05)


def made_up(
    model: BgNbd, customers: int, weeks: float, seed: int, ahead: float = 0
) -> tuple[Floats, Floats, Floats, Floats]:
    """Customers who behave as the model says, watched for at most so many weeks, and how often they
    buy in those ahead.
    """
    chance = np.random.default_rng(seed)
    rate = chance.gamma(model.r, 1 / model.alpha, customers)
    leave = chance.beta(model.a, model.b, customers)
    age = chance.uniform(weeks / 2, weeks, customers)
    again, recency, later = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    for who in range(customers):
        at = chance.exponential(1 / max(rate[who], 1e-12))
        while at <= age[who] + ahead:
            if at <= age[who]:
                again[who] += 1
                recency[who] = at
            else:
                later[who] += 1
            if chance.random() < leave[who]:
                break
            at += chance.exponential(1 / rate[who])
    return again, recency, age, later


def test_parameters_of_made_up_customers_are_found_again() -> None:
    model = BgNbd(r=0.8, alpha=6.0, a=0.6, b=2.5)
    found, fit = bg_nbd.train(*made_up(model, 6_000, 78, seed=11)[:3])
    assert fit.trouble is None
    assert found.r == pytest.approx(model.r, rel=0.08)
    assert found.alpha == pytest.approx(model.alpha, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.6 / 3.1, rel=0.1)


def test_what_is_expected_of_made_up_customers_comes_true() -> None:
    model = BgNbd(r=0.8, alpha=6.0, a=0.6, b=2.5)
    again, recency, age, later = made_up(model, 6_000, 78, seed=12, ahead=26)
    expected = model.expected(again, recency, age, ahead=26)
    assert expected.sum() == pytest.approx(later.sum(), rel=0.04)
    # Also of those who bought long ago, and of those who buy often.
    for some in (age - recency > 30, again > 5):
        assert expected[some].sum() == pytest.approx(later[some].sum(), rel=0.12)


def test_the_values_of_made_up_purchases_are_found_again() -> None:
    chance = np.random.default_rng(14)
    model = GammaGamma(p=4.0, q=5.0, gamma=60.0)
    n = chance.integers(1, 12, 6_000).astype(float)
    rate = chance.gamma(model.q, 1 / model.gamma, 6_000)
    mean = chance.gamma(model.p * n, 1 / (rate * n))
    found, fit = gamma_gamma.train(n, mean)
    assert fit.trouble is None
    assert found.p == pytest.approx(model.p, rel=0.08)
    assert found.q == pytest.approx(model.q, rel=0.08)
    assert found.expected(0.0, 0.0) == pytest.approx(4 * 60 / 4, rel=0.05)


HISTORY = (
    np.array([0.0, 1.0, 4.0, 40.0]),
    np.array([0.0, 3.0, 20.0, 50.0]),
    np.array([10.0, 12.0, 60.0, 52.0]),
)


def test_the_derivatives_are_those_of_the_likelihoods() -> None:
    for parameters in ([0.4, 5.0, 0.7, 2.0], [3.0, 20.0, 0.01, 9.0]):
        off = check_grad(
            lambda at: bg_nbd.log_likelihood(at, *HISTORY)[0],
            lambda at: np.array(bg_nbd.log_likelihood(at, *HISTORY)[1]),
            np.array(parameters),
        )
        assert off < 1e-3
    values = np.array([1.0, 3.0, 20.0]), np.array([10.0, 250.0, 31.5])
    off = check_grad(
        lambda at: gamma_gamma.log_likelihood(at, *values)[0],
        lambda at: np.array(gamma_gamma.log_likelihood(at, *values)[1]),
        np.array([2.0, 3.0, 40.0]),
    )
    assert off < 1e-3


MODELS = st.builds(
    BgNbd,
    r=st.floats(0.05, 20),
    alpha=st.floats(0.1, 200),
    a=st.floats(0.01, 20),
    b=st.floats(0.05, 50),
)
SPANS = st.tuples(st.integers(1, 400), st.floats(0.1, 150), st.floats(0, 150), st.floats(0.1, 50))


@settings(max_examples=120, deadline=None, database=None)
@given(MODELS, SPANS)
def test_laws_of_every_model_and_history(
    model: BgNbd, span: tuple[int, float, float, float]
) -> None:
    x, t_x, since, more = span
    now, later = one(x, t_x, t_x + since), one(x, t_x, t_x + since + more)
    alive = model.alive(*now)[0]
    assert 0 <= alive <= 1
    assert model.alive(*later)[0] <= alive  # the longer nothing comes, the less likely
    assert model.alive(*one(0, 0, t_x))[0] == 1
    soon, far = (model.expected(*now, ahead=ahead)[0] for ahead in (more, 2 * more))
    assert 0 <= soon * (1 - 1e-9) <= far + 1e-12  # more comes in a longer time
    wait = model.median_wait(*now)[0]
    assert wait >= 0
    if np.isfinite(wait):
        still = ((model.alpha + now[2]) / (model.alpha + now[2] + wait)) ** (model.r + x)
        assert alive * (1 - still[0]) == pytest.approx(0.5, abs=1e-6)
    else:
        assert alive <= 0.5 + 1e-9 or wait > 1e12


@settings(max_examples=100, deadline=None, database=None)
@given(
    st.floats(0.1, 20), st.floats(1.05, 20), st.floats(0.1, 500), st.integers(1, 300),
    st.floats(0.01, 10_000),
)  # fmt: skip
def test_a_value_lies_between_the_customers_own_and_everybodys(
    p: float, q: float, gamma: float, n: int, mean: float
) -> None:
    model = GammaGamma(p, q, gamma)
    low, high = sorted((mean, float(model.expected(0.0, 0.0))))
    found = float(model.expected(float(n), mean))
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)


def histories(customers: int = 400, held: int = 90) -> Histories:
    """Made-up customers who spend in euros, every tenth of them in yuan."""
    again, recency, age, _ = made_up(BgNbd(0.8, 6.0, 0.6, 2.5), customers, 78, seed=15)
    chance = np.random.default_rng(16)
    mean = chance.gamma(20.0, 5.0, customers)
    who = np.arange(customers)
    return Histories(
        DAY,
        held,
        [UUID(int=number + 1) for number in range(customers)],
        again,
        recency,
        age,
        chance.poisson(1.0, customers).astype(float),
        chance.poisson(1.0, customers).astype(float),
        {
            "CNY": Spending(who[::10], again[::10] + 1, mean[::10]),
            "EUR": Spending(who, again + 1, mean),
        },
    )


def shuffled(now: Histories, order: Floats) -> Histories:
    """The same customers, stored in another order."""
    place = np.argsort(order)
    return replace(
        now,
        ids=[now.ids[at] for at in order],
        **{name: getattr(now, name)[order] for name in FLOATS},
        spending={
            currency: replace(spent, who=place[spent.who])
            for currency, spent in now.spending.items()
        },
    )


FLOATS = ("again", "recency", "age", "later", "before")


@pytest.fixture(scope="module")
def model() -> Model:
    return trained(histories(), histories(), 12, 10, untold)


def test_a_model_says_what_it_was_trained_on(model: Model) -> None:
    assert (model.customers, model.months, model.until) == (400, 12, DAY)
    assert model.purchases == int(histories().again.sum()) + 400
    assert model.fit.trouble is None
    # Forty customers in yuan are too few for a model of their spending.
    assert {currency: one.customers for currency, one in model.spending.items()} == {"EUR": 400}
    assert all(len(f"{one:g}".replace(".", "").strip("0")) <= 5 for one in model.fit.parameters)


def test_it_is_the_same_to_the_last_digit_however_customers_are_stored(model: Model) -> None:
    order = np.random.default_rng(17).permutation(400)
    again = trained(shuffled(histories(), order), shuffled(histories(), order), 12, 10, untold)
    assert again.fit == model.fit
    assert again.predictions == model.predictions
    assert again.tested is not None
    assert model.tested is not None
    assert again.tested.model == model.tested.model


def test_what_is_expected_later_counts_less(model: Model) -> None:
    whole = trained(histories(), histories(), 12, 0, untold)
    longer = trained(histories(), histories(), 24, 0, untold)
    by_id = {one.id: one for one in model.predictions}
    for one, other in zip(
        sorted(whole.predictions, key=lambda each: each.id),
        sorted(longer.predictions, key=lambda each: each.id),
        strict=True,
    ):
        least, most = by_id[one.id].worth["EUR"].lifetime, other.worth["EUR"].lifetime
        assert least <= one.worth["EUR"].lifetime <= most
    lifetimes = [one.worth["EUR"].lifetime for one in model.predictions]
    assert lifetimes == sorted(lifetimes, reverse=True)
    assert lifetimes[0] > lifetimes[-1] >= 0


def test_too_few_customers_make_no_model() -> None:
    few = histories(40)
    with pytest.raises(UnknownFigure, match=r"to: is too early: only \d+ customers had bought"):
        trained(few, few, 12, 10, untold)
    assert trained(histories(), few, 12, 10, untold).tested is None


def test_a_fit_that_the_data_do_not_determine_says_so() -> None:
    alike = np.full(200, 5.0), np.full(200, 50.0), np.full(200, 52.0)
    _, fit = bg_nbd.train(*alike)
    assert fit.trouble is not None


def test_a_back_test_holds_what_was_expected_against_what_came() -> None:
    past = replace(
        histories(20),
        later=np.arange(20.0),
        before=np.arange(20.0) + 2,
    )
    found = back_test(CDNOW, past)
    predicted = CDNOW.expected(past.again, past.recency, past.age, 90 / 7)
    assert (found.customers, found.actual, found.held) == (20, 190, 90)
    assert found.model.total == Decimal(f"{predicted.sum():.4f}")
    assert found.model.mean_absolute == Decimal(f"{np.abs(predicted - past.later).mean():.4f}")
    assert found.baseline.total == 230
    assert found.baseline.mean_absolute == found.baseline.root_mean_square == 2
    assert not found.beats_baseline
    assert [one.customers for one in found.deciles] == [2] * 10
    means = [one.predicted for one in found.deciles]
    assert means == sorted(means, reverse=True)
    assert sum(one.actual * 2 for one in found.deciles) == 190
