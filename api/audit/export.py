"""Writing the audit trail: the facts in the wanted formats, sealed with their proofs."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from api.audit.as_pdf import Cover, PdfWriter
from api.audit.facts import Asked, facts
from api.audit.formats import CsvWriter, ExcelWriter, OcsfWriter, Writer
from api.audit.sealing import AUDIT, covering, made_by, seal
from api.audit.words import PURPOSES
from api.services import Services
from domain.envelope import SYSTEM
from projections.readers import Reader
from projections.words import WORDS
from projections.words.kernel import LANGUAGES, Language
from store.progress import Progress, untold
from store.transparency.notes import Checkpoint

FORMATS: Final[Mapping[str, Callable[[Path, Cover], Writer]]] = {
    "csv": lambda path, _: CsvWriter(path),
    "xlsx": lambda path, _: ExcelWriter(path),
    "jsonl": lambda path, _: OcsfWriter(path),
    "pdf": PdfWriter,
}
UNASKED: Final = ("csv", "xlsx", "jsonl")
"""What is written unless somebody says. A PDF is asked for: it is to be read, and has an end."""

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
    progress: Progress = untold,
    language: Language = "en",
) -> Exported:
    """Write the facts to a ZIP file; it is there whole, or not at all. The PDF is in ``language``.

    Raises:
        Rejected: there are more facts than a PDF holds.
    """
    cover = _cover(services, reader, asked, language)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".kept-audit-") as work:
        folder = Path(work)
        rows, positions, checkpoint = _write_facts(
            services, reader, cover, formats, folder, progress
        )
        said = {
            "format": AUDIT,
            "made_at": cover.made_at.isoformat(),
            "made_by": made_by(reader),
            "asked": _said(asked),
            "rows": rows,
        }
        seal(services, folder, path, said, positions, progress, checkpoint)
    return Exported(rows, len(positions), checkpoint.size)


def _write_facts(
    services: Services,
    reader: Reader,
    cover: Cover,
    formats: Sequence[str],
    folder: Path,
    progress: Progress,
) -> tuple[int, list[int], Checkpoint]:
    """How many rows there are, the positions of the entries behind them, and what proves those."""
    rows, seen = 0, set[int]()
    with ExitStack() as stack:
        writers = [
            stack.enter_context(FORMATS[one](folder / f"history.{one}", cover))
            for one in dict.fromkeys(formats)
        ]
        for fact in facts(services.gate, reader, cover.asked):
            for writer in writers:
                writer.write(fact)
            seen.add(fact["position"])
            rows += 1
            if rows % REPORT_EVERY == 0:
                progress("facts", rows, 0)
        positions = sorted(seen)
        checkpoint = covering(services, positions)
        for writer in writers:
            writer.prove(checkpoint)
    return rows, positions, checkpoint


def _cover(services: Services, reader: Reader, asked: Asked, language: Language) -> Cover:
    """Names are asked for through the gate like the facts."""
    wanted = {"users": {reader.user_id, asked.filters.get("actor", reader.user_id)} - {SYSTEM}}
    names = {**services.gate.names(reader, wanted), str(SYSTEM): "Kept"}
    if "id" in asked.filters:
        first = next(iter(services.log.load(asked.filters["id"])), None)
        names[str(asked.filters["id"])] = (first and first.number) or str(asked.filters["id"])
    index, role = LANGUAGES.index(language), WORDS["users"].values["roles"][reader.role]
    who = str(reader.user_id)
    return Cover(
        tenant=services.tenant.name,
        made_at=datetime.now(UTC).replace(microsecond=0),
        made_by=f"{names.get(who, who)} ({role[index]})",
        purpose=PURPOSES[reader.purpose.value.replace("-", "_")][index],
        asked=asked,
        names=names,
        language=language,
    )


def _said(asked: Asked) -> dict[str, Any]:
    return {
        **{name: str(value) for name, value in asked.filters.items()},
        "since": asked.since and asked.since.isoformat(),
        "until": asked.until and asked.until.isoformat(),
    }
