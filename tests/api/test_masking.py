"""What the role analyst sees: every figure, and nobody's data."""

from typing import Any

import pytest

from tests.api.conftest import Api

CANARY = "canary5b8e27f4a1"
PERSONAL = {"name", "emails", "phones", "note", "tags", "custom_personal"}


@pytest.fixture(scope="module")
def receipt(shared: Api) -> dict[str, Any]:
    body = {
        "name": CANARY,
        "kind": "person",
        "emails": [f"{CANARY}@example.com"],
        "note": CANARY,
        "tags": [CANARY],
        "level": "A",
        "billing_address": {"street": CANARY},
    }
    answer = shared.sales.post("/v1/customers", json=body, headers={"Kept-Reason": CANARY})
    changed = shared.sales.patch(
        f"/v1/customers/{answer.json()['stream']}", json={"note": f"{CANARY} again", "level": "B"}
    )
    found: dict[str, Any] = changed.json()
    shared.get("/v1/customers", found)
    return found


def test_sales_see_it_all(shared: Api, receipt: dict[str, Any]) -> None:
    for path in paths(receipt):
        assert CANARY in shared.sales.get(path).text


def test_an_analyst_sees_no_personal_value(shared: Api, receipt: dict[str, Any]) -> None:
    for path in paths(receipt):
        answer = shared.analyst.get(path)
        assert answer.status_code == 200
        assert CANARY not in answer.text
        assert str(receipt["stream"]) in answer.text


def paths(receipt: dict[str, Any]) -> list[str]:
    record = f"/v1/customers/{receipt['stream']}"
    return [
        "/v1/customers",
        record,
        f"{record}?as_of=2999-01-01",
        f"{record}/history",
        f"{record}/profile",
        "/v1/history",
        "/v1/events",
        f"/v1/events?stream={receipt['stream']}",
        f"/v1/events/{receipt['position']}",
    ]


def test_a_masked_answer_says_what_is_missing(shared: Api, receipt: dict[str, Any]) -> None:
    page = shared.get("/v1/customers", role="analyst")
    assert {*page["masked"]} >= PERSONAL
    assert not PERSONAL & page["data"][0].keys()
    assert page["data"][0]["level"] == "B"
    event = shared.get(f"/v1/events/{receipt['position']}", role="analyst")
    assert (event["masked"], event["data"]) == (["note"], {"level": "B"})
    assert "reason" not in event
    facts = shared.get(f"/v1/customers/{receipt['stream']}/history", role="analyst")["data"]
    assert {one["field"] for one in facts if one.get("masked")} >= {"name", "note", "emails"}
    assert {(one["from"], one["to"]) for one in facts if one["field"] == "level"} == {
        ("A", "B"),
        (None, "A"),
    }


@pytest.mark.parametrize(
    "body",
    [
        {"search": CANARY[:4]},
        {"sort": "name"},
        {"sort": "name", "since": "c"},
        {"custom_personal": {"nickname": "x"}},
    ],
)
def test_an_analyst_cannot_find_out_by_asking(
    shared: Api, receipt: dict[str, Any], body: dict[str, Any]
) -> None:
    answer = shared.analyst.post("/v1/customers/search", json=body)
    shared.refused(answer, 400, "unserved", "does not see personal data")


def test_an_analyst_cannot_sort_by_a_name(shared: Api, receipt: dict[str, Any]) -> None:
    answer = shared.analyst.get("/v1/customers?sort=-name")
    shared.refused(answer, 400, "unserved", "does not see personal data")


def test_a_stream_is_masked_too(shared: Api, receipt: dict[str, Any]) -> None:
    headers = {"Accept": "text/event-stream"}
    for client, is_seen in ((shared.sales, True), (shared.analyst, False)):
        path = f"/v1/events?stream={receipt['stream']}"
        with client.stream("GET", path, headers=headers) as stream:
            text = ""
            for piece in stream.iter_text():
                text += piece
                if text.count("data:") == 2:
                    break
        assert (CANARY in text) == is_seen
