"""What is due by the retention schedules, what keeps it, and having it erased.

The dry run and the erasing ask the same questions: an index says whose period may be over, a page
at a time, and :mod:`domain.retention` judges. Nothing personal is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api.keepers import FIELD, Keeper, Keepers
from commands.dispatcher import Contended
from commands.kernel import Rejected
from commands.retention_erasures import LetFallDue
from domain.disclosures import Category
from domain.envelope import Source
from domain.periods import Period
from domain.retention import Due, Lifetime, erasure_id, judged
from domain.retention_schedules import Action, Kind, Trigger
from projections.history import history
from projections.kernel import Projection
from projections.lifetimes import lifetimes
from projections.retention_schedules import RetentionScheduleRow, retention_schedules
from projections.tables import row_from, table_of
from store.database import Connection
from store.expiry import Expiry
from store.lists import MAX_LIMIT, BadCursor, Page, Query, list_rows, open_cursor, seal_cursor
from store.read_models import Table

if TYPE_CHECKING:
    from api.services import Services

AT_ONCE: Final = 10_000
"""Erasures that one look opens; what is left is due at the next."""
EXAMINED: Final = 2_000
"""Records that one page of the plan looks at, however few of them are due."""
PATIENCE: Final = 30.0
"""Seconds for which the read models are waited for: by what they miss too much would be erased."""
_MOMENT: Final = {
    Trigger.CREATED: "created_at",
    Trigger.LAST_ACTIVITY: "active_at",
    Trigger.RELATIONSHIP_ENDED: "ended_at",
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that is in force."""

    stream: UUID
    state: RetentionScheduleRow
    kind: Kind
    category: Category
    action: Action
    trigger: Trigger
    period: Period

    @property
    def group(self) -> tuple[Kind, Category, Action]:
        """Those of one group compete, and the longest wins."""
        return self.kind, self.category, self.action

    def shown(self) -> dict[str, Any]:
        """JSON-ready: what it says, and its number."""
        return {
            "schedule": self.state.number,
            "trigger": self.trigger,
            "duration": str(self.period),
            "action": self.action,
            "law": self.state.law,
        }

    def reach(self, on: date) -> tuple[bool, date]:
        """The less, the fewer records it reaches: most relationships have not ended."""
        return self.trigger is not Trigger.RELATIONSHIP_ENDED, self.period.begun_by(on, UTC).date()


@dataclass(frozen=True, slots=True)
class Item:
    """A category of a record whose time is over."""

    record: UUID
    number: str | None
    schedule: Schedule
    due: Due
    kept_by: tuple[Keeper, ...]

    def shown(self) -> dict[str, Any]:
        """JSON-ready, without anything personal."""
        return {
            "kind": self.schedule.kind,
            "record": str(self.record),
            "number": self.number,
            "category": self.schedule.category,
            "due_on": self.due.due_on.isoformat(),
            **self.schedule.shown(),
            "kept_by": [one.shown() for one in self.kept_by],
        }


