"""Examples of events, states and commands: hypothesis strategies, read off their fields."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from hypothesis import assume
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from domain import AGGREGATES
from domain.contacts import Contact
from domain.erasure import OF_EVERY_KIND, PersonalDataErased
from domain.fields import ERASED, personal_fields
from domain.kernel import Aggregate, Event, fold, replace
from domain.records import Record
from domain.values import Form
from tests.dsl import THIS, id_of

IDS = (THIS, id_of("one"), id_of("another"))
"""So few that records often point at each other, and at themselves."""

FORMS = {
    "email": ["wf@example.com", "WF@example.com", "王@例子.中国"],
    "phone": ["+8613812345678", "+4930123456"],
    "currency": ["CNY", "EUR"],
    "time_zone": ["Asia/Shanghai", "UTC"],
    "language": ["zh-Hans", "en"],
    "country": ["CN", "DE"],
    "website": ["https://example.com/"],
    "period": ["P30D", "P3Y6M"],
    "relative_period": ["this_week", "previous_quarter", "last_90_days", "last_12_months"],
    "time_of_day": ["00:00", "08:30", "24:00", "17:00"],
}
_SIGNS = st.characters(categories=("L", "N", "P", "S"))


@cache
def models(model: Any) -> st.SearchStrategy[Any]:
    """Instances of a model, with any of the fields that may be left out."""
    fields = {name: _field(info) for name, info in model.model_fields.items()}
    must = {name: fields[name] for name, info in model.model_fields.items() if info.is_required()}
    may = {name: fields[name] for name in fields.keys() - must.keys()}

    @st.composite
    def build(draw: st.DrawFn) -> Any:
        given = draw(st.fixed_dictionaries(must, optional=may))
        try:
            return model.model_validate(given)
        except ValidationError:
            assume(False)

    return build()


def _field(info: FieldInfo) -> st.SearchStrategy[Any]:
    return _values(info.annotation, tuple(info.metadata))


def _values(kind: Any, marks: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        inner = [*arguments[1:]]
        return _values(arguments[0], (*_flat(inner), *marks))
    if origin in (Union, UnionType):
        return st.one_of(*(_values(one, marks) for one in arguments))
    return _plain(kind, marks) if origin is None else _several(origin, arguments, marks)


def _several(origin: Any, arguments: tuple[Any, ...], marks: tuple[Any, ...]) -> Any:
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is dict:
        return st.dictionaries(*map(_values, arguments), max_size=2)
    if origin is tuple:
        least = _limit(marks, "min_length", 0)
        items = st.lists(_values(arguments[0]), min_size=least, max_size=least + 2)
        return items.map(tuple)
    raise TypeError(f"no example of {origin} is known; teach tests/domain/examples.py one")


def _plain(kind: type[Any], marks: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    simple: dict[Any, st.SearchStrategy[Any]] = {
        NoneType: st.none(),
        bool: st.booleans(),
        UUID: st.sampled_from(IDS),
        date: st.dates(date(2025, 1, 1), date(2027, 12, 31)),
        datetime: _moments(),
        AwareDatetime: _moments(),
    }
    if kind in simple:
        return simple[kind]
    if issubclass(kind, BaseModel):
        return models(kind)
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    if kind is int:
        return st.integers(_lowest(marks, -(2**60)), _limit(marks, "le", 2**60))
    if kind is Decimal:
        places = _limit(marks, "decimal_places", 4)
        lowest, highest = _lowest(marks, -(10**9)), _limit(marks, "le", 10**9)
        return st.decimals(lowest, highest, places=places, allow_nan=False, allow_infinity=False)
    if kind is str:
        return _texts(marks)
    raise TypeError(f"no example of {kind} is known; teach tests/domain/examples.py one")


def _moments() -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def _texts(marks: tuple[Any, ...]) -> st.SearchStrategy[str]:
    for mark in marks:
        if isinstance(mark, Form):
            return st.sampled_from(FORMS[mark.name])
    pattern = _limit(marks, "pattern", None)
    if pattern is not None:
        return st.from_regex(pattern, fullmatch=True)
    least = _limit(marks, "min_length", 0)
    return st.text(
        _SIGNS, min_size=least, max_size=min(_limit(marks, "max_length", 20), least + 20)
    )


def _flat(marks: list[Any]) -> Iterator[Any]:
    for mark in marks:
        yield from mark.metadata if isinstance(mark, FieldInfo) else (mark,)


def _limit(marks: tuple[Any, ...], name: str, otherwise: Any) -> Any:
    found = (getattr(mark, name, None) for mark in marks)
    return next((one for one in found if one is not None), otherwise)


def _lowest(marks: tuple[Any, ...], otherwise: int) -> Any:
    above = _limit(marks, "gt", None)
    return _limit(marks, "ge", otherwise) if above is None else above + 1


@cache
def events(aggregate: type[Aggregate]) -> st.SearchStrategy[Event]:
    """Any event of an aggregate, with some of its personal fields erased or none."""
    shared = OF_EVERY_KIND.values() if issubclass(aggregate, Record) else (PersonalDataErased,)
    kinds = (*aggregate.EVENTS.values(), *shared)
    return st.one_of(*(perhaps_erased(models(kind)) for kind in kinds))


@cache
def states(aggregate: type[Aggregate]) -> st.SearchStrategy[Any]:
    """Any state that any events in any order lead to: as-of folds any subset of a history."""
    if aggregate not in AGGREGATES:  # what every kind of record has, one kind stands for
        aggregate = Contact
    histories = st.lists(events(aggregate), max_size=4)
    return perhaps_erased(histories.map(lambda history: fold(aggregate(), history)))


@st.composite
def perhaps_erased(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """With none, some or all of the personal fields erased that were given."""
    value = draw(values)
    personal = sorted(personal_fields(type(value)).keys() & value.model_fields_set)
    if not personal:
        return value
    gone = draw(st.sampled_from(["none", "all", "some"]))
    names = draw(st.sets(st.sampled_from(personal))) if gone == "some" else personal
    return value if gone == "none" else replace(value, **dict.fromkeys(names, ERASED))


EVENTS = sorted(
    (
        *OF_EVERY_KIND.values(),
        *(event for aggregate in AGGREGATES for event in aggregate.EVENTS.values()),
    ),
    key=lambda event: event.__name__,
)
