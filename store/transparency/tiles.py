"""The tree in tiles of 256 hashes, as C2SP tlog-tiles has them (https://c2sp.org/tlog-tiles).

Tile ``(level, number)`` holds the hashes of up to 256 complete subtrees of ``256**level`` leaves
each, from ``number * 256`` on. The last of a level may be partial, and then grows.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from store.transparency.merkle import HASH_BYTES, parents, root_of

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MOST_LEVEL: Final = 63
_PATH: Final = re.compile(
    r"(entries|0|[1-9]\d?)/((?:x\d{3}/){0,5}\d{3})(?:\.p/(0|[1-9]\d{0,2}))?", re.ASCII
)
"""Up to 18 digits; a log has no larger numbers, and an int should not be made of a whole URL."""


class Tile(NamedTuple):
    """Which tile, and how many of its hashes. ``level`` is None for a bundle of entries."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below ``tile/``."""
        level = "entries" if self.level is None else str(self.level)
        thousands = f"{self.number:d}"
        thousands = thousands.zfill(-(-len(thousands) // 3) * 3)
        parts = [thousands[at : at + 3] for at in range(0, len(thousands), 3)]
        number = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{level}/{number}{partial}"


def parse(path: str) -> Tile | None:
    """The tile that a path below ``tile/`` names; None if it names none."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level, number, width = found.groups()
    tile = Tile(
        None if level == "entries" else int(level),
        int(number.replace("x", "").replace("/", "")),
        WIDTH if width is None else int(width),
    )
    if (tile.level or 0) > MOST_LEVEL or not 0 < tile.width <= WIDTH or tile.path != path:
        return None  # written in a way that is not the one
    return tile


def width_of(level: int, index: int, size: int) -> int:
    """How many hashes a tile holds in a tree of so many leaves; 0 if there is no such tile yet."""
    return max(0, min((size >> HEIGHT * level) - index * WIDTH, WIDTH))


def reader(tile: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    """The nodes of a tree, read from its tiles: ``tile(level, index)`` gives one's hashes."""
    held = lru_cache(maxsize=256)(tile)

    @lru_cache(maxsize=4_096)
    def node(level: int, index: int) -> bytes:
        row, above = divmod(level, HEIGHT)
        first = index << above
        hashes = held(row, first // WIDTH)
        return root_of(split(hashes, first % WIDTH, 1 << above))

    return node


def split(hashes: bytes, first: int = 0, count: int | None = None) -> list[bytes]:
    """Hashes one after the other, as a list.

    Raises:
        LookupError: there are fewer.
    """
    last = len(hashes) // HASH_BYTES if count is None else first + count
    if last * HASH_BYTES > len(hashes):
        raise LookupError(f"A tile holds fewer than {last} hashes.")
    return [hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(first, last)]


def grown(size: int, held: Mapping[int, bytes], leaves: bytes) -> dict[tuple[int, int], bytes]:
    """The tiles that change when leaves are added to a tree of ``size``, with all their hashes.

    ``held`` gives the hashes of the partial tile of each level, where there is one.
    """
    changed: dict[tuple[int, int], bytes] = {}
    level, added = 0, leaves
    while added:
        index, offset = divmod(size >> HEIGHT * level, WIDTH)
        before = held.get(level, b"") if offset else b""
        if len(before) != offset * HASH_BYTES:
            raise LookupError(f"The partial tile {level}/{index} does not hold {offset} hashes.")
        row, complete = before + added, []
        for at in range(0, len(row), WIDTH * HASH_BYTES):
            hashes = row[at : at + WIDTH * HASH_BYTES]
            changed[(level, index)] = hashes
            if len(hashes) == WIDTH * HASH_BYTES:
                complete.append(root_of_full(hashes))
            index += 1
        level, added = level + 1, b"".join(complete)
    return changed


def root_of_full(hashes: bytes) -> bytes:
    """The root of a full tile."""
    row = hashes
    while len(row) > HASH_BYTES:
        row = parents(row)
    return row
