"""Snapshots: saved figures that are written to a folder of the server when they are due.

What was written, skipped or could not be written is an event of the saved figure, so each due time
is settled once, whichever process looks first, and everybody can see how it went.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api.analytics import snapshot_files
from api.analytics.asked_again import answered, question_of
from commands.kernel import Command
from commands.saved_figures import RecordSnapshot, RecordSnapshotFailure, SkipSnapshots
from domain.envelope import SYSTEM
from domain.saved_figures import Question, SavedFigure
from domain.snapshot_schedules import Due, SnapshotSchedule, due_between
from projections.readers import Reader
from store.database import OUT_OF_REACH
from store.lists import Query
from store.recurring import Recurring
from store.tracking import Tracking

if TYPE_CHECKING:
    from api.services import Services

log = logging.getLogger(__name__)

LOOK_EVERY: Final = 20.0
"""Seconds between two looks for what is due."""
IN_TIME: Final = timedelta(minutes=10)
"""For so long after a due time, what is so now is taken for what was so then."""
LEASE: Final = "snapshots"
NAMELESS: Final = Reader(SYSTEM, "analyst", "snapshots")
"""Sees no personal column, so colleagues are told by their numbers: no erasure reaches a file."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A saved figure that has a schedule."""

    id: UUID
    number: str
    state: SavedFigure
    question: Question
    schedule: SnapshotSchedule

    def shown(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "number": self.number,
            "every": self.schedule.every.value,
            "hour": self.schedule.hour,
            "format": self.schedule.format.value,
            "settled_until": self.settled_until().isoformat(),
            "state": self.state.snapshot_state and self.state.snapshot_state.value,
            "problem": self.state.snapshot_problem,
        }

    def settled_until(self) -> datetime:
        """Due times up to then are settled."""
        known = (self.state.scheduled_from, self.state.snapshot_due_at)
        return max(one for one in known if one is not None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a due time."""

    number: str
    due_at: datetime
    what: str
    detail: str

    def shown(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "number": self.number,
            "due_at": self.due_at.isoformat(),
            "what": self.what,
            "detail": self.detail,
        }


class Snapshots:
    """Of one tenant. :meth:`start` writes what is due until :meth:`close`, :meth:`take` once."""

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._recurring = Recurring("snapshots", self.take)

    def start(self) -> None:
        """Write what is due, in a thread of this process."""
        self._recurring.start(LOOK_EVERY)

    def close(self) -> None:
        """Stop after the snapshot in hand."""
        self._recurring.close()

    def scheduled(self) -> Iterator[Scheduled]:
        """Every saved figure that has a schedule and is in use."""
        services = self._services
        query = Query({"is_scheduled": True, "archived": False}, sort="number")
        for row in services.gate.items(NAMELESS, "saved_figures", query):
            record = UUID(row["id"])
            state = services.dispatcher.state(SavedFigure, record).state  # the row may be late
            if not isinstance(state, SavedFigure) or state.archived:
                continue
            if state.schedule is not None and state.question is not None:
                number = str(row["number"])
                yield Scheduled(record, number, state, state.question, state.schedule)

    def take(self, now: datetime | None = None) -> list[Outcome]:
        """Settle every due time that has come; nothing where another process is at it."""
        found: list[Outcome] = []
        database, schema = self._services.database, self._services.tenant.schema
        with database.connect("writer", schema) as connection:
            if not Tracking(connection).lease(LEASE):
                return found
            for one in self.scheduled():
                if self._recurring.is_closing:
                    break
                found += self._settle(one, now or datetime.now(UTC))
        return found

    def _settle(self, one: Scheduled, now: datetime) -> Iterator[Outcome]:
        zone = self._services.tenant.zone
        due = due_between(one.schedule, one.settled_until(), now, zone)
        if due is None:
            return
        in_time = now - due.last <= IN_TIME or self._nothing_since(due.last)
        if not in_time:
            yield self._skip(one, due.first, due.last, due.times)
            return
        if due.before_last is not None:
            yield self._skip(one, due.first, due.before_last, due.times - 1)
        yield self._write(one, due)

    def _write(self, one: Scheduled, due: Due) -> Outcome:
        services = self._services
        folder = snapshot_files.folder_of(services.tenant.name, one.number, due.last)
        try:
            manifest, digest = snapshot_files.written(folder) or self._written(one, due)
        except OUT_OF_REACH:
            raise  # nothing could be recorded either
        except Exception as failed:  # the others are due as well
            problem = _problem(failed)
            log.warning("snapshots: %s was not written, %s", one.number, problem)
            self._issue(RecordSnapshotFailure(due_at=due.last, problem=problem), one.id)
            return Outcome(one.number, due.last, "failed", problem)
        position = int(manifest["position"])
        self._issue(RecordSnapshot(due_at=due.last, log_position=position, manifest=digest), one.id)
        return Outcome(one.number, due.last, "written", str(folder))

    def _written(self, one: Scheduled, due: Due) -> tuple[dict[str, Any], str]:
        services = self._services
        wanted = question_of(one.question, due.last)
        answer = answered(services, NAMELESS, one.question, wanted, "en")
        said = {
            "tenant": services.tenant.name,
            "saved_figure": one.number,
            "id": str(one.id),
            "due_at": due.last.isoformat(),
            "written_at": datetime.now(UTC).isoformat(),
        }
        folder = snapshot_files.folder_of(services.tenant.name, one.number, due.last)
        return snapshot_files.write(folder, answer, one.schedule.format, said)

    def _skip(self, one: Scheduled, first: datetime, last: datetime, times: int) -> Outcome:
        self._issue(SkipSnapshots(first_due_at=first, due_at=last, times=times), one.id)
        return Outcome(one.number, last, "skipped", f"{times} due times")

    def _nothing_since(self, moment: datetime) -> bool:
        """Whether the log says the same as then, so that what is so now was so then."""
        head = self._services.log.head()
        last = self._services.log.at([head]).get(head)
        return last is None or last.recorded_at <= moment

    def _issue(self, command: Command, stream: UUID) -> None:
        self._services.issue(command, stream)


def _problem(failed: Exception) -> str:
    """The kind of an error: its text could hold anything."""
    said = failed.strerror if isinstance(failed, OSError) else None
    return f"{type(failed).__name__}: {said}" if said else type(failed).__name__
