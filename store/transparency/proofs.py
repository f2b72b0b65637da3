"""Proofs that leave the house: a bundle holds entries, their audit paths and a signed checkpoint,
and is checked by whoever has it, without a database and without us.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from store.codec import leaf_entry
from store.database import Connection
from store.errors import StoreError
from store.event_log import EventLog
from store.transparency import merkle, tiles
from store.transparency.merkle import ProofError
from store.transparency.notes import (
    Checkpoint,
    NoteError,
    Verifier,
    decoded,
    opened,
    signed,
    statement,
)
from store.transparency.signing import SigningKeys
from store.transparency.stored import nodes, read_tile, size_of
from store.transparency.tiles import Tile

FORMAT: Final = "kept-proof/1"
LENGTH_BYTES: Final = 2
"""Of the length before each entry of a bundle of tlog-tiles."""
MOST_ENTRIES: Final = 10_000
"""In one bundle."""


class NotIntegrated(StoreError):
    """The tree has not come so far yet; within a second it has."""

    retry_after = 1


class Transparency:
    """What a tenant's transparency log tells."""

    def __init__(self, log: EventLog, keys: SigningKeys) -> None:
        self._log, self.keys = log, keys

    def checkpoint(self) -> str | None:
        """The newest checkpoint, as a signed note; None before the first one."""
        with self._borrowed() as connection:
            row = connection.execute(
                "SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1"
            ).fetchone()
        return row[0] if row else None

    def vkeys(self) -> list[str]:
        """The keys that its checkpoints verify with, the newest first."""
        with self._borrowed() as connection:
            return [one.vkey for one in self.keys.verifiers(connection)]

    def tile(self, tile: Tile) -> bytes | None:
        """A tile's hashes, or a bundle of entries; None if the tree is not so wide."""
        with self._borrowed() as connection:
            size = size_of(connection)
            if tiles.width_of(tile.level or 0, tile.number, size) < tile.width:
                return None
            if tile.level is None:
                return self._entries(connection, tile)
            return read_tile(connection, tile.level, tile.number)[: tile.width * merkle.HASH_BYTES]

    def consistency(self, old: int, new: int | None = None) -> dict[str, Any]:
        """The proof that the newest tree, or that of a checkpoint, continues one of ``old``.

        Raises:
            ProofError: there are no such trees.
        """
        with self._borrowed() as connection:
            size = size_of(connection) if new is None else new
            if size > size_of(connection):
                raise ProofError(f"The tree has {size_of(connection):,} entries, not {size:,}.")
            node = nodes(connection)
            proof = merkle.consistency(old, size, node)
            roots = merkle.root(old, node), merkle.root(size, node)
        return {
            "old": {"size": old, "root": _text(roots[0])},
            "new": {"size": size, "root": _text(roots[1])},
            "proof": [_text(one) for one in proof],
        }

    def bundle(self, positions: Sequence[int]) -> dict[str, Any]:
        """Entries with their proofs under the newest checkpoint.

        Raises:
            ProofError: there are no such entries, or too many were asked for.
            NotIntegrated: they are too new.
        """
        if not positions or len(positions) > MOST_ENTRIES:
            raise ProofError(f"Ask for 1 to {MOST_ENTRIES:,} entries at once.")
        wanted = sorted({*positions})
        with self._borrowed() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            rows = connection.execute(
                "SELECT position, recorded_at, body FROM events WHERE position = ANY(%s)"
                " ORDER BY position",
                [wanted],
            ).fetchall()
            if len(rows) < len(wanted):
                missing = next(iter({*wanted} - {row[0] for row in rows}))
                raise ProofError(f"There is no entry at position {missing}.")
            size = size_of(connection)
            if wanted[-1] > size:
                raise NotIntegrated("This entry is not in the tree yet. Ask again in a second.")
            note = connection.execute(
                "SELECT note FROM checkpoints WHERE size = %s", [size]
            ).fetchone()
            node = nodes(connection)
            entries = [
                {
                    "position": position,
                    "recorded_at": recorded_at,
                    "body": body,
                    "proof": [_text(one) for one in merkle.inclusion(position - 1, size, node)],
                }
                for position, recorded_at, body in rows
            ]
            vkeys = [one.vkey for one in self.keys.verifiers(connection)]
        return {
            "format": FORMAT,
            "checkpoint": note[0] if note else "",
            "vkeys": vkeys,
            "entries": entries,
        }

    def sign(self, origin: str, title: str, document: bytes) -> tuple[str, list[str]]:
        """A document's signature, as a note of its :func:`statement`, and the keys that verify
        it.
        """
        with self._log.database.connect("projector", self._log.tenant.schema) as connection:
            signers = self.keys.signers(connection)
        note = signed(statement(origin, title, document), signers)
        return note, [one.verifier.vkey for one in signers]

    def _entries(self, connection: Connection, tile: Tile) -> bytes:
        first = tile.number * tiles.WIDTH
        rows = connection.execute(
            "SELECT recorded_at, body FROM events WHERE position > %s AND position <= %s"
            " ORDER BY position",
            [first, first + tile.width],
        ).fetchall()
        entries = [leaf_entry(recorded_at, body.encode()) for recorded_at, body in rows]
        return b"".join(len(one).to_bytes(LENGTH_BYTES) + one for one in entries)

    def _borrowed(self) -> Any:
        return self._log.database.borrow("writer", self._log.tenant.schema)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a bundle proves."""

    checkpoint: Checkpoint
    signed_by: tuple[str, ...]
    """The vkeys of those whose signature was checked, witnesses among them."""
    is_trusted: bool
    """Whether one of them was given by who checks; otherwise the bundle vouches for itself only."""
    positions: tuple[int, ...]


def check_bundle(bundle: Mapping[str, Any], trusted: Sequence[str] = ()) -> Checked:
    """Check a bundle by itself: the signature, and the path from each entry to the root.

    Raises:
        ProofError: it does not prove its entries; the text says which.
        NoteError: its checkpoint is not signed by one of the trusted keys (by one of its own, where
            none are given).
    """
    try:
        if bundle["format"] != FORMAT:
            raise ProofError(f"This is no proof of the form {FORMAT}.")
        note, own, entries = bundle["checkpoint"], bundle["vkeys"], bundle["entries"]
        text, signers = opened(note, [Verifier.parse(one) for one in trusted or own])
        checkpoint = Checkpoint.parse(text)
        for entry in entries:
            if type(entry["position"]) is not int or type(entry["recorded_at"]) is not int:
                raise TypeError  # JSON's true would pass for 1
            leaf = merkle.leaf_hash(leaf_entry(entry["recorded_at"], entry["body"].encode()))
            proof = [decoded(one) for one in entry["proof"]]
            try:
                merkle.check_inclusion(
                    leaf, entry["position"] - 1, checkpoint.size, proof, checkpoint.root
                )
            except ProofError as wrong:
                raise ProofError(f"Entry {entry['position']}: {wrong}") from None
        positions = tuple(entry["position"] for entry in entries)
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as wrong:
        if isinstance(wrong, ProofError | NoteError):
            raise
        raise ProofError("The file is no proof of Kept, or was damaged.") from None
    if not positions:
        raise ProofError("The proof holds no entries, so it proves nothing.")
    by = tuple(one.vkey for one, _ in signers)
    return Checked(checkpoint, by, bool(trusted), positions)


def _text(hashed: bytes) -> str:
    return base64.b64encode(hashed).decode()
