"""An export opened for figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.exporting.manifest import Manifest, read_manifest
from commands.kernel import Rejected
from projections.analytics.engine import Analytics
from projections.analytics.exported import DuckDb
from projections.analytics.spark import Spark


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Analytics, int]]:
    """Figures by DuckDB on an export, and the position up to where the log is in all of them.

    Raises:
        Rejected: there is no export.
    """
    manifest = _manifest(folder)
    engine = DuckDb.of(folder, manifest.time_zone, _models(manifest))
    try:
        yield Analytics(engine), _position(manifest)
    finally:
        engine.close()


def opened_by_spark(folder: Path, session: Any) -> tuple[Analytics, int]:
    """The same by Spark, in a session that goes forth from the one given.

    Raises:
        Rejected: there is no export.
    """
    manifest = _manifest(folder)
    engine = Spark.of(session, folder, manifest.time_zone, _models(manifest))
    return Analytics(engine), _position(manifest)


def _manifest(folder: Path) -> Manifest:
    manifest = read_manifest(folder)
    if manifest is None:
        raise Rejected("The folder holds no export. Make one: kept export parquet FOLDER.")
    return manifest


def _models(manifest: Manifest) -> dict[str, tuple[dict[str, str], list[str]]]:
    return {
        name: (part.columns, [one.path for one in part.files])
        for name, part in manifest.models.items()
    }


def _position(manifest: Manifest) -> int:
    return min(part.position for part in manifest.models.values())
