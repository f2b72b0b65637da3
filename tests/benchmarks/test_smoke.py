"""Benchmarks run to their end at a size at which their numbers mean nothing."""

from pathlib import Path
from typing import Any

import pytest

from api.cli.shared import Failure
from benchmarks import dashboards, imports, lists
from benchmarks.kernel import percentile
from projections.analytics import DEFINITIONS
from projections.customers import customers

TINY = 0.001


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thing once."""
    monkeypatch.setattr(dashboards, "ASKED", 1)
    monkeypatch.setattr(lists, "READS", 1)
    monkeypatch.setattr(lists, "PAGES", 1)


def numbers(report: dict[str, Any]) -> dict[str, float]:
    """What was measured, by name; all of it is more than nothing."""
    found = {one["name"]: one.get("ratio", one.get("value")) for one in report["numbers"]}
    assert all(value > 0 for value in found.values())
    return found


def test_dashboards_ask_for_every_figure() -> None:
    found = numbers(dashboards.run(pairs=1, scale=TINY))
    assert {f"{name}, 95 % within" for name in DEFINITIONS} <= found.keys()
    assert {f"{name} ÷ SQL by hand" for name in dashboards.BY_HAND} <= found.keys()


def test_lists_read_every_list_that_is_declared() -> None:
    found = numbers(lists.run(pairs=1, scale=TINY))
    assert len(found) == len(customers.serves) * 4
    assert "stage by name, far page, unrecorded ÷ SQL by hand" in found


@pytest.mark.real_input
def test_imports_take_in_a_slice() -> None:
    if not (Path(__file__).parents[3] / imports.FILE).exists():
        pytest.skip(f"needs ../{imports.FILE}, which is not here")
    report = imports.run(pairs=1, scale=TINY * 4)
    assert numbers(report)
    assert report["notes"][0].startswith("200 lines")


def test_imports_say_what_they_lack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(imports, "FILE", Path("nowhere.csv.gz"))
    with pytest.raises(Failure, match="beside the checkout"):
        imports._slice(tmp_path, 1)


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert percentile([1.0], 0.95) == 1.0
