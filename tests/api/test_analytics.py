"""Figures over HTTP: what there is, each of them, what is behind it, and who may know whom."""

import csv
import io
from typing import Any

import pytest
from pyarrow import parquet  # type: ignore[import-untyped]

from projections.analytics import DEFINITIONS
from projections.analytics.dashboards import DASHBOARDS
from tests.api.conftest import Api
from tests.api.test_dated_lists import asked


@pytest.fixture(scope="module")
def sold(shared: Api) -> Api:
    """A deal won by somebody, and one that is open."""
    invited = {"name": "Berta Baum", "email": "berta@example.com"}
    seller = shared.admin.post("/v1/users", json=invited).json()["stream"]
    assert shared.admin.post(f"/v1/users/{seller}/activate", json={}).status_code == 200
    customer = shared.customer()["stream"]
    deal = {
        "name": "Pumps",
        "customer_id": customer,
        "owner_id": seller,
        "amount": {"amount": "99.50", "currency": "EUR"},
        "expected_close_on": "2026-03-01",
    }
    for _ in range(2):
        made = shared.sales.post("/v1/opportunities", json=deal)
        assert made.status_code == 201, made.text
    price = {"amount": {"amount": "80.25", "currency": "EUR"}, "closed_on": "2026-03-05"}
    backdated = {"Kept-Occurred-At": "2026-03-05T09:00:00Z"}
    path = f"/v1/opportunities/{made.json()['stream']}/win"
    answer = shared.admin.post(path, json=price, headers=backdated)
    assert answer.status_code == 200, answer.text
    shared.get("/v1/opportunities", answer.json())
    return shared


def test_everything_that_there_is_is_listed_in_both_languages(sold: Api) -> None:
    english = sold.get("/v1/analytics", role="analyst")["data"]
    chinese = sold.get("/v1/analytics?language=zh", role="analyst")["data"]
    assert [one["name"] for one in english] == [*DEFINITIONS]
    for one, other in zip(english, chinese, strict=True):
        assert one["version"] == other["version"] >= 1
        assert one["title"] != other["title"]
        named = {*(dimension["name"] for dimension in one["dimensions"]), *one["periods"]}
        assert {*one["by"]} <= named
        assert one["measures"]


def test_a_figure_says_as_of_where_in_what_unit_and_by_which_definition(sold: Api) -> None:
    found = sold.get("/v1/analytics/won_deals?by=quarter,owner_id&from=2026-01-01&language=zh")
    assert (found["version"], found["title"], found["from"]) == (1, "赢单金额", "2026-01-01")
    assert found["position"] >= 6
    assert [one["label"] for one in found["by"]] == ["季度", "负责人", "币种"]
    assert [one["unit"] for one in found["measures"]] == ["deals", "money", "money"]
    [group] = found["data"]
    assert group["figures"] == {"deals": 1, "amount": "80.25", "mean": "80.25"}
    assert group["labels"]["quarter"] == "2026-Q1"
    assert group["labels"]["owner_id"] == "Berta Baum"
    assert group["by"]["quarter"] == "2026-01-01"


def test_who_may_not_see_names_sees_numbers_and_reading_names_is_recorded(sold: Api) -> None:
    path = "/v1/analytics/won_deals?by=owner_id"
    [group] = sold.get(path, role="analyst")["data"]
    assert group["labels"]["owner_id"].startswith("U-")
    before = sold.get("/v1/reads?limit=1", role="auditor")["data"][0]["number"]
    sold.get(path)
    read = sold.get("/v1/reads?limit=1", role="auditor")["data"][0]
    assert read["number"] == before + 1
    assert (read["read_model"], read["fields"]) == ("names", ["name"])


def test_what_is_behind_a_number_is_records_and_events(sold: Api) -> None:
    found = sold.get("/v1/analytics/won_deals/explain?from=2026-03-01&to=2026-03-31")
    [record] = found["data"]
    feed = sold.get("/v1/events?after=0&limit=1000", role="admin")["data"]
    types = [one["type"] for one in feed if one["position"] in record["positions"]]
    assert types == ["OpportunityOpened", "OpportunityWon"]
    assert {one["stream"] for one in feed if one["position"] in record["positions"]} == {
        record["id"]
    }
    assert sold.get("/v1/analytics/won_deals/explain?owner_id=")["data"] == []


