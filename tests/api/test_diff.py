"""What differs between two moments over HTTP: all of it, page by page, for whoever may see it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from projections import PROJECTIONS
from projections.differences import Comparison
from projections.readers import KEPT
from store.differences import Moment
from tests.api.conftest import Api

DAYS = [datetime(2025, 3, day, 4, tzinfo=UTC) for day in range(1, 6)]
PATH = "/v1/diff?from=2025-03-01&to=2025-03-03"


@pytest.fixture(scope="module")
def company(shared: Api) -> Api:
    """Four customers, each registered on a day and renamed on the next."""
    for number, day in enumerate(DAYS[:4]):
        body = {"name": f"Old {number}", "kind": "organisation"}
        made = _at(shared, day, "POST", "/v1/customers", body)
        path = f"/v1/customers/{made['stream']}"
        _at(shared, day + timedelta(days=1), "PATCH", path, {"name": f"New {number}"})
    return shared


def _at(api: Api, day: datetime, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.admin.request(
        method, path, json=body, headers={"Kept-Occurred-At": day.isoformat()}
    )
    assert answer.status_code in (200, 201), answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def pages(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    """All that differs."""
    found, cursor = [], ""
    while True:
        answer = client.get(f"{path}{cursor}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_every_page_together_is_all_that_differs(company: Api) -> None:
    zone = company.services.tenant.zone
    first, second = (Moment(datetime(2025, 3, day, 23, 59, 59, 999_999, zone)) for day in (1, 3))
    services = company.services
    whole = Comparison(services.log, services.gate, KEPT, PROJECTIONS).between(first, second)
    expected = [(one.read_model, str(one.id), one.what) for one in whole]
    assert len(expected) > 3
    for limit in (1, 2, 200):
        found = pages(company.sales, f"{PATH}&limit={limit}")
        assert [(one["read_model"], one["id"], one["what"]) for one in found] == expected


def test_what_differs_is_told_with_words(company: Api) -> None:
    found = pages(company.sales, f"{PATH}&model=customers")
    assert sorted((one["number"], one["what"]) for one in found) == [
        ("C-1", "changed"),
        ("C-2", "created"),
        ("C-3", "created"),
    ]
    [renamed] = [one for one in found if one["what"] == "changed"]
    [change] = renamed["changes"]
    assert (change["field"], change["from"], change["to"]) == ("name", "Old 0", "New 0")
    assert change["label"]["zh"] == "名称"
    assert change["words"] == {"en": "Old 0 → New 0", "zh": "Old 0 → New 0"}
    back = pages(company.sales, "/v1/diff?from=2025-03-03&to=2025-03-01&model=customers")
    assert sorted(one["what"] for one in back) == ["changed", "gone", "gone"]
    known = "from_known_at=2025-03-03&to_known_at=2025-03-03"
    assert pages(company.sales, f"{PATH}&{known}") == []


def test_what_a_role_may_not_see_is_masked_and_what_it_sees_is_recorded(company: Api) -> None:
    found = pages(company.analyst, f"{PATH}&model=customers")
    names = [c for one in found for c in one["changes"] if c["field"] == "name"]
    assert len(names) == 3
    assert all(one["masked"] and "to" not in one for one in names)
    assert "Old" not in str(found)
    auditor = company.client("auditor")
    pages(company.sales, f"{PATH}&model=customers")
    read = auditor.get("/v1/reads?limit=1").json()["data"][0]
    assert (read["read_model"], read["actor"]) == ("customers", str(company.users["sales"]))
    assert "name" in read["fields"]


def test_a_page_is_of_the_log_that_the_first_one_saw(company: Api) -> None:
    first = company.sales.get(f"{PATH}&limit=1").json()
    late = {"name": "Entered late", "kind": "person"}
    _at(company, DAYS[1], "POST", "/v1/customers", late)
    rest = company.sales.get(f"{PATH}&limit=200&cursor={first['next_cursor']}").json()
    assert rest["position"] == first["position"]
    assert "Entered late" not in str(rest)
    assert "Entered late" in str(pages(company.sales, PATH))


@pytest.mark.parametrize(
    ("asked", "status", "kind", "part"),
    [
        ("from=2025-03-01", 422, "validation", "to: is missing"),
        ("from=spring&to=2025-03-01", 422, "validation", "from: is no moment"),
        ("from=2025-03-01&to=2025-03-02&model=moods", 422, "validation", "is no read model"),
        ("from=2025-03-01&to=2025-03-02&limit=0", 422, "validation", "limit: is no whole number"),
        ("from=2025-03-01&to=2025-03-02&cursor=x", 400, "bad-cursor", "cursor"),
        ("from=2025-03-01&to=2025-03-02&stage=won", 400, "unserved", "It knows: from, to"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    company: Api, asked: str, status: int, kind: str, part: str
) -> None:
    Api.refused(company.sales.get(f"/v1/diff?{asked}"), status, kind, part)


def test_a_cursor_is_of_the_same_question(company: Api) -> None:
    cursor = company.sales.get(f"{PATH}&limit=1").json()["next_cursor"]
    other = company.sales.get(f"/v1/diff?from=2025-03-02&to=2025-03-03&cursor={cursor}")
    Api.refused(other, 400, "bad-cursor", "cursor")
