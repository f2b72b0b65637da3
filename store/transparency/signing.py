"""Who signs a tenant's checkpoints: its origin, and keys that rotate.

The private keys are files beside the epoch keys; what is in the database are their public halves.
While a new key and an old one are both in use both sign, so that whoever trusts either can go on.
"""

import os
from pathlib import Path
from typing import Final

from store import durable_files
from store.database import Connection, Database, home
from store.errors import StoreError
from store.randomness import random_bytes
from store.tenants import Tenant
from store.transparency.notes import Signer, Verifier

FOLDER: Final = "signing"
"""Below ``KEPT_HOME``."""


class WrongSigningKey(StoreError):
    """A signing key is missing or another one; the text says what to do."""


class SigningKeys:
    """The signing keys of one tenant."""

    def __init__(self, database: Database, tenant: Tenant, directory: Path | None = None) -> None:
        self._database, self._tenant = database, tenant
        self._directory = (directory or home() / FOLDER) / tenant.name

    def origin(self, connection: Connection) -> str:
        """The name under which the log is known; it is given with the first checkpoint."""
        row = connection.execute("SELECT origin FROM tenant").fetchone()
        if row is not None and row[0] is not None:
            return str(row[0])
        # Two logs must never have one name, not even of two installations.
        made = os.environ.get("KEPT_LOG_ORIGIN") or f"kept.local/{random_bytes(4).hex()}"
        made = f"{made.rstrip('/')}/{self._tenant.name}"
        connection.execute("UPDATE tenant SET origin = %s WHERE origin IS NULL", [made])
        return self.origin(connection)

    def signers(self, connection: Connection) -> list[Signer]:
        """Everybody who signs now, the newest key first; the first key is made here.

        Raises:
            WrongSigningKey: the file of one of them is missing, or holds another key.
        """
        known = connection.execute(
            "SELECT number, vkey FROM signing_keys WHERE retired_at IS NULL ORDER BY number DESC"
        ).fetchall()
        if not known:
            return [self.add(connection)]
        name = self.origin(connection)
        return [self._signer(name, number, vkey) for number, vkey in known]

    def verifiers(self, connection: Connection) -> list[Verifier]:
        """The public halves of all that ever signed, the newest first."""
        rows = connection.execute("SELECT vkey FROM signing_keys ORDER BY number DESC")
        return [Verifier.parse(row[0]) for row in rows]

    def add(self, connection: Connection) -> Signer:
        """Make a further key; it signs beside those that are not retired."""
        name = self.origin(connection)
        row = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM signing_keys").fetchone()
        number = row[0] if row else 1
        signer = Signer.of(name, durable_files.make_secret(self._path(number)))
        connection.execute(
            "INSERT INTO signing_keys (number, vkey) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [number, signer.verifier.vkey],
        )
        return signer

    def retire(self, connection: Connection, key_id: str) -> bool:
        """Let a key sign no more; False if it does not, or if nobody would be left who does."""
        with connection.transaction():
            signing = connection.execute(
                "SELECT vkey FROM signing_keys WHERE retired_at IS NULL FOR UPDATE"
            ).fetchall()
            if len(signing) < 2:  # noqa: PLR2004
                return False
            done = connection.execute(
                "UPDATE signing_keys SET retired_at = now()"
                " WHERE split_part(vkey, '+', 2) = %s AND retired_at IS NULL",
                [key_id],
            )
        return done.rowcount == 1

    def _signer(self, name: str, number: int, vkey: str) -> Signer:
        path = self._path(number)
        secret = durable_files.read(path)
        if secret is None:
            raise WrongSigningKey(
                f"The signing key {number} of tenant {self._tenant.name} is missing at {path}. "
                "Restore it from escrow, or retire it: kept log retire-key."
            )
        signer = Signer.of(name, secret)
        if signer.verifier.vkey != vkey:
            raise WrongSigningKey(
                f"The file {path} holds another key than the one that signed before. "
                "Restore the right one from escrow, or retire it: kept log retire-key."
            )
        return signer

    def _path(self, number: int) -> Path:
        return self._directory / f"{number}.key"
