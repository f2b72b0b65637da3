"""What a saved figure asks: checked when it is saved, and asked again as often as one likes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.analytics.asking import asked_of, filters_of
from api.analytics.series import Series, as_of
from api.analytics.together import Question, Shown, questions, together
from domain.saved_figures import Question as Saved
from projections.analytics import DEFINITIONS
from projections.analytics.dashboards import DASHBOARDS, Dashboard
from projections.analytics.kernel import Definition, UnknownFigure
from projections.readers import Reader
from projections.words.kernel import Language
from store.dated_copies import DatedCopy

if TYPE_CHECKING:
    from api.services import Services


@dataclass(frozen=True, slots=True)
class Answered:
    """What a saved figure gives."""

    saved: Saved
    of: Definition | Dashboard
    series: Sequence[Series]
    position: int
    copy: DatedCopy | None

    @property
    def has_moved(self) -> bool:
        """Whether figures mean something else by now than when it was saved."""
        return self.saved.version is not None and self.saved.version != self.of.version

    def as_json(self, language: Language) -> dict[str, Any]:
        """For programs: the figure, or the dashboard, as by itself."""
        if isinstance(self.of, Dashboard):
            shown = Shown(self.of, self.series, self.position, self.copy).as_json(language)
            told = {"dashboard": shown}
        else:
            told = {"figure": self.series[0].as_json()}
        return {
            "saved_version": self.saved.version,
            "version": self.of.version,
            "has_moved": self.has_moved,
            "position": self.position,
            **as_of(self.copy),
            **told,
        }


def named(saved: Saved) -> Definition | Dashboard:
    """The definition or the dashboard that it names.

    Raises:
        UnknownFigure: there is none, or no more.
    """
    if saved.dashboard is not None:
        dashboard = DASHBOARDS.get(saved.dashboard)
        if dashboard is None:
            there = ", ".join(DASHBOARDS)
            raise UnknownFigure("question.dashboard", f"is no dashboard. There are: {there}.")
        return dashboard
    found = DEFINITIONS.get(saved.figure or "")
    if found is None:
        there = ", ".join(DEFINITIONS)
        raise UnknownFigure("question.figure", f"is no figure. There are: {there}.")
    return found


def question_of(saved: Saved, now: datetime) -> list[Question]:
    """What it means on a day.

    Raises:
        UnknownFigure: there is no such definition or dimension, or no more.
    """
    given = {"from": saved.since, "to": saved.until}
    asked = {name: day.isoformat() for name, day in given.items() if day is not None}
    if saved.period is not None:
        asked["period"] = saved.period
    of = named(saved)
    if isinstance(of, Dashboard):
        return questions(of, asked, now)
    known = filters_of(of)
    if not saved.filters.keys() <= {*known}:
        raise UnknownFigure(
            "question.filters",
            f"has a name that is no dimension of {of.name}. Filter by: {', '.join(known)}.",
        )
    asked |= {name: value or "" for name, value in saved.filters.items()}
    if saved.by is not None:
        asked["by"] = ",".join(saved.by)
    try:
        return [(of, asked_of(of, asked, now))]
    except UnknownFigure as wrong:
        raise UnknownFigure(f"question.{wrong.field}", wrong.sentence) from None


def answered(
    services: "Services",
    reader: Reader,
    saved: Saved,
    wanted: Sequence[Question],
    language: Language,
    copy: DatedCopy | None = None,
) -> Answered:
    """Its figures, all as of one position.

    Raises:
        UnknownFigure, FiguresTimedOut, CopyGone: as for :meth:`Analytics.groups`.
    """
    found = together(services, reader, wanted, language, copy)
    return Answered(saved, named(saved), *found, copy)
