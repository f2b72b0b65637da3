"""The worked example works: it is applied to a copy of the tree, and run there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import apply, blocks

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "adding-an-aggregate.md"
COPIED = ("domain", "commands", "projections", "store", "api", "tests", "pyproject.toml")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with everything that the page says."""
    root = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, root / name)
    for block in blocks(PAGE):
        apply(block, root)
    return root


def run(copy: Path, *arguments: str) -> None:
    """Run a module in the copy; nothing of this tree is on its path."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("KEPT_HOME", "KEPT_DATABASE_URL", "PYTEST_ADDOPTS")
    }
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=copy,
        env={**environment, "PYTHONPATH": str(copy), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_the_page_touches_what_it_says_and_nothing_else() -> None:
    table = PAGE.read_text("utf-8").partition("| file | what |")[2].partition("\n\n")[0]
    touched = {block.path for block in blocks(PAGE)} - {"tests/api/test_feedback.py"}
    assert all(f"`{path}`" in table for path in touched), sorted(touched)


def test_it_works_from_its_rules_to_the_api_and_the_history(copy: Path) -> None:
    run(copy, "tests.store.golden")
    assert (copy / "tests" / "golden" / "FeedbackAnswered.v1.json").exists()
    for_everybody = ("domain/test_laws.py", "projections/test_words.py", "store/test_golden.py")
    tests = ["tests/feedback", "tests/api/test_feedback.py", *(f"tests/{x}" for x in for_everybody)]
    # Of what is there for every aggregate, what is about this one, and the tables of contents.
    chosen = "feedback or in_the_list or names_and_prefixes"
    run(copy, "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *tests)


def test_it_is_written_as_we_write(copy: Path) -> None:
    new = [block.path for block in blocks(PAGE) if block.kind == "python"]
    run(copy, "ruff", "check", *new)
    run(copy, "ruff", "format", "--check", *new)
