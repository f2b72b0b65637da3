"""Log and read models as Parquet, for DuckDB, Spark and whatever else reads it.

A second run adds what is new: entries, and rows that are events, in files of their own; a read
model whose records may have changed is written anew. What a run that was broken off left behind
goes with the next one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final

from api.exporting.columns import ParquetFile
from api.exporting.entries import KINDS, Entries, Personal
from api.exporting.manifest import File, Manifest, Part, begun, digest
from api.services import Services
from commands.kernel import Rejected
from projections import DERIVED, PROJECTIONS
from projections.analytics.views import columns_of
from projections.kernel import Derived, ReadModel
from projections.readers import Reader
from projections.tables import table_of
from store.places import COPIES, copies
from store.progress import Progress, untold
from store.snapshots import Snapshot, batches

MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)


@dataclass(frozen=True, slots=True)
class Exported:
    """What a run did."""

    position: int
    entries: int
    """That were added."""
    models: tuple[str, ...]
    """That were written or added to."""


def export(
    services: Services,
    reader: Reader,
    folder: Path,
    personal: Personal = Personal.LEFT_OUT,
    copy: str | None = None,
    progress: Progress = untold,
) -> Exported:
    """Bring an export up to date, or begin it. Personal fields are the log's alone: the read models
    come without theirs.

    Raises:
        Rejected: the role may not, the copy is not named in ``KEPT_COPIES``, or the folder holds
            something else.
    """
    _check(reader, personal, copy)
    manifest = begun(services, folder, personal.value, copy)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear_away(folder, manifest)
    with Snapshot.of(services.log) as snapshot:
        entries = _log(snapshot, folder, manifest, Entries(services, reader, personal), progress)
        written = []
        for done, model in enumerate(MODELS, 1):
            if _model(snapshot, folder, manifest, model):
                written.append(model.name)
            progress("read models", done, len(MODELS))
    services.integrator.catch_up()
    manifest.checkpoint = services.transparency.checkpoint() or ""
    manifest.made_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest.write(folder)
    _clear_away(folder, manifest)
    return Exported(manifest.log.position, entries, tuple(written))


def _check(reader: Reader, personal: Personal, copy: str | None) -> None:
    """An export that tells of people is a copy that no erasure reaches, so it has to be counted
    among those that certificates of erasure name.
    """
    if personal is Personal.LEFT_OUT:
        if copy is not None:
            raise Rejected(
                "copy: is only for an export with personal fields. Leave it out.", field="copy"
            )
        return
    if not reader.sees_personal:
        raise Rejected(
            f"personal: the role {reader.role} does not see personal data. Leave it out.",
            field="personal",
        )
    if copy not in copies():
        raise Rejected(
            f"copy: is not named in {COPIES}, and erasures could not say how long it keeps what "
            f"was erased. Name it there with its days, as {COPIES}=warehouse=30.",
            field="copy",
        )


def _log(
    snapshot: Snapshot, folder: Path, manifest: Manifest, entries: Entries, progress: Progress
) -> int:
    """Add the entries since the last run, a file for each month in which they were recorded."""
    part, before, head = manifest.log, manifest.log.position, snapshot.head()
    part.columns = dict(KINDS)
    entries_of = groupby(snapshot.events(before), lambda one: f"{one.recorded_at:%Y-%m}")
    for month, recorded in entries_of:
        name = f"log/month={month}/after-{part.position:012}.parquet"
        with ParquetFile(folder / name, KINDS) as file:
            first, last = part.position + 1, part.position
            for batch in batches(recorded):
                file.write(entries.rows(batch))
                last = batch[-1].position
                progress("log", last, head)
        part.files.append(File(name, file.rows, digest(folder / name), first, last))
        part.position = last
    return part.position - before


def _model(snapshot: Snapshot, folder: Path, manifest: Manifest, model: ReadModel) -> bool:
    """Bring one read model up to date; False if it stood where it stands."""
    position = snapshot.positions([model])[model.name]
    kinds: dict[str, str] = {**columns_of(model)}
    part = manifest.models.get(model.name)
    is_other = part is None or (part.version, part.columns) != (model.version, kinds)
    if part is not None and not is_other and part.position == position:
        return False
    grows = isinstance(model, Derived) and model.only_grows
    if part is None or is_other or not grows:
        part = Part(0, model.version, kinds)
    name = f"models/{model.name}/after-{part.position:012}-to-{position:012}.parquet"
    after = part.position if grows else None
    with ParquetFile(folder / name, kinds) as file:
        for batch in snapshot.rows(table_of(model), after):
            file.write(batch)
    first = part.position + 1 if grows else None
    part.files.append(
        File(name, file.rows, digest(folder / name), first, position if grows else None)
    )
    part.position = position
    manifest.models[model.name] = part
    return True


def _clear_away(folder: Path, manifest: Manifest) -> None:
    """Files of ours that the manifest does not name: of earlier states, or of a broken-off run."""
    named = {folder / one.path for one in manifest.files}
    for part in ("log", "models"):
        for path in (folder / part).rglob("*.parquet*"):
            if path not in named:
                path.unlink()
