"""The one gate: every read of personal data, by API, command line, export or feed, passes here.

It knows who reads, masks what their role may not see, refuses to filter or sort by it, and records
what else it gives out. Rows come from the read models, by index only; values of the history come
from the log.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Final
from uuid import UUID

from domain.custom_fields import custom_fields_id
from domain.envelope import Recorded, kind_of
from domain.fields import ERASED, Erased, PersonalMark, mark_of
from domain.kernel import Event, event_type
from domain.reading import Door, Purpose, purpose_of
from domain.records import MERGED_FIELDS
from projections.as_of import fold_as_of
from projections.delivered import Delivered, is_given, subjects_in
from projections.kernel import Derived, Projection, ReadModel
from projections.tables import table_of
from projections.words import label, links_of, name_of, words
from store.event_log import EventLog
from store.lists import Page, Query, Unserved, count_rows, get_row, list_rows
from store.read_log import Read, ReadLog
from store.tracking import Tracking

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


@dataclass(slots=True)
class Answer:
    """What a read gives: JSON-ready items, and how to go on."""

    items: list[dict[str, Any]]
    next_cursor: str | None = None
    count: int | None = None
    masked: list[str] = field(default_factory=list)
    """Names of the personal fields that the reader's role may not see."""


class Gate:
    """The reads of one tenant."""

    def __init__(
        self,
        log: EventLog,
        reads: ReadLog,
        projections: Sequence[Projection],
        derived: Sequence[Derived],
    ) -> None:
        self._log, self._reads = log, reads
        self.models: dict[str, ReadModel] = {
            **{one.name: one for one in projections},
            **{one.name: one for one in derived},
        }
        self._by_aggregate = {p.aggregate.AGGREGATE: p for p in projections if p.aggregate}

    def page(self, reader: Reader, name: str, query: Query) -> Answer:
        """One page of a read model.

        Raises:
            Unserved: no index serves this filter and sort, or the role may not use a column of it.
            BadCursor: the cursor is of another list, or none of ours.
        """
        model = self.models[name]
        page, count = self._rows(reader, model, query)
        items = self._given_out(reader, model, page.rows, _asked_by(model, query))
        return Answer(items, page.next_cursor, count, self._masked(reader, model))

    def find(self, reader: Reader, name: str, query: Query) -> tuple[list[UUID], str | None]:
        """The ids of one page and the cursor of the next, for an answer that shows nothing else.

        Raises:
            Unserved, BadCursor: as for :meth:`page`.
        """
        page, _ = self._rows(reader, self.models[name], query)
        return [row["id"] for row in page.rows], page.next_cursor

    def get(
        self, reader: Reader, name: str, record: UUID, unless_at: int | None = None
    ) -> dict[str, Any] | None:
        """One record as the read model has it; its version alone, if it is at the one that the
        reader has.
        """
        model = self.models[name]
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            row = get_row(connection, table_of(model), record)
        if row is None:
            return None
        if unless_at is not None and row["version"] == unless_at:
            return {"version": unless_at}
        return self._given_out(reader, model, [row])[0]

    def has(self, name: str, record: UUID) -> bool:
        """Whether there is such a record."""
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            return get_row(connection, table_of(self.models[name]), record) is not None

    def as_of(
        self,
        reader: Reader,
        name: str,
        record: UUID,
        as_of: datetime | None = None,
        as_known_at: datetime | None = None,
    ) -> dict[str, Any] | None:
        """One record as it was at ``as_of``, by what was known at ``as_known_at``; None if it was
        not there.
        """
        model = self.models[name]
        row = self.states(name, [record], as_of, as_known_at).get(record)
        if row is None:
            return None
        values: dict[str, Any] = {}
        for column in table_of(model).columns:
            value = getattr(row, column.field)
            gone = value is None or value is ERASED
            values[column.name] = (
                None if gone else getattr(value, column.part) if column.part else value
            )
        return self._given_out(reader, model, [values])[0]

    def states(
        self,
        name: str,
        records: Iterable[UUID],
        as_of: datetime | None = None,
        as_known_at: datetime | None = None,
    ) -> dict[UUID, Any]:
        """Records by id as the rules see them, for an answer that shows nothing of their fields;
        those that were not there are left out.
        """
        model = self.models[name]
        if not isinstance(model, Projection) or model.aggregate is None:
            raise Unserved(f"{name} has no records that can be shown as of a date.")
        found = {one: fold_as_of(model, self._log.load(one), as_of, as_known_at) for one in records}
        return {one: row for one, row in found.items() if row is not None}

    def history(self, reader: Reader, query: Query) -> Answer:
        """Facts, one a changed field: who, when, from → to, why and from where.

        A page is so many events, each whole; a filter by ``fields`` shows only that field of them.

        Raises:
            Unserved, BadCursor: as for :meth:`page`.
        """
        table = table_of(self.models["history"])
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            page = list_rows(connection, table, query, self._log.keys.cursor_key)
            count = count_rows(connection, table, query) if query.count else None
        only = query.filters.get("fields")
        rows = [
            {**{k: v for k, v in row.items() if k != "fields"}, "field": name}
            for row in page.rows
            for name in row["fields"]
            if only is None or name == only
        ]
        return Answer(self._facts(reader, rows), page.next_cursor, count)

    def events(self, reader: Reader, events: Iterable[Recorded]) -> list[dict[str, Any]]:
        """Events as the feed gives them."""
        delivered = Delivered()
        shown = [self._event(reader, recorded, delivered) for recorded in events]
        self.record(reader, "events", delivered)
        return shown

    def position(self) -> int:
        """Up to where every read model has folded."""
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            return Tracking(connection).lowest([*self.models.values()])

    def _rows(self, reader: Reader, model: ReadModel, query: Query) -> tuple[Page, int | None]:
        table = table_of(model)
        self._refuse_personal(reader, model, query)
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            page = list_rows(connection, table, query, self._log.keys.cursor_key)
            return page, count_rows(connection, table, query) if query.count else None

    def _given_out(
        self,
        reader: Reader,
        model: ReadModel,
        rows: Sequence[Mapping[str, Any]],
        asked: Collection[str] = (),
    ) -> list[dict[str, Any]]:
        """Rows as they are shown, once it is recorded that they were."""
        delivered = Delivered()
        subjects = self._subjects(reader, model, rows)
        items = []
        for row in rows:
            shown, personal = self._shown(reader, model, row)
            items.append(shown)
            if personal:
                delivered.add(row["id"], subjects(row), personal)
        self.record(reader, model.name, delivered, asked)
        return items

    def record(
        self, reader: Reader, model: str, delivered: Delivered, asked: Collection[str] = ()
    ) -> None:
        """Write down what was read before it is given out; whoever opens values past the gate does
        so too.

        Raises:
            ReadNotRecorded: it could not be written down, so nothing may be given out.
        """
        if delivered.records:
            self._reads.record(
                Read(
                    actor=reader.user_id,
                    client=reader.client,
                    role=reader.role,
                    door=reader.door.value,
                    purpose=reader.purpose.value,
                    model=model,
                    records=delivered.records,
                    fields=[*delivered.fields],
                    asked=[*asked],
                )
            )

    def _subjects(
        self, reader: Reader, model: ReadModel, rows: Sequence[Mapping[str, Any]]
    ) -> Callable[[Mapping[str, Any]], list[UUID]]:
        """Whom a row is about. One that is part of a record is about whom the record is about."""
        if not isinstance(model, Projection) or not reader.sees_personal:
            return lambda row: []
        kind = model.aggregate
        if kind is not None:
            return lambda row: subjects_in(kind, row, row["id"])
        owner = event_type(next(iter(model.steps))).AGGREGATE
        table = table_of(self._by_aggregate[owner.AGGREGATE])
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            held = table.load(connection, [(one,) for one in {row["id"] for row in rows}])
        about = {one["id"]: subjects_in(owner, one, one["id"]) for one in held}
        return lambda row: about.get(row["id"], [row["id"]])

    def _refuse_personal(self, reader: Reader, model: ReadModel, query: Query) -> None:
        if reader.sees_personal:
            return
        if query.search is not None or _asked_by(model, query):
            raise Unserved(
                f"The role {reader.role} does not see personal data, so it cannot search, filter "
                "or sort by it."
            )

    def _masked(self, reader: Reader, model: ReadModel) -> list[str]:
        if reader.sees_personal:
            return []
        return sorted({column.field for column in model.columns() if column.personal})

    def _shown(
        self, reader: Reader, model: ReadModel, row: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[str]]:
        """A row as it is shown, and the names of the personal fields that it shows."""
        shown: dict[str, Any] = {}
        personal: list[str] = []
        for column in table_of(model).columns:
            value = row[column.name]
            if column.personal:
                if not reader.sees_personal:
                    continue
                if value is not None and is_given(value):
                    personal.append(column.field)
            if column.part == "amount":
                currency = row[f"{column.name}_currency"]
                shown[column.field] = (
                    None if value is None else {"amount": plain(value), "currency": currency}
                )
            elif column.part is None:
                shown[column.field] = plain(value)
        return shown, personal

    def _facts(self, reader: Reader, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        wanted: dict[UUID, int] = {}
        for row in rows:
            wanted[row["id"]] = max(wanted.get(row["id"], 0), row["position"])
        delivered = Delivered()
        named = {(row["position"], row["field"]) for row in rows}
        values = self._values(reader, wanted, named, delivered)
        facts = []
        linked: dict[str, set[UUID]] = {"users": {row["actor"] for row in rows}}
        for row in rows:
            fact = {name: plain(value) for name, value in row.items()}
            fact |= values.get((row["position"], row["field"]), {})
            for kind, one in links_of(fact):
                linked.setdefault(kind, set()).add(one)
            facts.append(fact)
        names = self._named(reader, linked, delivered)
        self.record(reader, "history", delivered)
        declared = self.declared({f["aggregate"] for f in facts if "." in f["field"]})
        for fact in facts:
            known = names.get(fact["actor"]) if reader.sees_personal else None
            fact["actor_name"] = known
            fact["label"] = label(
                fact["aggregate"], fact["field"], declared.get(fact["aggregate"], {})
            )
            fact["words"] = words(fact, names)
        return facts

    def _values(
        self,
        reader: Reader,
        streams: Mapping[UUID, int],
        wanted: set[tuple[int, str]],
        delivered: Delivered,
    ) -> dict[tuple[int, str], dict[str, Any]]:
        """From → to of the wanted (position, field) pairs, folded from the log."""
        by_stream: dict[UUID, list[Recorded]] = defaultdict(list)
        for recorded in self._log.load_many(streams):
            by_stream[recorded.stream].append(recorded)
        fields: dict[int, list[str]] = defaultdict(list)
        for position, name in wanted:
            fields[position].append(name)
        found: dict[tuple[int, str], dict[str, Any]] = {}
        for events in by_stream.values():
            projection = self._by_aggregate.get(events[0].event.AGGREGATE.AGGREGATE)
            row: Any = None
            for recorded in events:
                before = row
                if projection is not None:
                    row = projection.fold((recorded.stream,), row, recorded)
                reason = recorded.trace.get("reason") if reader.sees_personal else None
                for name in fields.get(recorded.position, ()):
                    change, is_personal = self._change(reader, name, before, row, recorded.event)
                    found[(recorded.position, name)] = {**change, "reason": reason}
                    about = _about(row, before, recorded)
                    if is_personal and (is_given(change["from"]) or is_given(change["to"])):
                        delivered.add(recorded.stream, about, [name])
                    if reason:
                        delivered.add(recorded.stream, about, ["reason"])
        return found

    def _change(
        self, reader: Reader, name: str, before: Any, after: Any, event: Event
    ) -> tuple[dict[str, Any], bool]:
        """From and to, and whether that is personal."""
        column, _, key = name.partition(".")
        holder = (
            type(after) if after is not None and column in type(after).model_fields else type(event)
        )
        if column not in holder.model_fields:
            return {"from": None, "to": None}, False
        is_personal = isinstance(mark_of(holder, column), PersonalMark)
        if is_personal and not reader.sees_personal:
            return {"from": None, "to": None, "masked": True}, True
        if holder is type(event):
            was, now = None, getattr(event, column)
        else:
            was, now = (getattr(row, column, None) for row in (before, after))
        if key and column in MERGED_FIELDS:
            was, now = (
                value.get(key) if isinstance(value, dict) else value for value in (was, now)
            )
        change: dict[str, Any] = {"from": plain(was), "to": plain(now)}
        erased = [side for side, value in (("from", was), ("to", now)) if value is ERASED]
        if erased:
            change["erased"] = erased
        return change, is_personal

    def names(self, reader: Reader, wanted: Mapping[str, set[UUID]]) -> dict[str, str]:
        """What records are called, by id: their number, where the reader may not see the name."""
        delivered = Delivered()
        names = self._named(reader, wanted, delivered)
        self.record(reader, "names", delivered)
        return names

    def _named(
        self, reader: Reader, wanted: Mapping[str, set[UUID]], delivered: Delivered
    ) -> dict[str, str]:
        names: dict[str, str] = {}
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            for kind in wanted.keys() & self.models.keys():
                table = table_of(self.models[kind])
                seen = [c.name for c in table.columns if reader.sees_personal or not c.personal]
                personal = [c.name for c in table.columns if c.personal and c.name in _NAMES]
                for row in table.load(connection, [(one,) for one in wanted[kind]]):
                    name = name_of({column: row[column] for column in seen})
                    if name is not None:
                        names[str(row["id"])] = name
                    if reader.sees_personal:
                        given = [one for one in personal if is_given(row[one])]
                        about = self._subjects(reader, self.models[kind], [row])(row)
                        delivered.add(row["id"], about, given)
        return names

    def declared(self, kinds: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The definitions of custom fields, by kind and key."""
        streams = [(custom_fields_id(kind),) for kind in kinds]
        if not streams:
            return {}
        table = table_of(self.models["custom_fields"])
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            return {row["kind"]: row["by_key"] for row in table.load(connection, streams)}

    def _event(self, reader: Reader, recorded: Recorded, delivered: Delivered) -> dict[str, Any]:
        body, event = recorded.body, recorded.event
        personal = {
            name
            for name in event.model_fields_set
            if isinstance(mark_of(type(event), name), PersonalMark)
        }
        hidden = set() if reader.sees_personal else personal
        erased = sorted(name for name in personal if getattr(event, name) is ERASED)
        shown: dict[str, Any] = {
            "position": recorded.position,
            "recorded_at": plain(recorded.recorded_at),
            **{name: body.get(name) for name in _ENVELOPE},
            "aggregate": kind_of(body),
            "data": event.model_dump(
                mode="json", include=event.model_fields_set - hidden - {*erased}
            ),
        }
        if reader.sees_personal:
            shown["reason"] = recorded.trace.get("reason")
            given = [name for name in personal if is_given(getattr(event, name))]
            given += ["reason"] if shown["reason"] else []
            delivered.add(recorded.stream, recorded.subjects, given)
        if hidden:
            shown["masked"] = sorted(hidden)
        if erased:
            shown["erased"] = erased
        return shown


_NAMES: Final = ("family_name", "given_name", "name")
"""Of what :func:`projections.words.name_of` makes a name, if it is personal."""


def _asked_by(model: ReadModel, query: Query) -> list[str]:
    """The personal columns that a list is filtered, searched or sorted by."""
    personal = {column.name for column in table_of(model).columns if column.personal}
    used = {*query.filters, *query.custom, query.sort}
    if query.search is not None:
        used |= {*model.search}
    return sorted(used & personal)


def _about(row: Any, before: Any, recorded: Recorded) -> list[UUID]:
    """Whom a change is about: whom the record names now or did before, or else itself."""
    about = dict.fromkeys(recorded.subjects)
    for state in (row, before):
        if state is not None:
            about |= dict.fromkeys(subjects_in(type(state), state.__dict__, recorded.stream))
    return [*about] or [recorded.stream]


_ENVELOPE: Final = (
    "stream",
    "version",
    "type",
    "schema",
    "number",
    "occurred_at",
    "actor",
    "on_behalf_of",
    "source",
    "command",
    "correlation",
    "causation",
)


def plain(value: Any) -> Any:
    """A value as JSON has it: decimals and ids as strings, moments in UTC, erased ones as null."""
    convert = _PLAIN.get(type(value))
    if convert is not None:
        return convert(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Collection):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.__dict__.items()}


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    **dict.fromkeys((NoneType, Erased), lambda value: None),
    **dict.fromkeys((bool, int, str), lambda value: value),
    **dict.fromkeys((UUID, Decimal), str),
    datetime: lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"),
    date: date.isoformat,
}
