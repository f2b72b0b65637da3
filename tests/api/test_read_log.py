"""The read log over HTTP: every door leaves exactly its entry, and who looks after it can see them.

Answers are compared with the log itself, so that nothing is missed that the list leaves out.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.reading import Purpose
from store.database import Database
from store.read_log import body_of
from store.transparency.merkle import check_inclusion, leaf_hash
from tests.api.conftest import Api
from tests.store.deciding import until
from tests.store.reading import recorded

ADDRESS = "office@wrenmoss.example.com"


@pytest.fixture
def house(api: Api) -> Iterator[Api]:
    yield api
    api.services.runner.close()


def since(api: Api, number: int = 0) -> list[dict[str, Any]]:
    """What was recorded after an entry, without the blind."""
    found = [body_of(one) for one in recorded(api.services.log)[number:]]
    for one in found:
        del one["blind"], one["schema"]
    return found


def head(api: Api) -> int:
    return len(recorded(api.services.log))


def a_customer(api: Api, **fields: Any) -> dict[str, Any]:
    """With the name of a company and an address; the read models have seen it."""
    receipt = api.customer("Wren & Moss", emails=[ADDRESS], **fields)
    api.get(f"/v1/read-seals?min_position={receipt['position']}")
    return receipt


def entry(api: Api, role: str, **given: Any) -> dict[str, Any]:
    """What one read of a role leaves."""
    client = api.clients[role].headers["Authorization"].split("_")[-2]
    defaults = {
        "actor": str(api.users[role]),
        "client": client,
        "role": role,
        "door": "http",
        "purpose": role,
        "read_model": "customers",
        "fields": ["emails", "name"],
        "count": len(given["records"]),
    }
    return {**defaults, **given}


# Each door.


def test_a_record_a_list_and_a_search_leave_one_entry_each(house: Api) -> None:
    one = a_customer(house)["stream"]
    assert since(house) == []
    house.get(f"/v1/customers/{one}")
    house.get("/v1/customers?sort=-changed_at")
    found = house.sales.post("/v1/customers/search", json={"search": "moss"}).json()
    assert [row["id"] for row in found["data"]] == [one]
    plain = entry(house, "sales", records=[one])
    *first, searched = since(house)
    assert first == [plain, plain]
    assert searched == {**plain, "asked": ["emails", "name", "phones"]}


def test_a_filter_by_personal_fields_is_recorded_by_name_only(house: Api) -> None:
    one = a_customer(house)["stream"]
    asked = {"custom_personal": {"hobby": "Rowing"}}
    assert house.sales.post("/v1/customers/search", json=asked).json()["data"] == []
    assert since(house) == []
    house.sales.post("/v1/customers/search", json={"search": "office@wren"})
    [found] = since(house)
    assert found["records"] == [one]
    assert "emails" in found["asked"]
    text = "".join(each.body for each in recorded(house.services.log))
    assert "wren" not in text.lower()


def test_the_past_of_a_record_leaves_an_entry(house: Api) -> None:
    receipt = a_customer(house)
    one = receipt["stream"]
    house.get(f"/v1/customers/{one}?as_known_at={receipt['recorded_at']}")
    assert since(house) == [entry(house, "sales", records=[one])]
    gone = house.sales.get(f"/v1/customers/{one}?as_of=2020-01-01")
    assert gone.status_code == 404
    assert head(house) == 1


def test_the_history_leaves_an_entry_with_all_whom_it_names(house: Api) -> None:
    one = a_customer(house)["stream"]
    house.sales.patch(
        f"/v1/customers/{one}", json={"level": "A"}, headers={"Kept-Reason": "by%20phone"}
    )
    upto = {"Kept-Min-Position": str(house.services.log.head())}
    house.sales.get(f"/v1/customers/{one}/history", headers=upto)
    [found] = since(house)
    assert found == entry(
        house, "sales", records=[one], read_model="history", fields=["emails", "name", "reason"]
    )


def test_the_feed_leaves_an_entry_of_each_page(house: Api) -> None:
    receipt = a_customer(house)
    one, at = receipt["stream"], receipt["position"]
    house.get(f"/v1/events?after={at - 1}")
    house.get(f"/v1/events?after={at - 1}&wait=1")
    house.get(f"/v1/events/{at}")
    page = entry(house, "sales", records=[one], door="feed", read_model="events")
    assert since(house) == [page] * 3
    house.get(f"/v1/events?after={at}")
    assert head(house) == 3


def test_a_stream_of_events_is_recorded_before_each_is_sent(house: Api) -> None:
    receipt = a_customer(house)
    url = f"/v1/events?after={receipt['position'] - 1}"
    with house.sales.stream("GET", url, headers={"Accept": "text/event-stream"}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:"):
                assert json.loads(line[5:])["stream"] == receipt["stream"]
                break
    assert since(house) == [
        entry(house, "sales", records=[receipt["stream"]], door="feed", read_model="events")
    ]


def test_the_audit_trail_leaves_entries(house: Api) -> None:
    one = a_customer(house)["stream"]
    answer = house.client("auditor").get(f"/v1/audit-trail?format=csv&record={one}")
    assert answer.status_code == 200
    assert ADDRESS in zipfile.ZipFile(io.BytesIO(answer.content)).read("history.csv").decode()
    [found] = since(house)
    assert found == entry(
        house, "auditor", records=[one], door="audit", read_model="history", purpose="audit"
    )


def test_a_ticket_is_about_whom_it_is_of_and_so_are_its_messages(house: Api) -> None:
    anna = house.sales.post("/v1/contacts", json={"family_name": "Keller"}).json()["stream"]
    body = {"subject": "No light", "priority": "low", "contact_id": anna}
    ticket = house.sales.post("/v1/tickets", json=body).json()["stream"]
    message = house.sales.post(f"/v1/tickets/{ticket}/add-note", json={"body": "Since Monday."})
    assert message.is_success, message.text
    house.get(f"/v1/tickets/{ticket}", message.json())
    house.get("/v1/ticket-messages?sort=written_at")
    of_ticket, of_messages = since(house)
    assert of_ticket["records"] == of_messages["records"] == [ticket]
    assert of_ticket["subjects"] == of_messages["subjects"] == [anna]
    assert (of_ticket["fields"], of_messages["fields"]) == (["subject"], ["body"])
    assert len(recorded(house.services.log, subject=UUID(anna))) == 2


def test_what_gives_out_nothing_personal_leaves_nothing(house: Api) -> None:
    one = a_customer(house)
    path = f"/v1/customers/{one['stream']}"
    seen = house.sales.get(path)
    assert head(house) == 1
    assert house.sales.get(path, headers={"If-None-Match": seen.headers["ETag"]}).status_code == 304
    house.get("/v1/pipelines")
    house.get(f"/v1/read-seals?sort=last&min_position={one['position']}")
    assert house.sales.get(f"/v1/customers/{uuid4()}").status_code == 404
    house.get("/v1/customers?sort=-changed_at&limit=1&since=2199-01-01")
    question = f"contact_id={uuid4()}&purpose=newsletter&channel=email"
    assert house.sales.get(f"/v1/consents/may-contact?{question}").status_code == 404
    subject = f"customer_id={one['stream']}&purpose=newsletter&channel=email"
    assert house.sales.get(f"/v1/consents/may-contact?{subject}").status_code == 200
    assert head(house) == 1
    house.sales.get(path, headers={"If-None-Match": '"99"'})
    assert head(house) == 2


def test_a_role_that_sees_nothing_personal_leaves_nothing(house: Api) -> None:
    receipt = a_customer(house)
    one = receipt["stream"]
    for path in (
        f"/v1/customers/{one}",
        "/v1/customers",
        f"/v1/customers/{one}/history",
        f"/v1/customers/{one}?as_known_at={receipt['recorded_at']}",
        f"/v1/events?after={receipt['position'] - 1}",
        f"/v1/audit-trail?record={one}",
    ):
        assert house.analyst.get(path).status_code == 200
    assert since(house) == []


def test_what_cannot_be_recorded_is_not_given_out(house: Api, database: Database) -> None:
    receipt = a_customer(house)
    one, at = receipt["stream"], receipt["position"]
    with database.connect("owner", house.services.tenant.schema) as owner:
        owner.execute("REVOKE EXECUTE ON FUNCTION append_reads FROM kept_writer")
        for path in (
            f"/v1/customers/{one}",
            "/v1/customers",
            f"/v1/customers/{one}/history",
            f"/v1/events?after={at - 1}",
            f"/v1/events?after={at - 1}&limit=1000",
            f"/v1/events/{at}",
            f"/v1/audit-trail?record={one}",
        ):
            refused = house.sales.get(path)
            house.refused(refused, 503, "unavailable", "Reads of personal data are recorded")
            assert refused.headers["Retry-After"] == "2"
            assert "Wren" not in refused.text
        assert house.analyst.get(f"/v1/customers/{one}").status_code == 200
        owner.execute("GRANT EXECUTE ON FUNCTION append_reads TO kept_writer")
    assert since(house) == []
    assert house.sales.get(f"/v1/customers/{one}").status_code == 200
    assert head(house) == 1


# What for.


@pytest.mark.parametrize("purpose", [one.value for one in Purpose])
def test_a_purpose_that_is_stated_is_recorded(house: Api, purpose: str) -> None:
    one = a_customer(house)["stream"]
    headers = {"Kept-Purpose": purpose}
    assert house.sales.get(f"/v1/customers/{one}", headers=headers).status_code == 200
    assert [found["purpose"] for found in since(house)] == [purpose]


@pytest.mark.parametrize("purpose", ["", "Sales", "curiosity", "sales,service"])
def test_a_purpose_that_is_none_is_refused_everywhere(shared: Api, purpose: str) -> None:
    for path in ("/v1/customers", "/v1/history", "/v1/events", "/v1/events/1", "/v1/audit-trail"):
        answer = shared.sales.get(path, headers={"Kept-Purpose": purpose})
        shared.refused(answer, 422, "validation", "Give one of: sales, service", "Kept-Purpose")
        assert purpose == "" or purpose not in answer.json()["detail"].partition("Give")[0]


def test_each_role_has_a_purpose_of_its_own(house: Api) -> None:
    one = a_customer(house)["stream"]
    wanted = {
        "admin": "administration",
        "sales": "sales",
        "service": "service",
        "marketing": "marketing",
        "auditor": "audit",
    }
    for role in wanted:
        house.client(role).get(f"/v1/customers/{one}")  # type: ignore[arg-type]
    assert {found["role"]: found["purpose"] for found in since(house)} == wanted


# Reading it.


def test_the_list_shows_each_entry_and_leaves_none(house: Api) -> None:
    one = a_customer(house)["stream"]
    house.get(f"/v1/customers/{one}")
    house.get(f"/v1/customers/{one}", role="service")
    listed = house.get("/v1/reads", role="auditor")
    assert listed["next_cursor"] is None
    second, first = listed["data"]
    assert (first["number"], second["number"]) == (1, 2)
    assert first["read_at"].endswith("Z")
    assert first == {
        **entry(house, "sales", records=[one]),
        "number": 1,
        "subjects": [one],
        "asked": [],
        "read_at": first["read_at"],
        "seal": None,
    }
    assert second["role"] == "service"
    assert house.get("/v1/reads", role="admin")["data"] == listed["data"]
    assert head(house) == 2


@pytest.mark.parametrize("role", ["sales", "service", "marketing", "analyst"])
def test_only_admin_and_auditor_may_read_it(shared: Api, role: Any) -> None:
    for path in ("/v1/reads", "/v1/reads/1/proof"):
        answer = shared.client(role).get(path)
        shared.refused(answer, 403, "forbidden", f"The role {role} may not read the read log")
        assert "admin, auditor" in answer.json()["detail"]


def test_it_is_asked_by_subject_actor_time_model_and_door(house: Api) -> None:
    one, other = a_customer(house)["stream"], house.customer("Other")
    house.get(f"/v1/customers/{one}")
    house.get(f"/v1/customers/{other['stream']}", other, role="service")
    house.get(f"/v1/events/{other['position']}", role="service")
    moments = {
        found["number"]: found["read_at"] for found in house.get("/v1/reads", role="admin")["data"]
    }
    answers = {
        f"subject={one}": [1],
        f"subject={other['stream']}": [3, 2],
        f"actor={house.users['service']}": [3, 2],
        f"actor={house.users['service']}&door=feed": [3],
        "read_model=events": [3],
        "read_model=customers&limit=1": [2],
        f"since={moments[2]}": [3, 2],
        f"until={moments[2]}": [2, 1],
        f"since={moments[2]}&until={moments[2]}": [2],
        "since=2199-01-01": [],
        f"subject={uuid4()}": [],
    }
    for asked, numbers in answers.items():
        found = house.get(f"/v1/reads?{asked}", role="auditor")["data"]
        assert [row["number"] for row in found] == numbers, asked


def test_it_pages_by_a_cursor_that_is_of_its_own_list(house: Api) -> None:
    one = a_customer(house)["stream"]
    for _ in range(5):
        house.get(f"/v1/customers/{one}")
    seen: list[int] = []
    path = f"/v1/reads?subject={one}&limit=2"
    cursor = ""
    while True:
        page = house.get(f"{path}&cursor={cursor}", role="auditor")
        seen += [row["number"] for row in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert seen == [5, 4, 3, 2, 1]
    other = house.client("auditor").get(f"/v1/reads?cursor={cursor}")
    house.refused(other, 400, "bad-cursor", "does not belong to this list", "cursor")


@pytest.mark.parametrize(
    ("asked", "field", "part"),
    [
        ("subject=anna", "subject", "is no id"),
        ("actor=anna", "actor", "is no id"),
        ("since=yesterday", "since", "is no moment"),
        ("read_model=secrets", "read_model", "is none of the choices"),
        ("door=window", "door", "is none of the choices"),
        ("limit=0", "limit", "is no whole number in range"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    shared: Api, asked: str, field: str, part: str
) -> None:
    answer = shared.client("auditor").get(f"/v1/reads?{asked}")
    shared.refused(answer, 422, "validation", part, field)


# Proving it.


def test_an_entry_is_proved_from_itself_to_the_checkpoint(house: Api) -> None:
    one = a_customer(house)["stream"]
    for _ in range(3):
        house.get(f"/v1/customers/{one}")
    auditor = house.client("auditor")
    early = auditor.get("/v1/reads/2/proof")
    house.refused(early, 404, "not-found", "not sealed yet")
    assert house.services.sealer.seal() == 3
    until(lambda: house.get("/v1/reads", role="auditor")["data"][0]["seal"])
    seal = house.get("/v1/reads", role="auditor")["data"][1]["seal"]
    proof = house.get("/v1/reads/2/proof", role="auditor")
    assert proof["seal"] == seal
    assert (proof["index"], proof["size"]) == (1, 3)
    entry_of = proof["entry"]
    leaf = leaf_hash(entry_of["read_at"].to_bytes(8) + entry_of["body"].encode())
    path = [base64.b64decode(hashed) for hashed in proof["proof"]]
    check_inclusion(leaf, proof["index"], proof["size"], path, bytes.fromhex(seal["root"]))
    event = house.get(f"/v1/events/{seal['position']}", role="auditor")
    assert event["type"] == "ReadsSealed"
    assert event["data"]["root"] == seal["root"]
    assert house.services.integrator.wait_for(seal["position"])
    bundle = house.get(f"/v1/proofs/{seal['position']}", role="auditor")
    assert seal["root"] in bundle["entries"][0]["body"]
    nothing = auditor.get("/v1/reads/99/proof")
    house.refused(nothing, 404, "not-found", "This read is not there")
