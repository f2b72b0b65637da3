"""What a saved figure asks: checked when it is saved, and asked again as often as one likes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api.analytics.asking import asked_of
from api.analytics.series import Series, as_of
from api.analytics.together import Question, Shown, questions, together
from domain.saved_figures import Question as Saved
from projections.analytics import definition
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
    if saved.dashboard is None:
        return definition(saved.figure or "")
    found = DASHBOARDS.get(saved.dashboard)
    if found is None:
        raise UnknownFigure("dashboard", f"is none. There are: {', '.join(DASHBOARDS)}.")
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
    known = {one.name for one in of.dimensions} | ({"currency"} if of.has_money else set())
    for name in saved.filters:
        if name not in known:
            raise UnknownFigure(f"filters.{name}", f"is no dimension of {of.name}. Leave it out.")
    asked |= {name: value or "" for name, value in saved.filters.items()}
    if saved.by is not None:
        asked["by"] = ",".join(saved.by)
    return [(of, asked_of(of, asked, now))]


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
