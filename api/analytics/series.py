"""Figures with all that a chart or a table needs to show them: labels, units, names."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from projections.analytics.engine import Analytics, Behind, Group
from projections.analytics.kernel import CURRENCY, PERIODS, Asked, Definition, Measure
from projections.gate import Gate
from projections.plain import plain
from projections.readers import Reader
from projections.words.kernel import LANGUAGES, Both, Language
from store.dated_copies import DatedCopy

_CURRENCY: Final = Both("currency", "币种")
_PERIODS: Final = {
    "day": Both("day", "日"),
    "week": Both("week", "周"),
    "month": Both("month", "月"),
    "quarter": Both("quarter", "季度"),
    "year": Both("year", "年"),
}
_UNITS: Final = {
    "deals": Both("deals", "个商机"),
    "tickets": Both("tickets", "张工单"),
    "customers": Both("customers", "个客户"),
    "money": Both("in the currency", "按币种"),
    "percent": Both("%", "%"),
    "days": Both("days", "天"),
    "hours": Both("hours", "小时"),
    "times": Both("times", "次"),
}
EMPTY: Final = Both("(none)", "（空）")


def described(definition: Definition, language: Language) -> dict[str, Any]:
    """What a definition is, for people and programs."""
    at = LANGUAGES.index(language)
    return {
        "name": definition.name,
        "version": definition.version,
        "area": definition.area,
        "title": definition.title[at],
        "description": definition.description[at],
        "chart": definition.chart,
        "by": [*definition.by],
        "periods": [] if definition.standing else [*PERIODS],
        "dimensions": [
            {
                "name": one.name,
                "label": one.label[at],
                "links": one.links,
                "values": {key: words[at] for key, words in one.values.items()},
            }
            for one in definition.dimensions
        ],
        "measures": [
            {
                "name": one.name,
                "label": one.label[at],
                "unit": one.unit,
                "unit_label": _UNITS[one.unit][at],
            }
            for one in definition.measures
        ],
    }


@dataclass(frozen=True, slots=True)
class Series:
    """The figures of a definition, grouped, as of a position of the log."""

    definition: Definition
    asked: Asked
    position: int
    groups: list[Group]
    names: Mapping[str, str]
    """What linked records are called, by id."""
    language: Language
    copy: DatedCopy | None = None
    """Of which it tells, if it is as of a date."""

    @property
    def by(self) -> list[str]:
        """What it is grouped by; by the currency too, where there is money."""
        money = [CURRENCY] if self.definition.has_money else []
        return [*self.asked.by, *money]

    def heading(self, name: str) -> str:
        """What a dimension is called."""
        found = self.definition.dimension(name)
        label = found.label if found else _PERIODS.get(name, _CURRENCY)
        return label[LANGUAGES.index(self.language)]

    def label(self, name: str, value: Any) -> str:
        """How one of a dimension's values is shown."""
        at = LANGUAGES.index(self.language)
        if value is None:
            return EMPTY[at]
        if isinstance(value, date):
            return _period(name, value)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        dimension = self.definition.dimension(name)
        words = dimension.values.get(text) if dimension else None
        return words[at] if words else self.names.get(text, text)

    def as_json(self) -> dict[str, Any]:
        """For programs: decimals as texts, so that none is rounded."""
        said = described(self.definition, self.language)
        return {
            **{name: said[name] for name in ("name", "version", "title", "description", "chart")},
            "position": self.position,
            **as_of(self.copy),
            "from": self.asked.since and self.asked.since.isoformat(),
            "to": self.asked.until and self.asked.until.isoformat(),
            "by": [{"name": name, "label": self.heading(name)} for name in self.by],
            "measures": said["measures"],
            "data": [
                {
                    "by": {name: _plain(group.by[name]) for name in self.by},
                    "labels": {name: self.label(name, group.by[name]) for name in self.by},
                    "figures": {
                        one.name: _number(group.figures[one.name], one)
                        for one in self.definition.measures
                    },
                }
                for group in self.groups
            ],
        }

    def headings(self) -> list[str]:
        """Of a table of them."""
        at = LANGUAGES.index(self.language)
        measures = [f"{one.label[at]} ({_UNITS[one.unit][at]})" for one in self.definition.measures]
        return [*(self.heading(name) for name in self.by), *measures]

    def rows(self) -> Iterator[list[str | Decimal | int | None]]:
        """The rows of a table of them."""
        for group in self.groups:
            labels = [self.label(name, group.by[name]) for name in self.by]
            yield [*labels, *(group.figures[one.name] for one in self.definition.measures)]


def as_of(copy: DatedCopy | None) -> dict[str, Any]:
    """As of when figures are, and by what was known when; null: now."""
    moments = (None, None) if copy is None else (copy.as_of, copy.as_known_at)
    return dict(zip(("as_of", "as_known_at"), map(plain, moments), strict=True))


def series(
    analytics: Analytics,
    gate: Gate,
    reader: Reader,
    definition: Definition,
    asked: Asked,
    position: int,
    language: Language,
    copy: DatedCopy | None = None,
) -> Series:
    """Ask for the figures, and through the gate for what is named in them.

    Raises:
        UnknownFigure, FiguresTimedOut, CopyGone: as for :meth:`Analytics.groups`.
    """
    groups = analytics.groups(definition, asked, position)
    wanted = links_in(definition, asked, groups)
    names = gate.names(reader, wanted) if wanted else {}
    return Series(definition, asked, position, groups, names, language, copy)


def links_in(definition: Definition, asked: Asked, groups: Sequence[Group]) -> dict[str, set[UUID]]:
    """The records that groups are of, by kind."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for name in asked.by:
        dimension = definition.dimension(name)
        if dimension is not None and dimension.links is not None:
            found = {UUID(group.by[name]) for group in groups if group.by[name] is not None}
            wanted[dimension.links] |= found
    return wanted


def explained(
    definition: Definition, position: int, behind: Behind, copy: DatedCopy | None = None
) -> dict[str, Any]:
    """The records and events behind figures, for programs."""
    return {
        "name": definition.name,
        "version": definition.version,
        "position": position,
        **as_of(copy),
        "data": [{"id": str(one), "positions": [*at]} for one, at in behind.records],
        "next_cursor": str(behind.next_after) if behind.next_after else None,
    }


def _period(name: str, first: date) -> str:
    """A period by its first day."""
    if name == "year":
        return f"{first:%Y}"
    if name == "quarter":
        return f"{first.year}-Q{(first.month + 2) // 3}"
    if name == "month":
        return f"{first:%Y-%m}"
    return f"{first:%G-W%V}" if name == "week" else first.isoformat()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _number(value: Decimal | int | None, measure: Measure) -> str | int | None:
    """What was counted as a number; what need not be whole as a text."""
    if isinstance(value, Decimal) or (measure.is_money and value is not None):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return value
