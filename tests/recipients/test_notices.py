"""From a mailing to the notice that its recipient is owed: found, told, proved, not forgotten."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from api.answering.access import answer_access
from api.answering.recipients import Recipients
from api.audit.check import check_trail
from api.services import Services
from commands.contacts import MergeContact, RegisterContact
from commands.kernel import Command
from commands.recipients import RecordDisclosure, RegisterRecipient
from commands.subject_requests import (
    DecideErasure,
    FulfilSubjectRequest,
    IdentifySubject,
    ReceiveSubjectRequest,
    RecordNotice,
)
from domain.disclosures import DataDisclosed
from domain.fields import CATEGORIES
from domain.notices import Means, Outcome
from domain.recipients import Role, Safeguard
from domain.subject_requests import Kind, Method
from projections.readers import Reader
from store.lists import Query
from store.transparency.merkle import ProofError
from store.verify import verify
from tests.audit.test_audit_trail import edit, repacked

ADMIN = Reader(UUID(int=1), "admin", "test")


def mailed(*contacts: UUID) -> RecordDisclosure:
    """Their addresses were given away for a mailing."""
    return RecordDisclosure(contact_ids=contacts, categories=("contact",), purpose="mailings")


@dataclass
class House:
    """Two people of whom a mailing house got the addresses, and one of whom the bank got more."""

    services: Services
    ids: dict[str, UUID] = field(default_factory=dict)

    def issue(self, name: str, command: Command, stream: UUID | None = None) -> UUID:
        self.ids[name] = self.services.issue(command, stream).stream
        return self.ids[name]

    def caught_up(self) -> Services:
        """What was recorded is shown."""
        self.services.start_runner()
        assert self.services.runner.wait_for(self.services.log.head(), 30)
        return self.services

    def asked(self, kind: Kind) -> UUID:
        """Ada asks for this, and was made sure of."""
        request = self.issue(
            "request", ReceiveSubjectRequest(kind=kind, contact_id=self.ids["ada"])
        )
        return self.issue("request", IdentifySubject(identified_by=Method.DOCUMENT), request)

    def erased(self) -> UUID:
        request = self.asked(Kind.ERASURE)
        self.services.issue(DecideErasure(), request)
        self.services.erasures.carry_out(request)
        return request

    def rows(self, model: str, sort: str, **filters: Any) -> list[dict[str, Any]]:
        return self.caught_up().gate.page(ADMIN, model, Query(filters, sort=sort)).items

    def open(self, **filters: Any) -> list[tuple[str, str]]:
        """The notices of this list: to whom, and how they stand."""
        names = {str(one): name for name, one in self.ids.items()}
        rows = self.rows("notices", "due_on", **filters)
        return sorted((names[row["recipient_id"]], row["status"]) for row in rows)


@pytest.fixture
def house(services: Services) -> House:
    house = House(services)
    for name in ("ada", "grace"):
        house.issue(name, RegisterContact(family_name=name.title(), emails=(f"{name}@x.example",)))
    for name, country, safeguards in (
        ("Print & Post", "DE", ()),
        ("蓝海银行", "CN", (Safeguard.STANDARD_CLAUSES, Safeguard.SECURITY_ASSESSMENT)),
    ):
        register = RegisterRecipient(
            name=name,
            role=Role.CONTROLLER,
            country=country,
            safeguards=safeguards,
            categories=tuple(CATEGORIES),
            purposes=("mailings", "credit"),
            notice_email="privacy@recipient.example",
        )
        house.issue(name, register)
    both = mailed(house.ids["ada"], house.ids["grace"])
    house.services.issue(both, house.ids["Print & Post"])
    checked = RecordDisclosure(
        contact_ids=(house.ids["ada"],), categories=("identity",), purpose="credit"
    )
    house.services.issue(checked, house.ids["蓝海银行"])
    return house


def test_disclosures_are_found_by_person_and_by_recipient(house: House) -> None:
    of_ada = house.rows("disclosures", "disclosed_on", subject_id=house.ids["ada"])
    assert {(row["purpose"], row["kind"]) for row in of_ada} == {
        ("mailings", "contacts"),
        ("credit", "contacts"),
    }
    rows = house.rows("disclosures", "disclosed_on", recipient_id=house.ids["Print & Post"])
    assert {row["subject_id"] for row in rows} == {
        str(house.ids["ada"]),
        str(house.ids["grace"]),
    }
    assert len({row["disclosure_id"] for row in rows}) == 1
    history = house.caught_up().gate.history(ADMIN, Query({"id": house.ids["grace"]}))
    said = [fact["words"] for fact in history.items if fact["field"] == "recipients"]
    assert said[0]["en"].endswith("recipients Print & Post (contact).")
    assert said[0]["zh"].endswith("接收方为 Print & Post（联系方式）。")


def test_a_correction_is_owed_to_all_and_closed_one_by_one(house: House) -> None:
    request = house.asked(Kind.RECTIFICATION)
    house.issue("request", FulfilSubjectRequest(), request)
    assert house.open() == [("Print & Post", "open"), ("蓝海银行", "open")]
    post = house.ids["Print & Post"]
    told = RecordNotice(recipient_id=post, outcome=Outcome.SENT, means=Means.EMAIL)
    house.issue("request", told, request)
    assert house.open(status="open", recipient_id=house.ids["蓝海银行"]) == [("蓝海银行", "open")]
    assert house.open(request_id=request) == [("Print & Post", "sent"), ("蓝海银行", "open")]
    shown = house.caught_up().gate.get(ADMIN, "subject_requests", request)
    assert shown is not None
    assert (shown["status"], shown["notices_owed"]) == ("fulfilled", [str(house.ids["蓝海银行"])])


def test_an_erasure_leaves_that_it_was_given_away_and_who_is_to_be_told(house: House) -> None:
    """And what is noted of the notice afterwards lies under no key that was destroyed."""
    ada, bank = house.ids["ada"], house.ids["蓝海银行"]
    twin = house.issue("twin", RegisterContact(family_name="Ada"))
    house.services.issue(mailed(twin), bank)
    house.services.issue(MergeContact(absorbed_id=twin), ada)
    request = house.erased()
    assert house.open() == [("Print & Post", "open"), ("蓝海银行", "open")]
    given = [one.event for one in house.services.log.load(ada)]
    assert [one.purpose for one in given if isinstance(one, DataDisclosed)] == [
        "mailings",
        "credit",
    ]
    held = house.caught_up().gate.get(ADMIN, "contacts", ada)
    assert held is not None
    assert held["family_name"] is None
    assert [one["categories"] for one in held["recipients"]] == [["contact"], ["identity"]]
    gone = "they were wound up"
    wound_up = RecordNotice(recipient_id=bank, outcome=Outcome.IMPOSSIBLE, notice_note=gone)
    house.issue("request", wound_up, request)
    assert house.open(status="impossible") == [("蓝海银行", "impossible")]
    noted = Query({"id": request, "fields": "notice_note"})
    (fact,) = house.caught_up().gate.history(ADMIN, noted).items
    assert fact["to"] == gone
    assert verify(house.services.log).faults == []


@pytest.fixture
def answered(house: House, tmp_path: Path) -> Path:
    """Ada is told who got her data, after a restriction of which one recipient was told."""
    request = house.asked(Kind.RESTRICTION)
    house.issue("restriction", FulfilSubjectRequest(concerned=("contact", "identity")), request)
    post = RecordNotice(
        recipient_id=house.ids["Print & Post"], outcome=Outcome.SENT, means=Means.POST
    )
    house.issue("restriction", post, request)
    path = tmp_path / "access.zip"
    asks = house.asked(Kind.ACCESS)
    answer_access(house.caught_up(), ADMIN, asks, path, "zip", "zh")
    return path


def test_whoever_asks_is_told_who_got_what_and_who_was_told(house: House, answered: Path) -> None:
    with zipfile.ZipFile(answered) as packed:
        told = json.loads(packed.read("access.json"))
        text = "".join(
            page.extract_text() for page in PdfReader(io.BytesIO(packed.read("access.pdf"))).pages
        )
    post, bank = told["recipients"]
    assert (post["name"], bank["name"], bank["country"]) == ("Print & Post", "蓝海银行", "CN")
    assert bank["words"]["safeguards"]["en"] == "standard contractual clauses, security assessment"
    assert [(one["categories"], one["purpose"]) for one in post["disclosures"]] == [
        (["contact"], "mailings")
    ]
    assert [(one["status"], one.get("means")) for one in post["notices"]] == [("sent", "post")]
    assert [one["status"] for one in bank["notices"]] == ["open"]
    assert "privacy@recipient.example" not in json.dumps(told)
    flat = "".join(text.split())
    for part in (
        "提供给谁",
        "PrintPost",
        "蓝海银行",
        "安全评估",
        "联系方式，目的：mailings",
        "已通知、邮寄",
    ):
        assert part.replace("PrintPost", "Print&Post") in flat
    assert check_trail(answered, house.services.transparency.vkeys()).is_trusted


def test_a_list_of_recipients_that_leaves_one_out_is_found(
    house: House, answered: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Even where whoever answered lied and signed it."""
    honest = Recipients.look_up

    def lying(self: Recipients, *rest: Any) -> None:
        honest(self, *rest)
        del self.listed[house.ids["蓝海银行"]]

    monkeypatch.setattr(Recipients, "look_up", lying)
    lie = tmp_path / "lie.zip"
    answer_access(house.caught_up(), ADMIN, house.ids["request"], lie, "zip")
    with pytest.raises(ProofError, match="name other recipients"):
        check_trail(lie)
    changed = repacked(answered, edit("access.json", b'"mailings"', b'"gossip"'))
    with pytest.raises(ProofError, match="changed after"):
        check_trail(changed)
