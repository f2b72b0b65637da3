"""Reads over HTTP: lists and searches by index, records as they were, history, own writes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from projections import DERIVED, PROJECTIONS
from tests.api.conftest import Api

SHANGHAI = ZoneInfo("Asia/Shanghai")
CITIES = {"北京星河科技": "A", "上海东方贸易": "B", "Hamburg Hafen": "A", "Lyon Soie": None}


@pytest.fixture(scope="module")
def company(shared: Api) -> dict[str, dict[str, Any]]:
    """Receipts of some customers by name, in the order in which they came; all can be read."""
    receipts = {
        name: shared.customer(
            name, level=level, industry="trade" if level == "B" else None, tags=["vip"]
        )
        for name, level in CITIES.items()
    }
    shared.get("/v1/customers", [*receipts.values()][-1])
    return receipts


def names(page: dict[str, Any]) -> list[str]:
    return [row["name"] for row in page["data"]]


def test_a_list_is_sorted_either_way(shared: Api, company: dict[str, Any]) -> None:
    up = names(shared.get("/v1/customers?sort=name"))
    assert up == sorted(CITIES)
    assert names(shared.get("/v1/customers?sort=-name")) == up[::-1]


def test_a_list_is_filtered_by_what_an_index_serves(shared: Api, company: dict[str, Any]) -> None:
    assert names(shared.get("/v1/customers?industry=trade")) == ["上海东方贸易"]
    assert len(names(shared.get("/v1/customers?industry="))) == 3
    answer = shared.sales.get("/v1/customers?stage=prospect&industry=trade")
    shared.refused(answer, 400, "unserved", "Served: ")
    answer = shared.sales.get("/v1/customers?stage=prospect&sort=number")
    shared.refused(answer, 400, "unserved", "Served: all by number")


def test_pages_are_gone_through_by_cursor(shared: Api, company: dict[str, Any]) -> None:
    path = "/v1/customers?sort=name&limit=3&count=exact"
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = shared.get(f"{path}&cursor={cursor}" if cursor else path)
        assert page["count"] == len(CITIES)
        seen += names(page)
        cursor = page["next_cursor"]
    assert seen == sorted(CITIES)


def test_a_cursor_is_for_its_list_and_tells_nothing(shared: Api, company: dict[str, Any]) -> None:
    cursor = shared.get("/v1/customers?sort=name&limit=1")["next_cursor"]
    assert "Hamburg" not in cursor
    answer = shared.sales.get(f"/v1/customers?sort=-name&cursor={cursor}")
    shared.refused(answer, 400, "bad-cursor", "Start again", field="cursor")
    answer = shared.sales.get("/v1/customers?cursor=AAAA")
    shared.refused(answer, 400, "bad-cursor", "Start again", field="cursor")


def test_what_is_sorted_by_is_bounded(shared: Api, company: dict[str, Any]) -> None:
    first, *_ = company.values()
    day = first["recorded_at"][:10]
    both = f"/v1/customers?sort=changed_at&since={day}&until=2999-01-01T00:00:00+08:00"
    assert len(names(shared.get(both))) == len(CITIES)
    assert names(shared.get("/v1/customers?sort=changed_at&until=2020-01-01")) == []


@pytest.mark.parametrize(
    ("query", "field", "part"),
    [
        ("limit=0", "limit", "from 1 to 200"),
        ("limit=ten", "limit", "from 1 to 200"),
        ("sort=shoe_size", "sort", "Give one of: number, -number"),
        ("count=about", "count", "Give exact"),
        ("owner_id=7", "owner_id", "Give a UUID"),
        ("in_pool=maybe", "in_pool", "Give true or false"),
        ("sort=name&sort=number", "sort", "Give it once"),
        ("sort=changed_at&since=yesterday", "since", "is no moment"),
        ("stage=%00", "stage", "U+0000"),
    ],
)
def test_parameters_have_a_form(shared: Api, query: str, field: str, part: str) -> None:
    answer = shared.sales.get(f"/v1/customers?{query}")
    shared.refused(answer, 422, "validation", part, field=field)


def test_an_unknown_parameter_is_refused(shared: Api) -> None:
    answer = shared.sales.get("/v1/customers?colour=red")
    shared.refused(answer, 400, "unserved", "It knows: stage, owner_id")


def test_personal_values_have_no_place_in_a_url(shared: Api, company: dict[str, Any]) -> None:
    answer = shared.sales.get("/v1/customers?sort=name&since=Hamburg")
    shared.refused(answer, 400, "unserved", "POST /v1/customers/search", field="since")
    body = {"sort": "name", "since": "Hamburg", "until": "Hamburg~"}
    answer = shared.sales.post("/v1/customers/search", json=body)
    assert names(answer.json()) == ["Hamburg Hafen"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("星河", ["北京星河科技"]),
        ("河", ["北京星河科技"]),
        ("HAFEN", ["Hamburg Hafen"]),
        ("yon so", ["Lyon Soie"]),
        ("nobody", []),
    ],
)
def test_a_search_finds_parts_of_texts(
    shared: Api, company: dict[str, Any], text: str, found: list[str]
) -> None:
    answer = shared.sales.post("/v1/customers/search", json={"search": text, "count": "exact"})
    assert (names(answer.json()), answer.json()["count"]) == (found, len(found))


def test_a_search_is_paged_like_a_list(shared: Api, company: dict[str, Any]) -> None:
    body: dict[str, Any] = {"search": "a", "limit": 1}
    first = shared.sales.post("/v1/customers/search", json=body).json()
    assert names(first) == ["Hamburg Hafen"]
    assert first["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ({"search": ""}, 422, "search"),
        ({"limit": 1000}, 422, "limit"),
        ({"limit": "1"}, 422, "without quotes"),
        ({"filters": {"note": "x"}}, 400, "no index serves"),
        ({"filters": {"stage": 7}}, 422, "stage"),
        ({"filters": {"owner_id": "\0"}}, 422, "U+0000"),
        ({"sort": "number", "search": "x"}, 400, "sorted by id"),
        ({"search": "x", "since": "a"}, 422, "Leave it out"),
        ({"where": {}}, 422, "check its spelling"),
    ],
)
def test_a_search_has_a_form(shared: Api, body: dict[str, Any], status: int, part: str) -> None:
    answer = shared.sales.post("/v1/customers/search", json=body)
    shared.refused(answer, status, "validation" if status == 422 else "unserved", part)


def test_custom_fields_are_filtered_by(api: Api) -> None:
    for personal, key in ((False, "tier"), (True, "nickname")):
        body = {"key": key, "label": key, "type": "text", "personal": personal}
        api.admin.post("/v1/custom-fields/customers", json=body)
    api.customer("one", custom={"tier": "gold"}, custom_personal={"nickname": "Lao Wang"})
    last = api.customer("two", custom={"tier": "lead"})
    api.get("/v1/customers", last)
    for wanted in ({"custom": {"tier": "gold"}}, {"custom_personal": {"nickname": "Lao Wang"}}):
        assert names(api.sales.post("/v1/customers/search", json=wanted).json()) == ["one"]


def test_a_record_has_its_version_as_tag(shared: Api, company: dict[str, Any]) -> None:
    path = f"/v1/customers/{company['Lyon Soie']['stream']}"
    answer = shared.sales.get(path)
    assert (answer.headers["ETag"], answer.json()["version"]) == ('"1"', 1)
    assert shared.sales.get(path, headers={"If-None-Match": '"1"'}).status_code == 304
    assert shared.sales.get(path, headers={"If-None-Match": '"2"'}).status_code == 200
    assert shared.sales.head(path).status_code == 200


def test_a_record_is_shown_as_it_was(api: Api) -> None:
    def admin(method: str, path: str, when: str, **body: Any) -> dict[str, Any]:
        headers = {"Kept-Occurred-At": f"{when}T10:00:00+08:00"}
        answer = api.admin.request(method, path, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    opened = admin("POST", "/v1/customers", "2025-01-10", name="A", kind="person", level="A")
    path = f"/v1/customers/{opened['stream']}"
    admin("PATCH", path, "2025-03-10", level="C")
    last = admin("PATCH", path, "2025-02-10", level="B")
    assert api.get(path, last)["level"] == "B"
    levels = {
        "2025-01-10T10:00:00+08:00": "A",
        "2025-02-10": "B",
        "2025-03-09": "B",
        "2025-03-10T01:59:59Z": "B",
        "2025-03-10T02:00:00Z": "B",
    }
    assert {when: api.get(f"{path}?as_of={when}")["level"] for when in levels} == levels
    api.refused(api.sales.get(f"{path}?as_of=2025-01-09"), 404, "not-found", "at that time")
    known = api.get(f"{path}?as_of=2025-03-31&as_known_at={opened['recorded_at']}")
    assert (known["level"], known["version"]) == ("A", 1)
    api.refused(api.sales.get(f"{path}?as_of=soon"), 422, "validation", "is no moment", "as_of")


def test_there_and_back_again_are_three_facts(api: Api) -> None:
    receipt = api.customer(level="A")
    path = f"/v1/customers/{receipt['stream']}"
    api.sales.patch(path, json={"level": "B"})
    last = api.sales.patch(path, json={"level": "A"}).json()
    facts = api.get(f"{path}/history?field=level", last)["data"]
    assert [(one["from"], one["to"]) for one in facts] == [("B", "A"), ("A", "B"), (None, "A")]
    for fact in facts:
        assert fact["actor"] == str(api.users["sales"])
        assert (fact["source"], fact["client"]) == ("api", facts[0]["client"])
        assert {"en", "zh"} <= fact["words"].keys()


def test_the_whole_history_is_filtered(api: Api) -> None:
    one, other = api.customer("one"), api.customer("other")
    last = api.admin.patch(f"/v1/customers/{one['stream']}", json={"level": "A"}).json()
    day = datetime.fromisoformat(last["recorded_at"]).astimezone(SHANGHAI).date()

    def of(query: str) -> set[tuple[str, str]]:
        facts = api.get(f"/v1/history?{query}", last)["data"]
        return {(fact["id"], fact["field"]) for fact in facts}

    assert of(f"record={other['stream']}") == {(other["stream"], f) for f in ("name", "kind")}
    assert of(f"actor={api.users['admin']}") == {(one["stream"], "level")}
    assert of("field=level") == {(one["stream"], "level")}
    assert of(f"record={one['stream']}&field=name") == {(one["stream"], "name")}
    assert len(of("source=api")) == len(of("aggregate=customers")) == 5
    today = of(f"sort=occurred_at&since={day}&until={day}")
    assert today > of("source=api")
    assert of(f"sort=occurred_at&since={day + timedelta(days=1)}") == set()
    assert of("sort=occurred_at&until=2020-01-01") == set()
    assert {field for _, field in of("limit=1")} == {"level"}


def test_what_was_written_is_read(api: Api) -> None:
    def write_and_read(number: int) -> None:
        receipt = api.customer(f"number {number}")
        found = api.get(f"/v1/customers/{receipt['stream']}", receipt)
        assert found["name"] == f"number {number}"
        listed = api.get(f"/v1/customers?sort=-number&min_position={receipt['position']}")
        assert receipt["stream"] in [row["id"] for row in listed["data"]]

    with ThreadPoolExecutor(8) as crowd:
        [*crowd.map(write_and_read, range(40))]


def test_what_is_not_written_yet_is_not_waited_for(shared: Api) -> None:
    for headers, query in (({"Kept-Min-Position": "999999"}, ""), ({}, "?min_position=999999")):
        answer = shared.sales.get(f"/v1/customers{query}", headers=headers)
        shared.refused(answer, 422, "validation", "lies beyond the log", "Kept-Min-Position")
    for wrong in ("-1", "x", str(2**63)):
        answer = shared.sales.get("/v1/customers", headers={"Kept-Min-Position": wrong})
        shared.refused(answer, 422, "validation", "Kept-Min-Position")


def test_every_read_says_how_far_it_is(shared: Api, company: dict[str, Any]) -> None:
    last = [*company.values()][-1]
    for path in ("/v1/customers", f"/v1/customers/{last['stream']}", "/v1/history"):
        assert int(shared.sales.get(path).headers["Kept-Position"]) >= last["position"]


@pytest.mark.parametrize("model", [*PROJECTIONS, *DERIVED], ids=lambda model: str(model.name))
def test_every_read_model_is_served(shared: Api, model: Any) -> None:
    assert {"data", "next_cursor"} <= shared.get(f"/v1/{model.name.replace('_', '-')}").keys()
