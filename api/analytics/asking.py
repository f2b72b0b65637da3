"""What people ask of a figure, in a URL or on the command line."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Final

from projections.analytics.kernel import CURRENCY, Asked, Definition, UnknownFigure

PERIOD: Final = ("from", "to")
MADE_ON: Final = "made_on"
"""The evening of a forecast that is looked back at."""
MOST_BY: Final = 4
"""Dimensions that figures are grouped by at once."""


def days_of(definition: Definition) -> tuple[str, ...]:
    """The names of the days that it can be asked by."""
    return (*PERIOD, MADE_ON) if definition.looks_back else PERIOD


def filters_of(definition: Definition) -> list[str]:
    """The names of what its facts can be filtered by."""
    money = [CURRENCY] if definition.has_money else []
    return [*(one.name for one in definition.dimensions), *money]


def asked_of(definition: Definition, given: Mapping[str, str], now: datetime) -> Asked:
    """What is asked: ``from`` and ``to`` as days, ``by`` with commas, and equality by dimension,
    where nothing finds what is empty. ``now`` is in the tenant's zone.

    Raises:
        UnknownFigure: the definition cannot be asked this way.
    """
    by = definition.by
    if "by" in given:
        by = tuple(one for one in given["by"].split(",") if one)
        if len(by) > MOST_BY:
            raise UnknownFigure("by", f"names too much. Give {MOST_BY} at most.")
    days = {name: day(name, given[name]) for name in (*PERIOD, MADE_ON) if name in given}
    filters = {name: given[name] or None for name in filters_of(definition) if name in given}
    return definition.checked(
        Asked(now.date(), days.get("from"), days.get("to"), by, dict(filters), days.get(MADE_ON))
    )


def now_in(zone: tzinfo) -> datetime:
    """The present moment where the tenant is."""
    return datetime.now(zone)


def day(name: str, text: str) -> date:
    """A day that was given as text.

    Raises:
        UnknownFigure: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UnknownFigure(name, "is no day. Write one as 2026-01-31.") from None
