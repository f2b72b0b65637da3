"""Rows that wait, over HTTP: for administrators."""

from uuid import UUID, uuid4

import pytest

from store.database import Database
from tests.api.conftest import Api


@pytest.fixture
def waiting(api: Api, database: Database) -> tuple[UUID, int]:
    """A customer whose row waits, because somebody parked it, and the position at which it does."""
    receipt = api.customer()
    behind = {"Kept-Min-Position": str(receipt["position"])}
    assert api.sales.get(f"/v1/customers/{receipt['stream']}", headers=behind).status_code == 200
    with database.connect("projector", api.services.tenant.schema) as connection:
        connection.execute(
            "INSERT INTO parked (projection, stream, position, error) VALUES (%s, %s, %s, %s)",
            ["customers", receipt["stream"], receipt["position"], "KeyError in customers"],
        )
    return UUID(receipt["stream"]), receipt["position"]


def test_rows_that_wait_are_listed_and_folded_anew(api: Api, waiting: tuple[UUID, int]) -> None:
    [row] = api.admin.get("/v1/parked").json()["data"]
    assert (row["read_model"], row["record_id"]) == ("customers", str(waiting[0]))
    assert (row["position"], row["error"]) == (waiting[1], "KeyError in customers")
    assert api.admin.get("/v1/parked?read_model=customers").json()["data"] == [row]
    assert api.admin.get("/v1/parked?read_model=tickets").json()["data"] == []
    assert api.admin.get("/v1/parked?read_model=x").status_code == 422
    others = api.admin.post("/v1/parked/retry", json={"read_model": "tickets"})
    assert others.json() == {"data": []}
    [tried] = api.admin.post("/v1/parked/retry").json()["data"]
    assert tried == {**row, "folded": True}
    assert api.admin.get("/v1/parked").json() == {"data": []}


def test_a_row_goes_on_without_its_event(api: Api, waiting: tuple[UUID, int]) -> None:
    customer, position = waiting
    body = {"read_model": "customers", "record_id": str(customer), "reason": "A fault of 1.2"}
    done = api.admin.post("/v1/parked/skip", json=body).json()
    assert (done["position"], done["folded"]) == (position, True)
    event = api.services.log.at([done["skipped_at"]])[done["skipped_at"]]
    assert (event.type, event.trace["reason"]) == ("EventSkipped", "A fault of 1.2")
    assert event.actor == api.users["admin"]
    behind = {"Kept-Min-Position": str(done["skipped_at"])}
    assert api.admin.get(f"/v1/customers/{customer}", headers=behind).status_code == 404
    [row] = api.admin.get("/v1/skipped-events", headers=behind).json()["data"]
    assert [one["position"] for one in row["skips"]] == [position]
    again = api.admin.post("/v1/parked/skip", json=body)
    assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "record_id")


def test_what_is_wrong_is_said(api: Api) -> None:
    body = {"read_model": "customers", "record_id": str(uuid4()), "reason": "Why"}
    for without in body:
        wrong = {name: value for name, value in body.items() if name != without}
        refused = api.admin.post("/v1/parked/skip", json=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, without)
    twice = api.admin.post("/v1/parked/skip", json=body, headers={"Kept-Reason": "Because"})
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (400, "Kept-Reason")
    assert api.admin.get("/v1/parked?limit=3").status_code == 400


def test_only_administrators_may(api: Api) -> None:
    for client in (api.sales, api.analyst):
        for method, path in (("GET", ""), ("POST", "/retry"), ("POST", "/skip")):
            assert client.request(method, f"/v1/parked{path}").status_code == 403
