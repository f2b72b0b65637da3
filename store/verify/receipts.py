"""Verifying the receipts by which a repeated command is known: each is of an entry of the log."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from store import codec
from store.database import Connection
from store.verify.found import Tell

CHUNK: Final = 1_000
"""Receipts whose entries are looked up together."""


class _Said(NamedTuple):
    """What a receipt says: where its command's record stood after it, and its last entry."""

    stream: UUID
    version: int
    position: int
    recorded_at: int
    leaf_hash: str


def compare_receipts(connection: Connection, tell: Tell) -> int:
    """Compare each receipt with the log; gives how many there are."""
    count = 0
    with connection.cursor("receipts_verified") as rows:
        rows.execute("SELECT receipt FROM command_receipts ORDER BY client_and_key_hash")
        while chunk := rows.fetchmany(CHUNK):
            count += len(chunk)
            said = [_said(row[0]) for row in chunk]
            for _ in range(said.count(None)):
                tell(None, "A receipt of a command is not one of ours.")
            _compare([one for one in said if one is not None], connection, tell)
    return count


def _compare(receipts: Sequence[_Said], connection: Connection, tell: Tell) -> None:
    entries = {
        position: (stream, version, recorded_at, codec.leaf_hash(recorded_at, body.encode()))
        for position, stream, version, recorded_at, body in connection.execute(
            "SELECT position, stream, version, recorded_at, body FROM events"
            " WHERE position = ANY(%s::bigint[])",
            [[one.position for one in receipts]],
        )
    }
    places = {
        (stream, version): position
        for stream, version, position in connection.execute(
            "SELECT stream, version, position FROM events"
            " WHERE (stream, version) IN (SELECT * FROM unnest(%s::uuid[], %s::integer[]))",
            [[one.stream for one in receipts], [one.version for one in receipts]],
        )
    }
    for one in receipts:
        entry = entries.get(one.position)
        # Its last event may be of another record; its own is there by then.
        own = places.get((one.stream, one.version), 0 if one.version == 0 else one.position + 1)
        if entry is None:
            tell(one.position, "A receipt of a command is of this entry, which is not there.")
        elif entry[2:] != (one.recorded_at, one.leaf_hash):
            tell(one.position, "A receipt of a command is of another entry than stands here.")
        elif own > one.position or (one.stream == entry[0] and one.version != entry[1]):
            tell(one.position, "A receipt of a command names another record or version.")


def _said(receipt: Any) -> _Said | None:
    try:
        said = _Said(UUID(receipt["stream"]), *(receipt[name] for name in _Said._fields[1:]))
    except (TypeError, KeyError, ValueError, AttributeError):
        return None
    numbers: list[Any] = [*said[1:4]]
    if not all(isinstance(one, int) and 0 <= one < 1 << 63 for one in numbers):
        return None
    return said if said.version < 1 << 31 else None
