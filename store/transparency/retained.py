"""The newest checkpoint outside the database: who puts the database back meets it here."""

from pathlib import Path
from typing import Final

from store import key_files
from store.database import home
from store.tenants import Tenant

FOLDER: Final = "checkpoints"
"""Below ``KEPT_HOME``."""


def keep(tenant: Tenant, note: str) -> None:
    """Replace the one before, whole or not at all."""
    path = _path(tenant)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_files.replace(path, note.encode())


def kept(tenant: Tenant) -> str | None:
    """The newest that this machine has seen; None if it has seen none."""
    try:
        return _path(tenant).read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def _path(tenant: Tenant) -> Path:
    return home() / FOLDER / f"{tenant.name}.note"
