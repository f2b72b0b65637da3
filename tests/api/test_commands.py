"""Commands over HTTP: receipts, safe repetition, versions, and who, when and why."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest

from commands.users import ActivateUser, InviteUser
from tests.api.conftest import Api

CROWD = 50
SOMEBODY = {"name": "星河科技", "kind": "organisation"}


def at_once(send: Any, times: int = CROWD) -> list[httpx2.Response]:
    """The answers to so many callers who all ask at the same time."""
    with ThreadPoolExecutor(times) as crowd:
        return [*crowd.map(send, range(times))]


def test_opening_a_record_answers_where_it_is(api: Api) -> None:
    answer = api.sales.post("/v1/customers", json=SOMEBODY)
    receipt = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/customers/{receipt['stream']}"
    assert answer.headers["ETag"] == '"1"'
    assert receipt["version"] == 1
    assert receipt["position"] > 0
    assert len(receipt["leaf_hash"]) == 64
    assert datetime.fromisoformat(receipt["recorded_at"]) <= datetime.now(UTC)


def test_the_receipt_is_what_the_log_holds(api: Api) -> None:
    receipt = api.customer()
    [stored] = api.services.log.load(api.id_of(receipt))
    assert (stored.position, stored.version) == (receipt["position"], receipt["version"])
    assert stored.recorded_at == datetime.fromisoformat(receipt["recorded_at"])


def test_a_change_touches_only_what_it_gives(api: Api) -> None:
    receipt = api.customer(level="A", note="called twice")
    answer = api.sales.patch(f"/v1/customers/{receipt['stream']}", json={"level": "B"})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    found = api.get(f"/v1/customers/{receipt['stream']}", answer.json())
    assert (found["level"], found["note"]) == ("B", "called twice")
    answer = api.sales.patch(f"/v1/customers/{receipt['stream']}", json={"note": None})
    assert api.get(f"/v1/customers/{receipt['stream']}", answer.json())["note"] is None


def test_nothing_to_change_answers_with_the_last_receipt(api: Api) -> None:
    receipt = api.customer(level="A")
    answer = api.sales.patch(f"/v1/customers/{receipt['stream']}", json={"level": "A"})
    assert (answer.status_code, answer.json()) == (200, receipt)


def test_a_command_without_fields_needs_no_body(api: Api) -> None:
    receipt = api.customer()
    assert api.sales.post(f"/v1/customers/{receipt['stream']}/archive").status_code == 200


def test_one_key_from_fifty_callers_is_one_event_and_fifty_equal_receipts(api: Api) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    answers = at_once(lambda _: api.sales.post("/v1/customers", json=SOMEBODY, headers=key))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert sorted(replayed, key=str) == [None, *["true"] * (CROWD - 1)]
    registered = [one for one in api.services.log.read(0, 1000) if one.type == "CustomerRegistered"]
    assert len(registered) == 1


def test_a_key_answers_with_its_first_receipt_even_when_the_record_went_on(api: Api) -> None:
    path = f"/v1/customers/{api.customer()['stream']}"
    key = {"Idempotency-Key": "the first change"}
    first = api.sales.patch(path, json={"level": "A"}, headers=key)
    api.sales.patch(path, json={"note": "called"})
    again = api.sales.patch(path, json={"level": "A"}, headers=key)
    assert again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_answers_even_what_would_be_refused_by_now(api: Api) -> None:
    path = f"/v1/customers/{api.customer()['stream']}"
    headers = {"Idempotency-Key": "once", "If-Match": '"1"'}
    first, again = (api.sales.patch(path, json={"level": "A"}, headers=headers) for _ in "12")
    assert (first.status_code, again.json()) == (200, first.json())


@pytest.mark.parametrize(
    ("body", "headers"),
    [({**SOMEBODY, "level": "A"}, {}), (SOMEBODY, {"Kept-Reason": "other"})],
    ids=["body", "reason"],
)
def test_a_key_is_for_one_request(api: Api, body: dict[str, str], headers: dict[str, str]) -> None:
    key = {"Idempotency-Key": "once"}
    api.sales.post("/v1/customers", json=SOMEBODY, headers=key)
    answer = api.sales.post("/v1/customers", json=body, headers=key | headers)
    api.refused(answer, 422, "key-reused", "Use a new key")


def test_keys_of_two_clients_do_not_meet(api: Api) -> None:
    key = {"Idempotency-Key": "1"}
    one = api.sales.post("/v1/customers", json=SOMEBODY, headers=key)
    other = api.admin.post("/v1/customers", json=SOMEBODY, headers=key)
    assert one.json()["stream"] != other.json()["stream"]


def test_of_fifty_edits_of_one_version_one_wins(api: Api) -> None:
    receipt = api.customer()
    path, seen = f"/v1/customers/{receipt['stream']}", {"If-Match": '"1"'}
    answers = at_once(lambda n: api.sales.patch(path, json={"note": f"by {n}"}, headers=seen))
    lost = [answer for answer in answers if answer.status_code == 412]
    assert len(lost) == CROWD - 1
    for answer in lost:
        body = api.refused(answer, 412, "version-mismatch", "at version 2, not 1")
        assert (body["expected"], body["actual"], answer.headers["ETag"]) == (1, 2, '"2"')
    assert len(api.services.log.load(api.id_of(receipt))) == 2


def test_fifty_edits_without_a_version_all_win(api: Api) -> None:
    receipt = api.customer()
    path = f"/v1/customers/{receipt['stream']}"
    answers = at_once(lambda n: api.sales.patch(path, json={"note": f"by {n}"}))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["version"] for answer in answers) == [*range(2, CROWD + 2)]


def test_any_version_matches_a_star(api: Api) -> None:
    path = f"/v1/customers/{api.customer()['stream']}"
    answer = api.sales.patch(path, json={"level": "A"}, headers={"If-Match": "*"})
    assert answer.status_code == 200


def test_of_two_customers_with_one_email_one_is_told_who_has_it(api: Api) -> None:
    body = {**SOMEBODY, "emails": ["info@xinghe.example.com"]}
    answers = at_once(lambda _: api.sales.post("/v1/customers", json=body), 2)
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    holder = won.json()["stream"]
    told = api.refused(lost, 409, "value-taken", "is taken", field="emails")
    assert told["holder"] == {
        "aggregate": "customers",
        "id": holder,
        "href": f"/v1/customers/{holder}",
    }
    assert "xinghe.example" not in lost.text


def test_rules_refuse_with_a_sentence(api: Api) -> None:
    path = f"/v1/customers/{api.customer()['stream']}"
    answer = api.sales.post(f"{path}/lose", json={})
    api.refused(answer, 409, "rejected", "Only an active or dormant customer can be lost")
    answer = api.sales.post(f"{path}/assign", json={"owner_id": str(uuid4())})
    api.refused(answer, 409, "unknown-reference", "there is no user", field="owner_id")
    api.sales.post(f"{path}/archive")
    answer = api.sales.patch(path, json={"level": "A"})
    api.refused(answer, 409, "archived", "Restore it first")


def test_why_and_from_where_stand_in_the_history(api: Api) -> None:
    why = "客户要求, asked for by phone"
    headers = {
        "Kept-Reason": quote(why),
        "Kept-Correlation-Id": str(uuid4()),
        "Kept-Causation-Id": str(uuid4()),
    }
    receipt = api.sales.post("/v1/customers", json=SOMEBODY, headers=headers).json()
    [stored] = api.services.log.load(api.id_of(receipt))
    assert stored.trace == {"reason": why}
    assert stored.actor == api.users["sales"]
    assert stored.body["source"]["kind"] == "api"
    assert stored.body["correlation"] == headers["Kept-Correlation-Id"]
    assert stored.body["causation"] == headers["Kept-Causation-Id"]
    facts = api.get(f"/v1/customers/{receipt['stream']}/history", receipt)["data"]
    assert {fact["reason"] for fact in facts} == {why}


def test_an_administrator_may_say_that_it_was_earlier(api: Api) -> None:
    moment = "2025-03-04T09:30:00+08:00"
    answer = api.admin.post("/v1/customers", json=SOMEBODY, headers={"Kept-Occurred-At": moment})
    [stored] = api.services.log.load(api.id_of(answer.json()))
    assert stored.occurred_at == datetime.fromisoformat(moment)
    assert stored.recorded_at - datetime.now(UTC) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("moment", "part"),
    [
        ("2999-01-01T00:00:00Z", "lies in the future"),
        ("2025-03-04T09:30:00", "has no zone"),
        ("1899-12-31T00:00:00Z", "lies before 1900"),
        ("0001-01-01T00:00:00+14:00", "is no moment"),
        ("yesterday", "is no moment"),
    ],
)
def test_what_is_said_to_have_been_has_to_have_been(api: Api, moment: str, part: str) -> None:
    answer = api.admin.post("/v1/customers", json=SOMEBODY, headers={"Kept-Occurred-At": moment})
    api.refused(answer, 400, "invalid-header", part, field="Kept-Occurred-At")


def test_an_administrator_may_act_for_a_user(api: Api) -> None:
    user = api.services.issue(InviteUser(name="Li Na", email="li.na@example.com")).stream
    api.services.issue(ActivateUser(), user)
    headers = {"Kept-On-Behalf-Of": str(user)}
    answer = api.admin.post("/v1/customers", json=SOMEBODY, headers=headers)
    [stored] = api.services.log.load(api.id_of(answer.json()))
    assert stored.body["on_behalf_of"] == str(user)
    answer = api.admin.post(
        "/v1/customers", json=SOMEBODY, headers={"Kept-On-Behalf-Of": str(uuid4())}
    )
    api.refused(answer, 400, "invalid-header", "is no user", field="Kept-On-Behalf-Of")


@pytest.mark.parametrize(
    "header", [{"Kept-Occurred-At": "2025-01-01T00:00:00Z"}, {"Kept-On-Behalf-Of": str(uuid4())}]
)
def test_others_may_not(api: Api, header: dict[str, str]) -> None:
    answer = api.sales.post("/v1/customers", json=SOMEBODY, headers=header)
    api.refused(answer, 403, "forbidden", "Use a key of one of these: admin")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Idempotency-Key", "x" * 256),
        ("Idempotency-Key", "ключ".encode()),
        ("If-Match", "7"),
        ("If-Match", 'W/"7"'),
        ("If-Match", '"seven"'),
        ("If-Match", '"1", "2"'),
        ("If-Match", '"9999999999"'),
        ("Kept-Reason", "%ff"),
        ("Kept-Reason", "%00"),
        ("Kept-Reason", "x" * 2_001),
        ("Kept-Correlation-Id", "7"),
    ],
)
def test_headers_have_a_form(api: Api, name: str, value: str | bytes) -> None:
    path = f"/v1/customers/{api.customer()['stream']}"
    headers = {name.encode(): value if isinstance(value, bytes) else value.encode()}
    answer = api.sales.patch(path, json={"level": "A"}, headers=headers)
    api.refused(answer, 400, "invalid-header", name, field=name)


def test_what_opens_a_record_has_no_version_to_match(api: Api) -> None:
    answer = api.sales.post("/v1/customers", json=SOMEBODY, headers={"If-Match": '"1"'})
    api.refused(answer, 400, "invalid-header", "opens a record", field="If-Match")


def test_custom_fields_are_declared_for_a_kind(api: Api) -> None:
    body = {"key": "tier", "label": "Tier", "type": "choice", "choices": ["gold", "silver"]}
    answer = api.admin.post("/v1/custom-fields/customers", json={**body, "personal": False})
    assert answer.status_code == 200
    receipt = api.customer(custom={"tier": "gold"})
    assert api.get(f"/v1/customers/{receipt['stream']}", receipt)["custom"] == {"tier": "gold"}
    answer = api.sales.patch(
        f"/v1/customers/{receipt['stream']}", json={"custom": {"tier": "lead"}}
    )
    api.refused(answer, 409, "rejected", "none of its choices", field="custom.tier")
    answer = api.admin.post("/v1/custom-fields/dragons", json=body)
    api.refused(answer, 404, "not-found", "no such kind")
