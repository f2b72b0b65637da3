"""The facts of the history: from → to, read from the log, with names and words for people.

Whoever reads is shown no more than their role may see; that it was shown is recorded by the gate.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from domain.custom_fields import custom_fields_id
from domain.envelope import Recorded
from domain.fields import ERASED, PersonalMark, mark_of
from domain.kernel import Event
from domain.records import MERGED_FIELDS
from projections.delivered import Delivered, is_given, subjects_in
from projections.kernel import Projection
from projections.plain import plain
from projections.readers import Reader
from projections.skipping import skipped
from projections.tables import table_of
from projections.words import label, links_of, name_of, words
from store.event_log import EventLog

_NAMES: Final = ("family_name", "given_name", "name")
"""Of what :func:`projections.words.name_of` makes a name, if it is personal."""


class Facts:
    """Those of one tenant."""

    def __init__(self, log: EventLog, models: Mapping[str, Projection]) -> None:
        self._log, self._models = log, models
        """By kind of record."""

    def told(
        self, reader: Reader, rows: Sequence[Mapping[str, Any]], delivered: Delivered
    ) -> list[dict[str, Any]]:
        """Rows of the history, one a changed field, with from → to, names and words; what is given
        out of people is collected.
        """
        wanted: dict[UUID, int] = {}
        for row in rows:
            wanted[row["id"]] = max(wanted.get(row["id"], 0), row["position"])
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
        names = self.names(reader, linked, delivered)
        declared = self.declared({f["aggregate"] for f in facts if "." in f["field"]})
        for fact in facts:
            known = names.get(fact["actor"]) if reader.sees_personal else None
            fact["actor_name"] = known
            fact["label"] = label(
                fact["aggregate"], fact["field"], declared.get(fact["aggregate"], {})
            )
            fact["words"] = words(fact, names)
            linked_names = {str(one): names.get(str(one)) for _, one in links_of(fact)}
            fact["names"] = {one: name for one, name in linked_names.items() if name}
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
        left_out = skipped(self._log)
        for events in by_stream.values():
            projection = self._models.get(events[0].event.AGGREGATE.AGGREGATE)
            row: Any = None
            for recorded in events:
                before = row
                if (
                    projection is not None
                    and (
                        projection.name,
                        recorded.position,
                    )
                    not in left_out
                ):
                    row = projection.fold((recorded.stream,), row, recorded)
                reason = recorded.trace.get("reason") if reader.sees_personal else None
                of_record = {
                    "number": events[0].number,
                    "version": recorded.version,
                    "activity": _activity(recorded, before, row),
                }
                for name in fields.get(recorded.position, ()):
                    change, is_personal = self._change(reader, name, before, row, recorded.event)
                    found[(recorded.position, name)] = {**of_record, **change, "reason": reason}
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

    def names(
        self, reader: Reader, wanted: Mapping[str, set[UUID]], delivered: Delivered
    ) -> dict[str, str]:
        """What records are called, by id: their number, where the reader may not see the name."""
        names: dict[str, str] = {}
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            for kind in wanted.keys() & self._models.keys():
                model = self._models[kind]
                table, aggregate = table_of(model), model.aggregate
                seen = [c.name for c in table.columns if reader.sees_personal or not c.personal]
                personal = [c.name for c in table.columns if c.personal and c.name in _NAMES]
                for row in table.load(connection, [(one,) for one in wanted[kind]]):
                    name = name_of({column: row[column] for column in seen})
                    if name is not None:
                        names[str(row["id"])] = name
                    if reader.sees_personal and aggregate is not None:
                        given = [one for one in personal if is_given(row[one])]
                        delivered.add(row["id"], subjects_in(aggregate, row, row["id"]), given)
        return names

    def declared(self, kinds: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The definitions of custom fields, by kind and key."""
        streams = [(custom_fields_id(kind),) for kind in kinds]
        if not streams:
            return {}
        table = table_of(self._models["custom_fields"])
        with self._log.database.borrow("writer", self._log.tenant.schema) as connection:
            return {row["kind"]: row["by_key"] for row in table.load(connection, streams)}


def _activity(recorded: Recorded, before: Any, after: Any) -> str:
    """What an event does to its record as a whole: the first one makes it; one after which it is no
    longer worked with takes it away, even if it can be brought back.
    """
    if recorded.version == 1:
        return "create"
    was, now = (getattr(row, "is_gone", False) for row in (before, after))
    return "delete" if now and not was else "update"


def _about(row: Any, before: Any, recorded: Recorded) -> list[UUID]:
    """Whom a change is about: whom the record names now or did before, or else itself."""
    about = dict.fromkeys(recorded.subjects)
    for state in (row, before):
        if state is not None:
            about |= dict.fromkeys(subjects_in(type(state), state.__dict__, recorded.stream))
    return [*about] or [recorded.stream]
