"""Clocks, ids and chance come from outside."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, modules

CALLS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "os.urandom",
}
SOURCES = (
    "uuid_utils",
    "random",
    "secrets",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.uuid6",
    "uuid.uuid7",
)
"""Beginnings of what is imported for chance's sake. (``uuid5`` is none: it follows from a name.)"""

DOORS = ("api/", "benchmarks/")
"""Where the world comes in: the clock, new ids of commands, the demo's (seeded) dice."""
ALLOWED = {
    "commands/dispatcher.py": "makes the ids of records that commands open, unless given another",
    "store/api_keys.py": "a key's secret",
    "store/cluster.py": "the password of the embedded server",
    "store/durable_files.py": "secrets, and the names of drafts",
    "store/keys.py": "ids of data keys, and the keys",
    "store/lists.py": "the nonce that seals a cursor",
    "store/randomness.py": "where the store's nonces, blinds and keys come from",
    "store/sql_reader.py": "a login that ends by itself: its password, and until when",
}
"""Each makes something secret, or an id, that no event remembers as a fact."""


def chance_in(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in CALLS:
            yield f"{module.place}:{node.lineno} {ast.unparse(node)}"
    for name, line in module.imports():
        if name.startswith(SOURCES):
            yield f"{module.place}:{line} {name}"


@pytest.mark.parametrize("module", modules(), ids=lambda one: one.place)
def test_time_ids_and_chance_come_in_by_the_doors(module: Module) -> None:
    """A decision that looks at the clock cannot be made again and come out the same; an evolve or a
    step that does would fold the same log into different rows each time. So ``now``, ids and actors
    are handed in. Only the doors know the world, and the store makes secrets of its own.
    """
    found = [] if module.place.startswith(DOORS) else [*chance_in(module)]
    if module.place in ALLOWED:
        assert found, f"{module.place} needs no exception any more"
    else:
        assert found == []


def test_the_rule_sees_what_it_is_about() -> None:
    """A rule that finds nothing anywhere may be blind."""
    doors = {place for one in modules("api") for place in [one.place] if [*chance_in(one)]}
    assert {"api/headers.py", "api/envelopes.py"} <= doors


@pytest.mark.parametrize("module", modules("domain"), ids=lambda one: one.place)
def test_the_domain_neither_reads_nor_writes(module: Module) -> None:
    """What folds from the log alone must not depend on a file, a variable of the environment or a
    connection; nor may it tell anybody.
    """
    forbidden = {"open", "print", "input", "exec", "eval", "__import__"}
    calls = {
        node.func.id
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & forbidden
    imported = {name.partition(".")[0] for name, _ in module.imports()}
    assert not imported & {"os", "sys", "pathlib", "socket", "subprocess", "logging", "threading"}
