"""Verifying a range of positions: dense, times never going back, and each entry the one that is in
the tree. The leaf hashes go to whoever builds the tree of all ranges.
"""

import hashlib
import struct
from collections.abc import Sequence
from itertools import islice, starmap
from typing import Final, NamedTuple

from store.database import Connection
from store.transparency import tiles
from store.transparency.merkle import HASH_BYTES
from store.transparency.stored import read_tile
from store.verify.bench import Bench
from store.verify.found import Tell, Verified
from store.verify.rows import raw_rows

WIDTH: Final = 32 * tiles.WIDTH
"""Entries of a range: whole tiles, so that their roots can be joined."""

_ADDRESS: Final = struct.Struct(">2x 4xq 4xq")
_BODY: Final = _ADDRESS.size + 4
_TIME: Final = slice(_ADDRESS.size - 8, _ADDRESS.size)
TILE_BYTES: Final = tiles.WIDTH * HASH_BYTES
_Addresses = Sequence[tuple[int, int]]
"""What an :class:`Address` is made of: for most entries none is needed."""


class Address(NamedTuple):
    """Where an entry stands, and when it was recorded."""

    position: int
    recorded_at: int


class Leaves(NamedTuple):
    """What a range brings to the tree."""

    found: Verified
    first: Address | None
    last: Address | None
    """The first and last entry; None if the range has none."""
    hashes: bytes
    """Of the entries from the beginning of the range on, as far as they are known: for those that
    are missing, as they are in the tree.
    """
    tops: list[bytes]
    """The root of each full tile of them."""
    differs: int | None
    """The first position whose entry is not the one that is in the tree."""


class Positions(NamedTuple):
    """The entries after ``low`` and up to ``high``, both included in no other range; the first
    range begins before, and the last one (``high`` is None) ends after every entry.
    """

    low: int
    high: int | None

    def run(self, bench: Bench) -> Leaves:
        """Go through them."""
        return _Range(self, bench).run()


class _Range:
    def __init__(self, task: Positions, bench: Bench) -> None:
        self._task, self._bench = task, bench
        self._found = bench.found()
        self._tree = _Integrated(bench.other, bench.moment.integrated)
        self._hashes = bytearray()
        self._next = task.low + 1
        """The position whose hash is to come."""
        self._last: Address | None = None
        self._differs: int | None = None

    def run(self) -> Leaves:
        low, high = self._task
        rows = raw_rows(self._bench.ranges, _query(low, high))
        first = None
        while some := [*islice(rows, tiles.WIDTH)]:
            addresses = [*map(_ADDRESS.unpack_from, some)]
            first = first or Address(*addresses[0])
            if not self._is_next_tile(addresses, some):
                self._one_by_one(addresses, some)
            self._last = Address(*addresses[-1])
        if high is not None and high < self._bench.moment.head:
            self._stand_in(high + 1)  # for those that are missing before the next range
        hashes = bytes(self._hashes)
        whole = range(0, len(hashes) - TILE_BYTES + 1, TILE_BYTES)
        tops = [tiles.root_of_full(hashes[at : at + TILE_BYTES]) for at in whole]
        return Leaves(self._found, first, self._last, hashes, tops, self._differs)

    def _is_next_tile(self, addresses: _Addresses, rows: Sequence[bytes]) -> bool:
        """Take entries at once, if they are those of the next tile and nothing is wrong."""
        index, place = divmod(self._next - 1, tiles.WIDTH)
        positions, times = zip(*addresses, strict=True)
        if place or positions != (*range(self._next, self._next + tiles.WIDTH),):
            return False
        since = self._last.recorded_at if self._last else times[0]
        if [since, *times] != sorted((since, *times)):
            return False
        hashes = b"".join(map(_leaf, rows))
        if hashes != self._tree.tile(index):
            return False
        self._hashes += hashes
        self._next += tiles.WIDTH
        return True

    def _one_by_one(self, addresses: _Addresses, rows: Sequence[bytes]) -> None:
        last = self._last
        for here, row in zip(starmap(Address, addresses), rows, strict=True):
            if last is not None:
                compare(last, here, self._found.tell)
            self._take(here.position, row)
            last = here

    def _take(self, position: int, row: bytes) -> None:
        if position != self._next:
            self._stand_in(position)
            if position != self._next:
                return
        mine = _leaf(row)
        held = self._tree.leaf(position)
        if held and held != mine:
            self._differs = self._differs or position
            self._found.tell(position, "The entry is not the one that was brought into the tree.")
        if not held and position <= self._tree.size:
            index, place = divmod(position - 1, tiles.WIDTH)
            if not place:
                self._found.tell(
                    position, f"The tile 0/{index}, of this entry and those after, is gone."
                )
        self._hashes += mine
        self._next += 1

    def _stand_in(self, position: int) -> None:
        """Those that are missing before a position, which is told elsewhere, stand as they are in
        the tree: what comes after them is not to blame.
        """
        while self._next < position and (held := self._tree.leaf(self._next)):
            self._hashes += held
            self._next += 1


class _Integrated:
    """The leaves as they are in the tree."""

    def __init__(self, connection: Connection, size: int) -> None:
        self._connection, self.size = connection, size
        self._index, self._hashes = -1, b""
        """The tile of level 0 that was read last."""

    def leaf(self, position: int) -> bytes:
        """The hash of an entry; none if there is no such."""
        if position > self.size:
            return b""
        index, place = divmod(position - 1, tiles.WIDTH)
        return self.tile(index)[place * HASH_BYTES : (place + 1) * HASH_BYTES]

    def tile(self, index: int) -> bytes:
        """The hashes of a tile of leaves; none if it is not there."""
        if index != self._index:
            self._index, self._hashes = index, read_tile(self._connection, 0, index)
        return self._hashes


def _leaf(row: bytes) -> bytes:
    """The hash of an entry, as :func:`store.codec.leaf_hash` has it."""
    return hashlib.sha256(b"\x00" + row[_TIME] + row[_BODY:]).digest()


def compare(before: Address, here: Address, tell: Tell) -> None:
    """An entry against the one in front of it."""
    position, last = here.position, before.position
    if position == last:
        tell(position, "Two entries stand at this position.")
    elif position != last + 1:
        gap = f"{last + 1}" if position == last + 2 else f"{last + 1} to {position - 1}"
        tell(position, f"No entry stands at {gap}, before this one.")
    if here.recorded_at < before.recorded_at:
        tell(position, "The entry was recorded before the one in front of it.")


def position_ranges(count: int) -> list[Positions]:
    """The ranges of a log of so many entries."""
    lows = [*range(0, max(count, 1), WIDTH)]
    return [Positions(low, low + WIDTH) for low in lows[:-1]] + [Positions(lows[-1], None)]


def _query(low: int, high: int | None) -> str:
    bounds = [f"position > {low}"] if low else []
    bounds += [] if high is None else [f"position <= {high}"]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return f"SELECT position, recorded_at, body FROM events{where} ORDER BY position"
