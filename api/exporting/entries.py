"""The entries of the log as rows, with their personal fields left out, as pseudonyms or in clear.

They are given out by the gate like any others: whoever exports values is in the read log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from api.services import Services
from domain.envelope import Recorded
from domain.fields import personal_fields
from projections.readers import Reader
from store.epoch_keys import derived, keyed_hash


class Personal(StrEnum):
    """What is done with personal fields."""

    LEFT_OUT = "left-out"
    PSEUDONYMS = "pseudonyms"
    CLEAR = "clear"


KINDS: Final[Mapping[str, str]] = {
    "position": "integer",
    "recorded_at": "moment",
    "occurred_at": "moment",
    "stream": "uuid",
    "version": "integer",
    "aggregate": "text",
    "type": "text",
    "schema": "integer",
    "number": "text",
    "actor": "uuid",
    "on_behalf_of": "uuid",
    "source": "text",
    "client": "text",
    "command": "uuid",
    "correlation": "uuid",
    "causation": "uuid",
    "data": "json",
}
PSEUDONYM_LENGTH: Final = 32
_MOMENTS: Final = ("recorded_at", "occurred_at")


class Entries:
    """Makes rows of entries."""

    def __init__(self, services: Services, reader: Reader, personal: Personal) -> None:
        self._gate, self._personal = services.gate, personal
        # Whoever leaves them out reads them as somebody who may not see them.
        masked = personal is Personal.LEFT_OUT
        self._reader = replace(reader, role="analyst") if masked else reader
        self._key = derived(services.log.keys.epochs.hash_keys["unique values"], "pseudonyms")

    def rows(self, entries: Sequence[Recorded]) -> list[list[Any]]:
        """A row each, in the order of :data:`KINDS`."""
        shown = self._gate.events(self._reader, entries)
        return [self._row(one, said) for one, said in zip(entries, shown, strict=True)]

    def _row(self, recorded: Recorded, said: dict[str, Any]) -> list[Any]:
        source = said["source"]
        flat = {**said, "source": source["kind"], "client": source.get("client")}
        for name in _MOMENTS:
            flat[name] = datetime.fromisoformat(said[name])
        if self._personal is Personal.PSEUDONYMS:
            flat["data"] = self._pseudonymised(recorded, said["data"])
        return [flat[name] for name in KINDS]

    def _pseudonymised(self, recorded: Recorded, data: Mapping[str, Any]) -> dict[str, Any]:
        """The same value of a category has the same pseudonym in every entry, and in every export
        of the tenant; who has not the tenant's keys cannot make one.
        """
        marks = personal_fields(type(recorded.event))
        return {
            name: self._pseudonym(marks[name].category, value)
            if name in marks and value not in (None, "", [], {})
            else value
            for name, value in data.items()
        }

    def _pseudonym(self, category: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._pseudonym(category, one) for one in value]
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        return keyed_hash(self._key, category, text).hex()[:PSEUDONYM_LENGTH]
