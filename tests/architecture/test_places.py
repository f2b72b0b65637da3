"""Everything has its place, and the tables of contents are complete."""

import importlib
import inspect
from types import ModuleType

import pytest

import commands
import domain
import projections
from commands.kernel import COMMANDS, Command
from domain.erasure import OF_EVERY_KIND
from domain.kernel import Aggregate, Event
from projections.kernel import Derived, Projection, ReadModel
from tests.architecture.source import ROOT, modules

AGGREGATES = domain.AGGREGATES


def imported(package: str) -> list[ModuleType]:
    return [importlib.import_module(one.name) for one in modules(package)]


def own(module: ModuleType, kind: type) -> list[type]:
    """The classes of a kind that are defined in a module."""
    found = [one for _, one in inspect.getmembers(module, inspect.isclass)]
    return [one for one in found if issubclass(one, kind) and one.__module__ == module.__name__]


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.AGGREGATE)
def test_an_aggregate_has_one_name_on_every_floor(aggregate: type[Aggregate]) -> None:
    """Whoever looks for tickets finds tickets: facts, decisions, what is shown, and the tests."""
    name = aggregate.AGGREGATE
    assert aggregate.__module__ == f"domain.{name}"
    for floor in ("domain", "commands", "projections", "projections/words"):
        assert (ROOT / floor / f"{name}.py").is_file(), f"{floor}/{name}.py is missing"
    assert [*(ROOT / "tests" / name).glob("test_*.py")], f"tests/{name}/ is missing"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_lives_with_its_aggregate(name: str) -> None:
    """Or it would not be found by its name; ``ticket_history`` is the other half of the tickets,
    ``order_payments`` a third of the orders.
    """
    command = COMMANDS[name]
    place = command.__module__.removeprefix("commands.")
    singular = command.TO.AGGREGATE.removesuffix("s")
    parts = [f"{singular}_{part}" for part in ("history", "payments")]
    assert place in (command.TO.AGGREGATE, *parts)


def test_every_aggregate_is_in_the_table_of_contents() -> None:
    """From it come the routes, the read models, the property tests and the custom fields; one that
    is missing would be remembered and never shown.
    """
    found = {
        one
        for module in imported("domain")
        for one in own(module, Aggregate)
        if "AGGREGATE" in vars(one)
    } - {Aggregate}
    assert found == {*AGGREGATES}
    assert len(AGGREGATES) == len({one.AGGREGATE for one in AGGREGATES})


def test_every_event_belongs_to_a_listed_aggregate() -> None:
    """What no aggregate folds is no fact about anything."""
    for module in imported("domain"):
        for event in own(module, Event):
            if "evolve" in vars(event) and event is not Event:
                assert issubclass(event, Event)
                if event.__name__ not in OF_EVERY_KIND:
                    assert event.AGGREGATE in AGGREGATES, event.__name__
                assert event.AGGREGATE.EVENTS[event.__name__] is event


def test_every_module_with_commands_is_in_the_table_of_contents() -> None:
    """A command that nothing imports does not exist: no route, no documentation, no tests."""
    found = {
        module
        for module in imported("commands")
        if any(vars(one).get("TO") for one in own(module, Command))
        and module.__name__ != "commands.kernel"
    }
    assert found == {*commands.MODULES}


def test_every_read_model_is_in_the_table_of_contents() -> None:
    """One that is missing is never folded, and is noticed when somebody looks at an old table."""
    found = [
        one
        for module in imported("projections")
        if module.__name__ != "projections"
        for name, one in vars(module).items()
        if isinstance(one, Projection | Derived)
    ]
    listed: tuple[ReadModel, ...] = (*projections.PROJECTIONS, *projections.DERIVED)
    assert {id(one) for one in found} == {id(one) for one in listed}
    assert len({one.name for one in listed}) == len(listed)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.AGGREGATE)
def test_every_aggregate_is_shown(aggregate: type[Aggregate]) -> None:
    """By a read model of its name that follows every one of its events: whatever can be recorded is
    in its row and in the history.
    """
    (shown,) = [one for one in projections.PROJECTIONS if one.aggregate is aggregate]
    assert shown.name == aggregate.AGGREGATE
    assert {*aggregate.EVENTS, *OF_EVERY_KIND} <= shown.steps.keys()


def test_every_test_is_collected() -> None:
    """pytest finds files by their names; one that is named otherwise never fails."""
    misnamed = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        if not path.name.startswith("test_") and "\ndef test_" in path.read_text("utf-8")
    ]
    assert misnamed == []
