"""What somebody gave us goes to another company and comes back as it was."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from api.answering.portable import answer_portable
from api.audit.check import check_trail
from api.imports.intake import ImportStopped, Intake
from api.imports.portable import CLIENT, import_portable
from api.services import Services
from commands.consents import WithdrawConsent
from commands.contacts import ChangeContact, MergeContact, RegisterContact
from commands.custom_fields import DeclareCustomField
from commands.customers import RegisterCustomer
from commands.kernel import Rejected
from commands.subject_requests import IdentifySubject, ReceiveSubjectRequest
from commands.users import InviteUser
from domain.consents import WithdrawalReason
from domain.custom_fields import FieldType, custom_fields_id
from domain.customers import Kind as CustomerKind
from domain.subject_requests import Kind, Method
from domain.values import Address
from store.database import Database
from store.progress import untold
from store.transparency.merkle import ProofError
from tests.answering.conftest import ADMIN, House
from tests.imports.conftest import Notes, own_tenant


@pytest.fixture
def elsewhere(database: Database, request: pytest.FixtureRequest) -> Iterator[Services]:
    """Another company."""
    with own_tenant(database, f"e{abs(hash(request.node.name)) % 10**9}") as services:
        yield services


def asked(services: Services, **who: Any) -> UUID:
    request = services.issue(ReceiveSubjectRequest(kind=Kind.PORTABILITY, **who)).stream
    services.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
    services.runner.catch_up()
    return request


def exported(services: Services, path: Path, **who: Any) -> list[dict[str, Any]]:
    answer_portable(services, ADMIN, asked(services, **who), path)
    with zipfile.ZipFile(path) as packed:
        return [json.loads(line) for line in packed.read("portable.jsonl").splitlines()]


def imported(services: Services, path: Path, with_consents: bool = True) -> tuple[Intake, Notes]:
    notes = Notes()
    intake = Intake(services, CLIENT, notes, untold, workers=4)
    import_portable(intake, path, with_consents)
    return intake, notes


def here(services: Services, kind: str, one: str) -> UUID:
    found = services.log.holder(kind, "external_id", f"{CLIENT}\n{one}")
    assert found is not None
    return found


def test_it_comes_back_from_elsewhere_as_it_was(
    house: House, elsewhere: Services, tmp_path: Path
) -> None:
    ended = WithdrawConsent(withdrawal_reason=WithdrawalReason.ASKED, withdrawal_note="basta")
    house.services.issue(ended, house.ids["consent"])
    first = exported(house.services, tmp_path / "a.zip", contact_id=house.ids["li"])
    kinds = [row["record"] for row in first]
    assert kinds[0] == "contacts"
    assert sorted(kinds[1:]) == ["consents", "consents", "tickets"]
    checked = check_trail(tmp_path / "a.zip", house.services.transparency.vkeys())
    assert checked.rows == len(first)
    _, notes = imported(elsewhere, tmp_path / "a.zip")
    assert notes.notes == []
    li = here(elsewhere, "contacts", first[0]["id"])
    again = exported(elsewhere, tmp_path / "b.zip", contact_id=li)
    by_id = {row["id"]: row for row in again}
    assert by_id == {row["id"]: row for row in first}
    assert by_id[first[0]["id"]]["birthday"] == "1990-03-02"


def test_it_is_what_they_gave_and_nothing_else(house: House, tmp_path: Path) -> None:
    rows = exported(house.services, tmp_path / "a.zip", contact_id=house.ids["li"])
    (ticket,) = [row for row in rows if row["record"] == "tickets"]
    assert [one["body"] for one in ticket["messages"]] == ["很急，请回复"]
    text = json.dumps(rows, ensure_ascii=False)
    for other in ("喜欢茶", "in a hurry", "Hopper", "Grace has steam", "Steam at last"):
        assert other not in text
    assert rows[0]["emails"] == ["xiaowen@firm.example.com"]
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        table = packed.read("portable.csv").decode("utf-8-sig")
    cells = {(one["id"], one["field"]): one["value"] for one in csv.DictReader(io.StringIO(table))}
    assert cells[(rows[0]["id"], "title")] == "经理"
    assert json.loads(cells[(rows[0]["id"], "emails")]) == rows[0]["emails"]
    assert len(cells) == sum(len(row) - 2 for row in rows)


def test_who_was_merged_goes_as_one(house: House, tmp_path: Path) -> None:
    twin = RegisterContact(family_name="Lee", emails=("lee@firm.example.com",), salutation="Ms")
    house.issue("twin", twin)
    house.services.issue(MergeContact(absorbed_id=house.ids["twin"]), house.ids["li"])
    rows = exported(house.services, tmp_path / "a.zip", contact_id=house.ids["twin"])
    (person,) = [row for row in rows if row["record"] == "contacts"]
    assert (person["id"], person["family_name"]) == (str(house.ids["li"]), "李")
    assert person["salutation"] == "Ms"
    assert person["emails"] == ["xiaowen@firm.example.com", "lee@firm.example.com"]


def test_a_second_run_brings_nothing_more(
    house: House, elsewhere: Services, tmp_path: Path
) -> None:
    exported(house.services, tmp_path / "a.zip", contact_id=house.ids["li"])
    intake, _ = imported(elsewhere, tmp_path / "a.zip")
    assert intake.opened.total() == 4
    head = elsewhere.log.head()
    intake, _ = imported(elsewhere, tmp_path / "a.zip")
    assert (elsewhere.log.head(), intake.opened.total()) == (head, 0)


def test_a_consent_to_others_allows_nothing_and_a_refusal_always_counts(
    house: House, elsewhere: Services, tmp_path: Path
) -> None:
    rows = exported(house.services, tmp_path / "a.zip", contact_id=house.ids["li"])
    _, notes = imported(elsewhere, tmp_path / "a.zip", with_consents=False)
    (reason,) = notes.of("not_taken").values()
    assert "allows nothing here" in reason
    li = here(elsewhere, "contacts", rows[0]["id"])
    again = exported(elsewhere, tmp_path / "b.zip", contact_id=li)
    assert [row["purpose"] for row in again if row["record"] == "consents"] == ["calls"]


def test_custom_fields_come_along_where_they_are_declared(
    house: House, elsewhere: Services, tmp_path: Path
) -> None:
    hobby = DeclareCustomField(key="hobby", label="Hobby", type=FieldType.TEXT, personal=True)
    house.services.issue(hobby, custom_fields_id("contacts"))
    house.services.issue(ChangeContact(custom_personal={"hobby": "tea"}), house.ids["li"])
    rows = exported(house.services, tmp_path / "a.zip", contact_id=house.ids["li"])
    assert rows[0]["custom_personal"] == {"hobby": "tea"}
    _, notes = imported(elsewhere, tmp_path / "a.zip")
    assert "not declared here" in notes.of("mended")[1]
    li = here(elsewhere, "contacts", rows[0]["id"])
    (again, *_) = exported(elsewhere, tmp_path / "b.zip", contact_id=li)
    assert again == {name: value for name, value in rows[0].items() if name != "custom_personal"}


def test_customers_go_as_well(house: House, elsewhere: Services, tmp_path: Path) -> None:
    wren = RegisterCustomer(
        name="Wren Moss",
        kind=CustomerKind.PERSON,
        emails=("wren@firm.example.com",),
        billing_address=Address(city="Köln", country="DE"),
        note="pays late",
    )
    one = house.issue("wren", wren)
    first = exported(house.services, tmp_path / "a.zip", customer_id=one)
    imported(elsewhere, tmp_path / "a.zip")
    there = here(elsewhere, "customers", str(one))
    assert exported(elsewhere, tmp_path / "b.zip", customer_id=there) == first
    assert first[0]["billing_address"]["city"] == "Köln"
    assert "note" not in first[0]


def test_colleagues_are_not_carried_to_others(house: House, tmp_path: Path) -> None:
    user = house.issue("user", InviteUser(name="Ann", email="ann@firm.example.com"))
    with pytest.raises(Rejected, match="of a colleague"):
        exported(house.services, tmp_path / "a.zip", user_id=user)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("no json", "no JSON object"),
        ('{"record": "contacts", "id": "1", "family_name": "X"}', "at: is no time"),
        ('{"record": "contacts", "id": "1", "at": "2026-01-02"}', "family_name"),
        ('{"record": "consents", "id": "1", "at": "2026-01-02", "of": "9"}', "no person"),
        ('{"record": "deals", "id": "1"}', "known kinds"),
    ],
)
def test_what_is_not_taken_is_told(
    elsewhere: Services, tmp_path: Path, line: str, part: str
) -> None:
    good = '{"record": "contacts", "id": "0", "at": "2026-01-01", "family_name": "Good"}'
    path = tmp_path / "portable.jsonl"
    path.write_text(f"{good}\n{line}\n", "utf-8")
    intake, notes = imported(elsewhere, path)
    assert intake.opened == {"contacts": 1}
    assert part in notes.of("not_taken")[2]


def test_what_is_none_of_ours_is_refused(house: House, elsewhere: Services, tmp_path: Path) -> None:
    path = tmp_path / "portable.jsonl"
    path.write_text("\n", "utf-8")
    with pytest.raises(ImportStopped, match="holds no person"):
        imported(elsewhere, path)
    exported(house.services, tmp_path / "a.zip", contact_id=house.ids["li"])
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as packed:
        packed.writestr("more.txt", "")
    with pytest.raises(ProofError, match="other files"):
        imported(elsewhere, tmp_path / "a.zip")
