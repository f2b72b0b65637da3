"""The integrator: brings what was appended into the tree, and signs a checkpoint of it.

Sequencing is in the commit, integrating beside it, in batches, at most a second behind. One process
leads, by a lease; tiles and checkpoint of a batch are one transaction.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from store.database import Connection
from store.errors import StoreError
from store.event_log import EventLog
from store.tracking import Tracking
from store.transparency import merkle, retained, tiles
from store.transparency.notes import Checkpoint, NoteError, opened, signed
from store.transparency.signing import SigningKeys
from store.transparency.stored import nodes, partial_tiles, size_of, write_tiles

LEASE: Final = "integrator"
BATCH: Final = 65_536
"""Entries between two checkpoints at most."""
PAUSE: Final = 0.3
"""Seconds between two checkpoints at least, or a busy log would sign each of its entries."""
POLL: Final = 0.5
"""Seconds after which the log is looked at even if nobody woke the integrator."""
RETRY: Final = 0.5
LOOK: Final = 0.05
PATIENCE: Final = 10.0
"""Seconds in which a leader elsewhere has brought in what is there, or does not live."""
POLL_DAMAGED: Final = 30.0
"""Seconds after which a tree that is not to be continued is looked at again."""

log = logging.getLogger(__name__)

# The database hashes: the entries need not be brought here for it.
_LEAVES: Final = (
    "SELECT count(*), string_agg(sha256('\\x00'::bytea || int8send(recorded_at)"
    " || convert_to(body, 'UTF8')), ''::bytea ORDER BY position)"
    " FROM events WHERE position > %s AND position <= %s"
)


class TreeDamaged(StoreError):
    """Going on would sign what contradicts an earlier checkpoint. The text says what to do."""


class Integrator:
    """Keeps the tree of one tenant. :meth:`run` until stopped, or :meth:`catch_up` once."""

    def __init__(self, event_log: EventLog, keys: SigningKeys) -> None:
        self._log, self._keys = event_log, keys
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._listeners: list[Callable[[str], None]] = []
        event_log.on_commit(lambda _: self._wake.set())

    def on_checkpoint(self, listener: Callable[[str], None]) -> None:
        """Call ``listener(note)`` after each checkpoint that was signed here."""
        self._listeners.append(listener)

    def wake(self) -> None:
        """Something was appended."""
        self._wake.set()

    def run(self) -> None:
        """Follow the log until :meth:`stop`; reconnects by itself."""
        while not self._stopping.is_set():
            try:
                with self._connected() as connection:
                    self._follow(connection)
            except TreeDamaged as damaged:
                log.error("%s", damaged)
                self._stopping.wait(POLL_DAMAGED)
            except Exception as lost:  # whatever it is, the tree must not stop for good
                log.warning("the integrator starts over: %s", type(lost).__name__)
                self._stopping.wait(RETRY)

    def stop(self) -> None:
        """Let :meth:`run` return after the batch in hand."""
        self._stopping.set()
        self._wake.set()

    def catch_up(self) -> int:
        """Integrate everything that is in the log now, unless another process is at it; gives the
        size of the tree.

        Raises:
            TreeDamaged: it would contradict an earlier checkpoint.
        """
        with self._connected() as connection:
            return self._catch_up(connection)

    def wait_for(self, size: int, timeout: float = PATIENCE) -> bool:
        """Wait until so many entries are in the tree, whoever brings them in; False if they are not
        in time.
        """
        deadline = time.monotonic() + timeout
        with self._connected() as connection:
            while self._catch_up(connection) < size:
                if time.monotonic() > deadline:
                    return False
                self._stopping.wait(LOOK)  # another process leads; nothing tells how far it is
        return True

    def _catch_up(self, connection: Connection) -> int:
        if Tracking(connection).lease(LEASE):
            self._check_ground(connection)
            while self._integrate(connection):
                pass
        return size_of(connection)

    def _connected(self) -> Connection:
        return self._log.database.connect("projector", self._log.tenant.schema)

    def _follow(self, connection: Connection) -> None:
        while not Tracking(connection).lease(LEASE):
            if self._stopping.wait(POLL):
                return
        self._check_ground(connection)
        while not self._stopping.is_set():
            self._wake.clear()
            if self._integrate(connection):
                self._stopping.wait(PAUSE)
            else:
                self._wake.wait(POLL)

    def _check_ground(self, connection: Connection) -> None:
        """The tree is the one that was signed last, in the database and, by what is kept outside
        of it, before the database was perhaps put back.
        """
        size, head = size_of(connection), Tracking(connection).head()
        if head < size:
            raise TreeDamaged(
                f"The log ends at {head:,}, but its tree at {size:,}: entries were taken away. "
                "Nothing is signed until they are back."
            )
        node = nodes(connection)
        row = connection.execute("SELECT note FROM checkpoints WHERE size = %s", [size]).fetchone()
        newest = self._said(connection, row[0]) if row else None
        if newest is not None and newest.size != size:
            raise TreeDamaged(
                f"The newest checkpoint is of {newest.size:,} entries instead of {size:,}. "
                "Find out more with: kept verify. Nothing is signed until then."
            )
        note = retained.kept(self._log.tenant)
        outside = self._said(connection, note) if note else None
        for said in filter(None, {newest, outside}):
            if said.size > size:
                raise TreeDamaged(
                    f"The tree ends at {size:,}, but a checkpoint of {said.size:,} entries was "
                    "signed before: the database was put back. Nothing is signed until it is whole."
                )
            if not _leads_to(said, node):
                raise TreeDamaged(
                    f"The tree is not the one that was signed at {said.size:,} entries. "
                    "Find out where with: kept verify. Nothing is signed until then."
                )

    def _said(self, connection: Connection, note: str) -> Checkpoint:
        try:
            text, _ = opened(note, self._keys.verifiers(connection))
            return Checkpoint.parse(text)
        except NoteError as wrong:
            raise TreeDamaged(
                f"The last checkpoint cannot be believed: {wrong} "
                "Find out more with: kept verify. Nothing is signed until then."
            ) from None

    def _integrate(self, connection: Connection) -> int:
        """Bring the next entries into the tree; gives how many there were."""
        with connection.transaction():
            size = size_of(connection)
            head = Tracking(connection).head()
            if head == size:
                return 0
            self._check_ground(connection)
            to = min(head, size + BATCH)
            row = connection.execute(_LEAVES, [size, to], binary=True).fetchone()
            if row is None or row[0] != to - size:
                raise LookupError("positions are not dense")
            changed = tiles.grown(size, partial_tiles(connection, size), row[1])
            write_tiles(connection, changed)
            note = self._sign(connection, to, changed)
        retained.keep(self._log.tenant, note)
        for listener in self._listeners:
            listener(note)
        return to - size

    def _sign(
        self, connection: Connection, size: int, fresh: Mapping[tuple[int, int], bytes]
    ) -> str:
        root = merkle.root(size, nodes(connection, fresh))
        checkpoint = Checkpoint(self._keys.origin(connection), size, root)
        note = signed(checkpoint.text, self._keys.signers(connection))
        connection.execute(
            "INSERT INTO checkpoints (number, size, note)"
            " SELECT coalesce(max(number), 0) + 1, %s, %s FROM checkpoints",
            [size, note],
        )
        return note


def _leads_to(said: Checkpoint, node: merkle.Node) -> bool:
    try:
        return merkle.root(said.size, node) == said.root
    except LookupError:  # a tile is gone, or too short
        return False
