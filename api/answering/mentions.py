"""Where else somebody may be mentioned: records of others in which their names, addresses, numbers
or ids elsewhere occur.

That these are about them nobody knows but a person who looks, and what stands there is about others
as well (GDPR Art. 15(4)): so they are listed by kind and number, and nothing of them is given.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from domain.records import Record
from projections.gate import Gate
from projections.readers import Reader
from projections.words import name_of
from store.lists import MAX_LIMIT, Query

SHORTEST: Final = 2
"""Characters of what is searched for: a single one is found nearly everywhere."""
MOST: Final = 1_000
"""Records that one text is found in, of one kind; beyond that the list says that there are more."""
_TEXTS: Final = {
    "name": ("name",),
    "address": ("emails", "email", "phones", "website"),
    "id": ("external_id",),
}
"""By what it is called in the list, the fields that tell somebody."""


@dataclass(slots=True)
class Mentions:
    """``records`` as JSON: ``kind`` (of the read model), ``id``, ``number``, and ``found_by``:
    name, address or id. ``more``: some text occurs in so many that not all are listed.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    more: bool = False


def mentions_of(
    gate: Gate, reader: Reader, people: Mapping[UUID, Record], known: Collection[UUID]
) -> Mentions:
    """The records in whose searched columns one of their texts occurs, but for the ``known``."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    more = False
    texts = [(why, text) for record in people.values() for why, text in _told(record)]
    for name, model in gate.models.items():
        if not model.search:
            continue
        for why, text in dict.fromkeys(texts):
            rows, is_cut = _hits(gate, reader, name, text)
            more = more or is_cut
            for row in rows:
                one = row.get("ticket_id") or row["id"]
                if UUID(one) in known:
                    continue
                listed = {"kind": name, "id": one, "number": row.get("number"), "found_by": []}
                reasons = found.setdefault((name, one), listed)["found_by"]
                if why not in reasons:
                    reasons.append(why)
    return Mentions([*found.values()], more)


def _told(record: Record) -> Iterator[tuple[str, str]]:
    """What tells of them, and of which sort it is."""
    held = {key: value for key, value in record.__dict__.items() if value}
    family, given = held.get("family_name"), held.get("given_name")
    names = [name_of(held)] if {"family_name", "given_name", "name"} & held.keys() else []
    if family and given:
        names += [f"{family} {given}", f"{family}{given}", f"{given} {family}"]
    yield from (("name", one) for one in names if one and len(one) >= SHORTEST)
    for why, fields in _TEXTS.items():
        for value in (held.get(one) for one in fields):
            several = value if isinstance(value, tuple) else (value,)
            yield from ((why, one) for one in several if one and len(one) >= SHORTEST)


def _hits(gate: Gate, reader: Reader, name: str, text: str) -> tuple[list[dict[str, Any]], bool]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(rows) < MOST:
        page = gate.page(reader, name, Query(search=text, limit=MAX_LIMIT, cursor=cursor))
        rows += page.items
        cursor = page.next_cursor
        if cursor is None:
            return rows, False
    return rows, True
