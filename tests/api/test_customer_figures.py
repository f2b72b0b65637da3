"""Customers one by one over HTTP: segments, what is expected of them, and their profiles."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from commands.customers import RegisterCustomer
from commands.order_history import RecordOrder
from commands.products import CreateProduct
from domain.customers import Kind
from domain.sales_lines import SalesLine
from domain.values import Money
from tests.api.conftest import Api

BUYERS = 56
A_MOMENT = "2026-06-01T09:00:00Z"
FIRST = date(2025, 6, 1)
TO = "to=2026-06-30"
MODEL = f"/v1/analytics/lifetime_value?{TO}&held=60"
EXPECTED = f"/v1/analytics/lifetime_value/customers?{TO}&held=60"
SEGMENTS = f"/v1/analytics/customer_segments/customers?{TO}"


@pytest.fixture(scope="module")
def trade(shared: Api) -> list[str]:
    """Customers who buy the oftener the higher their number; gives their ids."""
    issue = shared.services.issue
    product = issue(CreateProduct(sku="P-1", name="Pump")).stream
    customers = [
        issue(RegisterCustomer(name=f"Buyer {number}", kind=Kind.PERSON)).stream
        for number in range(BUYERS)
    ]
    for number, customer in enumerate(customers):
        for order in range(2 + number % 4):
            price = Money(amount=_price(number, order), currency="EUR")
            receipt = issue(
                RecordOrder(
                    customer_id=customer,
                    ordered_on=FIRST + timedelta(days=number + order * (20 + number)),
                    currency="EUR",
                    lines=(SalesLine(product_id=product, unit_price=price),),
                )
            )
    shared.get("/v1/orders", {"position": receipt.position})
    return [str(one) for one in customers]


def _price(number: int, order: int) -> Decimal:
    """Customers differ by much, and each of them from one order to the next."""
    return Decimal(int(20 * 2 ** ((number * 37 % 11 - 5) / 2) * (1 + (number**2 + order * 3) % 7)))


def pages(api: Api, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = api.get(path + cursor)
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_everybody_who_bought_has_a_segment(
    shared: Api, trade: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.analytics.customer_tables.Tables.scores.__defaults__", (20,))
    found = pages(shared, SEGMENTS)
    assert [one["id"] for one in found] == sorted(trade)
    last = {one["id"]: one for one in found}[trade[3]]
    assert last["name"] == "Buyer 3"
    assert (last["orders"], last["worth"]) == (5, [{"currency": "EUR", "value": "85.00"}])
    assert {one["frequency_score"] for one in found} == {1, 2, 3, 4}
    of_one = shared.get(f"{SEGMENTS}&segment={last['segment']}&language=zh")["data"]
    assert {one["segment"] for one in of_one} == {last["segment"]}
    counted = shared.get(f"/v1/analytics/customer_segments?{TO}")["data"]
    sizes = {one["by"]["segment"]: one["figures"]["customers"] for one in counted}
    assert sizes[last["segment"]] == len(of_one)
    assert sum(sizes.values()) == BUYERS


def test_a_model_states_itself_and_how_it_did(shared: Api, trade: list[str]) -> None:
    found = shared.get(MODEL, role="analyst")
    purchases, [value] = found["purchases"], found["value"]
    assert (purchases["model"], purchases["time_unit"]) == ("BG/NBD", "week")
    assert purchases["customers"] == purchases["came_back"] == BUYERS
    assert purchases["purchases"] == sum(2 + number % 4 for number in range(BUYERS))
    assert {*purchases["parameters"]} == {"r", "alpha", "a", "b"}
    assert (value["currency"], value["customers"]) == ("EUR", BUYERS)
    assert found["settings"] == {"months": 12, "discount": 10}
    assert found["position"] >= purchases["purchases"]
    tested = found["back_test"]
    assert (tested["to"], tested["held"]) == ("2026-05-01", 60)
    assert tested["beats_baseline"] is (
        Decimal(tested["model"]["root_mean_square_error"])
        < Decimal(tested["same_as_before"]["root_mean_square_error"])
    )


def test_who_is_worth_most_comes_first_and_names_are_for_those_who_may_see_them(
    shared: Api, trade: list[str]
) -> None:
    found = pages(shared, EXPECTED)
    assert {one["id"] for one in found} == {*trade}
    worth = [Decimal(one["worth"][0]["lifetime_value"]) for one in found]
    assert worth == sorted(worth, reverse=True)
    for one in found:
        assert 0 <= Decimal(one["alive"]) <= 1
        assert Decimal(one["expected_30_days"]) <= Decimal(one["expected_90_days"])
        assert one["name"] == f"Buyer {trade.index(one['id'])}"
    masked = shared.get(EXPECTED, role="analyst")["data"]
    assert [one["id"] for one in masked] == [one["id"] for one in found]
    assert all(one["name"].startswith("C-") for one in masked)
    read = shared.get("/v1/reads?limit=1", role="auditor")["data"][0]
    assert (read["read_model"], read["fields"]) == ("names", ["name"])


def test_tables_of_customers_as_files(shared: Api, trade: list[str]) -> None:
    for path in (SEGMENTS, EXPECTED):
        answer = shared.analyst.get(f"{path}&format=csv")
        rows = [*csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))]
        assert rows[0][:2] == ["id", "customer"]
        assert len(rows) == BUYERS + 1
    assert shared.analyst.get(f"{EXPECTED}&format=xlsx").content[:2] == b"PK"


@pytest.mark.parametrize(
    ("path", "status", "kind", "part"),
    [
        ("lifetime_value?to=2025-06-02", 422, "validation", "to: is too early: only 0 customers"),
        ("lifetime_value?to=2999-01-01", 422, "validation", "to: is not over yet"),
        ("lifetime_value?held=1", 422, "validation", "held: is no whole number in range"),
        ("lifetime_value?from=2025-01-01", 400, "unserved", "It knows: to"),
        ("lifetime_value/customers?months=61", 422, "validation", "Give one from 1 to 60"),
        ("lifetime_value/customers?format=pdf", 422, "validation", "format: is none"),
        ("customer_segments/customers?segment=rich&recency_score=x", 422, "validation", "number"),
        ("customer_segments/customers?language=fr", 422, "validation", "language: is none"),
        ("customer_churn?days=5", 422, "validation", "days: is no whole number in range"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    shared: Api, trade: list[str], path: str, status: int, kind: str, part: str
) -> None:
    Api.refused(shared.analyst.get(f"/v1/analytics/{path}"), status, kind, part)


def test_a_cursor_of_nobody_is_refused(shared: Api, trade: list[str]) -> None:
    answer = shared.analyst.get(f"{EXPECTED}&cursor={UUID(int=7)}")
    Api.refused(answer, 422, "validation", "cursor: names nobody in this list")


@pytest.fixture(scope="module")
def known(shared: Api, trade: list[str]) -> str:
    """A customer of whom there is everything."""

    def did(path: str, **body: Any) -> dict[str, Any]:
        answer = shared.admin.post(f"/v1/{path}", json=body)
        assert answer.status_code < 300, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    one = trade[7]
    seller = did("users", name="Berta Baum", email="berta@example.com")["stream"]
    did(f"users/{seller}/activate")
    did(f"customers/{one}/assign", owner_id=seller)
    did(f"customers/{one}/follow-up", followed_up_on="2026-06-01", next_follow_up_on="2026-12-01")
    contact = did("contacts", family_name="Stern")["stream"]
    did(f"contacts/{contact}/link", customer_id=one, role="decision_maker")
    deal = {
        "name": "Pumps",
        "customer_id": one,
        "amount": {"amount": "99.50", "currency": "EUR"},
        "expected_close_on": "2026-03-01",
    }
    for _ in range(2):
        made = did("opportunities", **deal)["stream"]
    did(f"opportunities/{made}/win", amount={"amount": "80.25", "currency": "EUR"})
    did("tickets", subject="No light", priority="low", customer_id=one)
    consent = {"purpose": "newsletter", "channel": "email", "lawful_basis": "contract"}
    last = did("consents", customer_id=one, source="fair", captured_at=A_MOMENT, **consent)
    shared.get("/v1/customers", last)
    return one


def test_a_profile_is_all_that_is_known(shared: Api, known: str) -> None:
    found = shared.get(f"/v1/customers/{known}/profile")
    assert found["customer"]["name"] == "Buyer 7"
    assert found["owner"]["name"] == "Berta Baum"
    [contact] = found["contacts"]
    assert (contact["name"], contact["role"]) == ("Stern", "decision_maker")
    assert found["deals"]["open"] == [{"currency": "EUR", "deals": 1, "amount": "99.50"}]
    assert found["deals"]["won"] == [{"currency": "EUR", "deals": 1, "amount": "80.25"}]
    assert (found["bought"]["orders"], found["tickets"]["open"]) == (5, 1)
    assert found["consents"][0]["purpose"] == "newsletter"
    assert found["follow_up"] == {"last_on": "2026-06-01", "next_on": "2026-12-01"}
    assert {one["field"] for one in found["changes"]} >= {"owner_id", "last_follow_up_on"}
    assert found["expected"] is None
    shared.get("/v1/analytics/lifetime_value")
    assert 0 <= Decimal(shared.get(f"/v1/customers/{known}/profile")["expected"]["alive"]) <= 1


def test_an_analyst_sees_figures_and_nobodys_name_in_a_profile(shared: Api, known: str) -> None:
    found = shared.get(f"/v1/customers/{known}/profile", role="analyst")
    assert "name" not in found["customer"]
    assert found["owner"]["name"].startswith("U-")
    assert found["contacts"][0]["name"].startswith("P-")
    assert found["bought"]["orders"] == 5
    assert found["deals"]["won"][0]["amount"] == "80.25"


def test_a_profile_of_nobody_is_not_found(shared: Api) -> None:
    answer = shared.sales.get(f"/v1/customers/{UUID(int=7)}/profile")
    Api.refused(answer, 404, "not-found", "There is no such customer")
