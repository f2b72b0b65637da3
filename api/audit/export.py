"""Writing the audit trail: the facts in the wanted formats, proofs of the entries behind them, and
a manifest that the log's own key signs, all in one ZIP file.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from api.audit.facts import Asked, facts
from api.audit.formats import FORMATS
from api.services import Services
from projections.gate import Reader
from store.transparency.notes import Checkpoint, parts, signed
from store.transparency.proofs import MOST_ENTRIES

FORMAT: Final = "kept-audit/1"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
REPORT_EVERY: Final = 200

Progress = Callable[[str, int, int], None]


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
        services.integrator.wait_for(max(positions, default=1))
        note = services.transparency.checkpoint() or ""
        for number, some in enumerate(_chunks(positions), start=1):
            bundle = services.transparency.bundle(some)
            note = bundle["checkpoint"]
            (folder / f"proofs-{number:03d}.json").write_text(
                json.dumps(bundle, ensure_ascii=False), "utf-8"
            )
            progress("proofs", min(number * MOST_ENTRIES, len(positions)), len(positions))
        checkpoint = Checkpoint.parse(parts(note)[0])
        _sign(services, folder, _manifest(reader, asked, folder, rows, positions, checkpoint))
        _pack(folder, path)
    return Exported(rows, len(positions), checkpoint.size)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def statement(origin: str, manifest: bytes) -> str:
    """What the log's key signs of a manifest. Its second line is no number, so that it can never
    pass for a checkpoint.
    """
    return f"{origin}\naudit trail {FORMAT}\n{hashlib.sha256(manifest).hexdigest()}\n"


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


def _manifest(
    reader: Reader,
    asked: Asked,
    folder: Path,
    rows: int,
    positions: Sequence[int],
    checkpoint: Checkpoint,
) -> Mapping[str, Any]:
    files = sorted(folder.iterdir())
    return {
        "format": FORMAT,
        "origin": checkpoint.origin,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "made_by": {"user": str(reader.user_id), "role": reader.role, "client": reader.client},
        "asked": {
            **{name: str(value) for name, value in asked.filters.items()},
            "since": asked.since and asked.since.isoformat(),
            "until": asked.until and asked.until.isoformat(),
        },
        "rows": rows,
        "entries": len(positions),
        "first_position": positions[0] if positions else None,
        "last_position": positions[-1] if positions else None,
        "checkpoint": {"size": checkpoint.size, "root": checkpoint.root.hex()},
        "files": {one.name: {"sha256": digest(one), "bytes": one.stat().st_size} for one in files},
    }


def _sign(services: Services, folder: Path, manifest: Mapping[str, Any]) -> None:
    text = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
    (folder / MANIFEST).write_bytes(text)
    with services.database.connect("projector", services.tenant.schema) as connection:
        signers = services.transparency.keys.signers(connection)
    note = signed(statement(manifest["origin"], text), signers)
    vkeys = "".join(f"{one.verifier.vkey}\n" for one in signers)
    (folder / SIGNATURE).write_text(note, "utf-8")
    (folder / "vkeys.txt").write_text(vkeys, "utf-8")


def _pack(folder: Path, path: Path) -> None:
    draft = folder / "audit.zip"
    with zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as packed:
        for one in sorted(folder.iterdir()):
            if one != draft:
                packed.write(one, one.name)
    draft.replace(path)


def _chunks(positions: Sequence[int]) -> Iterator[list[int]]:
    left = iter(positions)
    while some := [*islice(left, MOST_ENTRIES)]:
        yield some
