"""API keys: each names its tenant, its user and its role. Only a hash of the secret is stored."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args
from uuid import UUID

from store.database import Database
from store.tenants import Tenant

Role = Literal["admin", "sales", "service", "marketing", "auditor", "analyst"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
CACHED_SECONDS: Final = 5.0
"""How long a key that was checked is believed; a revoked one stops at the latest then."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who a key speaks for."""

    key_id: str
    tenant: str
    user_id: UUID
    role: Role


class ApiKeys:
    """The keys of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        self._database, self._tenant = database, tenant
        self._checked: dict[str, tuple[float, Access]] = {}

    def create(self, user_id: UUID, role: Role) -> str:
        """A new key, as the text that its holder sends; it cannot be shown again.

        Its form is ``kept_<tenant>_<key id>_<secret>``.
        """
        key_id, secret = secrets.token_hex(6), secrets.token_hex(24)
        with self._database.connect("owner", self._tenant.schema) as connection:
            connection.execute(
                "INSERT INTO api_keys (key_id, secret_hash, user_id, role) VALUES (%s, %s, %s, %s)",
                [key_id, _hash(secret), user_id, role],
            )
        return f"kept_{self._tenant.name}_{key_id}_{secret}"

    def revoke(self, key_id: str) -> bool:
        """Make a key useless; False if there is no such live key."""
        self._checked.clear()
        with self._database.connect("owner", self._tenant.schema) as connection:
            done = connection.execute(
                "UPDATE api_keys SET revoked_at = now() WHERE key_id = %s AND revoked_at IS NULL",
                [key_id],
            )
        return done.rowcount == 1

    def every(self) -> list[dict[str, Any]]:
        """Every key without its secret."""
        with self._database.borrow("writer", self._tenant.schema) as connection:
            rows = connection.execute(
                "SELECT key_id, user_id, role, created_at, revoked_at FROM api_keys"
                " ORDER BY created_at"
            ).fetchall()
        names = ("key_id", "user_id", "role", "created_at", "revoked_at")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def check(self, text: str) -> Access | None:
        """Who this key speaks for; None if it is none of this tenant's, or revoked."""
        found = self._checked.get(text)
        if found is not None and time.monotonic() - found[0] < CACHED_SECONDS:
            return found[1]
        _, _, rest = text.partition(f"kept_{self._tenant.name}_")
        key_id, _, secret = rest.partition("_")
        with self._database.borrow("writer", self._tenant.schema) as connection:
            row = connection.execute(
                "SELECT secret_hash, user_id, role FROM api_keys"
                " WHERE key_id = %s AND revoked_at IS NULL",
                [key_id],
            ).fetchone()
        if row is None or not hmac.compare_digest(bytes(row[0]), _hash(secret)):
            self._checked.pop(text, None)
            return None
        access = Access(key_id, self._tenant.name, row[1], row[2])
        self._checked[text] = (time.monotonic(), access)
        return access


def tenant_of(text: str) -> str | None:
    """The tenant that a key names, unchecked."""
    parts = text.split("_")
    return "_".join(parts[1:-2]) if len(parts) >= 4 and parts[0] == "kept" else None  # noqa: PLR2004


def _hash(secret: str) -> bytes:
    # The secret has 192 random bits, so a plain digest cannot be searched.
    return hashlib.sha256(secret.encode()).digest()
