"""What an import says about its rows: which were not taken, which were mended, and why."""

import csv
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Literal, NamedTuple, Self

Outcome = Literal["not_taken", "mended", "incomplete", "unchanged"]
"""``incomplete``: taken as it is, though something one expects is missing. ``unchanged``: the row
brings nothing that Kept holds, so there was nothing to record."""

MOST_REASONS: Final = 500
"""Different reasons that the summary counts one by one; the report has every line in any case."""


class Note(NamedTuple):
    """One row of the report."""

    file: str
    line: int
    record: str
    """The row's id in the other system."""
    outcome: Outcome
    reason: str


class Report:
    """Counts notes, and writes each to a file (.csv or .jsonl) where one is wanted. Thread-safe.

    It is the same for every run over the same file: what was mended is told again by a run that
    found it recorded already, so that the report of the last run is whole.
    """

    def __init__(self, out: IO[str] | None = None, as_json: bool = False) -> None:
        self._out, self._as_json = out, as_json
        self._writer = csv.writer(out) if out is not None and not as_json else None
        self._lock = threading.Lock()
        self.outcomes: Counter[Outcome] = Counter()
        self.reasons: Counter[tuple[Outcome, str]] = Counter()
        if self._writer is not None:
            self._writer.writerow(Note._fields)

    @classmethod
    @contextmanager
    def to(cls, path: Path | None) -> Iterator[Self]:
        """A report that is written to ``path``; JSON lines where it ends in .jsonl."""
        if path is None:
            yield cls()
            return
        with path.open("w", encoding="utf-8", newline="") as out:
            yield cls(out, path.suffix == ".jsonl")

    def add(self, note: Note) -> None:
        """Take up one note."""
        with self._lock:
            self.outcomes[note.outcome] += 1
            reason = (note.outcome, note.reason)
            if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
                reason = (note.outcome, "other reasons, each of which the report names")
            self.reasons[reason] += 1
            if self._writer is not None:
                self._writer.writerow(note)
            elif self._out is not None:
                self._out.write(json.dumps(note._asdict(), ensure_ascii=False) + "\n")

    def summary(self) -> list[dict[str, Any]]:
        """How often each reason was given, the most frequent first."""
        return [
            {"outcome": outcome, "reason": reason, "rows": rows}
            for (outcome, reason), rows in self.reasons.most_common()
        ]
