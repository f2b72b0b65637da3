"""The audit trail leaves the house and is believed elsewhere, or it is refused."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.audit.check import check_trail, is_trail
from api.audit.export import FORMATS, Exported, export
from api.audit.facts import Asked, facts
from api.audit.formats import COLUMNS, ocsf
from api.services import Services
from commands.custom_fields import DeclareCustomField
from commands.customers import (
    ArchiveCustomer,
    ChangeCustomer,
    MergeCustomer,
    RegisterCustomer,
    RestoreCustomer,
)
from domain.custom_fields import FieldType, custom_fields_id
from domain.customers import Kind
from domain.envelope import SYSTEM
from projections.readers import Reader
from store.event_log import Receipt
from store.transparency.merkle import ProofError
from store.transparency.notes import NoteError, Signer

AUDITOR = Reader(SYSTEM, "auditor", "a test")
ANALYST = Reader(SYSTEM, "analyst", "a test")
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def customer(services: Services) -> Receipt:
    """A customer whose fields went there and back, told with a reason."""
    register = RegisterCustomer(name="星河科技", kind=Kind.ORGANISATION, note=FORMULA)
    receipt = services.issue(register)
    for size in (1, 2, 1):
        services.issue(ChangeCustomer(size=size), receipt.stream, reason="they grow, 又缩小")
    services.runner.catch_up()
    return receipt


@pytest.fixture
def trail(services: Services, customer: Receipt, tmp_path: Path) -> Path:
    """All of the tenant's history in every format."""
    path = tmp_path / "audit.zip"
    done = export(services, AUDITOR, Asked(), [*FORMATS], path)
    assert done.entries == services.log.head() == done.size
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with zipfile.ZipFile(path) as packed:
        text = packed.read("history.csv").decode("utf-8-sig")
    return [*csv.DictReader(io.StringIO(text, newline=""))]


def test_it_holds_every_fact_in_every_format(
    services: Services, customer: Receipt, trail: Path
) -> None:
    said = [*facts(services.gate, AUDITOR, Asked())]
    rows = rows_of(trail)
    assert [(int(row["position"]), row["field"]) for row in rows] == [
        (fact["position"], fact["field"]) for fact in said
    ]
    assert [*rows[0]] == [*COLUMNS]
    sizes = [(r["from"], r["to"], r["reason"]) for r in rows if r["field"] == "size"]
    assert sizes == [
        ("2", "1", "they grow, 又缩小"),
        ("1", "2", "they grow, 又缩小"),
        ("", "1", "they grow, 又缩小"),
    ]
    with zipfile.ZipFile(trail) as packed:
        lines = [json.loads(line) for line in packed.read("history.jsonl").splitlines()]
        book = packed.read("history.xlsx")
    assert len(lines) == len(rows)
    assert {line["class_uid"] for line in lines} == {3004}
    assert {line["type_uid"] for line in lines} == {300401, 300403}
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == len(rows) + 1
    assert FORMULA in sheet
    assert "<f>" not in sheet, "what begins with = became a formula"


def test_it_is_believed_with_the_key_of_the_log(services: Services, trail: Path) -> None:
    assert is_trail(trail)
    checked = check_trail(trail, services.transparency.vkeys())
    assert checked.is_trusted
    assert checked.rows == len(rows_of(trail))
    assert not check_trail(trail).is_trusted


def test_it_is_not_believed_with_another_key(trail: Path) -> None:
    other = Signer.of("kept.local/other", b"k" * 32).verifier.vkey
    with pytest.raises(NoteError, match="none of the keys that are trusted"):
        check_trail(trail, [other])


