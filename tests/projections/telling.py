"""The language of projection tests: ``rows(tickets, opened, started)`` is what events fold into.

Nothing is stored. An event is recorded by ``ALICE``, an hour after the one before it; ``told`` says
otherwise.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.envelope import Recorded, to_microseconds
from domain.fields import ERASED, personal_fields
from domain.kernel import Event, replace
from projections import DERIVED, PROJECTIONS
from projections.folding import Folding
from projections.history import HistoryRow, history
from projections.kernel import Derived, Projection, ReadModel, Row
from tests.dsl import THIS, id_of

ALICE, BOB = id_of("alice"), id_of("bob")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    """An event with what its envelope says."""

    event: Event
    stream: UUID = THIS
    actor: UUID = ALICE
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    number: str | None = None
    source: str = "api"
    """The kind of door."""


def told(event: Event, **envelope: Any) -> Told:
    """An event of another stream, actor, number or time than those that are assumed."""
    return Told(event, **envelope)


def hour(number: int) -> datetime:
    """So many hours after the start."""
    return START + number * HOUR


def log_of(*events: Event | Told) -> list[Recorded]:
    """The events as the log holds them: positions and versions counted, times an hour apart."""
    versions: dict[UUID, int] = {}
    recorded = []
    for position, one in enumerate(events, start=1):
        each = one if isinstance(one, Told) else Told(one)
        versions[each.stream] = versions.get(each.stream, 0) + 1
        recorded.append(_recorded(each, position, versions[each.stream]))
    return recorded


def _recorded(told: Told, position: int, version: int) -> Recorded:
    occurred = told.occurred_at or hour(position - 1)
    known = told.recorded_at or hour(position - 1)
    personal = sorted(personal_fields(type(told.event)).keys() & told.event.model_fields_set)
    body: dict[str, Any] = {
        "stream": str(told.stream),
        "version": version,
        "type": type(told.event).__name__,
        "schema": told.event.SCHEMA,
        "actor": str(told.actor),
        "occurred_at": occurred.isoformat(timespec="microseconds"),
        "source": {"kind": told.source, "client": "test"},
        "command": str(id_of(f"command {position}")),
    }
    if personal:
        body["personal"] = {"fields": personal}
    if told.number is not None:
        body["number"] = told.number
    return Recorded(position, to_microseconds(known), body, told.event)


def folded(
    *events: Event | Told,
    projections: Iterable[Projection] = PROJECTIONS,
    derived: Iterable[Derived] = DERIVED,
    skipped: Set[tuple[str, int]] = frozenset(),
) -> Folding:
    """The events folded into every projection."""
    folding = Folding([*projections], [*derived], skipped)
    for recorded in log_of(*events):
        folding.fold(recorded)
    return folding


def rows(projection: Projection, *events: Event | Told) -> dict[tuple[Any, ...], Row]:
    """The rows that the events leave, by key."""
    return taken(folded(*events, projections=[projection], derived=[]), projection)


def taken(folding: Folding, model: ReadModel) -> dict[tuple[Any, ...], Row]:
    """The rows that a folding would write, by key."""
    left, _deleted = folding.take(model)
    return {tuple(getattr(row, name) for name in model.row.KEY): row for row in left}


def row(projection: Projection, *events: Event | Told) -> Any:
    """The one row that they leave."""
    (one,) = rows(projection, *events).values()
    return one


def facts(*events: Event | Told) -> list[tuple[int, str]]:
    """The history: (position, changed field), in the log's order."""
    left, _ = folded(*events).take(history)
    named = [one for one in left if isinstance(one, HistoryRow)]
    return [(one.position, name) for one in named for name in one.fields]


def erased(event: Event) -> Event:
    """The same event after its data subject was erased."""
    given = personal_fields(type(event)).keys() & event.model_fields_set
    return replace(event, **dict.fromkeys(given, ERASED))
