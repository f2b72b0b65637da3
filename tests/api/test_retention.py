"""Retention over HTTP: two administrators make a schedule, auditors see what it leads to."""

from datetime import timedelta
from uuid import uuid4

import httpx2

from tests.api.conftest import Api

SCHEDULE = {
    "kind": "customers",
    "category": "identity",
    "trigger": "created",
    "duration": "p30d",
    "law": "GDPR Art. 5(1)(e)",
    "action": "review",
}


def test_from_the_draft_to_the_plan_and_the_review(api: Api) -> None:
    made = [api.customer(f"Firm {number}") for number in range(3)]
    refused = api.sales.post("/v1/retention-schedules", json=SCHEDULE)
    api.refused(refused, 403, "forbidden", "administrators")
    wrong = api.admin.post("/v1/retention-schedules", json={**SCHEDULE, "duration": "P3W"})
    api.refused(wrong, 422, "validation", "duration: is no period", "duration")
    schedule = api.admin.post("/v1/retention-schedules", json=SCHEDULE).json()
    one = f"/v1/retention-schedules/{schedule['stream']}"
    own = api.admin.post(f"{one}/put-in-force", json={})
    api.refused(own, 409, "four-eyes", "Ask another administrator")
    key = api.services.api_keys.create(uuid4(), "admin")
    other = httpx2.Client(base_url=api.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    with other:
        receipt = other.post(f"{one}/put-in-force", json={}).json()
    shown = api.get(one, receipt)
    assert (shown["status"], shown["duration"], shown["number"][:3]) == ("in_force", "P30D", "RT-")

    created = api.services.log.load(api.id_of(made[0]))[0].occurred_at
    day = (created.astimezone(api.services.tenant.zone) + timedelta(days=31)).date().isoformat()
    plan = f"/v1/retention-schedules/plan?on={day}&limit=2"
    api.refused(api.sales.get(plan), 403, "forbidden", "administrators and auditors")
    first = api.client("auditor").get(plan).json()
    rest = api.client("auditor").get(f"{plan}&cursor={first['next_cursor']}").json()
    items = first["data"] + rest["data"]
    assert {item["record"] for item in items} == {receipt["stream"] for receipt in made}
    assert {(item["action"], item["due_on"]) for item in items} == {("review", day)}
    assert rest["next_cursor"] is None
    api.refused(api.admin.get(f"{plan}&cursor=x"), 400, "bad-cursor", "Start again")
    soon = api.admin.get("/v1/retention-schedules/plan?on=soon")
    api.refused(soon, 422, "validation", "on: is no date", "on")

    looked = {"record_id": made[0]["stream"], "kept_until": "2999-12-31", "review_reason": "sued"}
    receipt = api.admin.post(f"{one}/review", json=looked).json()
    reviews = api.get("/v1/retention-reviews", receipt, "admin")["data"]
    assert [(row["record_id"], row["kept_until"]) for row in reviews] == [
        (made[0]["stream"], "2999-12-31")
    ]
    kept = {item["record"]: item["kept_by"] for item in api.admin.get(plan).json()["data"]}
    assert kept[made[0]["stream"]] == [{"why": "review", "what": None, "until": "2999-12-31"}]
