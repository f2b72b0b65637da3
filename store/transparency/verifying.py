"""Verifying the tree from the raw entries: every leaf, every tile, every checkpoint, and the
checkpoint that is kept outside the database.
"""

from collections.abc import Callable, Iterator
from typing import Any

from store.codec import leaf_entry
from store.database import Connection
from store.transparency import merkle, tiles
from store.transparency.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from store.transparency.notes import ID_BYTES, Checkpoint, NoteError, opened, parts, signature_of
from store.transparency.signing import SigningKeys
from store.transparency.stored import read_tile

Tell = Callable[[int | None, str], None]
"""Takes a position and what is wrong there."""


class Tree:
    """Takes the entries in the order of their positions and compares as it goes."""

    def __init__(
        self, connection: Connection, signing: SigningKeys, outside: str | None, tell: Tell
    ) -> None:
        self._connection, self._tell = connection, tell
        self._stack: list[tuple[int, bytes]] = []
        """The complete subtrees so far, largest first, as (level, hash)."""
        self._size = 0
        self._held = -1, b""
        """The tile of level 0 that was read last, by its index."""
        self._is_whole = True
        """Whether every leaf so far is the one that was integrated."""
        self._verifiers = signing.verifiers(connection)
        self._checkpoints = self._signed()
        self._due = next(self._checkpoints, None)
        self._end = self._integrated()
        self._outside = self._open(outside, "The checkpoint kept outside the database")

    def add(self, position: int, recorded_at: int, body: str) -> None:
        """The next entry. Those that are missing before it, which whoever calls has told, stand as
        they are in the tree: what comes after them is not to blame.
        """
        while self._size + 1 < position and (held := self._integrated_leaf(self._size)):
            self._take(held)
        if position == self._size + 1:
            hashed = leaf_hash(leaf_entry(recorded_at, body.encode()))
            if position <= self._end:
                self._compare_leaf(position, hashed)
            self._take(hashed)

    def _take(self, hashed: bytes) -> None:
        self._size += 1
        level = 0
        while self._stack and self._stack[-1][0] == level:
            _, left = self._stack.pop()
            hashed, level = node_hash(left, hashed), level + 1
        self._stack.append((level, hashed))
        while self._due is not None and self._due.size <= self._size:
            self._compare_root(self._due, "The checkpoint")
            self._due = next(self._checkpoints, None)
        if self._outside is not None and self._outside.size == self._size:
            self._compare_root(self._outside, "The checkpoint kept outside the database")

    def finish(self) -> None:
        """All entries have come."""
        while self._due is not None:
            self._beyond(self._due, "A checkpoint")
            self._due = next(self._checkpoints, None)
        if self._outside is not None and self._outside.size > self._size:
            self._beyond(self._outside, "The checkpoint kept outside the database")
        elif self._outside is not None and self._outside.size > self._end:
            self._tell(
                None,
                f"The tree is of {self._end:,} entries, but the checkpoint kept outside the "
                f"database of {self._outside.size:,}.",
            )
        self._compare_tiles()

    def _beyond(self, checkpoint: Checkpoint, what: str) -> None:
        self._tell(self._size, f"{what} is of {checkpoint.size:,} entries, but the log ends here.")

    def _compare_root(self, checkpoint: Checkpoint, what: str) -> None:
        found = b""
        for _, hashed in reversed(self._stack):
            found = node_hash(hashed, found) if found else hashed
        if checkpoint.size != self._size or checkpoint.root != (found or EMPTY_ROOT):
            because = "" if self._is_whole else ", as an entry before it is not what it was"
            self._tell(
                checkpoint.size,
                f"{what} of {checkpoint.size:,} entries has another root than they{because}.",
            )

    def _compare_leaf(self, position: int, mine: bytes) -> None:
        """An entry's hash against what was integrated."""
        held = self._integrated_leaf(position - 1)
        if held and held != mine:
            self._is_whole = False
            self._tell(position, "The entry is not the one that was brought into the tree.")
        index, place = divmod(position - 1, tiles.WIDTH)
        if not held and not place:
            self._tell(position, f"The tile 0/{index}, of this entry and those after, is gone.")

    def _compare_tiles(self) -> None:
        """Every tile is there, as wide as it is to be, and its parent holds its root."""
        level = 0
        while (count := self._end >> tiles.HEIGHT * level) or level == 0:
            last = -(-count // tiles.WIDTH)
            held = {row[0]: bytes(row[1]) for row in self._above(level)}
            for index, hashes in self._level(level):
                width = tiles.width_of(level, index, self._end)
                name = f"The tile {level}/{index}"
                if index >= last:
                    self._tell(None, f"{name} is beyond the end of the tree.")
                elif len(hashes) != width * HASH_BYTES:
                    self._tell(None, f"{name} does not hold {width} hashes.")
                elif width == tiles.WIDTH:
                    above, place = divmod(index, tiles.WIDTH)
                    here = slice(place * HASH_BYTES, (place + 1) * HASH_BYTES)
                    if merkle.root_of(tiles.split(hashes)) != held.get(above, b"")[here]:
                        self._tell(None, f"{name} does not hash to what the tile above it says.")
            have = self._count(level)
            if have < last:
                self._tell(None, f"The tree lacks {last - have} of the tiles of level {level}.")
            level += 1
        row = self._connection.execute(
            "SELECT count(*) FROM tiles WHERE level >= %s", [level]
        ).fetchone()
        if row is not None and row[0]:
            self._tell(None, f"{row[0]} tiles are higher than the tree.")

    def _signed(self) -> Iterator[Checkpoint]:
        """The checkpoints that can be believed, in the order of their size."""
        last_number = last_size = 0
        rows = self._connection.cursor("checkpoints_verified")
        with rows:
            rows.execute("SELECT number, size, note FROM checkpoints ORDER BY number")
            for number, size, note in rows:
                if number != last_number + 1:
                    self._tell(size, f"A checkpoint before number {number} is missing.")
                if size <= last_size:
                    self._tell(size, f"The checkpoint {number} is not larger than the one before.")
                last_number = number
                found = self._open(note, f"The checkpoint {number}")
                if found is None:
                    continue
                if found.size != size:
                    self._tell(size, f"The checkpoint {number} is of {found.size:,} entries.")
                elif size > last_size:
                    last_size = size
                    yield found

    def _open(self, note: str | None, what: str) -> Checkpoint | None:
        if note is None:
            return None
        try:
            text, _ = opened(note, self._verifiers)
            if self._has_strangers(note):
                self._tell(None, f"{what} has a signature of the log's by a key that is not its.")
            return Checkpoint.parse(text)
        except NoteError as wrong:
            self._tell(None, f"{what} cannot be believed: {wrong}")
            return None

    def _has_strangers(self, note: str) -> bool:
        """Whether a line has the log's name without a key of its, or the other way round."""
        names = {one.name for one in self._verifiers}
        keys = {one.key_id for one in self._verifiers}
        lines = [signature_of(line) for line in parts(note)[1]]
        return any((name in names) != (found[:ID_BYTES] in keys) for name, found in lines)

    def _integrated(self) -> int:
        row = self._connection.execute("SELECT max(size) FROM checkpoints").fetchone()
        return row[0] or 0 if row else 0

    def _integrated_leaf(self, number: int) -> bytes:
        """A leaf as it is in the tree; none if there is no such."""
        index, place = divmod(number, tiles.WIDTH)
        if self._held[0] != index:
            self._held = index, read_tile(self._connection, 0, index)
        return self._held[1][place * HASH_BYTES : (place + 1) * HASH_BYTES]

    def _level(self, level: int) -> Iterator[tuple[int, bytes]]:
        with self._connection.cursor(f"tiles_{level}") as rows:
            rows.execute(
                "SELECT index, hashes FROM tiles WHERE level = %s ORDER BY index",
                [level],
                binary=True,
            )
            yield from rows

    def _above(self, level: int) -> list[Any]:
        return self._connection.execute(
            "SELECT index, hashes FROM tiles WHERE level = %s", [level + 1], binary=True
        ).fetchall()

    def _count(self, level: int) -> int:
        row = self._connection.execute(
            "SELECT count(*) FROM tiles WHERE level = %s", [level]
        ).fetchone()
        return row[0] if row else 0
