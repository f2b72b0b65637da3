"""Checking what was exported with its proofs, such as an audit trail, without a database or us."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from api.audit.sealing import BESIDE, MANIFEST, SIGNATURE, TITLES, VKEYS, title
from store.transparency.merkle import ProofError
from store.transparency.notes import Verifier, opened, statement
from store.transparency.proofs import check_bundle

MOST_MANIFEST: Final = 1_000_000
"""Bytes."""


@dataclass(frozen=True, slots=True)
class CheckedTrail:
    """What an audit trail, or an answer to whoever asked about themselves, proves."""

    origin: str
    size: int
    rows: int
    entries: int
    signed_by: tuple[str, ...]
    is_trusted: bool


def check_trail(path: Path, trusted: Sequence[str] = ()) -> CheckedTrail:
    """Check signature, manifest, files, the proof of every entry, and that each row tells of one.

    Raises:
        ProofError, NoteError: something does not hold; the text says what.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            return _check(packed, trusted)
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as wrong:
        raise ProofError("The file is no audit trail of Kept, or was damaged.") from wrong


def is_trail(path: Path) -> bool:
    """Whether this looks like an audit trail, and not like the proof of an entry."""
    return zipfile.is_zipfile(path)


def _check(packed: zipfile.ZipFile, trusted: Sequence[str]) -> CheckedTrail:
    with packed.open(MANIFEST) as file:
        text = file.read(MOST_MANIFEST)
    manifest = json.loads(text)
    own = packed.read(VKEYS).decode().split()
    note = packed.read(SIGNATURE).decode()
    said, signers = opened(note, [Verifier.parse(one) for one in trusted or own])
    form = manifest.get("format")
    if form not in TITLES or said != statement(manifest["origin"], title(form), text):
        raise ProofError("The manifest is not the one that was signed.")
    _check_files(packed, manifest)
    bodies = dict(_proved(packed, manifest, [one.vkey for one, _ in signers]))
    if len(bodies) != manifest["entries"]:
        raise ProofError(f"{len(bodies)} entries are proved, not {manifest['entries']}.")
    _check_rows(packed, manifest, bodies)
    return CheckedTrail(
        manifest["origin"],
        manifest["checkpoint"]["size"],
        manifest["rows"],
        len(bodies),
        tuple(one.vkey for one, _ in signers),
        bool(trusted),
    )


def _check_files(packed: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:
    names = {*packed.namelist()} - BESIDE
    if names != {*manifest["files"]}:
        raise ProofError("The archive holds other files than its manifest lists.")
    for name, listed in manifest["files"].items():
        hashed = hashlib.sha256()
        with packed.open(name) as file:
            while block := file.read(1 << 20):
                hashed.update(block)
        if hashed.hexdigest() != listed["sha256"]:
            raise ProofError(f"The file {name} was changed after it was exported.")


def _proved(
    packed: zipfile.ZipFile, manifest: Mapping[str, Any], trusted: Sequence[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for name in sorted(manifest["files"]):
        if not name.startswith("proofs-"):
            continue
        bundle = json.loads(packed.read(name))
        checked = check_bundle(bundle, trusted)
        if checked.checkpoint.origin != manifest["origin"]:
            raise ProofError(f"{name} proves entries of another log.")
        for entry in bundle["entries"]:
            yield entry["position"], json.loads(entry["body"])


def _check_rows(
    packed: zipfile.ZipFile, manifest: Mapping[str, Any], bodies: Mapping[int, dict[str, Any]]
) -> None:
    """Each row is of an entry that is proved, and says of it what that says."""
    for name, rows in _ROWS.items():
        if name not in manifest["files"]:
            continue
        count = 0
        with packed.open(name) as file:
            for row in rows(file):
                count += 1
                body = bodies.get(row["position"], {})
                if any(body.get(key) != row[key] for key in ("type", "actor", "stream")) or (
                    datetime.fromisoformat(body["occurred_at"]) != row["occurred_at"]
                ):
                    raise ProofError(
                        f"{name}: row {count} says otherwise than entry {row['position']}."
                    )
        if count != manifest["rows"]:
            raise ProofError(f"{name} has {count} rows instead of {manifest['rows']}.")


def _csv_rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(io.TextIOWrapper(file, "utf-8-sig", newline="")):
        yield {
            "position": int(row["position"]),
            "type": row["type"],
            "actor": row["actor"],
            "stream": row["id"],
            "occurred_at": datetime.fromisoformat(row["occurred_at"]),
        }


def _ocsf_rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    for line in file:
        event = json.loads(line)
        yield {
            "position": event["metadata"]["sequence"],
            "type": event["metadata"]["event_code"],
            "actor": event["actor"]["user"]["uid"],
            "stream": event["entity"]["uid"],
            "occurred_at": datetime.fromisoformat(event["unmapped"]["occurred_at"]),
        }


def _access_rows(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    for event in json.load(file)["events"]:
        yield {
            "position": event["position"],
            "type": event["type"],
            "actor": event["actor"],
            "stream": event["id"],
            "occurred_at": datetime.fromisoformat(event["occurred_at"]),
        }


_ROWS: Final[Mapping[str, Callable[[IO[bytes]], Iterator[dict[str, Any]]]]] = {
    "history.csv": _csv_rows,
    "history.jsonl": _ocsf_rows,
    "access.json": _access_rows,
}
"""How each file tells of which entries its rows are."""
