"""Reads as of a date: the dated copies that lists and figures are read from, made on demand.

Whoever asks for a date that has no copy is answered 202 and comes again. One copy is made at a
time, by whatever process serves; of those that requests made, the least used goes when there are
too many.
"""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from projections import DERIVED, PROJECTIONS
from projections.dated_copies import copy_as_of
from projections.kernel import ReadModel
from projections.tables import table_of
from store import dated_copies, drafts
from store.database import Connection
from store.dated_copies import CopyError, CopyGone, DatedCopy, TooManyCopies, Wanted
from store.event_log import EventLog
from store.progress import Progress, untold
from store.recurring import Recurring

MOST_COPIES: Final = 4
"""Copies that requests made, of one tenant."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks for copies that were asked for."""
WORKERS: Final = 2
"""Processes that make a large one; whoever serves commands meanwhile needs the others."""
NOTE_EVERY: Final = timedelta(minutes=1)
"""Between two notes that a copy is used."""
NOTE_AFTER: Final = 1_000
"""Events that were looked through for late entries, after which that is noted."""


class Dating:
    """Of one tenant. :meth:`start` makes what is asked for until :meth:`close`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._recurring = Recurring("dated copies", self.make)
        models: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)
        self._shapes = " ".join(table_of(one).table + table_of(one).shape for one in models)

    def start(self) -> None:
        """Make copies that were asked for, in a thread of this process."""
        self._recurring.start(LOOK_EVERY)

    def close(self) -> None:
        """Stop after the part in hand; whoever looks next goes on with the rest."""
        self._recurring.close()

    def copy(self, as_of: datetime | None = None, as_known_at: datetime | None = None) -> DatedCopy:
        """The copy of these moments; ``made_at`` is None as long as it is not whole.

        Raises:
            TooManyCopies: it cannot be begun before others are whole.
        """
        at = min(one for one in (as_of, as_known_at) if one is not None)  # nothing is known ahead
        head, name = self._log.head(), self._name(at, as_known_at)
        with self._log.database.borrow("projector", self._log.tenant.schema) as connection:
            found = dated_copies.find(connection, name)
            if found is not None and self._serves(connection, found, head):
                return found
            others = [one for one in dated_copies.copies(connection) if one.by_request]
        with suppress(CopyError):  # another request was faster
            if found is not None:
                self._drop(name)
            elif len(others) >= MOST_COPIES:
                self._make_room(others)
            return dated_copies.begin(self._log, Wanted(name, at, as_known_at, by_request=True))
        return self.copy(at, as_known_at)

    def shown(self, copy: DatedCopy) -> dict[str, Any]:
        """A copy as requests see it: how many of its parts are written, of how many."""
        done = of = 0
        if copy.made_at is None:
            with (
                suppress(CopyGone),
                dated_copies.reading(),
                self._log.database.connect(
                    "projector", self._log.tenant.dated(copy.name)
                ) as connection,
            ):
                begun = drafts.unfinished(connection)
                if begun is not None:
                    done, of = len(drafts.marked(connection)), len(begun.cuts) + 1
        return {
            "name": copy.name,
            "as_of": copy.as_of,
            "as_known_at": copy.as_known_at,
            "is_ready": copy.made_at is not None,
            "parts_done": done,
            "parts": of,
        }

    def find(self, name: str) -> DatedCopy | None:
        """The copy of this name."""
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            return dated_copies.find(connection, name)

    def make(self, progress: Progress = untold) -> None:
        """Make every copy that was asked for and is not whole, one after the other."""

        def go_on(what: str, done: int, of: int) -> None:
            if self._recurring.is_closing:
                raise CopyGone
            progress(what, done, of)

        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            found = dated_copies.copies(connection)
        for one in sorted(found, key=lambda copy: copy.begun_at):
            if one.by_request and one.made_at is None and not self._recurring.is_closing:
                wanted = Wanted(*one[:3], by_request=True)
                with suppress(CopyError):  # dropped meanwhile, or made by another process
                    copy_as_of(*(self._log, PROJECTIONS, DERIVED, wanted, go_on), workers=WORKERS)

    def _serves(self, connection: Connection, copy: DatedCopy, head: int) -> bool:
        """Whether it is what it would be if it were made now, or will be."""
        if copy.made_at is None:
            return True
        if dated_copies.is_late(connection, copy, head):
            return False
        if datetime.now(UTC) - copy.used_at > NOTE_EVERY or head - copy.checked > NOTE_AFTER:
            dated_copies.used(connection, copy.name, head)
        return True

    def _make_room(self, others: list[DatedCopy]) -> None:
        whole = [one for one in others if one.made_at is not None]
        if not whole:
            raise TooManyCopies
        self._drop(min(whole, key=lambda one: one.used_at).name)

    def _drop(self, name: str) -> None:
        dated_copies.drop(self._log.database, self._log.tenant, name)

    def _name(self, as_of: datetime, as_known_at: datetime | None) -> str:
        """One name for two moments, in every process; a release with other tables has others."""
        told = [str(one.astimezone(UTC)) for one in (as_of, as_known_at) if one is not None]
        digest = hashlib.sha256(" ".join((*told, self._shapes)).encode()).hexdigest()
        return f"r{digest[: dated_copies.LONGEST_NAME - 1]}"
