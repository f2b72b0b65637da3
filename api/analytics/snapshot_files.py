"""A snapshot of figures as files: one for each figure, and a manifest that says what they hold."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from api.analytics.asked_again import Answered
from api.analytics.files import WRITERS
from api.analytics.series import Series, as_of
from domain.snapshot_schedules import FileFormat
from projections.plain import plain
from store import durable_files
from store.database import home

FOLDER: Final = "KEPT_SNAPSHOTS"
MANIFEST: Final = "manifest.json"
_DRAFT: Final = "."
"""What a folder's name begins with that is not whole."""


def root() -> Path:
    """Where snapshots lie: ``KEPT_SNAPSHOTS``, or ``snapshots`` in :func:`store.database.home`."""
    given = os.environ.get(FOLDER, "").strip()
    return Path(given).resolve() if given else home() / "snapshots"


def folder_of(tenant: str, number: str, due_at: datetime) -> Path:
    """Of the snapshot of a due time, in the tenant's zone: ``acme/SF-12/2026-03-31T0600``. Numbers
    alone: a name may be about somebody.
    """
    return root() / tenant / number / f"{due_at:%Y-%m-%dT%H%M}"


def written(folder: Path) -> tuple[dict[str, Any], str] | None:
    """The manifest of a snapshot that is there, and its digest; None if there is none."""
    found = durable_files.read(folder / MANIFEST)
    return None if found is None else (orjson.loads(found), _sha256(found))


def write(
    folder: Path, answer: Answered, form: FileFormat, said: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Write a snapshot, whole or not at all; gives its manifest, and the manifest's digest.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.parent.glob(f"{_DRAFT}*"):  # whoever wrote it was killed
        shutil.rmtree(left, ignore_errors=True)
    draft = folder.parent / f"{_DRAFT}{os.urandom(8).hex()}"
    draft.mkdir(mode=0o700)
    try:
        files = [_file(draft, one, form) for one in answer.series]
        manifest = {
            **said,
            "saved_version": answer.saved.version,
            "version": answer.of.version,
            "has_moved": answer.has_moved,
            "position": answer.position,
            **as_of(answer.copy),
            "files": files,
        }
        content = orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        (draft / MANIFEST).write_bytes(content)
        if durable_files.put(draft, folder):
            return manifest, _sha256(content)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    there = written(folder)
    if there is None:
        raise FileExistsError(f"{folder.name} is there and holds no snapshot")
    return there


def _file(folder: Path, series: Series, form: FileFormat) -> dict[str, Any]:
    path = folder / f"{series.definition.name}.{form}"
    _writer(form)(series, path)
    asked = series.asked
    return {
        "name": path.name,
        "figure": series.definition.name,
        "version": series.definition.version,
        "by": series.by,
        "from": plain(asked.since),
        "to": plain(asked.until),
        "filters": dict(asked.filters),
        "rows": len(series.groups),
        "bytes": path.stat().st_size,
        "sha256": _sha256(path.read_bytes()),
    }


def _writer(form: FileFormat) -> Callable[[Series, Path], object]:
    if form is FileFormat.JSON:
        return lambda series, path: path.write_bytes(orjson.dumps(series.as_json()))
    return WRITERS[form]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
