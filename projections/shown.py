"""Rows of a read model, and events, as a reader is shown them; and what they tell of people."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from itertools import compress, repeat
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson

from domain.envelope import Recorded, kind_of
from domain.fields import ERASED, PersonalMark, mark_of
from projections.delivered import is_given
from projections.kernel import Column
from projections.plain import plain

_Values = Sequence[Any]
"""Those of one column, row after row."""

_TOLD_BY_JSON: Final = frozenset(("uuid", "uuids", "date", "moment"))
"""Kinds that the JSON library writes, a column at a time: far less work than value by value."""
_MAY_BE_EMPTY: Final = frozenset(("text", "texts", "uuids", "json"))
_ENVELOPE: Final = (
    "stream",
    "version",
    "type",
    "schema",
    "number",
    "occurred_at",
    "actor",
    "on_behalf_of",
    "source",
    "command",
    "correlation",
    "causation",
)


class Shown(NamedTuple):
    """A row or an event as it is shown."""

    item: dict[str, Any]
    personal: Sequence[str]
    """Its personal fields that say something: an empty one tells nothing about anybody."""


class Sight:
    """What somebody sees of a read model's rows: these of its columns."""

    def __init__(self, columns: Collection[Column]) -> None:
        self._names = [one.name for one in columns]
        self._values = itemgetter(*self._names)
        self._shown = [one for one in columns if one.part != "currency"]
        self._fields = [one.field for one in self._shown]
        self._personal = [one for one in columns if one.personal]
        self._personal_fields = [one.field for one in self._personal]

    def of(self, rows: Sequence[Mapping[str, Any]]) -> list[Shown]:
        """Rows as the table has them, as they are shown."""
        if not rows:
            return []
        held = dict(zip(self._names, zip(*map(self._values, rows), strict=True), strict=True))
        columns = [_written(one, held) for one in self._shown]
        items = [dict(zip(self._fields, one, strict=True)) for one in zip(*columns, strict=True)]
        if not self._personal:
            return [*map(Shown, items, repeat(()))]
        said = zip(*(_said(one.kind, held[one.name]) for one in self._personal), strict=True)
        personal = ([*compress(self._personal_fields, one)] for one in said)
        return [*map(Shown, items, personal)]


def event_shown(recorded: Recorded, sees_personal: bool) -> Shown:
    """An event as the feed gives it."""
    body, event = recorded.body, recorded.event
    given = event.model_fields_set
    personal = {one for one in given if isinstance(mark_of(type(event), one), PersonalMark)}
    hidden = set() if sees_personal else personal
    erased = sorted(one for one in personal if getattr(event, one) is ERASED)
    item: dict[str, Any] = {
        "position": recorded.position,
        "recorded_at": plain(recorded.recorded_at),
        **{name: body.get(name) for name in _ENVELOPE},
        "aggregate": kind_of(body),
        "data": event.model_dump(mode="json", include=given - hidden - {*erased}),
    }
    told: list[str] = []
    if sees_personal:
        item["reason"] = recorded.trace.get("reason")
        told = [one for one in personal if is_given(getattr(event, one))]
        told += ["reason"] if item["reason"] else []
    if hidden:
        item["masked"] = sorted(hidden)
    if erased:
        item["erased"] = erased
    return Shown(item, told)


def _written(column: Column, held: Mapping[str, _Values]) -> _Values:
    """The values of a column as JSON has them; of an amount, with its currency."""
    values = held[column.name]
    if column.part == "amount":
        pairs = zip(values, held[f"{column.name}_currency"], strict=True)
        return [None if a is None else {"amount": str(a), "currency": c} for a, c in pairs]
    if column.kind == "number":
        return [None if one is None else str(one) for one in values]
    if column.kind == "moment":
        values = [None if one is None else one.astimezone(UTC) for one in values]
    if column.kind in _TOLD_BY_JSON:
        told: list[Any] = orjson.loads(orjson.dumps(values, option=orjson.OPT_UTC_Z))
        return told
    return values  # as the database gives them


def _said(kind: str, values: _Values) -> _Values:
    """Of each value whether it says something."""
    if kind in _MAY_BE_EMPTY:
        return [*map(bool, values)]
    return [one is not None for one in values]
