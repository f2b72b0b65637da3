"""On which legal bases somebody is contacted, and where they are not to be (GDPR Art. 6, 7, 21)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from api.answering.telling import Teller
from domain.consents import Consent
from domain.records import Record
from domain.suppressions import to_look_up
from projections.plain import plain
from store.suppressions import Suppressions

TOLD: Final = (
    "purpose",
    "channel",
    "lawful_basis",
    "status",
    "captured_at",
    "source",
    "wording_version",
    "confirmed_at",
    "valid_until",
    "withdrawn_at",
    "withdrawal_reason",
    "objected_at",
)
"""What is told of a consent, as JSON and (under ``words``) in both languages."""


@dataclass(slots=True)
class Permissions:
    """Consents and refusals, as JSON."""

    suppressions: Suppressions
    consents: list[dict[str, Any]] = field(default_factory=list)
    do_not_call: bool = False
    restricted: bool = False
    """Their data may be stored, and nothing else (GDPR Art. 18)."""
    remembered: list[dict[str, Any]] = field(default_factory=list)
    """Refusals that their addresses remember, as far as they are about a consent above."""
    _held: dict[UUID, Consent] = field(default_factory=dict)

    def take(self, stream: UUID, row: Record, teller: Teller) -> None:
        """Look at a record of theirs as it stands."""
        self.do_not_call = self.do_not_call or bool(getattr(row, "do_not_call", False))
        self.restricted = self.restricted or bool(getattr(row, "restricted", False))
        if isinstance(row, Consent):
            self._held[stream] = row
            given = {name: plain(getattr(row, name)) for name in TOLD}
            words = {
                name: teller.word("consents", name, value)
                for name, value in given.items()
                if value is not None
            }
            number = getattr(row, "number", None)
            self.consents.append({"id": str(stream), "number": number, **given, "words": words})

    def look_up(self, people: Mapping[UUID, Record]) -> None:
        """Ask what their addresses remember, once every record was looked at."""
        traces = {
            one
            for consent in self._held.values()
            for person in people.values()
            for one in to_look_up(consent, person)
        }
        seen = {*self.suppressions.remembered(sorted(traces))}
        self.remembered = [
            {"reason": one.reason.value, "since": plain(one.since)}
            for one in sorted(seen, key=lambda one: one.since)
        ]

    @property
    def refusals(self) -> list[dict[str, Any]]:
        """The consents that they took back, refused or objected to."""
        return [one for one in self.consents if one["withdrawn_at"] or one["objected_at"]]
