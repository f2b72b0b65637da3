"""What people ask of a figure, in a URL or on the command line."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Final

from api.analytics.predicting import SETTINGS
from domain.relative_periods import days_of
from projections.analytics.kernel import CURRENCY, Asked, Definition, UnknownFigure
from projections.words.kernel import LANGUAGES, Language

PERIOD: Final = ("from", "to", "period")
MADE_ON: Final = "made_on"
"""The evening of a forecast that is looked back at."""
MOST_BY: Final = 4
"""Dimensions that figures are grouped by at once."""


def times_of(definition: Definition) -> tuple[str, ...]:
    """The names of the days and periods that it can be asked by."""
    return (*PERIOD, MADE_ON) if definition.looks_back else PERIOD


def filters_of(definition: Definition) -> list[str]:
    """The names of what its facts can be filtered by."""
    money = [CURRENCY] if definition.has_money else []
    return [*(one.name for one in definition.dimensions), *money]


def known_of(definition: Definition) -> list[str]:
    """The names of what may be given for it alone: filters and settings."""
    return [*filters_of(definition), *(one.name for one in definition.settings)]


def asked_of(definition: Definition, given: Mapping[str, str], now: datetime) -> Asked:
    """What is asked: ``from`` and ``to`` as days or ``period`` as a word, ``by`` with commas, and
    equality by dimension, where nothing finds what is empty; settings by name. ``now`` is in the
    tenant's zone.

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
    settings = {
        one.name: one.read(given[one.name]) for one in definition.settings if one.name in given
    }
    made_on = day(MADE_ON, given[MADE_ON]) if MADE_ON in given else None
    return definition.checked(
        Asked(now.date(), since, until, by, dict(filters), settings=settings, made_on=made_on)
    )


def period_of(given: Mapping[str, str], today: date) -> tuple[date | None, date | None]:
    """The first and the last day that are asked for, as far as they are given.

    Raises:
        UnknownFigure: they are no days, or no period that there is.
    """
    since, until = (day(name, given[name]) if name in given else None for name in PERIOD[:2])
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


def model_asked(given: Mapping[str, str], now: datetime) -> Asked:
    """What is asked of a model of customers: ``to`` as a day, and its settings.

    Raises:
        UnknownFigure: it cannot be asked this way.
    """
    settings = {one.name: one.read(given[one.name]) for one in SETTINGS if one.name in given}
    until = day("to", given["to"]) if "to" in given else None
    if until is not None and until > now.date():
        raise UnknownFigure("to", "is not over yet. Give today or an earlier day, or leave it out.")
    return Asked(now.date(), until=until, settings=settings)


def language_of(given: Mapping[str, str]) -> Language:
    """The language that labels are asked for in.

    Raises:
        UnknownFigure: there is no such.
    """
    language = given.get("language", LANGUAGES[0])
    if language not in LANGUAGES:
        choices = ", ".join(LANGUAGES)
        raise UnknownFigure("language", f"is none of the choices. Give one of: {choices}.")
    return language


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
