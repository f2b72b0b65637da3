"""A batch of commands as one set of rows, in PostgreSQL's binary array format.

A set is stored by one statement a table, whatever the number of commands. Whether the commands fit
together (one may go on from what another of the batch will leave) is found out here, so that the
database has to check only what the batch needs of the log as it is.
"""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from uuid import UUID

from store.codec import leaf_hash

Entry = Mapping[str, Any]
"""A command as ``append`` takes it; :mod:`store.event_log` makes it."""

_HEADER: Final = struct.Struct("!5i")
_EMPTY: Final = struct.Struct("!3i")
"""An array without dimensions, which is how PostgreSQL has an empty one."""


class Packed:
    """An array that is already in its binary format."""

    ARRAY: ClassVar[int]
    ITEM: ClassVar[int]

    def __init__(self, items: Sequence[Any]) -> None:
        if items:
            self.data = _HEADER.pack(1, 0, self.ITEM, len(items), 1) + self.pack(items)
        else:
            self.data = _EMPTY.pack(0, 0, self.ITEM)

    @staticmethod
    def pack(items: Sequence[Any]) -> bytes:
        """The items' bytes, each after its length."""
        raise TypeError("a packed array says how its items are packed")


class Uuids(Packed):
    ARRAY, ITEM = 2951, 2950

    @staticmethod
    def pack(items: Sequence[UUID]) -> bytes:
        return b"".join([b"\0\0\0\x10" + one.int.to_bytes(16) for one in items])


class Integers(Packed):
    ARRAY, ITEM = 1007, 23

    @staticmethod
    def pack(items: Sequence[int]) -> bytes:
        return b"".join([b"\0\0\0\x04" + one.to_bytes(4) for one in items])


class Texts(Packed):
    ARRAY, ITEM = 1009, 25

    @staticmethod
    def pack(items: Sequence[str]) -> bytes:
        return b"".join([len(one).to_bytes(4) + one for one in map(str.encode, items)])


class Octets(Packed):
    """Bytes that come as hex."""

    ARRAY, ITEM = 1001, 17

    @staticmethod
    def pack(items: Sequence[str]) -> bytes:
        return b"".join([len(one).to_bytes(4) + one for one in map(bytes.fromhex, items)])


@dataclass
class _Set:
    """What the commands so far leave, and what they need of the log as it is."""

    needs: dict[UUID, int] = field(default_factory=dict)
    left: dict[UUID, int] = field(default_factory=dict)
    once: set[Any] = field(default_factory=set)
    """Claimed values, idempotency keys and subjects with a new key: none of them twice."""
    brought: set[UUID] = field(default_factory=set)

    def add(self, entry: Entry) -> bool:
        """Take a command into the set; False if it does not fit."""
        if entry.get("releases") or not entry["events"]:
            return False
        for read in entry["reads"]:
            stream, version = read["stream"], read["version"]
            if self.left.get(stream, self.needs.setdefault(stream, version)) != version:
                return False
        for event in entry["events"]:
            self.left[event["stream"]] = event["version"]
        return self._alone(entry)

    def _alone(self, entry: Entry) -> bool:
        claims, keys = entry.get("claims"), entry.get("new_keys")
        idempotency_key = entry.get("idempotency_key")
        if not (claims or keys or idempotency_key):
            return True
        tokens: list[Any] = [(one["aggregate"], one["field"], one["hash"]) for one in claims or ()]
        for key in keys or ():
            tokens.append((key["subject"], key["category"]))
            self.brought.add(key["key_id"])
        if idempotency_key:
            tokens.append(idempotency_key)
        fits = self.once.isdisjoint(tokens) and len({*tokens}) == len(tokens)
        self.once.update(tokens)
        return fits


def as_set(entries: Sequence[Entry]) -> list[Packed] | None:
    """The parameters of ``append_set``; None if the commands have to be stored one by one."""
    found = _Set()
    if not all(found.add(entry) for entry in entries):
        return None
    events = [event for entry in entries for event in entry["events"]]
    lasts: list[int] = []
    secrets: list[Mapping[str, Any]] = []
    numbers: list[int] = []
    for entry in entries:
        first = lasts[-1] if lasts else 0
        personal = entry.get("personal") or ()
        secrets += personal
        numbers += [first + one["n"] for one in personal]
        lasts.append(first + len(entry["events"]))
    keyed = [entry for entry in entries if "idempotency_key" in entry]
    keyed_lasts = [lasts[i] for i, entry in enumerate(entries) if "idempotency_key" in entry]
    new_keys = [key for entry in entries for key in entry.get("new_keys") or ()]
    claims = [claim for entry in entries for claim in entry.get("claims") or ()]
    live = {key for entry in entries for key in entry.get("live_keys") or ()} - found.brought
    return [
        Uuids([*found.needs]),
        Integers([*found.needs.values()]),
        *_columns(keyed, ("stream", Uuids), ("version", Integers)),
        Integers(keyed_lasts),
        *_columns(keyed, ("idempotency_key", Octets), ("request_hash", Octets)),
        *_columns(
            events, ("stream", Uuids), ("version", Integers), ("type", Texts), ("body", Texts)
        ),
        Integers(numbers),
        *_columns(secrets, ("subject", Uuids), ("category", Texts), ("key_id", Uuids)),
        *_columns(secrets, ("nonce", Octets), ("blind", Octets), ("ciphertext", Octets)),
        Uuids([*live]),
        *_columns(new_keys, ("key_id", Uuids), ("subject", Uuids), ("category", Texts)),
        *_columns(new_keys, ("epoch", Integers), ("wrapped", Octets)),
        *_columns(claims, ("aggregate", Texts), ("field", Texts)),
        *_columns(claims, ("hash", Octets), ("stream", Uuids)),
    ]


def receipts(
    entries: Sequence[Entry], before: int, recorded_us: int
) -> list[tuple[str, dict[str, Any]]]:
    """The outcomes of a stored set: what ``append`` would have answered."""
    outcomes = []
    position = before
    for entry in entries:
        position += len(entry["events"])
        detail = {
            "stream": entry["stream"],
            "version": entry["version"],
            "position": position,
            "recorded_at": recorded_us,
            "leaf_hash": leaf_hash(recorded_us, entry["events"][-1]["body"].encode()),
        }
        outcomes.append(("stored", detail))
    return outcomes


def size(entry: Entry) -> int:
    """About how many bytes a command takes on its way to the database."""
    total = 0
    for event in entry["events"]:
        total += len(event["body"])
    for one in entry.get("personal", ()):
        total += len(one["ciphertext"])
    return total


def _columns(
    rows: Iterable[Mapping[str, Any]], *columns: tuple[str, Callable[[Sequence[Any]], Packed]]
) -> list[Packed]:
    kept = [*rows]
    return [pack([row[name] for row in kept]) for name, pack in columns]
