"""Seals of the read log 读取日志封印: what was read, by whom and for what, made provable.

The read log is a table beside the event log, for it grows with every read and ends with its
retention. A seal is an event of the event log and stays: it holds the Merkle root over a range of
reads. Each range is a record of its own, for one stream of all seals would soon be too long to
load.
"""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from domain.fields import Public
from domain.kernel import Aggregate, Event, replace, well_known

Number = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""Of a read, dense from 1."""
Root = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""32 bytes in hex."""
Days = Annotated[int, Field(ge=1, le=36_500)]


def seal_id(first: int) -> UUID:
    """The stream of the seal whose first read has this number: no read is sealed twice."""
    return well_known(f"read_seals/{first}")


class ReadSeal(Aggregate):
    AGGREGATE: ClassVar[str] = "read_seals"
    PREFIX: ClassVar[str] = "RS"
    PURPOSE: ClassVar[str] = "Proving who read whose data, and what for."
    PEOPLE: ClassVar[str] = "nobody: a seal holds numbers and hashes of reads"

    first: Public[int | None, "figure"] = None
    last: Public[int | None, "figure"] = None
    root: Public[str | None, "figure"] = None
    until: Public[datetime | None, "moment"] = None
    expired: Public[bool, "switch"] = False
    """Whether these reads, and all before them, were given up for deletion."""
    days: Public[int | None, "figure"] = None
    """How long they had been kept at least when they were."""


class ReadsSealed(Event):
    """The reads from ``first`` to ``last`` hash to this root."""

    first: Public[Number, "figure"]
    last: Public[Number, "figure"]
    root: Public[str, "figure"]
    """In hex, of the RFC 6962 tree whose leaves are ``read_at ‖ body``, as those of the log."""
    until: Public[AwareDatetime, "moment"]
    """When the last of them was read."""

    def evolve(self, seal: ReadSeal) -> ReadSeal:
        return replace(seal, **self.given())


class ReadsExpired(Event):
    """From now on the reads up to ``last`` may be missing: their time is over."""

    last: Public[Number, "figure"]
    days: Public[Days, "figure"]
    """How long reads were kept then."""

    def evolve(self, seal: ReadSeal) -> ReadSeal:
        return replace(seal, expired=True, days=self.days)
