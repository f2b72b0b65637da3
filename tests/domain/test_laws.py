"""Laws that hold for every aggregate, event and command, also for those yet to be written."""

import importlib
import inspect
import json
import os
import pkgutil
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import commands
import domain
from commands.kernel import At, Command, Records, Rejected
from domain import AGGREGATES
from domain.erasure import OF_EVERY_KIND
from domain.fields import ERASED, PersonalMark, mark_of, personal_fields
from domain.kernel import Aggregate, Event, replace
from tests.domain.examples import EVENTS, models, perhaps_erased, states
from tests.dsl import NOW, THIS, new_id

quick = settings(
    max_examples=int(os.environ.get("KEPT_EXAMPLES", "5")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def _name(kind: type[Any]) -> str:
    return kind.__name__


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _defined(kind: type[Any], room: str) -> set[type[Any]]:
    return {one for one in _below(kind) if one.__module__.startswith(f"{room}.")}


_OURS = sorted((one for one in _defined(Command, "commands") if "TO" in vars(one)), key=_name)
"""Those that no door leads to included."""
each_event = pytest.mark.parametrize("event_type", EVENTS, ids=_name)
each_command = pytest.mark.parametrize("command_type", _OURS, ids=_name)
each_aggregate = pytest.mark.parametrize("aggregate", AGGREGATES, ids=_name)


# The tables of contents.


def test_every_aggregate_is_in_the_list() -> None:
    for module in pkgutil.iter_modules(domain.__path__):
        importlib.import_module(f"domain.{module.name}")
    named = {one for one in _defined(Aggregate, "domain") if "AGGREGATE" in one.__dict__}
    assert named == set(AGGREGATES), "domain/__init__.py lists other aggregates than there are"


def test_every_module_with_commands_is_in_the_list() -> None:
    listed = {module.__name__ for module in commands.MODULES}
    assert {one.__module__ for one in _OURS} == listed
    found = {f"commands.{module.name}" for module in pkgutil.iter_modules(commands.__path__)}
    sources = {name: importlib.util.find_spec(name) for name in found - listed}
    for name, spec in sources.items():
        source = spec.loader.get_source(name) if spec and spec.loader else ""  # type: ignore[attr-defined]
        assert "Command, to=" not in source, f"commands/__init__.py does not list {name}"


def test_every_event_belongs_to_an_aggregate_in_the_list() -> None:
    concrete = {one for one in _defined(Event, "domain") if "evolve" in one.__dict__}
    shared = {one.AGGREGATE for one in OF_EVERY_KIND.values()}
    assert {one.AGGREGATE for one in concrete} <= {*AGGREGATES, *shared}
    assert concrete == set(EVENTS)


def test_names_and_prefixes_are_given_once() -> None:
    for names in ([one.AGGREGATE for one in AGGREGATES], [one.PREFIX for one in AGGREGATES]):
        assert "" not in names
        assert max(Counter(names).values()) == 1, f"given twice among {names}"


# Privacy.


@each_event
def test_every_field_is_personal_or_public_with_its_reason(event_type: type[Event]) -> None:
    unmarked = [name for name in event_type.model_fields if mark_of(event_type, name) is None]
    assert not unmarked, f"{event_type.__name__}: mark {', '.join(unmarked)} as Personal or Public"


@each_aggregate
def test_every_field_of_a_state_is_marked(aggregate: type[Aggregate]) -> None:
    unmarked = [name for name in aggregate.model_fields if mark_of(aggregate, name) is None]
    assert not unmarked, f"{aggregate.__name__}: mark {', '.join(unmarked)} as Personal or Public"


@each_aggregate
@quick
@given(data=st.data())
def test_claims_are_made_of_the_claimed_fields(
    aggregate: type[Aggregate], data: st.DataObject
) -> None:
    one, other = data.draw(states(aggregate)), data.draw(states(aggregate))
    same = replace(other, **{name: getattr(one, name) for name in aggregate.CLAIMED})
    assert [*same.claims()] == [*one.claims()]
    assert {*aggregate.CLAIMED} <= {*aggregate.model_fields}


@each_event
def test_every_data_subject_is_a_field(event_type: type[Event]) -> None:
    known = {*event_type.model_fields, *event_type.AGGREGATE.model_fields}
    subjects = {mark.of for mark in personal_fields(event_type).values() if mark.of is not None}
    assert subjects <= known
    assert set(event_type.AGGREGATE.SUBJECT) <= {*event_type.AGGREGATE.model_fields}


@each_event
def test_what_is_personal_in_an_event_is_personal_in_its_state(event_type: type[Event]) -> None:
    held = event_type.AGGREGATE.model_fields
    for name in event_type.model_fields.keys() & held.keys():
        marks = mark_of(event_type, name), mark_of(event_type.AGGREGATE, name)
        kinds = [isinstance(mark, PersonalMark) for mark in marks]
        assert kinds[0] == kinds[1], f"{event_type.__name__}.{name} and the state's differ"


# Facts.


@each_event
def test_a_fact_evolves_any_state_and_rejects_none(event_type: type[Event]) -> None:
    @quick
    @given(states(event_type.AGGREGATE), perhaps_erased(models(event_type)))
    def law(state: Aggregate, event: Event) -> None:
        before = state.model_copy()
        after = event.evolve(state)
        assert type(after) is type(state)
        assert issubclass(type(state), event_type.AGGREGATE)
        assert state == before, "a state is frozen"
        assert after == event.evolve(state), "the same again comes out the same"
        nobody = replace(state, **dict.fromkeys(personal_fields(type(state)), ERASED))
        nothing = replace(event, **dict.fromkeys(personal_fields(event_type), ERASED))
        for one in (after, event.evolve(nobody), nothing.evolve(nobody), nothing.evolve(state)):
            assert type(one) is type(state)
            assert all(value and value is not ERASED for _, value in one.claims())

    law()


@each_event
def test_a_fact_reads_as_it_was_written(event_type: type[Event]) -> None:
    @quick
    @given(models(event_type), st.data())
    def law(event: Event, data: st.DataObject) -> None:
        written = json.loads(json.dumps(event.model_dump(mode="json", exclude_unset=True)))
        read = event_type.restore(written)
        assert read == event
        assert read.given() == event.given()
        personal = sorted(personal_fields(event_type).keys() & written.keys())
        gone = data.draw(st.sets(st.sampled_from(personal))) if personal else set()
        erased = event_type.restore({**written, **dict.fromkeys(gone, ERASED)})
        assert erased.given() == {**event.given(), **dict.fromkeys(gone, ERASED)}
        assert all(erased.given()[name] is ERASED for name in gone)

    law()


# Decisions.


@each_command
def test_a_command_decides_and_says_in_a_sentence_what_it_does(command_type: type[Command]) -> None:
    assert "decide" in command_type.__dict__ or command_type.decide is not Command.decide
    assert command_type.TO in AGGREGATES
    assert "__doc__" in command_type.__dict__
    assert inspect.getdoc(command_type), f"{command_type.__name__} has no docstring"
    first = command_type.sentence()
    assert first[0].isupper(), first
    assert first[-1] in ".;:", first


@each_command
def test_a_decision_about_somebody_erased_is_a_decision(command_type: type[Command]) -> None:
    @quick
    @given(models(command_type), st.data())
    def law(command: Command, data: st.DataObject) -> None:
        world: dict[tuple[type[Aggregate], UUID], Aggregate | None] = {}

        def load(kind: type[Aggregate], stream: UUID) -> Aggregate | None:
            if (kind, stream) not in world:
                world[kind, stream] = data.draw(st.none() | states(kind))
            return world[kind, stream]

        born = command_type.OPENS is not True
        state = data.draw(states(command_type.TO)) if born else command_type.TO()
        world[command_type.TO, THIS] = state if born else None
        numbers = count(1)
        records = Records(load, lambda: new_id(next(numbers)), THIS)
        arguments = (records,) if command_type.READS else ()
        try:
            decided = list(command.decide(state, NOW, *arguments))
        except Rejected:
            return
        for one in decided:
            if isinstance(one, At):
                assert type(one.event) in EVENTS
            else:
                assert issubclass(command_type.TO, one.AGGREGATE)
                state = one.evolve(state)

    law()
