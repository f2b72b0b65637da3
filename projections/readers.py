"""Who reads, through which door, and for what."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.envelope import SYSTEM
from domain.reading import Door, Purpose, purpose_of

MASKED_ROLES: Final = frozenset({"analyst"})
"""Roles that see no personal column."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, through which door, and for what."""

    user_id: UUID
    role: str
    client: str
    door: Door = Door.CLI
    stated: Purpose | None = None
    """For what, if they said so."""

    @property
    def purpose(self) -> Purpose:
        return self.stated or purpose_of(self.role)

    @property
    def sees_personal(self) -> bool:
        return self.role not in MASKED_ROLES


KEPT: Final = Reader(SYSTEM, "admin", "kept")
"""Kept itself, which looks for ids and for what holds nothing personal."""
