"""The answer to a request for access, as a file: JSON, PDF, or both in an archive with proofs."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from api.answering.as_json import write_json
from api.answering.as_pdf import write_pdf
from api.answering.gathering import for_them, gather
from api.answering.who import Asker, asker
from api.audit.sealing import ACCESS, PRIVATE, made_by, seal
from api.services import Services
from projections.readers import Reader
from projections.words.kernel import Language
from store.progress import Progress, untold

Form = Literal["json", "pdf", "zip"]
FORMS: Final[tuple[Form, ...]] = ("json", "pdf", "zip")


@dataclass(frozen=True, slots=True)
class Answered:
    """What was written."""

    records: int
    events: int
    mentions: int
    """Records of others that a person has to look at."""
    more_mentions: bool
    size: int | None
    """Of the tree that proves the events; None where nothing was proved."""


def answer_access(
    services: Services,
    reader: Reader,
    request_id: UUID,
    path: Path,
    form: Form = "zip",
    language: Language = "en",
    progress: Progress = untold,
) -> Answered:
    """Write the answer to a file; it is there whole, or not at all. The read models have to be as
    far as the answer is to be.

    Raises:
        NotFound, Rejected: see :func:`api.answering.who.asker`.
    """
    who, reader = asker(services, request_id), for_them(reader)
    size: int | None = None
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".kept-access-") as work:
        folder, drafts = Path(work) / "files", Path(work)
        folder.mkdir()
        found = gather(services, reader, who, drafts, progress)
        number = _number(services, reader, who)
        if form != "pdf":
            write_json(found, who, number, folder / "access.json")
        if form != "json":
            write_pdf(found, who, number, folder / "access.pdf", language, progress)
        if form == "zip":
            said = {
                "format": ACCESS,
                "made_by": made_by(reader),
                "request": str(request_id),
                "rows": len(found.positions),
            }
            positions = sorted(found.positions)
            size = seal(services, folder, path, said, positions, progress).size
        else:
            made = folder / f"access.{form}"
            made.chmod(PRIVATE)
            made.replace(path)
    listed = found.mentions
    return Answered(
        len(found.streams), len(found.positions), len(listed.records), listed.more, size
    )


def _number(services: Services, reader: Reader, who: Asker) -> str | None:
    row = services.gate.get(reader, "subject_requests", who.request_id)
    return row["number"] if row else None
