"""Files and functions that a reader can hold in their head (DESIGN.md §2)."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules

MOST_LINES = 300
MOST_OF_A_FUNCTION = 50

LONG_FILES = {
    "commands/dispatcher.py": "one loop in three tempos (at once, ahead, sent) over one Attempt",
    "commands/opportunities.py": "one aggregate, one file: thirteen commands, none above a screen",
    "commands/tickets.py": "one aggregate, one file: twenty-two commands, most of ten lines",
    "domain/tickets.py": "one aggregate, one file: a ticket's fields and its twenty-six events",
    "projections/gate.py": "one gate: what masks must see every read, or one is forgotten",
    "store/event_log.py": "one door to the log: each method is one statement and its reading",
    "store/read_models.py": "one table: all SQL that is made from a description stands together",
}
LONG_FUNCTIONS = {
    "benchmarks/append.py run": "a script from top to bottom: what is measured, in order",
    "store/codec.py seal": "one body, field by field, in the order of the format",
}
"""Tests are no part of this: a list of examples may be as long as it likes."""


@pytest.mark.parametrize("module", modules(), ids=lambda one: one.place)
def test_a_file_says_one_thing(module: Module) -> None:
    """Past 300 lines it says several, and hides that; an exception says why it does not."""
    lines = len(module.text.splitlines())
    if module.place in LONG_FILES:
        assert lines > MOST_LINES, f"{module.place} needs no exception any more"
    else:
        assert lines <= MOST_LINES


def functions(module: Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module.place} {node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_a_function_fits_a_screen() -> None:
    """Past 50 lines nobody sees its beginning and its end together."""
    long = {
        name for one in modules() for name, lines in functions(one) if lines > MOST_OF_A_FUNCTION
    }
    assert long == LONG_FUNCTIONS.keys()


@pytest.mark.parametrize("module", modules(), ids=lambda one: one.place)
def test_a_file_says_what_it_is_for(module: Module) -> None:
    """The first thing to be read in it; a file for which no sentence can be found is no unit."""
    if module.text.strip():
        assert ast.get_docstring(module.tree)
