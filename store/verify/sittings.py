"""What is remembered of a verification that was interrupted, outside the database: which ranges of
streams were gone through, and a digest over all that was looked at in each.

A range is only passed over if it has that digest again; so what changed meanwhile, by whomever, is
looked at anew. A range in which something is wrong is not remembered. The file is bound to the
tenant, the release and the epoch by a MAC under a key of the epoch, and gone when all is done.
"""

import hmac
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from uuid import UUID

import orjson

from store import durable_files
from store.database import home
from store.epoch_keys import keyed_hash
from store.event_log import EventLog
from store.verify.found import Verified
from store.verify.streams import Checked, Streams

FOLDER: Final = "verify"
"""Below ``KEPT_HOME``."""
FORMAT: Final = "kept-verify/1"
SAVE_EVERY: Final = 1.0
"""Seconds between two times that the file is written: what a kill costs at most."""
_COUNTS: Final = ("events", "streams", "rows", "erased")


@dataclass
class Sitting:
    """Of one tenant, from its beginning, however often it was interrupted."""

    begun: int
    """Microseconds since 1970-01-01 UTC."""
    head: int
    """Where the log stood when it began."""
    cuts: list[str]
    """Between the ranges; ids, of no record."""
    ranges: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Digest and counts of those that were gone through, by where they begin."""

    @property
    def done(self) -> float:
        """The share of the log that was gone through."""
        events: int = sum(one["events"] for one in self.ranges.values())
        return min(events / max(self.head, 1), 1.0)

    def boundaries(self) -> list[UUID]:
        """The cuts."""
        return [UUID(one) for one in self.cuts]

    def known(self, task: Streams) -> Streams:
        """The range, with what is known of it."""
        one = self.ranges.get(_key(task))
        if one is None or one["until"] != str(task.high):
            return task
        counts = Verified(**{name: one[name] for name in _COUNTS})
        return task._replace(known=Checked(counts, one["digest"], True))


class Remembered:
    """Keeps a tenant's file."""

    def __init__(self, log: EventLog) -> None:
        self._path = home() / FOLDER / f"{log.tenant.name}.json"
        self._key = log.keys.epochs.secret("verifying")
        self._bound = (FORMAT, log.tenant.name, _release(), _values_key(log))
        self._saved = time.monotonic()

    def load(self) -> Sitting | None:
        """The sitting that was interrupted; None if there is none that can be believed."""
        text = durable_files.read(self._path)
        if text is None:
            return None
        mac, _, body = text.partition(b"\n")
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        return Sitting(**orjson.loads(body))

    def take(self, sitting: Sitting, task: Streams, checked: Checked) -> None:
        """A range was gone through."""
        if checked.found.fault_count:
            sitting.ranges.pop(_key(task), None)
            return
        counts = {name: getattr(checked.found, name) for name in _COUNTS}
        sitting.ranges[_key(task)] = counts | {
            "digest": checked.digest,
            "until": str(task.high),
        }
        if time.monotonic() - self._saved > SAVE_EVERY:
            self.save(sitting)

    def save(self, sitting: Sitting) -> None:
        """Write down how far it is, if it is anywhere."""
        if sitting.ranges:
            body = orjson.dumps(asdict(sitting))
            durable_files.write(self._path, self._mac(body) + b"\n" + body)
        self._saved = time.monotonic()

    def forget(self) -> None:
        """There is nothing to go on with."""
        if self._path.exists():
            self._path.unlink(missing_ok=True)
            durable_files.sync(self._path.parent)

    def _mac(self, body: bytes) -> bytes:
        return keyed_hash(self._key, *self._bound, body.decode("utf-8", "replace")).hex().encode()


def cut(tasks: Sequence[Streams]) -> list[str]:
    """Where these ranges meet."""
    return [str(one.low) for one in tasks if one.low is not None]


def _key(task: Streams) -> str:
    return str(task.low)


def _values_key(log: EventLog) -> str:
    """Says whether unique values are hashed under the same key as before, without saying which."""
    return log.keys.value_hash("verifying", "", "").hex()


def _release() -> str:
    try:
        return version("kept")
    except PackageNotFoundError:
        return ""
