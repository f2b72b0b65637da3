"""What-ifs on the command line."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.services import Services
from api.what_if.examples import EXAMPLES
from commands.tickets import OpenTicket
from domain.tickets import Priority
from tests.cli.conftest import Kept


def written(path: Path, rule: Any) -> Path:
    path.write_text(json.dumps(rule), encoding="utf-8")
    return path


def test_a_policy_of_a_file_is_tried(services: Services, kept: Kept, tmp_path: Path) -> None:
    ticket = OpenTicket(subject="Fire", priority=Priority.HIGH)
    services.issue(ticket, occurred_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    rule = written(tmp_path / "policy.json", EXAMPLES["sla-policy"])
    head = services.log.head()
    told = kept("what-if", "sla-policy", rule).done().out
    assert f"1 records, as of position {head}." in told
    assert "Everybody worked as they did" in told
    assert "假设处理过程不变" in kept("what-if", "sla-policy", rule, "--language", "zh").done().out
    found = kept("what-if", "sla-policy", rule, "--to", "2026-03-31", "--json").done().json
    changed = found["sheets"][-1]["rows"]
    assert [one["measure"] for one in changed] == ["first_response", "resolution"]
    out = tmp_path / "months.csv"
    kept("what-if", "sla-policy", rule, "--sheet", "months", "--output", out).done()
    with out.open(encoding="utf-8-sig", newline="") as text:
        assert [row[0] for row in csv.reader(text)] == ["month", "2026-03", "2026-03"]
    assert services.log.head() == head


def test_rules_are_tried_on_deals_and_tickets(kept: Kept, tmp_path: Path) -> None:
    scoring = EXAMPLES["scoring"]["rule"]
    rule = written(tmp_path / "rule.json", scoring)
    other = written(tmp_path / "other.json", {**scoring, "bands": [{"name": "A", "at_least": 1}]})
    asked = ("what-if", "scoring", rule, "--against", other, "--after-days", "7", "--json")
    found = kept(*asked).done().json
    assert [one["rule"] for one in found["sheets"][0]["rows"]] == [
        "rule",
        "against",
        "probability",
    ]
    routes = written(tmp_path / "routes.json", EXAMPLES["assignment"])
    told = kept("what-if", "assignment", routes, "--from", "2026-01-01").done().out
    assert "By route" in told


def test_what_is_wrong_with_a_file_is_said(kept: Kept, tmp_path: Path) -> None:
    no_json = tmp_path / "none.json"
    no_json.write_text("name: x", encoding="utf-8")
    policy = written(tmp_path / "policy.json", {**EXAMPLES["sla-policy"], "targets": {}})
    routes = written(tmp_path / "routes.json", {"routes": [{"to": [{}]}]})
    rule = written(tmp_path / "rule.json", EXAMPLES["scoring"]["rule"])
    kept("what-if", "sla-policy", tmp_path / "nowhere.json").failed(1, "No such file")
    kept("what-if", "sla-policy", no_json).failed(2, "JSON")
    kept("what-if", "scoring", no_json).failed(2, "is no JSON. Write one object")
    kept("what-if", "sla-policy", policy).failed(2, "targets: nothing is promised")
    kept("what-if", "assignment", routes).failed(2, "routes.0.to.0: has to be one holder")
    kept("what-if", "scoring", rule, "--sheet", "mood").failed(2, "Give one of: quality, bands")
    kept("what-if", "scoring", rule, "--output", tmp_path / "a.doc").failed(2, "no such kind")
    kept("what-if", "scoring", rule, "--from", "spring").failed(2, "from: is no")
    kept("what-if", "scoring", written(tmp_path / "big.json", "x" * 2_000_000)).failed(
        2, "holds more than 1,048,576 bytes"
    )
