"""SLA policies over HTTP: from the promise to the lists of what is due and what was missed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.sla_policies import DEFAULT_SLA_POLICY
from tests.api.conftest import Api

SHORT = {"high": {"first_response": {"minutes": 1}, "resolution": {"minutes": 10_000}}}
YESTERDAY = {"Kept-Occurred-At": (datetime.now(UTC) - timedelta(days=1)).isoformat()}


def define(api: Api, path: str = "/v1/sla-policies", **fields: Any) -> dict[str, Any]:
    answer = api.admin.post(path, json={"name": "Usual", **fields}, headers=YESTERDAY)
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def open_ticket(api: Api, headers: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    body = {"subject": "No light", "priority": "high", **fields}
    answer = api.admin.post("/v1/tickets", json=body, headers=headers or {})
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def clocks(api: Api, ticket: dict[str, Any]) -> dict[str, Any]:
    page = api.get(f"/v1/ticket-clocks?ticket_id={ticket['stream']}", ticket)
    [found] = page["data"]
    assert isinstance(found, dict)
    return found


def test_a_ticket_is_promised_what_the_default_policy_says(api: Api) -> None:
    before = open_ticket(api)
    default = define(api, "/v1/sla-policies/default")
    assert default["stream"] == str(DEFAULT_SLA_POLICY)
    ticket = open_ticket(api)
    found = clocks(api, ticket)
    opened_at = datetime.fromisoformat(found["opened_at"])
    assert datetime.fromisoformat(found["resolution_due_at"]) == opened_at + timedelta(hours=4)
    assert (found["sla_policy_id"], found["sla_policy_revision"]) == (str(DEFAULT_SLA_POLICY), 1)
    assert clocks(api, before)["resolution_outcome"] is None
    again = api.admin.post("/v1/sla-policies/default", json={"name": "Another"})
    api.refused(again, 409, "exists", "There is already")


def test_what_is_overdue_is_asked_for_with_a_moment(api: Api) -> None:
    policy = define(api, targets=SHORT)["stream"]
    late = open_ticket(api, YESTERDAY, sla_policy_id=policy)
    fresh = open_ticket(api, sla_policy_id=policy, priority="low")
    now = datetime.now(UTC)
    url = "/v1/ticket-clocks?sort=due_at&until="
    overdue = api.get(url + now.strftime("%Y-%m-%dT%H:%M:%SZ"), fresh)
    assert [one["ticket_id"] for one in overdue["data"]] == [late["stream"]]
    earlier = now - timedelta(days=2)
    assert api.get(url + earlier.strftime("%Y-%m-%dT%H:%M:%SZ"))["data"] == []

    said = api.sales.post(f"/v1/tickets/{late['stream']}/reply", json={"body": "Sorry"}).json()
    missed = api.get("/v1/ticket-clocks?missed=true&sort=opened_at", said)["data"]
    assert [one["ticket_id"] for one in missed] == [late["stream"]]
    assert missed[0]["first_response_outcome"] == "missed"
    by_outcome = "/v1/ticket-clocks?resolution_outcome=due&sort=resolution_due_at"
    assert [one["ticket_id"] for one in api.get(by_outcome)["data"]] == [late["stream"]]


def test_what_is_promised_is_told_in_words(api: Api) -> None:
    office = [{"weekday": "monday", "opens": "9:00", "closes": "17:00"}]
    policy = define(api, targets=SHORT, business_hours=office, time_zone="Asia/Shanghai")
    one = f"/v1/sla-policies/{policy['stream']}"
    body = {"targets": {"low": {"resolution": {"minutes": 90, "counted_in": "business"}}}}
    changed = api.admin.patch(one, json=body).json()
    facts = {
        (fact["type"], fact["field"]): fact["words"]
        for fact in api.get(f"{one}/history", changed, role="admin")["data"]
    }
    opened = facts[("SlaPolicyDefined", "business_hours")]
    assert "Monday 09:00–17:00" in opened["en"]
    assert "周一 09:00–17:00" in opened["zh"]
    targets = facts[("SlaPolicyChanged", "targets")]
    assert "to low: resolution 90 min of business hours" in targets["en"]
    assert "改为低：解决 90 分钟（营业时间）" in targets["zh"]
    assert "revision 2 (low: " in facts[("SlaPolicyChanged", "revisions")]["en"]
    [first, second] = api.get(one, changed, role="admin")["revisions"]
    assert first["terms"]["targets"]["high"]["first_response"]["minutes"] == 1
    assert second["in_force_from"] > first["in_force_from"]


def test_a_wrong_policy_is_refused_with_a_sentence(api: Api) -> None:
    body = {"name": "Usual", "business_hours": [{"weekday": "monday", "opens": "9", "closes": "1"}]}
    answer = api.admin.post("/v1/sla-policies", json=body)
    api.refused(answer, 422, "validation", "Write times of day as 09:30", "business_hours")
    api.refused(
        api.sales.post("/v1/sla-policies", json={"name": "Usual"}), 403, "forbidden", "admin"
    )
