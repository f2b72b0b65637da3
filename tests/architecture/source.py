"""The source code as the rules look at it."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("domain", "commands", "projections", "store", "api", "benchmarks")
"""What ships. Tests may do what they like, and do."""


@dataclass(frozen=True)
class Module:
    """One file of ours."""

    path: Path

    @property
    def place(self) -> str:
        """Its path in the checkout, such as ``domain/tickets.py``."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def package(self) -> str:
        return self.place.partition("/")[0]

    @cached_property
    def name(self) -> str:
        """As it is imported: ``domain.tickets``."""
        return self.place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self, *, at_once: bool = False) -> Iterator[tuple[str, int]]:
        """What it imports, with the line; only what is imported along with it, if ``at_once``."""
        for node in _run_on_import(self.tree) if at_once else ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((one.name, node.lineno) for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module, node.lineno
                yield from ((f"{node.module}.{one.name}", node.lineno) for one in node.names)


def _run_on_import(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that is run when the module is imported: not the bodies of functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _run_on_import(node)


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """Every module of these packages; of all that ship, if none is named."""
    found = [path for one in packages or PACKAGES for path in sorted((ROOT / one).rglob("*.py"))]
    return tuple(Module(path) for path in found)


@cache
def tracked() -> tuple[Path, ...]:
    """Every file under version control; what is only there is nobody's business."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(path for one in listed.split("\0") if one and (path := ROOT / one).is_file())
