"""Lists as of a date: made ready when first asked for, then as any list."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from api import dating
from api.dating import Dating
from api.services import Services
from store import dated_copies
from store.dated_copies import TooManyCopies
from tests.api.conftest import Api

DAYS = [datetime(2025, 3, day, 12, tzinfo=UTC) for day in range(1, 8)]
PATIENCE = 60


def on(day: datetime) -> dict[str, str]:
    return {"Kept-Occurred-At": day.isoformat()}


def asked(client: httpx2.Client, path: str, **sent: Any) -> dict[str, Any]:
    """The page, once it is ready."""
    wait = threading.Event()
    for _ in range(PATIENCE * 10):
        answer = client.post(path, **sent) if sent else client.get(path)
        if answer.status_code == 200:
            page: dict[str, Any] = answer.json()
            return page
        assert answer.status_code == 202, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        assert client.get(answer.headers["Location"]).json()["name"] == answer.json()["name"]
        wait.wait(0.1)
    raise AssertionError("it did not become ready")


@pytest.fixture
def company(api: Api) -> Api:
    """Five customers, each registered on a day and renamed on the next."""
    for number, day in enumerate(DAYS[:5]):
        body = {"name": f"Old {number}", "kind": "organisation", "industry": "AB"[number % 2]}
        one = api.admin.post("/v1/customers", json=body, headers=on(day)).json()["stream"]
        api.admin.patch(
            f"/v1/customers/{one}", json={"name": f"New {number}"}, headers=on(DAYS[number + 1])
        )
    return api


def test_a_list_as_of_a_day_is_made_ready_and_then_answered(company: Api) -> None:
    path = "/v1/customers?as_of=2025-03-04&sort=number"
    first = company.sales.get(path)
    assert first.status_code == 202
    assert first.json()["is_ready"] is False
    page = asked(company.sales, path)
    assert [row["name"] for row in page["data"]] == ["New 0", "New 1", "New 2", "Old 3"]
    # As any list: filters, either way of sorting, pages, counts, search, masks.
    filtered = company.sales.get("/v1/customers?as_of=2025-03-04&industry=A&sort=-name").json()
    assert [row["name"] for row in filtered["data"]] == ["New 2", "New 0"]
    two = company.sales.get(f"{path}&limit=2&count=exact").json()
    assert (len(two["data"]), two["count"]) == (2, 4)
    rest = company.sales.get(f"{path}&limit=2&cursor={two['next_cursor']}").json()
    assert [row["name"] for row in rest["data"]] == ["New 2", "Old 3"]
    live = company.sales.get(f"/v1/customers?sort=number&cursor={two['next_cursor']}")
    assert live.status_code == 400
    search = "/v1/customers/search?as_of=2025-03-04"
    found = asked(company.sales, search, json={"search": "old"})
    assert [row["name"] for row in found["data"]] == ["Old 3"]
    masked = company.analyst.get(path).json()
    assert "name" in masked["masked"]
    assert "name" not in masked["data"][0]
    reads = company.client("auditor").get("/v1/reads?read_model=customers").json()["data"]
    assert {one["actor"] for one in reads} == {str(company.users["sales"])}
    assert "name" in reads[0]["fields"]


def test_a_late_entry_counts_and_what_was_known_before_it_stays(company: Api) -> None:
    path = "/v1/customers?as_of=2025-03-02&count=exact"
    assert asked(company.sales, path)["count"] == 2
    head = company.services.log.head()
    known = company.services.log.at([head])[head].recorded_at.isoformat().replace("+", "%2B")
    later = {"name": "Later", "kind": "person"}
    company.admin.post("/v1/customers", json=later, headers=on(DAYS[6]))
    assert company.sales.get(path).status_code == 200
    late = {"name": "Late", "kind": "person"}
    company.admin.post("/v1/customers", json=late, headers=on(DAYS[0]))
    assert company.sales.get(path).status_code == 202
    assert asked(company.sales, path)["count"] == 3
    assert asked(company.sales, f"{path}&as_known_at={known}")["count"] == 2


def test_a_moment_that_is_not_over_is_refused(api: Api) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    for name in ("as_of", "as_known_at"):
        refused = api.sales.get(f"/v1/customers?{name}={tomorrow}")
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith(f"{name}: is not over yet.")
    assert api.sales.get("/v1/dated-copies/march").status_code == 404


@pytest.fixture
def alone(services: Services) -> Dating:
    """Whoever makes copies, when told to."""
    return Dating(services.log)


def test_copies_that_nobody_uses_make_room(
    alone: Dating, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dating, "MOST_COPIES", 2)
    monkeypatch.setattr(dating, "NOTE_EVERY", timedelta())
    first, second = alone.copy(DAYS[0]), alone.copy(DAYS[1])
    assert alone.copy(DAYS[0]) == first
    with pytest.raises(TooManyCopies):
        alone.copy(DAYS[2])
    alone.make()
    assert alone.copy(DAYS[0]).made_at is not None  # used after the second
    third = alone.copy(DAYS[2])
    with services.database.borrow("writer", services.tenant.schema) as connection:
        kept = {one.name for one in dated_copies.copies(connection)}
    assert kept == {first.name, third.name}
    assert alone.find(second.name) is None
    # What is not known ahead cannot be asked for: these are the same moments.
    assert alone.copy(DAYS[5], DAYS[0]).as_of == DAYS[0]


def test_one_that_is_being_made_ends_with_the_process(
    alone: Dating, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = alone.copy(DAYS[0])
    alone.close()
    alone.make()
    left = alone.find(begun.name)
    assert left is not None
    assert left.made_at is None
    assert alone.shown(left)["is_ready"] is False
