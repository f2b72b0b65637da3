"""The manifest of an export: up to where it goes, and what each of its files holds."""

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from api.services import Services
from commands.kernel import Rejected
from store import durable_files

FORMAT: Final = "kept-export/1"
NAME: Final = "manifest.json"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file, by its path in the folder; ``first`` and ``last`` are positions, where its rows have
    one.
    """

    path: str
    rows: int
    sha256: str
    first: int | None = None
    last: int | None = None


@dataclass(slots=True)
class Part:
    """The log, or one read model."""

    position: int = 0
    version: int = 1
    columns: dict[str, str] = field(default_factory=dict)
    """How each is stored, by name."""
    files: list[File] = field(default_factory=list)


@dataclass(slots=True)
class Manifest:
    """Written last, so that what it names is there whole."""

    tenant: str
    time_zone: str
    personal: str
    """What was done with personal fields: ``left-out``, ``pseudonyms`` or ``clear``."""
    copy: str | None = None
    """The name under which ``KEPT_COPIES`` counts the folder, if it holds personal fields."""
    made_at: str = ""
    checkpoint: str = ""
    """The signed checkpoint under which everything in the log's files can be proved."""
    log: Part = field(default_factory=Part)
    models: dict[str, Part] = field(default_factory=dict)
    format: str = FORMAT

    @property
    def files(self) -> list[File]:
        """All of them."""
        return [one for part in (self.log, *self.models.values()) for one in part.files]

    def write(self, folder: Path) -> None:
        """In place of the one before, whole or not at all."""
        durable_files.write(folder / NAME, orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of an earlier export into this folder; None if there is none.

    Raises:
        Rejected: what is there is none of ours.
    """
    content = durable_files.read(folder / NAME)
    if content is None:
        return None
    try:
        said: dict[str, Any] = orjson.loads(content)
        parts = {name: _part(one) for name, one in said.pop("models").items()}
        found = Manifest(**{**said, "log": _part(said["log"]), "models": parts})
    except (orjson.JSONDecodeError, TypeError, KeyError):
        found = None
    if found is None or found.format != FORMAT:
        raise Rejected("The folder's manifest is none of this release. Choose another folder.")
    return found


def begun(services: Services, folder: Path, personal: str, copy: str | None) -> Manifest:
    """The manifest to go on with; a new one in a folder that is empty or not there.

    Raises:
        Rejected: the folder holds something else, or an export of another kind.
    """
    found = read_manifest(folder)
    tenant = services.tenant
    if found is None:
        if folder.is_dir() and any(folder.iterdir()):
            raise Rejected("The folder holds something else. Choose an empty one, or a new name.")
        return Manifest(tenant.name, str(tenant.zone), personal, copy)
    if found.tenant != tenant.name:
        raise Rejected(f"The folder holds an export of {found.tenant}. Choose another folder.")
    if (found.personal, found.copy) != (personal, copy):
        raise Rejected(
            f"The folder holds an export whose personal fields are {found.personal}. Export the "
            "same way again, or choose another folder."
        )
    return found


def digest(path: Path) -> str:
    """SHA-256 of a file, read block by block."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    return hashed.hexdigest()


def _part(said: dict[str, Any]) -> Part:
    return Part(**{**said, "files": [File(**one) for one in said["files"]]})
