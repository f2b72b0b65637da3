"""Quotes and orders over HTTP: from the offer to the payment, and what sales and analytics see."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.conftest import Api

TODAY = datetime.now(UTC).date()


def did(api: Api, path: str, **body: Any) -> dict[str, Any]:
    """Issue a command; gives the receipt."""
    answer = api.sales.post(path, json=body)
    assert answer.status_code < 300, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def offered(api: Api) -> tuple[str, str, str]:
    """A sent quote of three pumps at EUR 100 and 20 % tax; gives it, its customer and product."""
    customer = api.customer()["stream"]
    price = {"amount": "100", "currency": "EUR"}
    pump = {"sku": "P-1", "name": "Pump", "tax_rate": "20", "list_price": price}
    product = did(api, "/v1/products", **pump)["stream"]
    until = (TODAY + timedelta(days=30)).isoformat()
    lines = [{"product_id": product, "quantity": "3"}]
    body = {"customer_id": customer, "currency": "EUR", "valid_until": until, "lines": lines}
    quote = did(api, "/v1/quotes", **body, terms="Ex works")["stream"]
    for step in ("submit", "send"):
        did(api, f"/v1/quotes/{quote}/{step}")
    return quote, customer, product


def test_from_the_offer_to_the_payment(api: Api) -> None:
    quote, customer, product = offered(api)
    accepted = did(api, f"/v1/quotes/{quote}/accept")
    found = api.get(f"/v1/quotes/{quote}", accepted)
    assert (found["status"], found["number"][:2], found["terms"]) == ("accepted", "Q-", "Ex works")
    assert found["gross_total"] == {"amount": "360.00", "currency": "EUR"}
    one = f"/v1/orders/{found['order_id']}"
    assert api.get(one)["quote_id"] == quote
    for step in ("submit", "confirm"):
        did(api, f"{one}/{step}")
    locked = api.sales.post(f"{one}/set-lines", json={"lines": []})
    api.refused(locked, 409, "wrong-status", "Its lines are locked")

    part = {"amount": "120", "currency": "EUR"}
    paid = did(api, f"{one}/record-payment", amount=part, reference="Inv. 7")
    found = api.get(one, paid)
    assert (found["payment_status"], found["received_total"]["amount"]) == ("partial", "120")
    came = did(api, f"{one}/return-lines", returns=[{"line": 1, "quantity": "2"}])
    found = api.get(one, came)
    assert (found["payment_status"], found["returned_total"]["amount"]) == ("paid", "240.00")
    more = api.sales.post(f"{one}/return-lines", json={"returns": [{"line": 1, "quantity": "2"}]})
    api.refused(more, 409, "rejected", "no more than 1 can come back", "returns.1")

    listed = api.get(f"/v1/order-lines?customer_id={customer}&sort=ordered_on")
    (line,) = listed["data"]
    assert (line["id"], line["product_id"]) == (found["id"], product)
    assert (line["quantity"], line["returned_quantity"], line["net"]) == ("3", "2", "300.00")
    assert api.get(f"/v1/order-lines?product_id={product}", role="analyst")["data"] == [line]


def test_what_is_overdue_depends_on_the_day_that_one_asks_about(api: Api) -> None:
    quote, _, _ = offered(api)
    accepted = did(api, f"/v1/quotes/{quote}/accept")
    order = api.get(f"/v1/quotes/{quote}", accepted)["order_id"]
    due = [(TODAY + timedelta(days=days)).isoformat() for days in (10, 20)]
    plan = [{"due_on": day, "amount": {"amount": "180", "currency": "EUR"}} for day in due]
    for step in ("submit", "confirm"):
        did(api, f"/v1/orders/{order}/{step}")
    planned = did(api, f"/v1/orders/{order}/plan-receivables", instalments=plan)

    def overdue(after: str, receipt: dict[str, Any]) -> list[str]:
        found = api.get(f"/v1/orders?sort=next_due_on&until={after}", receipt)
        return [one["id"] for one in found["data"]]

    before = (TODAY + timedelta(days=9)).isoformat()
    assert (overdue(before, planned), overdue(due[0], planned)) == ([], [order])
    paid = did(api, f"/v1/orders/{order}/record-payment", amount=plan[0]["amount"])
    assert (overdue(due[0], paid), overdue(due[1], paid)) == ([], [order])
    rest = did(api, f"/v1/orders/{order}/record-payment", amount=plan[0]["amount"])
    assert overdue(due[1], rest) == []


def test_a_revision_is_a_quote_of_its_own(api: Api) -> None:
    quote, _, _ = offered(api)
    until = (TODAY + timedelta(days=60)).isoformat()
    revised = did(api, "/v1/quotes/revise", revises_id=quote, valid_until=until)
    found = api.get(f"/v1/quotes/{revised['stream']}", revised)
    assert (found["revision"], found["revises_id"], found["status"]) == (2, quote, "draft")
    before = api.get(f"/v1/quotes/{quote}")
    assert (before["status"], before["superseded_by_id"]) == ("superseded", revised["stream"])
    assert before["lines"] == found["lines"]
    late = api.sales.post(f"/v1/quotes/{quote}/accept", json={})
    api.refused(late, 409, "wrong-status", "This quote is superseded")


def test_the_history_is_told_in_words_and_who_may_not_see_is_not_told(api: Api) -> None:
    quote, _, _ = offered(api)
    rejected = did(api, f"/v1/quotes/{quote}/reject", rejection_reason="Too dear")
    told = api.get(f"/v1/quotes/{quote}/history", rejected)["data"]
    words = {fact["field"]: fact["words"] for fact in told if fact["version"] == 2}
    assert (
        "set the lines of the quote: lines 3 × Pump at EUR 100.00 plus 20 % tax"
        in (words["lines"]["en"])
    )
    assert "设定了报价明细：报价明细为 3 × Pump，单价 EUR 100.00，税率 20 %" in words["lines"]["zh"]
    seen = api.get(f"/v1/quotes/{quote}", role="analyst")
    assert "rejection_reason" not in seen
    assert seen["net_total"]["amount"] == "300.00"


def test_a_field_that_is_wrong_is_named_with_the_remedy(api: Api) -> None:
    customer = api.customer()["stream"]
    body = {"customer_id": customer, "currency": "Taler", "valid_until": "2099-01-01"}
    wrong = api.sales.post("/v1/quotes", json=body)
    api.refused(wrong, 422, "validation", "currency: is no ISO 4217 currency", "currency")
    nobody = api.sales.post("/v1/orders/record", json={})
    api.refused(nobody, 403, "forbidden", "administrator")
