"""What-ifs over HTTP: a rule goes in, a report comes out, and nothing has happened."""

import csv
import io
from typing import Any

import pytest

from api.what_if import route
from api.what_if.examples import EXAMPLES
from projections.what_if import WHAT_IFS
from tests.api.conftest import Api, Running

STRICT = {"name": "Strict", "targets": {"high": {"resolution": {"minutes": 1}}}}


@pytest.fixture(scope="module")
def asked(shared: Api) -> Api:
    """A ticket of somebody who has a name."""
    user = {"name": "Berta Baum", "email": "berta@example.com", "locale": "en"}
    berta = shared.admin.post("/v1/users", json=user).json()["stream"]
    assert shared.admin.post(f"/v1/users/{berta}/activate").status_code == 200
    long_ago = {"Kept-Occurred-At": "2026-03-02T10:00:00+08:00"}
    ticket = {"subject": "x", "priority": "high", "assignee_id": berta}
    answer = shared.admin.post("/v1/tickets", json=ticket, headers=long_ago)
    assert answer.status_code == 201, answer.text
    shared.get("/v1/tickets", answer.json())
    shared.users["sales"] = berta
    return shared


def post(api: Api, path: str, body: Any, role: Any = "analyst") -> dict[str, Any]:
    answer = api.client(role).post(f"/v1/what-if/{path}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["Kept-Position"] == str(found["position"])
    return found


@pytest.mark.parametrize("name", WHAT_IFS)
def test_a_report_is_told_in_both_languages(asked: Api, name: str) -> None:
    head = asked.services.log.head()
    english = post(asked, name, EXAMPLES[name])
    chinese = post(asked, f"{name}?language=zh", EXAMPLES[name])
    assert (english["name"], english["version"], english["position"]) == (name, 1, head)
    assert len(english["assumptions"]) == len(chinese["assumptions"]) > 0
    for one, other in zip(english["sheets"], chinese["sheets"], strict=True):
        assert one["title"] != other["title"]
        pairs = zip(one["columns"], other["columns"], strict=True)
        assert all(a["label"] != b["label"] or a["name"] == "auc" for a, b in pairs)
        names = [column["name"] for column in one["columns"]]
        assert all([*row] == names for row in one["rows"])
    assert asked.services.log.head() == head


def test_who_would_have_missed_it(asked: Api) -> None:
    report = post(asked, "sla-policy?from=2026-03-01&to=2026-03-31", STRICT)
    assert (report["records"], report["left_out"]) == (1, 0)
    [changed] = {one["name"]: one for one in report["sheets"]}["changed"]["rows"]
    assert changed["number"].startswith("T-")
    assert (changed["before_outcome"], changed["after_outcome"]) == (None, "missed")
    assert changed["after_due_at"] == "2026-03-02T02:01:00Z"
    before = post(asked, "sla-policy?to=2026-03-01", STRICT)
    assert before["records"] == 0


def test_names_pass_the_gate_which_records_that_they_were_read(asked: Api) -> None:
    berta = str(asked.users["sales"])
    rule = {"routes": [{"to": [{"user_id": berta}]}]}
    assert post(asked, "assignment", rule)["names"][berta].startswith("U-")
    before = asked.get("/v1/reads?limit=1", role="auditor")["data"][0]["number"]
    assert post(asked, "assignment", rule, "sales")["names"] == {berta: "Berta Baum"}
    read = asked.get("/v1/reads?limit=1", role="auditor")["data"][0]
    assert (read["number"], read["read_model"]) == (before + 1, "names")


def test_a_sheet_as_a_file(asked: Api) -> None:
    path = "/v1/what-if/sla-policy?to=2026-03-31&language=zh&sheet=changed&format="
    answer = asked.analyst.post(f"{path}csv", json=STRICT)
    assert answer.headers["Content-Type"].startswith("text/csv")
    head, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (head[2], row[2], row[7], row[-1]) == ("目标", "解决", "未约定", "超时")
    assert asked.analyst.post(f"{path}xlsx", json=STRICT).content[:2] == b"PK"


@pytest.mark.parametrize(
    ("path", "body", "status", "kind", "part"),
    [
        ("sla-policy", {}, 422, "validation", "name: is required"),
        ("sla-policy", {**STRICT, "mood": 1}, 422, "validation", "mood: is no field"),
        ("sla-policy", {**STRICT, "targets": {}}, 409, "rejected", "targets: nothing is promised"),
        (
            *("sla-policy", {**STRICT, "in_force_from": "2026-01-01T00:00:00Z"}),
            *(409, "rejected", "in_force_from: a policy that is tried"),
        ),
        (
            "scoring",
            {"rule": {"items": [], "bands": []}},
            422,
            "validation",
            "rule.items: has too few",
        ),
        (
            *("assignment", {"routes": [{"to": [{"queue": "a"}, {"queue": "a"}]}]}),
            *(422, "validation", "routes.0.to: names somebody twice"),
        ),
        (
            "assignment",
            {
                "routes": [
                    {
                        "to": [{"queue": "a"}],
                        "when": [{"field": "subject", "operator": "is", "value": "x"}],
                    }
                ]
            },
            *(422, "validation", "routes.0.when.0.field: is no field that rules know"),
        ),
        ("sla-policy?from=spring", STRICT, 422, "validation", "from: is no"),
        ("sla-policy?from=2026-03-02&to=2026-03-01", STRICT, 422, "validation", "to: lies before"),
        ("sla-policy?format=pdf", STRICT, 422, "validation", "format: is none of the choices"),
        ("sla-policy?sheet=mood", STRICT, 422, "validation", "sheet: is none of this report"),
        ("sla-policy?language=fr", STRICT, 422, "validation", "language: is none of the choices"),
        ("sla-policy?by=month", STRICT, 400, "unserved", "It knows: from, to, language"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    asked: Api, path: str, body: Any, status: int, kind: str, part: str
) -> None:
    Api.refused(asked.analyst.post(f"/v1/what-if/{path}", json=body), status, kind, part)


def test_one_is_replayed_at_a_time(asked: Api, running: Running) -> None:
    replays = running.app.state.tenancy.open[asked.services.tenant.name].replays
    replays.acquire_on_behalf_of_nowait(asked)
    try:
        answer = asked.analyst.post("/v1/what-if/sla-policy", json=STRICT)
        Api.refused(answer, 503, "busy", "Another what-if is under way")
    finally:
        replays.release_on_behalf_of(asked)
    assert asked.analyst.post("/v1/what-if/sla-policy", json=STRICT).status_code == 200


def test_a_request_does_not_replay_for_ever(asked: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.what_if.replay.WIDTH", 1)
    monkeypatch.setattr(route, "MOST_SECONDS", 0)
    monkeypatch.setattr(route, "WORKERS", 1)
    answer = asked.analyst.post("/v1/what-if/sla-policy", json=STRICT)
    Api.refused(answer, 503, "busy", "took longer than 0 s. Ask for a shorter period")