def repacked(path: Path, change: Callable[[dict[str, bytes]], Any]) -> Path:
    """The same archive with some of its files changed."""
    with zipfile.ZipFile(path) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    change(files)
    made = path.with_name("changed.zip")
    with zipfile.ZipFile(made, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return made


def edit(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


CHANGES: dict[str, tuple[Callable[[dict[str, bytes]], Any], str]] = {
    "a value in a row": (edit("history.csv", b"they grow", b"they shrink"), "was changed after"),
    "a row is gone": (
        lambda files: files.update(
            {"history.csv": b"\n".join(files["history.csv"].splitlines()[:-1])}
        ),
        "was changed after",
    ),
    "a file is gone": (lambda files: files.pop("history.xlsx"), "other files than"),
    "a file came": (lambda files: files.update({"more.txt": b""}), "other files than"),
    "the manifest": (edit("manifest.json", b'"rows"', b'"rows" '), "not the one that was signed"),
    "the proofs": (edit("proofs-001.json", b"CustomerChanged", b"CustomerChainge"), "changed"),
    "the signature": (edit("manifest.sig", b"audit trail", b"audit trial"), "is not of this text"),
    "no manifest": (lambda files: files.pop("manifest.json"), "no audit trail of Kept"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_changed_is_found(trail: Path, name: str) -> None:
    change, part = CHANGES[name]
    with pytest.raises((ProofError, NoteError), match=part):
        check_trail(repacked(trail, change))


def test_rows_that_tell_otherwise_than_the_entries_are_found(
    services: Services, customer: Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where whoever exported lied and signed it."""
    honest = services.gate.history

    def lying(reader: Reader, query: Any) -> Any:
        answer = honest(reader, query)
        answer.items[0]["actor"] = str(uuid4())
        return answer

    monkeypatch.setattr(services.gate, "history", lying)
    path = tmp_path / "lie.zip"
    export(services, AUDITOR, Asked(), ["csv"], path)
    with pytest.raises(ProofError, match=r"row 1 says otherwise than entry \d+"):
        check_trail(path)


def test_filters_narrow_it(services: Services, customer: Receipt, tmp_path: Path) -> None:
    def exported(**filters: Any) -> tuple[Exported, list[dict[str, str]]]:
        path = tmp_path / "some.zip"
        done = export(services, AUDITOR, Asked(filters), ["csv"], path)
        check_trail(path)
        return done, rows_of(path)

    done, rows = exported(id=customer.stream)
    assert {row["id"] for row in rows} == {str(customer.stream)}
    assert done.entries == 4
    done, rows = exported(id=customer.stream, fields="size", source="system")
    assert [row["to"] for row in rows] == ["1", "2", "1"]
    done, rows = exported(source="import")
    assert (done.rows, done.entries, rows) == (0, 0, [])


def test_who_sees_no_personal_data_exports_none(
    services: Services, customer: Receipt, tmp_path: Path
) -> None:
    path = tmp_path / "masked.zip"
    export(services, ANALYST, Asked(), [*FORMATS], path)
    check_trail(path)
    with zipfile.ZipFile(path) as packed:
        for name in packed.namelist():
            content = packed.read(name)
            assert "星河科技".encode() not in content, name
            assert FORMULA.encode() not in content, name


def test_nothing_is_left_behind_when_it_fails(
    services: Services, customer: Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ProofError("no")

    monkeypatch.setattr(services.transparency, "bundle", broken)
    with pytest.raises(ProofError):
        export(services, AUDITOR, Asked(), ["csv"], tmp_path / "audit.zip")
    assert [*tmp_path.iterdir()] == []


def activities(services: Services, stream: UUID) -> list[tuple[str, str]]:
    """What each event of a record did to it, the first one first, as OCSF has it."""
    said = facts(services.gate, AUDITOR, Asked({"id": stream}, descending=False))
    told = {(one["position"], one["type"]): ocsf(one)["activity_name"] for one in said}
    return [(kind, activity) for (_, kind), activity in told.items()]


def test_ocsf_says_what_a_change_does_to_the_record(services: Services) -> None:
    lead = services.issue(RegisterCustomer(name="Lead", kind=Kind.ORGANISATION)).stream
    other = services.issue(RegisterCustomer(name="Other", kind=Kind.ORGANISATION)).stream
    tier = DeclareCustomField(key="tier", label="Tier", type=FieldType.TEXT)
    declared = services.issue(tier, custom_fields_id("customers")).stream
    services.issue(ArchiveCustomer(), lead)
    services.issue(RestoreCustomer(), lead)
    services.issue(MergeCustomer(absorbed_id=lead), other)
    services.runner.catch_up()
    assert activities(services, lead) == [
        ("CustomerRegistered", "Create"),
        ("CustomerArchived", "Delete"),
        ("CustomerRestored", "Update"),
        ("CustomerMerged", "Delete"),
    ]
    assert activities(services, other)[-1] == ("CustomerAbsorbed", "Update")
    assert activities(services, declared) == [("CustomFieldDeclared", "Create")]
