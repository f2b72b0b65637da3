"""Several figures in one answer, all as of one position of the log, a few of them at a time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api.analytics.asking import asked_of, period_of
from api.analytics.series import Series, as_of, links_in
from projections import DERIVED, PROJECTIONS
from projections.analytics import DEFINITIONS
from projections.analytics.dashboards import Dashboard, Panel
from projections.analytics.engine import Analytics, Postgres
from projections.analytics.kernel import Asked, Definition
from projections.kernel import ReadModel
from projections.readers import Reader
from projections.words.kernel import LANGUAGES, Language
from store.dated_copies import DatedCopy
from store.snapshots import Snapshot

if TYPE_CHECKING:
    from api.services import Services

AT_ONCE: Final = 3
"""Figures of one dashboard that are figured out at the same time."""
MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
Question = tuple[Definition, Asked]


@dataclass(frozen=True, slots=True)
class Shown:
    """A dashboard with its figures."""

    dashboard: Dashboard
    series: Sequence[Series]
    position: int
    copy: DatedCopy | None

    def as_json(self, language: Language) -> dict[str, Any]:
        """For programs; each panel as the figure by itself."""
        return {
            **described(self.dashboard, language),
            "position": self.position,
            **as_of(self.copy),
            "panels": [one.as_json() for one in self.series],
        }


def described(dashboard: Dashboard, language: Language) -> dict[str, Any]:
    """What a dashboard is, for people and programs."""
    at = LANGUAGES.index(language)
    return {
        "name": dashboard.name,
        "version": dashboard.version,
        "title": dashboard.title[at],
        "description": dashboard.description[at],
        "panels": [
            {
                "figure": one.figure,
                "by": [*(DEFINITIONS[one.figure].by if one.by is None else one.by)],
                "period": one.period,
                "chart": DEFINITIONS[one.figure].chart,
            }
            for one in dashboard.panels
        ],
    }


def questions(dashboard: Dashboard, given: Mapping[str, str], now: datetime) -> list[Question]:
    """What a dashboard asks; ``from`` and ``to``, or ``period``, hold for every panel.

    Raises:
        UnknownFigure: the period is none.
    """
    since, until = period_of(given, now.date())
    period = _given(since, until)
    return [_question(one, period, now) for one in dashboard.panels]


def _given(since: date | None, until: date | None) -> dict[str, str]:
    days = (("from", since), ("to", until))
    return {name: day.isoformat() for name, day in days if day is not None}


def _question(panel: Panel, period: Mapping[str, str], now: datetime) -> Question:
    definition = DEFINITIONS[panel.figure]
    own = {} if panel.period is None else {"period": panel.period}
    asked = {**(period or own), **{name: value or "" for name, value in panel.filters.items()}}
    if panel.by is not None:
        asked["by"] = ",".join(panel.by)
    return definition, asked_of(definition, asked, now)


def together(
    services: "Services",
    reader: Reader,
    wanted: Sequence[Question],
    language: Language,
    copy: DatedCopy | None = None,
) -> tuple[list[Series], int]:
    """The figures in the order that they are asked in, and the position that all of them are as of.

    Raises:
        UnknownFigure, FiguresTimedOut, CopyGone: as for :meth:`Analytics.groups`.
    """
    with (
        _one_moment(services, copy) as (analytics, position),
        ThreadPoolExecutor(AT_ONCE, thread_name_prefix="kept-figures") as threads,
    ):
        begun = [
            threads.submit(analytics.groups, definition, asked, position)
            for definition, asked in wanted
        ]
        found = [one.result() for one in begun]
    linked: dict[str, set[UUID]] = defaultdict(set)
    for (definition, asked), groups in zip(wanted, found, strict=True):
        for kind, ids in links_in(definition, asked, groups).items():
            linked[kind] |= ids
    names = services.gate.names(reader, linked) if linked else {}
    series = [
        Series(*question, position, groups, names, language, copy)
        for question, groups in zip(wanted, found, strict=True)
    ]
    return series, position


@contextmanager
def _one_moment(services: "Services", copy: DatedCopy | None) -> Iterator[tuple[Analytics, int]]:
    """What all of them are asked of. The read models may move meanwhile; what is seen does not."""
    if copy is not None:
        yield services.figures(copy), copy.head
        return
    with Snapshot.of(services.log) as moment:
        position = min(moment.positions(MODELS).values(), default=0)
        engine = Postgres(services.database, services.tenant, moment=moment.shared())
        yield Analytics(engine), position
