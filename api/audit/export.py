"""Writing the audit trail: the facts in the wanted formats, sealed with their proofs."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from api.audit.facts import Asked, facts
from api.audit.formats import FORMATS
from api.audit.sealing import AUDIT, Progress, made_by, seal
from api.services import Services
from projections.readers import Reader

REPORT_EVERY: Final = 200


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    rows: int
    entries: int
    size: int
    """Of the tree that proves them."""


def export(
    services: Services,
    reader: Reader,
    asked: Asked,
    formats: Sequence[str],
    path: Path,
    progress: Progress = lambda what, done, of: None,
) -> Exported:
    """Write the facts to a ZIP file; it is there whole, or not at all."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".kept-audit-") as work:
        folder = Path(work)
        rows, positions = _write_facts(services, reader, asked, formats, folder, progress)
        said = {
            "format": AUDIT,
            "made_by": made_by(reader),
            "asked": _said(asked),
            "rows": rows,
        }
        checkpoint = seal(services, folder, path, said, positions, progress)
    return Exported(rows, len(positions), checkpoint.size)


def _write_facts(
    services: Services,
    reader: Reader,
    asked: Asked,
    formats: Sequence[str],
    folder: Path,
    progress: Progress,
) -> tuple[int, list[int]]:
    """How many rows there are, and the positions of the entries behind them."""
    rows, seen = 0, set[int]()
    with ExitStack() as stack:
        writers = [
            stack.enter_context(FORMATS[one](folder / f"history.{one}"))
            for one in dict.fromkeys(formats)
        ]
        for fact in facts(services.gate, reader, asked):
            for writer in writers:
                writer.write(fact)
            seen.add(fact["position"])
            rows += 1
            if rows % REPORT_EVERY == 0:
                progress("facts", rows, 0)
    return rows, sorted(seen)


def _said(asked: Asked) -> dict[str, Any]:
    return {
        **{name: str(value) for name, value in asked.filters.items()},
        "since": asked.since and asked.since.isoformat(),
        "until": asked.until and asked.until.isoformat(),
    }
