"""A model of customers: what it was trained on, how it did, and what it expects of whom."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from projections.analytics.kernel import UnknownFigure
from projections.analytics.prediction import bg_nbd
from projections.analytics.prediction.back_test import back_test
from projections.analytics.prediction.bg_nbd import BgNbd
from projections.analytics.prediction.histories import Histories, Spending
from projections.analytics.prediction.lifetime import Model, trained
from store.progress import untold
from tests.analytics.made_up import Floats, made_up

CDNOW = BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""As the paper has it, in weeks."""
DAY = date(2026, 3, 31)


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
    few = histories(40)
    whole = trained(histories(), few, 12, 0, untold)
    longer = trained(histories(), few, 24, 0, untold)
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
