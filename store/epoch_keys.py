"""Epoch keys: they wrap every data key, so that destroying one reaches the copies that deleting
cannot.

The provider is a file by default. Whoever loses the epoch key loses every personal value (that is
what it is for), so docs/running.md says how to escrow it; backups never contain it.
"""

import hmac
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store import durable_files
from store.durable_files import KEY_BYTES
from store.errors import WrongEpochKey


class EpochKeys(Protocol):
    """Where epoch keys come from: a file, Vault transit, a cloud's key service."""

    def get(self, tenant: str, epoch: int) -> bytes:
        """The 32 bytes of a tenant's epoch.

        Raises:
            WrongEpochKey: the key is not there.
        """

    def create(self, tenant: str, epoch: int) -> bytes:
        """Make and keep the key of a new epoch; if it was made before, that one."""

    def destroy(self, tenant: str, epoch: int) -> None:
        """Destroy the key of an epoch, for good; nothing if that was done before."""


class EpochKeyFiles:
    """Keys as files, mode 0600, in a directory of the user's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def get(self, tenant: str, epoch: int) -> bytes:
        path = self._path(tenant, epoch)
        found = durable_files.read(path)
        if found is None:
            raise WrongEpochKey(
                f"The epoch key {epoch} of tenant {tenant} is missing at {path}. "
                "Restore it from escrow; without it no personal value can be read."
            )
        return found

    def create(self, tenant: str, epoch: int) -> bytes:
        return durable_files.make_secret(self._path(tenant, epoch))

    def destroy(self, tenant: str, epoch: int) -> None:
        path = self._path(tenant, epoch)
        path.unlink(missing_ok=True)
        durable_files.sync(path.parent)

    def _path(self, tenant: str, epoch: int) -> Path:
        return self.directory / tenant / f"{epoch}.key"


def derived(epoch_key: bytes, purpose: str) -> bytes:
    """A key for one purpose, by HKDF (RFC 5869) from the epoch's."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose.encode()).derive(epoch_key)


def keyed_hash(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA-256 (RFC 2104) over length-prefixed parts."""
    message = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return hmac.digest(key, message, "sha256")
