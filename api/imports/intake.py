"""The machinery that imports share: records in, commands out, safe to run again at any point.

A record of the other system is found by its external id, which only one record may hold. What it
still lacks is planned from its events here, so a run that was interrupted, even by ``kill -9``, is
simply run again. Many workers, each with a record of its own, keep the committer's batches full.
"""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from api.imports.crowd import each
from api.imports.items import Item, Step, missing_facts
from api.imports.report import Report
from api.services import Services
from commands.dispatcher import Contended, Order
from commands.kernel import Command, Rejected
from domain.envelope import SYSTEM, Envelope, Recorded, Source
from domain.kernel import Aggregate
from store.errors import LogFull, LogUnavailable, StoreError, ValueTaken
from store.event_log import Receipt
from store.progress import Progress

WORKERS: Final = 32
LOOKED_UP_TOGETHER: Final = 500
"""External ids in one question to the log."""
TRIES: Final = 30
WAIT: Final = 1.0
"""Seconds before a record is tried again after the log was full or out of reach."""
PASSING: Final = (LogFull, LogUnavailable, Contended)

Job = tuple[Item, UUID | None, Sequence[Recorded]]
"""An item, and what the log has of it: the record and its events."""
Missing = Callable[[Item, Sequence[Recorded]], list[Step]]
"""Which steps of an item the log lacks, given the events that it has of that record."""
Outcome = Receipt | Rejected | StoreError


class ImportStopped(Exception):
    """The import cannot go on; the text says why and what to do."""


@dataclass(slots=True)
class Intake:
    """One run of an import."""

    services: Services
    client: str
    """The name of the import: on each event's envelope, and as the ``source_system``."""
    report: Report
    progress: Progress
    actor: UUID = SYSTEM
    workers: int = WORKERS
    run_id: UUID = field(default_factory=uuid7)
    """The correlation id of all that one run recorded."""
    opened: Counter[str] = field(default_factory=Counter)
    """Records that this run opened, by aggregate."""
    known: Counter[str] = field(default_factory=Counter)
    """Records that were here before, by aggregate."""
    commands: int = 0
    """Commands that this run issued with success."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(
        self,
        kind: type[Aggregate],
        items: Iterable[Item],
        rows: int,
        missing: Missing | None = None,
    ) -> dict[str, UUID]:
        """Take in every item; gives the record of each external id.

        Raises:
            ImportStopped: the log stayed out of reach.
        """
        wanted = missing or (lambda item, past: missing_facts(item, past, self.client))
        found: dict[str, UUID] = {}
        done = 0

        def work(job: Job) -> None:
            nonlocal done
            item, known, past = job
            stream = self._take(item, known, past, wanted) if item.steps else known
            for note in item.notes:
                self.report.add(note)
            with self._lock:
                if stream is not None:
                    found[item.external_id] = stream
                    (self.opened if known is None else self.known)[kind.AGGREGATE] += 1
                done += len(item.lines)
                self.progress(kind.AGGREGATE, done, rows)

        each(self._looked_up(kind, items), work, self.workers)
        self.progress(kind.AGGREGATE, rows, rows)
        return found

    def issue(self, command: Command, stream: UUID, at: datetime, file: str) -> Receipt:
        """One command by itself, which no line of the file asks for."""
        envelope = self._envelope(file, Step(1, at, command))
        return self.services.dispatcher.dispatch(Order(command, envelope, stream))

    def _looked_up(self, kind: type[Aggregate], items: Iterable[Item]) -> Iterator[Job]:
        """Each item with the record that holds its external id, and the events of that."""
        log, rest = self.services.log, iter(items)
        while batch := list(islice(rest, LOOKED_UP_TOGETHER)):
            ids = {item.external_id: f"{self.client}\n{item.external_id}" for item in batch}
            held = log.holders(kind.AGGREGATE, "external_id", ids.values())
            pasts: dict[UUID, list[Recorded]] = defaultdict(list)
            if held:
                for recorded in log.load_many(dict.fromkeys(held.values(), log.head())):
                    pasts[recorded.stream].append(recorded)
            for item in batch:
                stream = held.get(ids[item.external_id])
                yield item, stream, pasts[stream] if stream else ()

    def _take(
        self, item: Item, stream: UUID | None, past: Sequence[Recorded], missing: Missing
    ) -> UUID | None:
        """Record what is missing of one item; gives its record, or None where it was refused."""
        for attempt in range(TRIES):
            if attempt:
                past = self.services.log.load(stream) if stream else ()
            steps = missing(item, past)
            if not steps:
                return stream
            address = stream or uuid7()
            outcomes = self._issue(item.file, address, steps)
            first = outcomes[0]
            if any(isinstance(one, PASSING) for one in outcomes):
                stream = address if any(isinstance(one, Receipt) for one in outcomes) else stream
                threading.Event().wait(WAIT)
            elif not past and isinstance(first, ValueTaken):
                stream = self._adopted(item, first)
            elif not past and not isinstance(first, Receipt):
                self._refuse(item, first)
                return None
            else:
                self._tell(item, steps, outcomes)
                return address
        raise ImportStopped(
            "The event log cannot be reached. Run the same command again when it can: it goes on "
            "where it stopped, and doubles nothing."
        )

    def _issue(self, file: str, stream: UUID, steps: Sequence[Step]) -> list[Outcome]:
        orders = [Order(step.command, self._envelope(file, step), stream) for step in steps]
        return self.services.dispatcher.dispatch_all(orders)

    def _envelope(self, file: str, step: Step) -> Envelope:
        return Envelope(
            actor=self.actor,
            occurred_at=step.at,
            source=Source(kind="import", client=self.client, row=step.line, file=file),
            command_id=uuid7(),
            correlation_id=self.run_id,
        )

    def _adopted(self, item: Item, taken: ValueTaken) -> UUID:
        """Another run was quicker, or a record of that name was here before."""
        if taken.field != "external_id":
            item.note(
                item.lines[0], "mended", f"{taken.field}: a record here has it. That one was taken"
            )
        return taken.holder

    def _refuse(self, item: Item, why: Outcome) -> None:
        """Nothing of the record was taken."""
        first, *rest = item.lines
        item.note(first, "not_taken", str(why))
        for line in rest:
            item.note(line, "not_taken", "its record could not be opened")

    def _tell(self, item: Item, steps: Sequence[Step], outcomes: Sequence[Outcome]) -> None:
        stored = 0
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, Receipt):
                stored += 1
            else:
                item.note(step.line, "not_taken", str(outcome))
        with self._lock:
            self.commands += stored
