"""The tree as the tables hold it: how large it is, its tiles, and the nodes that they make up."""

from collections.abc import Mapping

from store.database import Connection
from store.transparency import tiles
from store.transparency.merkle import Node


def size_of(connection: Connection) -> int:
    """How many entries have been integrated."""
    row = connection.execute("SELECT size FROM checkpoints ORDER BY number DESC LIMIT 1").fetchone()
    return row[0] if row else 0


def read_tile(connection: Connection, level: int, index: int) -> bytes:
    """The hashes of a tile; none if it is not there."""
    row = connection.execute(
        "SELECT hashes FROM tiles WHERE level = %s AND index = %s", [level, index], binary=True
    ).fetchone()
    return bytes(row[0]) if row else b""


def nodes(connection: Connection, fresh: Mapping[tuple[int, int], bytes] | None = None) -> Node:
    """The nodes of the tree; ``fresh`` holds tiles that are wider than the stored ones."""
    wider = fresh or {}
    return tiles.reader(
        lambda level, index: wider.get((level, index)) or read_tile(connection, level, index)
    )


def partial_tiles(connection: Connection, size: int) -> dict[int, bytes]:
    """The tile of each level that has begun and is not full."""
    found: dict[int, bytes] = {}
    level = 0
    while size >> tiles.HEIGHT * level:
        index, width = divmod(size >> tiles.HEIGHT * level, tiles.WIDTH)
        if width:
            found[level] = read_tile(connection, level, index)
        level += 1
    return found


def write_tiles(connection: Connection, changed: Mapping[tuple[int, int], bytes]) -> None:
    """Store tiles that are new or have grown."""
    connection.execute(
        "INSERT INTO tiles SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])"
        " ON CONFLICT (level, index) DO UPDATE SET hashes = EXCLUDED.hashes",
        [
            [level for level, _ in changed],
            [index for _, index in changed],
            [*changed.values()],
        ],
    )
