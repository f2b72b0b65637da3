"""The machinery that imports share: records in, commands out, safe to run again at any point.

A record of the other system is found by its external id, which only one record may hold. What it
still lacks is planned from its events here, so a run that was interrupted, even by ``kill -9``, is
simply run again. Many workers, each with a record of its own, keep the group committer's batches full.
"""

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from api.imports.items import Item, Step, missing_facts
from api.imports.report import Note, Report
from api.services import Services
from commands.dispatcher import Contended, Order
from commands.kernel import Rejected
from domain.envelope import SYSTEM, Envelope, Recorded, Source
from domain.kernel import Aggregate
from store.errors import LogFull, LogUnavailable, StoreError, ValueTaken
from store.event_log import Receipt

WORKERS: Final = 32
LOOKED_UP_TOGETHER: Final = 500
"""External ids in one question to the log."""
TRIES: Final = 30
WAIT: Final = 1.0
"""Seconds before a record is tried again after the log was full or out of reach."""
PASSING: Final = (LogFull, LogUnavailable, Contended)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""
Missing = Callable[[Item, Sequence[Recorded]], list[Step]]
"""Which steps of an item the log lacks, given the events that it has of that record."""


class ImportStopped(Exception):
    """The import cannot go on; the text says why and what to do."""


@dataclass(slots=True)
class Intake:
    """One run of an import."""

    services: Services
    client: str
    """The name of the import, on the envelope of each event and as ``source_system`` of each record."""
    report: Report
    progress: Progress
    actor: UUID = SYSTEM
    workers: int = WORKERS
    run_id: UUID = field(default_factory=uuid7)
    """The correlation id of all that one run recorded."""
    counts: Counter[str] = field(default_factory=Counter)
    """``<aggregate>`` opened, ``<aggregate> known``, ``events``."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _failure: BaseException | None = None

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
        work: queue.Queue[tuple[Item, UUID | None] | None] = queue.Queue(2 * self.workers)
        found: dict[str, UUID] = {}
        done = Counter[str]()
        arguments = (kind, work, wanted, found, done, rows)
        workers = [
            threading.Thread(target=self._work, args=arguments, name=f"kept-import-{n}", daemon=True)
            for n in range(self.workers)
        ]
        for worker in workers:
            worker.start()
        try:
            for pair in self._looked_up(kind, items):
                self._put(work, pair)
        except BaseException as stopped:
            self._failure = self._failure or stopped
        finally:
            for _ in workers:
                with suppress(queue.Full):
                    work.put(None, timeout=WAIT if self._failure else None)
            for worker in workers:
                worker.join()
        if self._failure is not None:
            raise self._failure
        self.progress(kind.AGGREGATE, rows, rows)
        return found

    def _put(self, work: "queue.Queue[tuple[Item, UUID | None] | None]", pair: tuple[Item, UUID | None]) -> None:
        while self._failure is None:
            with suppress(queue.Full):
                work.put(pair, timeout=WAIT)
                return
        raise self._failure

    def _looked_up(
        self, kind: type[Aggregate], items: Iterable[Item]
    ) -> Iterator[tuple[Item, UUID | None]]:
        """Each item with the record that holds its external id."""
        rest = iter(items)
        while batch := list(islice(rest, LOOKED_UP_TOGETHER)):
            ids = {item.external_id: f"{self.client}\n{item.external_id}" for item in batch}
            held = self.services.log.holders(kind.AGGREGATE, "external_id", ids.values())
            for item in batch:
                yield item, held.get(ids[item.external_id])

    def _work(
        self,
        kind: type[Aggregate],
        work: "queue.Queue[tuple[Item, UUID | None] | None]",
        missing: Missing,
        found: dict[str, UUID],
        done: Counter[str],
        rows: int,
    ) -> None:
        while (taken := work.get()) is not None:
            if self._failure is not None:
                continue
            item, stream = taken
            try:
                stream = self._take(kind, item, stream, missing)
            except BaseException as failure:  # told by the thread that waits for all of them
                self._failure = self._failure or failure
                continue
            for note in item.notes:
                self.report.add(note)
            with self._lock:
                if stream is not None:
                    found[item.external_id] = stream
                done["rows"] += len(item.lines)
                self.progress(kind.AGGREGATE, done["rows"], rows)

    def _take(
        self, kind: type[Aggregate], item: Item, stream: UUID | None, missing: Missing
    ) -> UUID | None:
        """Record what is missing of one item; gives its record, or None where it was refused."""
        if not item.steps:
            return stream
        known = stream is not None
        for _ in range(TRIES):
            past = self.services.log.load(stream) if stream else []
            steps = missing(item, past)
            if not steps:
                break
            address = stream or uuid7()
            outcomes = self._issue(item.file, address, steps)
            first = outcomes[0]
            if not past and isinstance(first, ValueTaken):
                # Another run was quicker, or a record of that name was here before.
                if first.field != "external_id":
                    item.note(
                        steps[0].line,
                        "mended",
                        f"{first.field}: another record has it, so that one was taken",
                    )
                stream = first.holder
                continue
            if any(isinstance(one, PASSING) for one in outcomes):
                stream = address if any(isinstance(one, Receipt) for one in outcomes) else stream
                threading.Event().wait(WAIT)
                continue
            if not past and not isinstance(first, Receipt):
                self._refuse(item, first)
                return None
            stream = address
            self._tell(item, steps, outcomes)
            break
        else:
            raise ImportStopped(
                "The event log cannot be reached. Run the same command again when it can: it goes on "
                "where it stopped, and doubles nothing."
            )
        with self._lock:
            self.counts[f"{kind.AGGREGATE} known" if known else kind.AGGREGATE] += 1
        return stream

    def _issue(
        self, file: str, stream: UUID, steps: Sequence[Step]
    ) -> list[Receipt | Rejected | StoreError]:
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

    def _refuse(self, item: Item, why: Receipt | Rejected | StoreError) -> None:
        """Nothing of the record was taken."""
        first, *rest = item.lines
        item.note(first, "not_taken", str(why))
        for line in rest:
            item.note(line, "not_taken", "the record could not be opened")

    def _tell(
        self,
        item: Item,
        steps: Sequence[Step],
        outcomes: Sequence[Receipt | Rejected | StoreError],
    ) -> None:
        stored = 0
        for step, outcome in zip(steps, outcomes, strict=True):
            if isinstance(outcome, Receipt):
                stored += 1
            else:
                item.note(step.line, "not_taken", str(outcome))
        with self._lock:
            self.counts["commands"] += stored
