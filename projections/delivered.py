"""What an answer gave out that is personal: of which records, about whom, and which fields.

Only what has a value counts: an empty field tells nothing about anybody.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.fields import ERASED
from domain.kernel import Aggregate


class Delivered:
    """Collects while an answer is put together."""

    def __init__(self) -> None:
        self.records: dict[UUID, Sequence[UUID]] = {}
        """The data subjects of each record, in the order in which they came."""
        self.fields: set[str] = set()

    def add(self, record: UUID, subjects: Sequence[UUID], fields: Sequence[str]) -> None:
        """Of a record these fields were given out, which are about these subjects."""
        if not fields:
            return
        self.fields.update(fields)
        known = self.records.setdefault(record, subjects)
        if known != subjects:
            self.records[record] = [*dict.fromkeys((*known, *subjects))]


def is_given(value: Any) -> bool:
    """Whether a value says something: neither empty nor erased."""
    if value is None or value is ERASED:
        return False
    return bool(value) or not isinstance(value, str | tuple | list | dict)


def subjects_in(aggregate: type[Aggregate], row: Mapping[str, Any], stream: UUID) -> list[UUID]:
    """Whom a record is about, by its columns or fields: whom it names, or else itself."""
    for name in aggregate.SUBJECT:
        found = row.get(name)
        if isinstance(found, UUID):
            return [found]
    return [stream]
