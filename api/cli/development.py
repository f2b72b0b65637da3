"""For those who work on Kept: its benchmarks and its tests."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli.shared import Failure, Json, print_json

PASSED_ON: Final = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}
"""Everything after ``kept test`` is for pytest."""
SPARK: Final = "tests/analytics/test_spark.py"


def bench(
    name: Annotated[str | None, typer.Argument(help="Which; without one they are listed.")] = None,
    pairs: Annotated[int, typer.Option(help="Interleaved pairs; odd, for a median.", min=1)] = 9,
    scale: Annotated[float, typer.Option(help="Shorter or smaller than the full size.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Measure Kept against a peer in the same run."""
    import importlib

    found = _benchmarks()
    if name is None:
        print_json(found) if as_json else typer.echo("\n".join(found))
        return
    if name not in found:
        raise Failure(
            f"There is no benchmark {name}. There are: {', '.join(found) or 'none here'}."
        )
    report: dict[str, Any] = importlib.import_module(f"benchmarks.{name}").run(
        pairs=pairs, scale=scale
    )
    if as_json:
        print_json(report)
    else:
        from rich.console import Console

        Console().print(importlib.import_module("benchmarks.kernel").as_table(report))


def _benchmarks() -> list[str]:
    """Modules of benchmarks/ that can be run by themselves."""
    import ast
    import importlib.util

    spec = importlib.util.find_spec("benchmarks")
    places = list(spec.submodule_search_locations or ()) if spec else []
    names = set()
    for place in places:
        for path in Path(place).glob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            if any(isinstance(one, ast.FunctionDef) and one.name == "run" for one in tree.body):
                names.add(path.stem)
    return sorted(names)


def run_tests(
    context: typer.Context,
    spark: Annotated[bool, typer.Option("--spark", help="Only figures, by Spark.")] = False,
) -> None:
    """Check style, types and architecture, then run the tests. Arguments go to pytest."""
    import subprocess
    import sys

    root = Path(__file__).parents[2]
    if not (root / "tests").is_dir():
        raise Failure("There are no tests here: kept test runs in a checkout of the repository.")
    if spark:
        _run_by_spark(root, context.args)
        return
    beside = Path(sys.executable).parent
    checks = {
        "ruff check": [str(beside / "ruff"), "check", "."],
        "ruff format": [str(beside / "ruff"), "format", "--check", "."],
        "mypy": [str(beside / "mypy")],
        "import contracts": [str(beside / "lint-imports")],
        "pytest": [sys.executable, "-m", "pytest", *context.args],
    }
    missing = [name for name, (program, *_) in checks.items() if not Path(program).exists()]
    if missing:
        raise Failure(f"{missing[0]} is not installed here. Run ./kept test in the checkout.")
    failed = []
    for name, command in checks.items():
        typer.echo(f"── {name}", err=True)
        if subprocess.run(command, cwd=root, check=False).returncode:
            failed.append(name)
    if failed:
        raise Failure(f"Failed: {', '.join(failed)}. What each said stands above.", code=1)


def _run_by_spark(root: Path, arguments: list[str]) -> None:
    """Run every figure by Spark, too, in the environment that the launcher has made for it."""
    import importlib.util
    import os
    import shutil
    import subprocess
    import sys

    if importlib.util.find_spec("pyspark") is None:
        raise Failure("PySpark is not installed here. Run ./kept test --spark in the checkout.")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise Failure("There is no Java, which Spark needs. Install a Java 17 or later.")
    tests = [sys.executable, "-m", "pytest", "--numprocesses=0", SPARK, *arguments]
    if subprocess.run(tests, cwd=root, check=False).returncode:
        raise Failure("Failed: Spark. What it said stands above.", code=1)
