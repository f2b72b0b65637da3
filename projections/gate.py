"""The one gate: every read of personal data, by API, command line, export or feed, passes here.

It knows who reads, masks what their role may not see, refuses to filter or sort by it, and records
what else it gives out. Rows come from the read models, by index only; values of the history come
from the log.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.envelope import Recorded
from domain.kernel import event_type
from projections.as_of import fold_as_of
from projections.delivered import Delivered, subjects_in
from projections.facts import Facts
from projections.kernel import Derived, Projection, ReadModel
from projections.readers import Reader
from projections.shown import Sight, event_shown
from projections.skipping import skipped
from projections.tables import table_of, values_of
from store.dated_copies import DatedCopy, reading
from store.event_log import EventLog
from store.lists import MAX_LIMIT, Page, Query, Unserved, count_rows, get_row, list_rows
from store.read_log import Read, ReadLog
from store.read_models import Table
from store.tracking import Tracking


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
        self._facts = Facts(log, self._by_aggregate)
        self._sights: dict[tuple[str, bool], Sight] = {}

    def page(
        self, reader: Reader, name: str, query: Query, copy: DatedCopy | None = None
    ) -> Answer:
        """One page of a read model, as it is or as a dated copy has it.

        Raises:
            Unserved: no index serves this filter and sort, or the role may not use a column of it.
            BadCursor: the cursor is of another list, or none of ours.
            CopyGone: the copy was dropped.
        """
        model = self.models[name]
        with nullcontext() if copy is None else reading():
            page, count = self._rows(reader, model, query, copy)
            items = self._given_out(reader, model, page.rows, _asked_by(model, query), copy)
        return Answer(items, page.next_cursor, count, self._masked(reader, model))

    def items(self, reader: Reader, name: str, query: Query) -> Iterator[dict[str, Any]]:
        """The items of all pages.

        Raises:
            Unserved: as for :meth:`page`.
        """
        cursor: str | None = None
        while True:
            page = self.page(reader, name, replace(query, limit=MAX_LIMIT, cursor=cursor))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def find(self, reader: Reader, name: str, query: Query) -> tuple[list[UUID], str | None]:
        """The ids of one page and the cursor of the next, for an answer that shows nothing else.

        Raises:
            Unserved, BadCursor: as for :meth:`page`.
        """
        page, _ = self._rows(reader, self.models[name], query)
        return [row["id"] for row in page.rows], page.next_cursor

    def find_all(self, reader: Reader, name: str, query: Query) -> Iterator[UUID]:
        """The ids of all pages.

        Raises:
            Unserved: as for :meth:`page`.
        """
        cursor: str | None = None
        while True:
            found, cursor = self.find(reader, name, replace(query, limit=MAX_LIMIT, cursor=cursor))
            yield from found
            if cursor is None:
                return

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
        return self._given_out(reader, model, [values_of(model, row)])[0]

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
        left_out = skipped(self._log)
        found = {
            one: fold_as_of(model, self._log.load(one), as_of, as_known_at, left_out)
            for one in records
        }
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
        delivered = Delivered()
        facts = self._facts.told(reader, rows, delivered)
        self.record(reader, "history", delivered)
        return Answer(facts, page.next_cursor, count)

    def events(self, reader: Reader, events: Iterable[Recorded]) -> list[dict[str, Any]]:
        """Events as the feed gives them."""
        delivered = Delivered()
        items = []
        for recorded in events:
            shown = event_shown(recorded, reader.sees_personal)
            items.append(shown.item)
            delivered.add(recorded.stream, recorded.subjects, shown.personal)
        self.record(reader, "events", delivered)
        return items

    def names(self, reader: Reader, wanted: Mapping[str, set[UUID]]) -> dict[str, str]:
        """What records are called, by id: their number, where the reader may not see the name."""
        delivered = Delivered()
        names = self._facts.names(reader, wanted, delivered)
        self.record(reader, "names", delivered)
        return names

    def declared(self, kinds: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The definitions of custom fields, by kind and key."""
        return self._facts.declared(kinds)

    def position(self) -> int:
        """Up to where every read model has folded."""
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            return Tracking(connection).lowest([*self.models.values()])

    def _table(self, model: ReadModel, copy: DatedCopy | None) -> Table:
        table = table_of(model)
        return table if copy is None else table.within(self._log.tenant.dated(copy.name))

    def _rows(
        self, reader: Reader, model: ReadModel, query: Query, copy: DatedCopy | None = None
    ) -> tuple[Page, int | None]:
        table = self._table(model, copy)
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
        copy: DatedCopy | None = None,
    ) -> list[dict[str, Any]]:
        """Rows as they are shown, once it is recorded that they were."""
        delivered = Delivered()
        subjects = self._subjects(reader, model, rows, copy)
        shown = self._sight(reader, model).of(rows)
        for row, one in zip(rows, shown, strict=True):
            if one.personal:
                delivered.add(row["id"], subjects(row), one.personal)
        self.record(reader, model.name, delivered, asked)
        return [one.item for one in shown]

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
        self,
        reader: Reader,
        model: ReadModel,
        rows: Sequence[Mapping[str, Any]],
        copy: DatedCopy | None,
    ) -> Callable[[Mapping[str, Any]], list[UUID]]:
        """Whom a row is about. One that is part of a record is about whom the record is about."""
        if not isinstance(model, Projection) or not reader.sees_personal:
            return lambda row: []
        if not any(column.personal for column in model.columns()):
            return lambda row: []
        kind = model.aggregate
        if kind is not None:
            return lambda row: subjects_in(kind, row, row["id"])
        owner = event_type(next(iter(model.steps))).AGGREGATE
        table = self._table(self._by_aggregate[owner.AGGREGATE], copy)
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

    def _sight(self, reader: Reader, model: ReadModel) -> Sight:
        """What the reader's role sees of a read model."""
        about = model.name, reader.sees_personal
        if about not in self._sights:
            columns = model.columns()
            seen = [one for one in columns if reader.sees_personal or not one.personal]
            self._sights[about] = Sight(seen)
        return self._sights[about]


def _asked_by(model: ReadModel, query: Query) -> list[str]:
    """The personal columns that a list is filtered, searched or sorted by."""
    personal = {column.name for column in table_of(model).columns if column.personal}
    used = {*query.filters, *query.custom, query.sort}
    if query.search is not None:
        used |= {*model.search}
    return sorted(used & personal)
