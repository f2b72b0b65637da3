"""What models are trained on: when customers bought, and for how much, by one query.

Purchases are days on which a customer ordered (:mod:`projections.analytics.purchases`): two orders
of one day are one purchase. Models count time in weeks of days, as the papers do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np

from projections.analytics.kernel import Table, Views
from projections.analytics.prediction.fitting import Floats
from projections.analytics.purchases import orders, sales

WEEK: Final = 7
"""Days."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What customers spent in a currency, each by its place among the customers."""

    who: Floats
    purchases: Floats
    mean: Floats
    """Net value less returns and credits, a purchase."""


@dataclass(frozen=True, slots=True)
class Histories:
    """The customers who bought anything up to a day, and what they did, place by place."""

    until: date
    held: int
    ids: Sequence[UUID]
    again: Floats
    """Purchases after the first."""
    recency: Floats
    """Weeks from the first to the last."""
    age: Floats
    """Weeks from the first to the day."""
    later: Floats
    """Purchases in the ``held`` days after the day."""
    before: Floats
    """Purchases in as many days up to the day."""
    spending: Mapping[str, Spending]


def table(views: Views, until: date, held: int) -> Table:
    """A row for each customer and currency, as :func:`read` takes them."""
    end, begin = until + timedelta(days=held), until - timedelta(days=held)
    found = sales(views, end)
    bought = found.group_by("id", "on").aggregate(times=found.count())
    past = bought.on <= until
    days = bought.group_by("id").aggregate(
        first_on=bought.on.min(),
        last_on=bought.on.max(where=past),
        days=bought.count(where=past),
        later=bought.count(where=bought.on > until),
        before=bought.count(where=past & (bought.on > begin)),
    )
    days = days.filter(days.days > 0)
    known = orders(views, until)
    spent = known.group_by("id", "currency").aggregate(
        value=known.value.sum(), times=known.on.nunique(where=known.sale == 1)
    )
    return days.join(spent, "id").order_by("id", "currency")


def read(rows: Sequence[Mapping[str, Any]], until: date, held: int) -> Histories:
    """The histories out of the rows of :func:`table`."""
    place: dict[UUID, int] = {}
    first: list[Mapping[str, Any]] = []
    spent: dict[str, list[tuple[int, int, float]]] = {}
    for row in rows:
        if row["id"] not in place:
            place[row["id"]] = len(first)
            first.append(row)
        if row["value"] > 0 and row["times"] > 0:
            one = (place[row["id"]], row["times"], float(row["value"]) / row["times"])
            spent.setdefault(row["currency"], []).append(one)

    def column(of: Any) -> Floats:
        return np.array([of(row) for row in first], dtype=float)

    return Histories(
        until,
        held,
        [*place],
        column(lambda row: row["days"] - 1),
        column(lambda row: (row["last_on"] - row["first_on"]).days) / WEEK,
        column(lambda row: (until - row["first_on"]).days) / WEEK,
        column(lambda row: row["later"]),
        column(lambda row: row["before"]),
        {
            currency: Spending(
                np.array([one[0] for one in held_], dtype=int),
                np.array([one[1] for one in held_], dtype=float),
                np.array([one[2] for one in held_], dtype=float),
            )
            for currency, held_ in sorted(spent.items())
        },
    )
