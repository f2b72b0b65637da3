"""What the pages say of the code is so: limits, links, and that they speak of Kept alone."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
)
_LIMIT = re.compile(r"^\| `([a-z_.]+)\.([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)(#[^)]*)?\)")


def test_the_table_of_limits_holds_their_values() -> None:
    limits = _LIMIT.findall((ROOT / "docs" / "architecture.md").read_text("utf-8"))
    assert len(limits) > 20
    for module, name, value in limits:
        assert str(getattr(importlib.import_module(module), name)) == value.strip(), name


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in _LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@each_page
def test_pages_are_for_everybody(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.search(r"(?<![\w.])/(work|tmp|home|root)/", text), "a path of one machine"
    assert text.startswith("# "), "a title comes first"
    assert text.endswith("\n")


def test_decisions_have_numbers_of_their_own() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(name[:4]) for name in names]
    assert len({*numbers}) == len(numbers)
    for name, number in zip(names, numbers, strict=True):
        first = (ROOT / "docs" / "decisions" / name).read_text("utf-8").splitlines()[0]
        assert first.startswith(f"# {number}. ")
