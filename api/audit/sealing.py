"""Files that leave the house with their proofs: a manifest that the log's own key signs, the
checkpoint, and the proofs of the entries behind them, all in one ZIP file.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from api.services import Services
from projections.readers import Reader
from store.progress import Progress
from store.transparency.notes import Checkpoint, parts
from store.transparency.proofs import MOST_ENTRIES

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
VKEYS: Final = "vkeys.txt"
BESIDE: Final = frozenset({MANIFEST, SIGNATURE, VKEYS})
"""The files that the manifest does not list."""
AUDIT: Final = "kept-audit/1"
ACCESS: Final = "kept-access/1"
PORTABLE: Final = "kept-portable/1"
TITLES: Final = {AUDIT: "audit trail", ACCESS: "access", PORTABLE: "portable data"}
"""What is signed, by its format."""

PRIVATE: Final = 0o600
"""Of files with personal data in the clear: nobody else on the machine reads them."""


def seal(
    services: Services,
    folder: Path,
    path: Path,
    said: Mapping[str, Any],
    positions: Sequence[int],
    progress: Progress,
    under: Checkpoint | None = None,
) -> Checkpoint:
    """Prove the entries at these positions, in their order, list and sign what lies in the folder,
    and pack it; ``said`` is what the manifest says beside that, its ``format`` first.

    The ZIP file is there whole, or not at all. Gives the checkpoint that it is proved under: the
    given one, which has to cover the positions, or else the newest.
    """
    checkpoint = under or covering(services, positions)
    for number, some in enumerate(_chunks(positions), start=1):
        bundle = services.transparency.bundle(some, checkpoint.size)
        (folder / f"proofs-{number:03d}.json").write_text(
            json.dumps(bundle, ensure_ascii=False), "utf-8"
        )
        progress("proofs", min(number * MOST_ENTRIES, len(positions)), len(positions))
    _sign(services, folder, _manifest(folder, said, positions, checkpoint))
    _pack(folder, path)
    return checkpoint


def covering(services: Services, positions: Sequence[int]) -> Checkpoint:
    """The newest checkpoint, once it covers these positions."""
    services.integrator.wait_for(max(positions, default=1))
    return Checkpoint.parse(parts(services.transparency.checkpoint() or "")[0])


def made_by(reader: Reader) -> dict[str, str]:
    """Who made it, as a manifest says it."""
    return {"user": str(reader.user_id), "role": reader.role, "client": reader.client}


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def title(form: str) -> str:
    """Under which a manifest of this format is signed."""
    return f"{TITLES[form]} {form}"


def _manifest(
    folder: Path, said: Mapping[str, Any], positions: Sequence[int], checkpoint: Checkpoint
) -> Mapping[str, Any]:
    files = sorted(folder.iterdir())
    return {
        "format": said["format"],
        "origin": checkpoint.origin,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **said,
        "entries": len(positions),
        "first_position": positions[0] if positions else None,
        "last_position": positions[-1] if positions else None,
        "checkpoint": {"size": checkpoint.size, "root": checkpoint.root.hex()},
        "files": {one.name: {"sha256": digest(one), "bytes": one.stat().st_size} for one in files},
    }


def _sign(services: Services, folder: Path, manifest: Mapping[str, Any]) -> None:
    text = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
    (folder / MANIFEST).write_bytes(text)
    note, vkeys = services.transparency.sign(manifest["origin"], title(manifest["format"]), text)
    (folder / SIGNATURE).write_text(note, "utf-8")
    (folder / VKEYS).write_text("".join(f"{one}\n" for one in vkeys), "utf-8")


def _pack(folder: Path, path: Path) -> None:
    draft = folder / "packed.zip"
    with zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as packed:
        for one in sorted(folder.iterdir()):
            if one != draft:
                packed.write(one, one.name)
    draft.chmod(PRIVATE)
    draft.replace(path)


def _chunks(positions: Sequence[int]) -> Iterator[list[int]]:
    left = iter(positions)
    while some := [*islice(left, MOST_ENTRIES)]:
        yield some
