"""The history: what every event changed, of every record.

A row names the changed fields and says who, when and from where, but holds no value: from → to is
read from the log, through the gate, so that the history cannot disagree with the log and outlives
an erasure. Readers see one row for each changed field.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import compress
from operator import is_not
from typing import Any, ClassVar
from uuid import UUID

from domain.envelope import Recorded, moment_text
from domain.fields import ERASED, Public
from domain.records import MERGED_FIELDS
from projections.kernel import Derived, Projection, Row, Serve


class HistoryRow(Row):
    """One event. SQL users see it once for each of its ``fields``, named ``field``."""

    KEY: ClassVar[tuple[str, ...]] = ("position",)

    position: Public[int, "figure"] = 0
    fields: Public[tuple[str, ...], "vocabulary"] = ()
    """The changed fields; ``custom.tier`` for a custom one; the event's name if it changed none."""
    aggregate: Public[str, "vocabulary"] = ""
    type: Public[str, "vocabulary"] = ""
    actor: Public[UUID | None, "link"] = None
    occurred_at: Public[datetime | None, "moment"] = None
    recorded_at: Public[datetime | None, "moment"] = None
    source: Public[str, "vocabulary"] = ""
    """Through which door: ``api``, ``import`` …"""
    client: Public[str | None, "vocabulary"] = None


def changed_fields(
    projection: Projection, before: Row | None, after: Row | None, recorded: Recorded
) -> tuple[str, ...]:
    """The fields that differ, and what the event says beyond its aggregate's fields."""
    aggregate, event = projection.fields_of_aggregate, recorded.event
    blank: dict[str, Any] = projection.blank.__dict__
    old = blank if before is None else before.__dict__
    new = blank if after is None else after.__dict__
    names: list[str] = []
    # Copies of one row share most of their values, so identity settles almost every field.
    for name in compress(old, map(is_not, old.values(), new.values())):
        was, now = old[name], new[name]
        if name in aggregate and _differ(was, now):
            names += _keys(name, was, now) if name in MERGED_FIELDS else (name,)
    # In the order of the fields: a set's own order differs from process to process.
    given = event.__pydantic_fields_set__
    for name, value in event.__dict__.items():
        # What was erased since was changed by whoever gave it, though nobody can tell to what.
        is_told = name in given and (value is ERASED if name in aggregate else value is not None)
        if is_told and name not in names:
            names.append(name)
    return tuple(names) or (recorded.type,)


def _differ(was: Any, now: Any) -> bool:
    """Whether two values differ; an erased one counts as none, as in the tables."""
    return bool((None if was is ERASED else was) != (None if now is ERASED else now))


def _keys(name: str, was: Any, now: Any) -> Iterator[str]:
    old, new = (value if isinstance(value, dict) else {} for value in (was, now))
    return (f"{name}.{key}" for key in sorted({**old, **new}) if old.get(key) != new.get(key))


def derive(
    projection: Projection, before: Row | None, after: Row | None, recorded: Recorded
) -> Iterator[HistoryRow]:
    """The history of one event."""
    body = recorded.body
    source = body["source"]
    yield HistoryRow.of(
        {
            # As the body has them: these rows are only written, so nothing needs to be parsed.
            "id": body["stream"],
            "actor": body["actor"],
            "occurred_at": body["occurred_at"],
            "position": recorded.position,
            "fields": changed_fields(projection, before, after, recorded),
            "aggregate": projection.name,
            "type": body["type"],
            "recorded_at": moment_text(recorded.recorded_us),
            "source": source["kind"],
            "client": source.get("client"),
        }
    )


history = Derived(
    "history",
    version=1,
    row=HistoryRow,
    derive=derive,
    serves=(
        Serve("position"),
        Serve("position", ("id",)),
        Serve("position", ("actor",)),
        Serve("position", ("aggregate",)),
        Serve("position", ("source",)),
        Serve("position", ("fields",)),
        Serve("position", ("id", "fields")),
        Serve("occurred_at"),
        Serve("occurred_at", ("actor",)),
        Serve("occurred_at", ("id",)),
    ),
    unnest="fields",
)
