"""What was gone through, and what is wrong: of the whole log, or of a part of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

MOST_FAULTS: Final = 100

Tell = Callable[[int | None, str], None]
"""Takes a position and what is wrong there."""


class Fault(NamedTuple):
    """What is wrong, and at which position; None where it is at none."""

    position: int | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence if self.position is None else f"{self.position}: {self.sentence}"


@dataclass(slots=True)
class Verified:
    """What was gone through, and what is wrong."""

    most_faults: int = MOST_FAULTS
    events: int = 0
    streams: int = 0
    rows: int = 0
    """Of personal data."""
    erased: int = 0
    """Commitments to rows that an erasure took away."""
    reads: int = 0
    """Entries of the read log."""
    receipts: int = 0
    """Of commands, by which a repeated one is known."""
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list)
    """The first of them."""

    def tell(self, position: int | None, sentence: str) -> None:
        """Something is wrong."""
        self.fault_count += 1
        if len(self.faults) < self.most_faults:
            self.faults.append(Fault(position, sentence))

    def add(self, part: "Verified") -> None:
        """Take in what was found in a further part of the log."""
        self.events += part.events
        self.streams += part.streams
        self.rows += part.rows
        self.erased += part.erased
        self.reads += part.reads
        self.receipts += part.receipts
        self.fault_count += part.fault_count
        self.faults += part.faults[: self.most_faults - len(self.faults)]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": self.fault_count == 0,
            "events": self.events,
            "streams": self.streams,
            "personal_rows": self.rows,
            "erased_rows": self.erased,
            "reads": self.reads,
            "receipts": self.receipts,
            "fault_count": self.fault_count,
            "faults": [one._asdict() for one in self.faults],
        }
