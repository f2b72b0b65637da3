"""What people ask of a figure, in a URL or on the command line."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Final

from domain.relative_periods import days_of
from projections.analytics.kernel import CURRENCY, Asked, Definition, UnknownFigure

PERIOD: Final = ("from", "to", "period")
MOST_BY: Final = 4
"""Dimensions that figures are grouped by at once."""


def filters_of(definition: Definition) -> list[str]:
    """The names of what its facts can be filtered by."""
    money = [CURRENCY] if definition.has_money else []
    return [*(one.name for one in definition.dimensions), *money]


def asked_of(definition: Definition, given: Mapping[str, str], now: datetime) -> Asked:
    """What is asked: ``from`` and ``to`` as days or ``period`` as a word, ``by`` with commas, and
    equality by dimension, where nothing finds what is empty. ``now`` is in the tenant's zone.

    Raises:
        UnknownFigure: the definition cannot be asked this way.
    """
    by = definition.by
    if "by" in given:
        by = tuple(one for one in given["by"].split(",") if one)
        if len(by) > MOST_BY:
            raise UnknownFigure("by", f"names too much. Give {MOST_BY} at most.")
    since, until = period_of(given, now.date())
    filters = {name: given[name] or None for name in filters_of(definition) if name in given}
    return definition.checked(Asked(now.date(), since, until, by, dict(filters)))


def period_of(given: Mapping[str, str], today: date) -> tuple[date | None, date | None]:
    """The first and the last day that are asked for, as far as they are given.

    Raises:
        UnknownFigure: they are no days, or no period that there is.
    """
    since, until = (_day(name, given[name]) if name in given else None for name in PERIOD[:2])
    if "period" not in given:
        return since, until
    if since or until:
        raise UnknownFigure("period", "does not go together with from and to. Give one of both.")
    found = days_of(given["period"], today)
    if found is None:
        raise UnknownFigure(
            "period",
            "is none. Give one such as this_quarter, previous_month, last_90_days, last_12_months.",
        )
    return found


def now_in(zone: tzinfo) -> datetime:
    """The present moment where the tenant is."""
    return datetime.now(zone)


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnknownFigure(name, "is no day. Write one as 2026-01-31.") from None
