"""Fields, values and names of an answer, in English and Chinese."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from domain.envelope import SYSTEM, Recorded, kind_of
from domain.fields import ERASED, PersonalMark, mark_of
from domain.kernel import Value
from domain.records import MERGED_FIELDS, Record
from projections.gate import Gate
from projections.plain import plain
from projections.readers import Reader
from projections.words import WORDS, label, name_of
from projections.words.facts import values_of
from projections.words.kernel import CHANGED, LANGUAGES, Both
from projections.words.links import kinds, links
from projections.words.shared import EVENTS
from projections.words.values import Speaker, is_empty

COLLEAGUES: Final = "users"
IN_FULL: Final = (COLLEAGUES, "recipients")
"""Kinds of records that are named, though others are not (Art. 15(1)(c))."""
NUMBERS_ONLY: Final = "analyst"
"""The role as which others are named: it sees their numbers, not their names (Art. 15(4))."""
_NO_LINKS: Final = (str, int, bool, tuple[str, ...])
"""Types of fields that point at no record."""
Field = dict[str, Any]
"""``field``, ``label``, ``category`` (null: no personal data), ``value`` as JSON, ``words``."""


class Teller:
    """Tells of one person. Colleagues and recipients are named, and so is the person; others by
    their numbers.
    """

    def __init__(self, gate: Gate, reader: Reader, people: Mapping[UUID, Record]) -> None:
        self._gate, self._reader = gate, reader
        own = {str(one): name_of(record.__dict__) for one, record in people.items()}
        self.names: dict[str, str] = {one: name for one, name in own.items() if name}
        self.names[str(SYSTEM)] = "Kept"
        self._asked: set[UUID] = {SYSTEM, *people}

    def learn(self, wanted: Iterable[tuple[str, UUID]]) -> None:
        """Look up what these records are called, by plural and id: all in one question a kind."""
        unknown: dict[bool, dict[str, set[UUID]]] = {True: {}, False: {}}
        for kind, one in wanted:
            if one not in self._asked:
                self._asked.add(one)
                unknown[kind in IN_FULL].setdefault(kind, set()).add(one)
        masked = Reader(self._reader.user_id, NUMBERS_ONLY, self._reader.client)
        for in_full, by_kind in unknown.items():
            if by_kind:
                reader = self._reader if in_full else masked
                self.names |= self._gate.names(reader, by_kind)

    def wanted_by(self, recorded: Recorded) -> Iterator[tuple[str, UUID]]:
        """The records that an event names, as far as it was opened."""
        yield COLLEAGUES, recorded.actor
        behalf = recorded.body.get("on_behalf_of")
        if behalf is not None:
            yield COLLEAGUES, UUID(behalf)
        event, kind = recorded.event, kind_of(recorded.body)
        bare = kinds(kind)
        for name in event.model_fields_set:
            if bare.get(name) not in _NO_LINKS:
                yield from links(kind, name, plain(getattr(event, name)))

    def fields(self, kind: str, holder: Value, names: Iterable[str]) -> Iterator[Field]:
        """These fields of an event or a record, as far as they hold something that was opened;
        custom fields one by one.
        """
        for name in names:
            value = getattr(holder, name)
            if value is ERASED:
                continue
            mark = mark_of(type(holder), name)
            category = mark.category if isinstance(mark, PersonalMark) else None
            shown = plain(value)
            if name in MERGED_FIELDS:
                for key, one in shown.items():
                    yield self.field(kind, f"{name}.{key}", one, category)
            elif not is_empty(shown):
                yield self.field(kind, name, shown, category)

    def field(self, kind: str, name: str, value: Any, category: str | None) -> Field:
        """One field with its label and its value in words."""
        own = WORDS[kind]
        bare = kinds(kind).get(name, Any)
        values = values_of(own, name)
        said = {
            language: Speaker(language, bare, name, self.names, values, whole=True).say(value)
            for language in LANGUAGES
        }
        return {
            "field": name,
            "label": label(kind, name, self._declared.get(kind, {})),
            "category": category,
            "value": value,
            "words": said,
        }

    def word(self, kind: str, field: str, value: Any) -> dict[str, str]:
        """A value of a field in both languages."""
        words: dict[str, str] = self.field(kind, field, plain(value), None)["words"]
        return words

    @cached_property
    def _declared(self) -> dict[str, dict[str, Any]]:
        return self._gate.declared(WORDS)


def verb(kind: str, event: str) -> Both:
    """What an event says that somebody did."""
    return WORDS[kind].events.get(event) or EVENTS.get(event, CHANGED)
