"""The kernel of the projections: a row type, and one pure step for each event that it follows.

The same steps run four ways: live, in a rebuild, as of a date, and in tests. A step gets the row of
its key (a fresh one the first time) and gives the row after; None deletes it. It never sees another
row and never keeps one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Final, Literal, NamedTuple, TypeVar
from uuid import UUID

from pydantic import BaseModel

from domain.envelope import Recorded
from domain.erasure import OF_EVERY_KIND
from domain.fields import PersonalMark, Public, mark_of
from domain.kernel import Aggregate, Event, Value, bare_type, replace
from domain.values import Money

Kind = Literal[
    "uuid", "text", "integer", "boolean", "date", "moment", "number", "texts", "uuids", "json"
]
"""How a column is stored; :mod:`store.read_models` knows the SQL."""

R = TypeVar("R", bound=BaseModel)
Step = Callable[[Any, Any, Recorded], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a read model's table."""

    name: str
    kind: Kind
    personal: bool
    field: str
    """The row's field that it holds; of money, one part."""
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Serve:
    """A list that an index serves: equality on ``filters``, ordered by ``sort``, either way."""

    sort: str
    filters: tuple[str, ...] = ()


class Row(Value):
    """What every row has. ``id`` is the stream that it was folded from."""

    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Public[UUID | None, "link"] = None


class RecordRow(Row):
    """The header of a record's row; the rest of it is the aggregate itself."""

    number: Public[str | None, "vocabulary"] = None
    version: Public[int, "figure"] = 0
    position: Public[int, "figure"] = 0
    """Of the last event that was folded into this row."""
    created_at: Public[datetime | None, "moment"] = None
    created_by: Public[UUID | None, "link"] = None
    changed_at: Public[datetime | None, "moment"] = None
    changed_by: Public[UUID | None, "link"] = None


@dataclass(slots=True)
class Projection:
    """A read model: its row type, its steps, and the lists that it serves.

    ``name_vN`` names its table.
    """

    name: str
    version: int
    row: type[Row]
    serves: tuple[Serve, ...] = ()
    search: tuple[str, ...] = ()
    """Text fields in which substrings are found."""
    steps: dict[str, list[Step]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """For events that touch some of several rows of their stream: the event's field that says
    which.
    """
    aggregate: type[Aggregate] | None = None
    """Set where the rows are the records of an aggregate."""
    fields_of_aggregate: Mapping[str, Any] = field(default_factory=dict)
    """The fields of the row that are the aggregate's, not the header's."""

    def on(self, *events: type[Event], key: str | None = None) -> Callable[[Step], Step]:
        """Follow these events by the decorated step."""

        def follow(step: Step) -> Step:
            for event in events:
                self.steps.setdefault(event.__name__, []).append(step)
                if key is not None:
                    self.keys[event.__name__] = key
            return step

        return follow

    @property
    def blank(self) -> Row:
        """The row of nothing yet."""
        return _blank(self.row)

    def follows(self, aggregate: type[Aggregate]) -> "Projection":
        """Fold every event of the aggregate by its own ``evolve``; the row type extends the
        aggregate.
        """
        self.aggregate = aggregate
        self.fields_of_aggregate = dict(aggregate.model_fields)
        for name in (*aggregate.EVENTS, *OF_EVERY_KIND):
            self.steps.setdefault(name, []).insert(0, evolve_record)
        return self

    def keys_of(self, recorded: Recorded) -> list[tuple[Any, ...]]:
        """The keys of the rows that an event touches."""
        name = self.keys.get(recorded.type)
        if name is None:
            return [(recorded.stream,)]
        which = getattr(recorded.event, name)
        return [(recorded.stream, one) for one in (which if isinstance(which, tuple) else (which,))]

    def fresh(self, key: tuple[Any, ...]) -> Row:
        """The row before its first event."""
        return replace(_blank(self.row), **dict(zip(self.row.KEY, key, strict=True)))

    def fold(self, key: tuple[Any, ...], row: Row | None, recorded: Recorded) -> Row | None:
        """The row of ``key`` after an event."""
        for step in self.steps[recorded.type]:
            row = step(self.fresh(key) if row is None else row, recorded.event, recorded)
        return row

    def columns(self) -> tuple[Column, ...]:
        """The columns of the table, in the order of the row's fields, the key first."""
        names = sorted(self.row.model_fields, key=lambda name: name not in self.row.KEY)
        return tuple(column for name in names for column in columns_of(self.row, name))


def evolve_record(row: RecordRow, event: Event, recorded: Recorded) -> RecordRow:
    """The step that every event of a record has: the aggregate evolves, and the header says by whom
    and when.
    """
    after: RecordRow = event.evolve(row)
    header: dict[str, Any] = {
        "version": recorded.version,
        "position": recorded.position,
        "changed_at": recorded.occurred_at,
        "changed_by": recorded.actor,
    }
    if row.version == 0:
        header["created_at"] = recorded.occurred_at
        header["created_by"] = recorded.actor
    if recorded.number is not None:
        header["number"] = recorded.number
    if after is row:
        return replace(row, **header)
    after.__dict__.update(header)  # made a moment ago for this step, so nobody else holds it
    return after


Change = tuple[Row | None, Row | None, Recorded]
"""A first-stage row before and after an event."""


class Gone(NamedTuple):
    """The key of a derived row that is to be deleted."""

    key: tuple[Any, ...]


@dataclass(slots=True)
class Derived:
    """A second-stage read model, fed by the row changes of the first stage in the same commit.

    What it derives replaces what it had derived under the same key.
    """

    name: str
    version: int
    row: type[Row]
    derive: Callable[[Projection, Row | None, Row | None, Recorded], Iterable[Row | Gone]]
    of: type[Aggregate] | None = None
    """Whose row changes feed it; unless it says, those of every kind of record."""
    serves: tuple[Serve, ...] = ()
    search: tuple[str, ...] = ()
    fed_by: str | None = None
    """The first stage that feeds it, where that is not the one of the records themselves."""
    unnest: str | None = None
    """A list that SQL users see as one row for each of its items."""

    @property
    def only_grows(self) -> bool:
        """Whether each of its rows is of one event, and none is replaced."""
        return self.row.KEY == ("position",)

    def is_fed_by(self, projection: Projection) -> bool:
        """Whether the row changes of this first stage feed it."""
        if self.fed_by is not None:
            return projection.name == self.fed_by
        kind = projection.aggregate
        return kind is not None and self.of in (None, kind)

    def columns(self) -> tuple[Column, ...]:
        """The columns of the table."""
        return tuple(c for name in self.row.model_fields for c in columns_of(self.row, name))


ReadModel = Projection | Derived

_KINDS: Final[dict[Any, Kind]] = {
    UUID: "uuid",
    str: "text",
    int: "integer",
    bool: "boolean",
    date: "date",
    datetime: "moment",
    Decimal: "number",
    tuple[str, ...]: "texts",
    tuple[UUID, ...]: "uuids",
}


def columns_of(row: type[BaseModel], name: str) -> Iterator[Column]:
    """The column, or two for money, that a row's field is stored in."""
    kind = bare_type(row.model_fields[name].annotation)
    personal = isinstance(mark_of(row, name), PersonalMark)
    if kind is Money:
        yield Column(name, "number", personal, name, "amount")
        yield Column(f"{name}_currency", "text", personal, name, "currency")
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield Column(name, "text", personal, name)
    else:
        yield Column(name, _KINDS.get(kind, "json"), personal, name)


_blanks: dict[type[Row], Row] = {}


def _blank(row: type[Row]) -> Row:
    if row not in _blanks:
        _blanks[row] = row()
    return _blanks[row]
