"""An access answer as JSON; docs/api.md describes its shape, and ``format`` names that."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import orjson

from api.answering.gathering import Gathered, purpose_of
from api.answering.who import Asker
from api.answering.words import ABOUT, RIGHTS
from api.audit.sealing import ACCESS
from projections.plain import plain
from projections.words import WORDS
from projections.words.kernel import Both
from projections.words.shared import CATEGORIES

REQUEST: Final = ("number", "kind", "received_on", "due_on", "identified_by", "request_note")


def write_json(found: Gathered, asker: Asker, number: str | None, path: Path) -> None:
    """Write the answer. Records and events are copied line by line, so that it is never in memory
    as a whole.
    """
    with path.open("wb") as file:
        file.write(b"{")
        for name, value in head(found, asker, number).items():
            file.write(orjson.dumps(name) + b":" + orjson.dumps(value) + b",\n")
        _copy(file, "records", found.records)
        file.write(b",\n")
        _copy(file, "events", found.events)
        file.write(b"}\n")


def head(found: Gathered, asker: Asker, number: str | None) -> dict[str, Any]:
    """All but records and events."""
    request = {name: plain(getattr(asker.request, name, None)) for name in REQUEST}
    permissions = found.permissions
    return {
        "format": ACCESS,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "request": {"id": str(asker.request_id), **request, "number": number},
        "who": found.people,
        "purposes": [
            {"kind": kind, "noun": WORDS[kind].noun._asdict(), "purpose": purpose_of(kind)}
            for kind in sorted(found.kinds)
        ],
        "categories": _both(CATEGORIES),
        "permissions": permissions.consents,
        "do_not_contact": {
            "do_not_call": permissions.do_not_call,
            "restricted": permissions.restricted,
            "refused": [one["id"] for one in permissions.refusals],
            "remembered_by_addresses": permissions.remembered,
        },
        "recipients": [*found.recipients.listed.values()],
        **_both(ABOUT),
        "rights": _both(RIGHTS),
        "mentions": {"records": found.mentions.records, "more": found.mentions.more},
        "reads": found.reads,
    }


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """What was gathered into a file, one after the other."""
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def _copy(file: IO[bytes], name: str, source: Path) -> None:
    file.write(orjson.dumps(name) + b":[")
    separator = b"\n"
    with source.open("rb") as gathered:
        for line in gathered:
            file.write(separator + line.rstrip(b"\n"))
            separator = b",\n"
    file.write(b"\n]")


def _both(words: Mapping[str, Both]) -> dict[str, dict[str, str]]:
    return {name: said._asdict() for name, said in words.items()}
