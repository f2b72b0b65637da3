"""The history: one row for each field that an event changed, of every record.

A row names the field and says who, when and from where, but holds no value: from → to is read from the log,
through the gate, so that the history cannot disagree with the log and outlives an erasure.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import ERASED, Public
from domain.kernel import Aggregate, replace
from domain.records import MERGED_FIELDS
from projections.kernel import Derived, Projection, Row, Serve


class HistoryRow(Row):
    KEY: ClassVar[tuple[str, ...]] = ("position", "field")

    position: Public[int, "figure"] = 0
    field: Public[str, "vocabulary"] = ""
    """The changed field; ``custom.tier`` for a custom one; the event's name where it changed no field."""
    aggregate: Public[str, "vocabulary"] = ""
    type: Public[str, "vocabulary"] = ""
    actor: Public[UUID | None, "link"] = None
    occurred_at: Public[datetime | None, "moment"] = None
    recorded_at: Public[datetime | None, "moment"] = None
    source: Public[str, "vocabulary"] = ""
    """Through which door: ``api``, ``import`` …"""
    client: Public[str | None, "vocabulary"] = None


def _present(value: Any) -> Any:
    """An erased value counts as none, as in the tables."""
    return None if value is ERASED else value


def changed_fields(
    aggregate: type[Aggregate], before: Row | None, after: Row | None, recorded: Recorded
) -> list[str]:
    """The names of the fields that differ, and of what the event says beyond its aggregate's fields."""
    old: dict[str, Any] = {} if before is None else before.__dict__
    new: dict[str, Any] = {} if after is None else after.__dict__
    names: list[str] = []
    for name in aggregate.model_fields:
        was, now = old.get(name), new.get(name)
        if was is not now and _present(was) != _present(now):
            if name in MERGED_FIELDS:
                was_values = was if isinstance(was, dict) else {}
                now_values = now if isinstance(now, dict) else {}
                keys = {**was_values, **now_values}
                names += [
                    f"{name}.{key}" for key in keys if was_values.get(key) != now_values.get(key)
                ]
            else:
                names.append(name)
    event = recorded.event
    names += [
        name
        for name in event.model_fields_set
        if name not in aggregate.model_fields and event.__dict__[name] is not None
    ]
    return names or [recorded.type]


def derive(
    projection: Projection, before: Row | None, after: Row | None, recorded: Recorded
) -> Iterator[HistoryRow]:
    """The history of one event."""
    aggregate = projection.aggregate
    if aggregate is None:
        return
    source = recorded.body["source"]
    shared = {
        "id": recorded.stream,
        "position": recorded.position,
        "aggregate": aggregate.AGGREGATE,
        "type": recorded.type,
        "actor": recorded.actor,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "source": source["kind"],
        "client": source.get("client"),
    }
    for name in changed_fields(aggregate, before, after, recorded):
        yield replace(_BLANK, field=name, **shared)


_BLANK = HistoryRow()

history = Derived(
    "history",
    version=1,
    row=HistoryRow,
    derive=derive,
    serves=(
        Serve("position"),
        Serve("position", ("id",)),
        Serve("position", ("id", "field")),
        Serve("position", ("actor",)),
        Serve("position", ("field",)),
        Serve("position", ("aggregate",)),
        Serve("position", ("source",)),
        Serve("occurred_at"),
    ),
)
