"""An export opened for figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.exporting.manifest import read_manifest
from commands.kernel import Rejected
from projections.analytics.engine import Analytics
from projections.analytics.exported import DuckDb


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Analytics, int]]:
    """Figures by DuckDB on an export, and the position up to where the log is in all of them.

    Raises:
        Rejected: there is no export.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise Rejected("The folder holds no export. Make one: kept export parquet FOLDER.")
    models = {
        name: (part.columns, [one.path for one in part.files])
        for name, part in manifest.models.items()
    }
    engine = DuckDb.of(folder, manifest.time_zone, models)
    try:
        yield Analytics(engine), min(part.position for part in manifest.models.values())
    finally:
        engine.close()
