"""A recorder over the same lock and tables that stores what the library's test cases store.

They count versions from 0 and leave gaps, and their states are bytes that are no JSON. So a version
is stored one higher, a state in base64 inside a JSON body, and nothing is read before it is
written: that a version is free is left to the table's own constraint.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, Notification, StoredEvent
from uuid_utils.compat import uuid7

from store.codec import canonical
from store.event_log import EventLog
from store.keys import DataKey
from store.recorder import LogRecorder


class OpaqueRecorder(LogRecorder):
    """Stores any state."""

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        found = super().select_events(
            originator_id,
            gt=None if gt is None else gt + 1,
            lte=None if lte is None else lte + 1,
            desc=desc,
            limit=limit,
        )
        return [
            StoredEvent(one.originator_id, one.originator_version, one.topic, one.state)
            for one in found
        ]

    def _command(self, stored_events: Sequence[StoredEvent]) -> dict[str, Any]:
        command, last = uuid7(), stored_events[-1]
        return {
            "id": command,
            "stream": last.originator_id,
            "version": last.originator_version + 1,
            "reads": [],
            "events": [
                {
                    "n": n,
                    "stream": one.originator_id,
                    "version": one.originator_version + 1,
                    "type": one.topic,
                    "body": canonical(
                        {"command": command, "state": base64.b64encode(one.state).decode()}
                    ).decode(),
                }
                for n, one in enumerate(stored_events, 1)
            ],
        }

    def _entries(
        self, rows: Sequence[tuple[Any, ...]], keys: Mapping[str, DataKey]
    ) -> list[Notification]:
        return [
            Notification(
                id=row[0],
                originator_id=row[8],
                originator_version=row[9] - 1,
                topic=row[10],
                state=base64.b64decode(json.loads(row[2])["state"]),
            )
            for row in rows
        ]


class OpaqueAggregateRecorder(AggregateRecorder):
    """The same, without positions."""

    def __init__(self, log: EventLog) -> None:
        self._recorder = OpaqueRecorder(log)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        self._recorder.insert_events(stored_events)

    def select_events(self, originator_id: UUID | str, **bounds: Any) -> Sequence[StoredEvent]:
        return self._recorder.select_events(originator_id, **bounds)
