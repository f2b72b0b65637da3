"""The newest checkpoint outside the database: who puts the database back meets it here."""

from pathlib import Path
from typing import Final

from store import durable_files
from store.database import home
from store.tenants import Tenant

FOLDER: Final = "checkpoints"
"""Below ``KEPT_HOME``."""


def keep(tenant: Tenant, note: str) -> None:
    """Replace the one before, whole or not at all."""
    durable_files.write(_path(tenant), note.encode())


def kept(tenant: Tenant) -> str | None:
    """The newest that this machine has seen; None if it has seen none."""
    found = durable_files.read(_path(tenant))
    return None if found is None else found.decode("utf-8", "replace")


def _path(tenant: Tenant) -> Path:
    return home() / FOLDER / f"{tenant.name}.note"
