"""Who was given data about whoever asks, and was told of what became of it (GDPR Art. 15(1)(c), 19;
PIPL Art. 23, 39).
"""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from api.answering.telling import Teller
from domain.disclosures import DataDisclosed
from domain.envelope import Recorded
from domain.subject_requests import NoticeRecorded, NoticesOwed
from projections.gate import Gate
from projections.plain import plain
from projections.readers import Reader

TOLD: Final = ("role", "country", "safeguards", "safeguards_reference")
"""What is told of a recipient beside its name, as JSON and (under ``words``) in both languages. Who
answers for it there is somebody else's data.
"""
OPEN: Final = "open"


@dataclass(slots=True)
class Recipients:
    """By recipient, as JSON: ``disclosures`` and ``notices``, each with the position of its entry
    in the log; of a notice that was recorded, ``noticed_position`` as well.
    """

    listed: dict[UUID, dict[str, Any]] = field(default_factory=dict)

    def take(self, recorded: Recorded) -> None:
        """Look at an event that is about them."""
        event, position = recorded.event, recorded.position
        if isinstance(event, DataDisclosed):
            told = {name: plain(getattr(event, name)) for name in _OF_DISCLOSURE}
            self._of(event.recipient_id)["disclosures"].append({"position": position, **told})
        elif isinstance(event, NoticesOwed):
            owed = {
                "position": position,
                "request_id": recorded.stream_text,
                "categories": plain(event.categories),
                "due_on": plain(event.due_on),
                "status": OPEN,
            }
            for one in event.recipients:
                self._of(one)["notices"].append({**owed})
        elif isinstance(event, NoticeRecorded):
            for notice in self._of(event.recipient_id)["notices"]:
                if notice["request_id"] == recorded.stream_text:
                    notice |= {
                        "status": plain(event.outcome),
                        "means": plain(event.means),
                        "noticed_on": plain(event.noticed_on),
                        "noticed_position": position,
                    }

    def look_up(self, gate: Gate, reader: Reader, teller: Teller) -> None:
        """Who they are, once every event was looked at."""
        for one, recipient in self.listed.items():
            row = gate.get(reader, "recipients", one) or {}
            told = {name: row.get(name) for name in TOLD}
            words = {
                name: teller.word("recipients", name, value)
                for name, value in told.items()
                if value
            }
            recipient |= {"number": row.get("number"), "name": row.get("name"), **told}
            recipient["words"] = words

    def _of(self, one: UUID) -> dict[str, Any]:
        fresh: dict[str, Any] = {"id": str(one), "disclosures": [], "notices": []}
        return self.listed.setdefault(one, fresh)


_OF_DISCLOSURE: Final = ("disclosure_id", "disclosed_on", "categories", "purpose")