def test_figures_as_files(sold: Api) -> None:
    path = "/v1/analytics/won_deals?by=month&format="
    answer = sold.analyst.get(f"{path}csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = [*csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))]
    assert rows[0][:3] == ["month", "currency", "deals (deals)"]
    assert rows[1] == ["2026-03", "EUR", "1", "80.25", "80.25"]
    table = parquet.read_table(io.BytesIO(sold.analyst.get(f"{path}parquet").content))
    assert str(table.to_pylist()[0]["amount"]) == "80.2500"
    assert sold.analyst.get(f"{path}xlsx").content[:2] == b"PK"


@pytest.mark.parametrize(
    ("path", "status", "kind", "part"),
    [
        ("mood", 404, "not-found", "There is no such figure. There are: won_deals"),
        ("win_rate?by=mood", 422, "validation", "by: is none of its dimensions"),
        ("win_rate?from=spring", 422, "validation", "from: is no day"),
        ("win_rate?owner_id=me", 422, "validation", "owner_id: is no id"),
        ("win_rate?queue=first", 400, "unserved", "It knows: from, to, period, by"),
        ("win_rate?format=pdf", 422, "validation", "format: is none of the choices"),
        ("win_rate?language=fr", 422, "validation", "language: is none of the choices"),
        ("win_rate/explain?cursor=x", 422, "validation", "cursor: is no id"),
        ("win_rate?period=soon", 422, "validation", "period: is none"),
        ("win_rate?period=this_day&to=2026-01-01", 422, "validation", "does not go together"),
        ("win_rate?as_of=2126-01-01", 422, "validation", "as_of: is not over yet"),
        ("backlog?by=month", 422, "validation", "by: is none of its dimensions"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    sold: Api, path: str, status: int, kind: str, part: str
) -> None:
    Api.refused(sold.analyst.get(f"/v1/analytics/{path}"), status, kind, part)


def test_money_is_a_text_and_a_count_is_a_number(sold: Api) -> None:
    whole = {"amount": {"amount": "100", "currency": "CNY"}, "stage": "proposal", "name": "x"}
    made = sold.admin.post("/v1/opportunities/record", json=whole)
    assert made.status_code == 201, made.text
    found = sold.get("/v1/analytics/open_deals?stage=proposal&by=", made.json())["data"]
    assert [(one["figures"]["deals"], one["figures"]["amount"]) for one in found] == [(1, "100")]


def test_a_text_of_a_filter_stays_a_text(sold: Api) -> None:
    for text in ("'", "''; DROP TABLE users; --", "%s", "\\", "$1", "{}"):
        parameters: dict[str, Any] = {"lead_source": text, "by": ""}
        answer = sold.analyst.get("/v1/analytics/win_rate", params=parameters)
        assert answer.json()["data"][0]["figures"]["closed"] == 0


def test_figures_as_of_a_day_are_made_ready_and_then_answered(sold: Api) -> None:
    """Nothing that the company did was so before this year, but one sale of last March."""
    path = "/v1/analytics/won_deals?by=&as_of=2026-03-0"
    first = sold.analyst.get(f"{path}5")
    assert first.status_code == 202, first.text
    assert first.json()["as_known_at"] is None
    found = asked(sold.analyst, f"{path}5")
    assert (found["as_of"], found["as_known_at"]) == ("2026-03-05T15:59:59.999999Z", None)
    assert found["position"] > 0
    [group] = found["data"]
    assert group["figures"]["amount"] == "80.25"
    explained = asked(sold.analyst, "/v1/analytics/won_deals/explain?as_of=2026-03-05")
    assert len(explained["data"]) == 1
    assert explained["as_of"] == found["as_of"]
    assert asked(sold.analyst, f"{path}4")["data"] == []
    live = sold.get("/v1/analytics/won_deals?by=", role="analyst")
    assert (live["as_of"], live["as_known_at"]) == (None, None)


def test_dashboards_are_listed_and_shown_now_and_as_of_a_day(sold: Api) -> None:
    listed = sold.get("/v1/dashboards?language=zh", role="analyst")["data"]
    assert [one["name"] for one in listed] == [*DASHBOARDS]
    shown = sold.get("/v1/dashboards/sales?from=2026-03-01&to=2026-03-31", role="analyst")
    panels = {one["name"]: one for one in shown["panels"]}
    assert {(one["position"], one["from"]) for one in panels.values()} == {
        (shown["position"], "2026-03-01")
    }
    assert panels["won_deals"]["data"][0]["figures"]["amount"] == "80.25"
    path = "/v1/dashboards/sales?period=this_month&as_of=2026-03-0"
    for day, deals in ((4, []), (5, [1])):
        dated = asked(sold.analyst, f"{path}{day}")
        assert dated["as_of"].startswith(f"2026-03-0{day}")
        won = dated["panels"][0]
        assert (won["from"], won["to"]) == ("2026-03-01", "2026-03-31")
        assert [one["figures"]["deals"] for one in won["data"]] == deals
    refused = sold.analyst.get("/v1/dashboards/weather")
    Api.refused(refused, 404, "not-found", "There is no such dashboard. There are: sales")
    unknown = sold.analyst.get("/v1/dashboards/sales?stage=won")
    Api.refused(unknown, 400, "unserved", "It knows: from, to, period")
