"""Who may know whom. The contracts in pyproject.toml say most of it; here is what they cannot."""

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

from domain import AGGREGATES, kernel
from tests.architecture.source import PACKAGES, ROOT, Module, modules

NAMES = [one.AGGREGATE for one in AGGREGATES]


def test_the_contracts_hold() -> None:
    """DESIGN.md §2, as import-linter reads it; each contract has its reason beside it."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_imports_itself_by_a_detour() -> None:
    """Two modules that need each other are one; and which of them is imported first would decide
    whether either can be.
    """
    known = {one.name for one in modules()}
    graph = {
        one.name: {name for name, _ in one.imports(at_once=True) if name in known - {one.name}}
        for one in modules()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        pytest.fail(" → ".join(cycle.args[1]))


def test_whoever_imports_the_domain_can_read_every_event() -> None:
    """A process that verifies, rebuilds or replays imports nothing but the domain."""
    known = "import domain; print(*domain.kernel._EVENT_TYPES)"
    done = subprocess.run(
        [sys.executable, "-c", known], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for one in modules("domain"):
        import_module(one.name)
    ours = {name for name, kind in kernel._EVENT_TYPES.items() if kind.__module__[:7] == "domain."}
    assert {*done.stdout.split()} == ours


def outside(module: Module, *allowed: str) -> list[str]:
    """What it imports beside the standard library and what is allowed."""
    return [
        f"{module.place}:{line} imports {name}"
        for name, line in module.imports()
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == one or name.startswith(f"{one}.") for one in allowed)
    ]


def test_the_domain_is_plain() -> None:
    """Events have to be readable in ten years, by whatever then reads them: the standard library
    and pydantic only. (The contract names who is forbidden; this names who is allowed.)
    """
    wrong = [
        line
        for one in modules("domain")
        for line in outside(one, "domain", "pydantic", "pydantic_core")
    ]
    assert wrong == []


@pytest.mark.parametrize("name", [*NAMES, "ticket_history", "order_history", "order_payments"])
def test_the_commands_of_an_aggregate_know_the_domain_and_their_kernel(name: str) -> None:
    """They are pure, so that they can be tested without anything running. Other aggregates are read
    through the kernel's ``Records``, which locks what was read.
    """
    kernel = ("kernel", "records", "subjects", "forms", "sales_lines", "service_levels")
    (module,) = [one for one in modules("commands") if one.name == f"commands.{name}"]
    assert outside(module, "domain", "pydantic", *(f"commands.{one}" for one in kernel)) == []


@pytest.mark.parametrize("name", [*NAMES, "history"])
def test_the_steps_of_a_projection_know_the_domain_and_their_kernel(name: str) -> None:
    """They are run live, in rebuilds, as of any date and in tests, which is only possible as long
    as they know none of these.
    """
    (module,) = [one for one in modules("projections") if one.name == f"projections.{name}"]
    assert outside(module, "domain", "projections.kernel") == []


def test_what_ships_does_not_import_tests() -> None:
    """They do not ship."""
    wrong = [
        f"{one.place}:{line}"
        for one in modules()
        for name, line in one.imports()
        if name.partition(".")[0] in ("tests", "pytest", "hypothesis", "schemathesis")
    ]
    assert wrong == []


def test_every_package_is_built() -> None:
    """The build lists its packages, because a folder that happens to lie here must not ship; so one
    that was forgotten would be missing in every installation and in no test.
    """
    text = (ROOT / "pyproject.toml").read_text()
    (line,) = [one for one in text.splitlines() if one.startswith("packages = ")]
    assert all(f'"{one}"' in line for one in PACKAGES)
