"""Consents over HTTP: the question before anything is sent, and the proof for any date."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.faults.house import until

QUESTION = "/v1/consents/may-contact"


def contact(api: Api, **fields: Any) -> str:
    answer = api.sales.post("/v1/contacts", json={"family_name": "Wang", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["stream"])


def did(api: Api, path: str, when: str | None = None, **body: Any) -> dict[str, Any]:
    """Issue a command, as of a day where one is given; gives the receipt."""
    headers = {} if when is None else {"Kept-Occurred-At": f"{when}T10:00:00+08:00"}
    answer = api.admin.post(path, json=body, headers=headers)
    assert answer.status_code < 300, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def granted(api: Api, who: str, day: str = "2025-01-10", **fields: Any) -> dict[str, Any]:
    body = {
        "contact_id": who,
        "purpose": "newsletter",
        "channel": "email",
        "lawful_basis": "consent",
        "captured_at": f"{day}T09:00:00+08:00",
        "source": "Spring fair",
        "wording_version": "2024-11",
        "evidence": "Card 117",
    }
    return did(api, "/v1/consents", day, **body | fields)


def allowed(api: Api, who: str, after: dict[str, Any] | None = None, **more: str) -> dict[str, Any]:
    asked = {"contact_id": who, "purpose": "newsletter", "channel": "email"} | more
    headers = {} if after is None else {"Kept-Min-Position": str(after["position"])}
    answer = api.sales.get(QUESTION, params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_from_the_form_to_the_withdrawal(api: Api) -> None:
    who = contact(api)
    form = {"contact_id": who, "purpose": "newsletter", "channel": "email", "source": "Web form"}
    form |= {"captured_at": "2026-01-10T09:00:00+08:00", "wording_version": "2025-12"}
    asked = did(api, "/v1/consents/request", **form)
    one = f"/v1/consents/{asked['stream']}"
    assert allowed(api, who, asked)["reason"] == "They have not confirmed it yet."
    confirmed = did(api, f"{one}/confirm", confirmation="Link followed")
    answer = allowed(api, who, confirmed)
    assert (answer["allowed"], answer["consent_id"]) == (True, asked["stream"])

    did(api, f"{one}/withdraw", withdrawal_reason="unsubscribed")
    assert not allowed(api, who)["allowed"], "without waiting for any read model"
    found = api.get(one, {"position": confirmed["position"] + 1})
    assert (found["number"][:3], found["status"]) == ("CS-", "withdrawn")
    assert found["confirmation"] == "Link followed", "it was so"
    listed = api.sales.get(f"/v1/consents?contact_id={who}").json()["data"]
    assert [row["withdrawal_reason"] for row in listed] == ["unsubscribed"]
    facts = api.get(f"{one}/history?field=withdrawal_reason")["data"]
    said = facts[0]["words"]
    assert "recorded that it was withdrawn: reason of not contacting them" in said["en"]
    assert said["zh"].endswith("登记了同意的撤回：停止联系原因为退订。")


def test_the_proof_for_any_date(api: Api) -> None:
    """What was so then, and what was known then: the two times of every record."""
    who = contact_of_2024(api)
    first = granted(api, who)
    one = f"/v1/consents/{first['stream']}"
    late = did(api, f"{one}/withdraw", "2025-03-10", withdrawal_reason="asked")
    last = did(
        api,
        f"{one}/renew",
        "2025-05-10",
        captured_at="2025-05-10T09:00:00+08:00",
        source="Autumn fair",
        wording_version="2025-05",
    )
    shown = {
        day: api.get(f"{one}?as_of={day}", last)["status"]
        for day in ("2025-01-10", "2025-03-09", "2025-03-10", "2025-05-09", "2025-05-10")
    }
    assert [*shown.values()] == ["granted", "granted", "withdrawn", "withdrawn", "granted"]
    was = api.get(f"{one}?as_of=2025-02-01")
    assert (was["wording_version"], was["evidence"]) == ("2024-11", "Card 117")
    assert api.get(one)["evidence"] is None
    known = api.get(f"{one}?as_of=2025-04-01&as_known_at={first['recorded_at']}")
    assert known["status"] == "granted", "that it was withdrawn was entered later"
    assert api.get(f"{one}?as_of=2025-04-01&as_known_at={late['recorded_at']}")["status"] == (
        "withdrawn"
    )
    api.refused(api.sales.get(f"{one}?as_of=2025-01-09"), 404, "not-found", "at that time")

    answers = {day: allowed(api, who, at=day)["allowed"] for day in shown}
    assert [*answers.values()] == [True, True, False, False, True]
    assert not allowed(api, who, at="2025-01-09")["allowed"]
    assert allowed(api, who, at="2025-04-01", as_known_at=first["recorded_at"])["allowed"]
    unknown = api.sales.get(
        QUESTION,
        params={"contact_id": who, "purpose": "x", "channel": "sms", "at": "2023-01-01"},
    )
    api.refused(unknown, 404, "not-found", "no such contact at that time")


def contact_of_2024(api: Api) -> str:
    return str(did(api, "/v1/contacts", "2024-12-01", family_name="Wang")["stream"])


def test_what_is_imported_again_revives_no_objection(api: Api) -> None:
    who = contact(api)
    first = granted(api, who)
    one = f"/v1/consents/{first['stream']}"
    did(api, f"{one}/withdraw", withdrawal_reason="objected")
    body = {"contact_id": who, "purpose": "newsletter", "channel": "email"}
    act = {"captured_at": "2025-01-10T09:00:00+08:00", "source": "Spring fair"}
    act |= {"lawful_basis": "consent", "wording_version": "2024-11"}
    taken = api.sales.post("/v1/consents", json=body | act)
    problem = api.refused(taken, 409, "value-taken", "", "purpose")
    assert problem["holder"]["id"] == first["stream"]
    renewed = api.sales.post(f"{one}/renew", json=act)
    api.refused(renewed, 409, "not-fresh", "Only a fresh act of theirs counts", "captured_at")
    assert not allowed(api, who)["allowed"]


def test_an_address_remembers_soon_what_was_refused_there(api: Api) -> None:
    who = contact(api, emails=["wf@example.com"])
    one = granted(api, who)["stream"]
    did(api, f"/v1/consents/{one}/withdraw", withdrawal_reason="unsubscribed")
    trace = ("emails", "wf@example.com", "email/newsletter")
    until(lambda: api.services.suppressions.remembered([trace]), "it is remembered", 60)
    api.sales.patch(f"/v1/contacts/{who}", json={"emails": []})
    again = contact(api, emails=["wf@example.com"])
    act = {"captured_at": "2025-01-10T09:00:00+08:00", "source": "Old list"}
    body = {"purpose": "newsletter", "channel": "email", "wording_version": "2024-11"}
    body |= {"contact_id": again, "lawful_basis": "consent"}
    answer = api.sales.post("/v1/consents", json=body | act)
    problem = api.refused(answer, 409, "not-fresh", "somebody said no on", "captured_at")
    assert "wf@example.com" not in str(problem)


def test_an_objection_is_kept_through_a_merge(api: Api) -> None:
    who, twin = contact(api), contact(api)
    refused = did(
        api,
        "/v1/consents/refuse",
        contact_id=twin,
        purpose="newsletter",
        channel="email",
        source="Letter",
        withdrawal_reason="objected",
    )
    granted(api, who)
    last = did(api, f"/v1/contacts/{who}/merge", absorbed_id=twin)
    answer = allowed(api, who, last)
    assert (answer["allowed"], answer["consent_id"]) == (False, refused["stream"])
    assert "was merged into" in allowed(api, twin)["reason"]


def test_who_is_not_to_be_called_is_not_called(api: Api) -> None:
    who = contact(api, do_not_call=True)
    last = granted(api, who, channel="phone")
    assert allowed(api, who, last, channel="phone")["reason"] == "They are not to be called."


def test_who_may_only_be_stored_is_not_contacted(api: Api) -> None:
    who = contact(api)
    last = granted(api, who)
    assert allowed(api, who, last)["allowed"]
    did(api, f"/v1/contacts/{who}/restrict", restriction_reason="She contests the address.")
    assert "may only be stored" in allowed(api, who)["reason"]


def test_a_customer_is_asked_about_too(api: Api) -> None:
    customer = str(api.customer()["stream"])
    last = granted(api, customer, contact_id=None, customer_id=customer)
    asked = {"customer_id": customer, "purpose": "newsletter", "channel": "email"}
    headers = {"Kept-Min-Position": str(last["position"])}
    assert api.analyst.get(QUESTION, params=asked, headers=headers).json()["allowed"]
    shown = api.analyst.get(f"/v1/consents/{last['stream']}").json()
    assert "evidence" not in shown
    assert shown["source"] == "Spring fair"


@pytest.mark.parametrize(
    ("changes", "part", "field"),
    [
        ({"contact_id": None}, "says of whom", "contact_id"),
        ({"customer_id": "01920b5e-3f4a-7c1d-8e2f-5a6b7c8d9e0f"}, "only one", "contact_id"),
        ({"contact_id": "x"}, "is no id", "contact_id"),
        ({"purpose": None}, "is no purpose", "purpose"),
        ({"purpose": "News letter"}, "is no purpose", "purpose"),
        ({"channel": "pigeon"}, "is none of the choices", "channel"),
        ({"at": "soon"}, "is no moment", "at"),
    ],
)
def test_the_question_has_a_form(
    shared: Api, changes: dict[str, str | None], part: str, field: str
) -> None:
    asked: dict[str, str | None] = {
        "contact_id": "01920b5e-3f4a-7c1d-8e2f-5a6b7c8d9e0f",
        "purpose": "newsletter",
        "channel": "email",
    }
    given = {name: value for name, value in (asked | changes).items() if value is not None}
    shared.refused(shared.sales.get(QUESTION, params=given), 422, "validation", part, field)


def test_nobody_is_contacted_whom_nobody_knows(shared: Api) -> None:
    asked = {"contact_id": "01920b5e-3f4a-7c1d-8e2f-5a6b7c8d9e0f", "channel": "email"}
    answer = shared.sales.get(QUESTION, params=asked | {"purpose": "newsletter"})
    shared.refused(answer, 404, "not-found", "no such contact")
