"""Verifying the tree from the raw entries: every leaf, every tile, every checkpoint, and the
checkpoint that is kept outside the database.
"""

from collections.abc import Callable, Iterator, Sequence

from store.database import Connection
from store.transparency import tiles
from store.transparency.merkle import EMPTY_ROOT, HASH_BYTES, node_hash
from store.transparency.notes import ID_BYTES, Checkpoint, NoteError, opened, parts, signature_of
from store.transparency.signing import SigningKeys

Tell = Callable[[int | None, str], None]
"""Takes a position and what is wrong there."""


class Tree:
    """Takes the leaf hashes in the order of their positions and compares as it goes."""

    def __init__(
        self, connection: Connection, signing: SigningKeys, outside: str | None, tell: Tell
    ) -> None:
        self._connection, self._tell = connection, tell
        self._stack: list[tuple[int, bytes]] = []
        """The complete subtrees so far, largest first, as (level, hash)."""
        self.size = 0
        self._differs: int | None = None
        """The first position whose entry is not the one that was integrated."""
        self._verifiers = signing.verifiers(connection)
        self._origin = self._named()
        self._checkpoints = self._signed()
        self._due = next(self._checkpoints, None)
        self.integrated = integrated(connection)
        self._outside = self._open(outside, "The checkpoint kept outside the database")

    def take(self, hashes: bytes, tops: Sequence[bytes], differs: int | None) -> None:
        """The next leaves, from the beginning of a tile on.

        Args:
            hashes: of 32 bytes, one after the other.
            tops: the root of each full tile of them.
            differs: the first position among them whose entry is not the one in the tree.
        """
        self._differs = self._differs or differs
        width = tiles.WIDTH * HASH_BYTES
        for number, at in enumerate(range(0, len(hashes), width)):
            if number < len(tops) and not self._is_wanted_within(tiles.WIDTH):
                self._push(tops[number], tiles.HEIGHT)
            else:
                for leaf in tiles.split(hashes[at : at + width]):
                    self._push(leaf, 0)

    def _is_wanted_within(self, count: int) -> bool:
        """Whether a root is compared before so many more leaves have come."""
        compared = [one.size for one in (self._due, self._outside) if one is not None]
        return any(self.size < size < self.size + count for size in compared)

    def _push(self, hashed: bytes, level: int) -> None:
        """The next subtree, of ``2**level`` leaves."""
        self.size += 1 << level
        while self._stack and self._stack[-1][0] == level:
            _, left = self._stack.pop()
            hashed, level = node_hash(left, hashed), level + 1
        self._stack.append((level, hashed))
        while self._due is not None and self._due.size <= self.size:
            self._compare_root(self._due, "The checkpoint")
            self._due = next(self._checkpoints, None)
        if self._outside is not None and self._outside.size == self.size:
            self._compare_root(self._outside, "The checkpoint kept outside the database")

    def finish(self) -> None:
        """All entries have come."""
        while self._due is not None:
            self._beyond(self._due, "A checkpoint")
            self._due = next(self._checkpoints, None)
        if self._outside is not None and self._outside.size > self.size:
            self._beyond(self._outside, "The checkpoint kept outside the database")
        elif self._outside is not None and self._outside.size > self.integrated:
            self._tell(
                None,
                f"The tree is of {self.integrated:,} entries, but the checkpoint kept outside the "
                f"database of {self._outside.size:,}.",
            )

    def _beyond(self, checkpoint: Checkpoint, what: str) -> None:
        self._tell(self.size, f"{what} is of {checkpoint.size:,} entries, but the log ends here.")

    def _compare_root(self, checkpoint: Checkpoint, what: str) -> None:
        found = b""
        for _, hashed in reversed(self._stack):
            found = node_hash(hashed, found) if found else hashed
        if checkpoint.size != self.size or checkpoint.root != (found or EMPTY_ROOT):
            is_whole = self._differs is None or self._differs > checkpoint.size
            because = "" if is_whole else ", as an entry before it is not what it was"
            self._tell(
                checkpoint.size,
                f"{what} of {checkpoint.size:,} entries has another root than they{because}.",
            )

    def _named(self) -> str | None:
        """The name under which the log is known, which is that of its keys too."""
        row = self._connection.execute("SELECT origin FROM tenant").fetchone()
        origin = row[0] if row else None
        for name in sorted({one.name for one in self._verifiers} - {origin}):
            self._tell(None, f"The log is named {origin}, but a signing key {name}.")
        return origin

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
            found = Checkpoint.parse(text)
            if found.origin != self._origin:
                self._tell(found.size, f"{what} is of another log, {found.origin}.")
            return found
        except NoteError as wrong:
            self._tell(None, f"{what} cannot be believed: {wrong}")
            return None

    def _has_strangers(self, note: str) -> bool:
        """Whether a line has the log's name without a key of its, or the other way round."""
        names = {one.name for one in self._verifiers}
        keys = {one.key_id for one in self._verifiers}
        lines = [signature_of(line) for line in parts(note)[1]]
        return any((name in names) != (found[:ID_BYTES] in keys) for name, found in lines)


def integrated(connection: Connection) -> int:
    """How many entries are said to be in the tree."""
    row = connection.execute("SELECT max(size) FROM checkpoints").fetchone()
    return row[0] or 0 if row else 0


def compare_tiles(connection: Connection, size: int, tell: Tell) -> None:
    """Every tile of a tree of so many leaves is there, as wide as it is to be, and its parent holds
    its root.
    """
    level = 0
    while (count := size >> tiles.HEIGHT * level) or level == 0:
        last = -(-count // tiles.WIDTH)
        above = {row[0]: bytes(row[1]) for row in _level(connection, level + 1)}
        have = 0
        for index, hashes in _level(connection, level):
            have += 1
            width = tiles.width_of(level, index, size)
            name = f"The tile {level}/{index}"
            if index >= last:
                tell(None, f"{name} is beyond the end of the tree.")
            elif len(hashes) != width * HASH_BYTES:
                tell(None, f"{name} does not hold {width} hashes.")
            elif width == tiles.WIDTH:
                parent, place = divmod(index, tiles.WIDTH)
                here = slice(place * HASH_BYTES, (place + 1) * HASH_BYTES)
                if tiles.root_of_full(bytes(hashes)) != above.get(parent, b"")[here]:
                    tell(None, f"{name} does not hash to what the tile above it says.")
        if have < last:
            tell(None, f"The tree lacks {last - have} of the tiles of level {level}.")
        level += 1
    row = connection.execute("SELECT count(*) FROM tiles WHERE level >= %s", [level]).fetchone()
    if row is not None and row[0]:
        tell(None, f"{row[0]} tiles are higher than the tree.")


def _level(connection: Connection, level: int) -> Iterator[tuple[int, bytes]]:
    with connection.cursor(f"tiles_{level}") as rows:
        rows.execute(
            "SELECT index, hashes FROM tiles WHERE level = %s ORDER BY index", [level], binary=True
        )
        yield from rows