class Retention:
    """Of one tenant."""

    def __init__(self, services: "Services") -> None:
        self._services = services

    def in_force(self) -> list[Schedule]:
        """Every schedule that is in force; those that compete stand together."""
        found: list[Schedule] = []
        cursor: str | None = None
        while True:
            with self._connect() as connection:
                query = Query(
                    {"status": "in_force"}, sort="changed_at", limit=MAX_LIMIT, cursor=cursor
                )
                page = self._rows(connection, retention_schedules, query)
            found += [_schedule(row) for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                return sorted(found, key=lambda one: (one.group, one.stream))

    def plan(
        self, on: date, limit: int = MAX_LIMIT, cursor: str | None = None
    ) -> tuple[list[Item], str | None]:
        """What is due on a day and what keeps it, and the cursor of the next page. A page may be
        shorter than its limit, or empty.

        Raises:
            BadCursor: the cursor is of another plan, or the schedules are no longer the same.
        """
        schedules = self.in_force()
        key, about = self._services.log.keys.cursor_key, f"retention plan {on}".encode()
        at, inner = 0, None
        if cursor is not None:
            token = open_cursor(key, about, cursor)
            at, inner = _position(schedules, token["schedule"]), token["cursor"]
        found: list[Item] = []
        examined = 0
        while at < len(schedules):
            if found or examined >= EXAMINED:
                token = {"schedule": schedules[at].stream, "cursor": inner}
                return found, seal_cursor(key, about, token)
            one = schedules[at]
            rivals = [other for other in schedules if other.group == one.group]
            seen, items, inner = self._page(one, rivals, on, limit, inner)
            found += [item for item in items if item.schedule.stream == one.stream]
            examined += seen
            at += inner is None
        return found, None

    def open_due(self, now: datetime) -> list[UUID]:
        """Open an erasure for all that is due and that nothing keeps; gives their requests, those
        that were opened before and not carried out among them.
        """
        runner, head = self._services.runner, self._services.log.head()
        if runner.position() < head and not runner.wait_for(head, PATIENCE):
            return []
        on = now.astimezone(self._services.tenant.zone).date()
        opened = (self._open(item) for item in self._wanted(on))
        return [one for one in islice(opened, AT_ONCE) if one is not None]

    def _wanted(self, on: date) -> Iterator[Item]:
        """Where all periods of a group have to be over it does for one of them to be looked for."""
        for _, group in groupby(self.in_force(), key=lambda one: one.group):
            rivals = [*group]
            one, cursor, is_first = min(rivals, key=lambda rival: rival.reach(on)), None, True
            while one.action is Action.ERASE and (is_first or cursor is not None):
                _, items, cursor = self._page(one, rivals, on, MAX_LIMIT, cursor)
                is_first = False
                yield from (item for item in items if not item.kept_by)

    def _open(self, item: Item) -> UUID | None:
        stream = erasure_id(item.record, item.schedule.category, item.due.due_on)
        fall = LetFallDue.model_validate(
            {
                FIELD[item.schedule.kind]: item.record,
                "schedule_id": item.due.schedule_id,
                "fell_due_on": item.due.due_on,
                "categories": (item.schedule.category,),
            }
        )
        source = Source(kind="rule", client=item.schedule.state.number)
        try:
            self._services.issue(fall, stream, correlation_id=stream, source=source)
        except (Rejected, Contended):  # a hold was faster, or somebody is writing: look again
            return None
        return stream

    def _page(
        self, one: Schedule, rivals: Sequence[Schedule], on: date, limit: int, cursor: str | None
    ) -> tuple[int, list[Item], str | None]:
        """How many records were looked at, those that are due, and where to go on."""
        zone = self._services.tenant.zone
        query = Query(
            {"kind": one.kind.value},
            sort=_MOMENT[one.trigger],
            until=one.period.begun_by(on, zone),
            limit=limit,
            cursor=cursor,
        )
        with self._connect() as connection:
            page = self._rows(connection, lifetimes, query)
            rows = {row["id"]: row for row in page.rows}
            expiry = Expiry(self._services.log, connection)
            lived = _lived(expiry, rows, one)
            schedules = [(other.stream, other.state) for other in rivals]
            due = {
                record: found
                for record, moments in lived.items()
                if (found := judged(schedules, moments, zone, on)) is not None
            }
            keepers = Keepers(expiry, one.kind, one.category, on).of([*due], one.action)
        by_stream = {other.stream: other for other in rivals}
        items = []
        for record, found in due.items():
            kept = keepers.get(record, [])
            if found.kept_by is not None:
                law = by_stream[found.kept_by].state.law
                kept = [*kept, Keeper("longer_duty", law, found.kept_until)]
            number, schedule = rows[record]["number"], by_stream[found.schedule_id]
            items.append(Item(record, number, schedule, found, tuple(kept)))
        return len(rows), items, page.next_cursor

    def _rows(self, connection: Connection, model: Projection, query: Query) -> Page:
        """Of ids and moments, past the gate: nobody reads anything of somebody."""
        key = self._services.log.keys.cursor_key
        return list_rows(connection, table_of(model), query, key)

    def _connect(self) -> AbstractContextManager[Connection]:
        return self._services.database.borrow("writer", self._services.tenant.schema)


def _schedule(values: Mapping[str, Any]) -> Schedule:
    row = row_from(retention_schedules, values)
    assert isinstance(row, RetentionScheduleRow)  # noqa: S101  so the projection says
    return Schedule(
        values["id"],
        row,
        Kind(values["kind"]),
        values["category"],
        Action(values["action"]),
        Trigger(values["trigger"]),
        Period.of(values["duration"]),
    )


def _position(schedules: Sequence[Schedule], stream: str) -> int:
    for at, one in enumerate(schedules):
        if str(one.stream) == stream:
            return at
    raise BadCursor


def _lived(
    expiry: Expiry, rows: Mapping[UUID, Mapping[str, Any]], one: Schedule
) -> dict[UUID, Lifetime]:
    """The lifetimes of those records of which something is stored in the category at all."""
    held = expiry.held([*rows], one.category)
    theirs = expiry.latest(*_activity(one.kind), [*held])
    return {
        record: Lifetime(
            created_at=rows[record]["created_at"],
            active_at=max(rows[record]["active_at"], theirs.get(record, rows[record]["active_at"])),
            ended_at=rows[record]["ended_at"],
            renewed_at=held[record].renewed_at,
        )
        for record in held
    }


def _activity(kind: Kind) -> tuple[Table, str, str]:
    """Where what they did is found, beside the record itself: the table, whose it is, and when."""
    if kind is Kind.USERS:
        return table_of(history), "actor", "occurred_at"
    return table_of(lifetimes), FIELD[kind], "active_at"
