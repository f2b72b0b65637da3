"""The history page by page: asked for by as much as an index serves, the rest looked through."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from projections.gate import Gate
from projections.readers import Reader
from store.lists import Query

PAGE: Final = 200


@dataclass(frozen=True)
class Asked:
    """Which facts are wanted. ``filters`` are by the history's columns: ``id`` (of the record),
    ``actor``, ``fields`` (one of them) and ``source``.
    """

    filters: Mapping[str, Any] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    descending: bool = True


def facts(gate: Gate, reader: Reader, asked: Asked, page: int = PAGE) -> Iterator[dict[str, Any]]:
    """The facts, in the order in which they occurred where a time is asked for, else were recorded.

    A page is in memory at a time.
    """
    sort = "occurred_at" if asked.since or asked.until else "position"
    served = [one.filters for one in gate.models["history"].serves if one.sort == sort]
    best = max((one for one in served if {*one} <= asked.filters.keys()), key=len)
    rest = {name: str(value) for name, value in asked.filters.items() if name not in best}
    field_wanted = asked.filters.get("fields")
    rest.pop("fields", None)
    cursor: str | None = None
    while True:
        query = Query(
            filters={name: asked.filters[name] for name in best},
            since=asked.since,
            until=asked.until,
            sort=sort,
            descending=asked.descending,
            limit=page,
            cursor=cursor,
        )
        answer = gate.history(reader, query)
        for fact in answer.items:
            fits = all(str(fact[name]) == value for name, value in rest.items())
            if fits and field_wanted in (None, fact["field"]):
                yield fact
        cursor = answer.next_cursor
        if cursor is None:
            return
