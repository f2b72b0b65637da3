"""The audit trail as PDF: read by people, in two languages, with what proves it at its end."""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from pypdf import PdfReader

from api.audit import as_pdf
from api.audit.as_pdf import Cover, PdfWriter
from api.audit.check import check_trail
from api.audit.export import export
from api.audit.facts import Asked, facts
from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.kernel import Rejected
from commands.users import ActivateUser, InviteUser
from domain.customers import Kind
from domain.envelope import SYSTEM
from domain.users import Role
from projections.readers import Reader
from projections.words.kernel import Language
from store.event_log import Receipt
from store.transparency.notes import Checkpoint

AUDITOR = Reader(SYSTEM, "auditor", "a test")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LONG = "一段很长的说明，" * 4_000


@pytest.fixture
def customer(services: Services) -> Receipt:
    """A customer with an owner, and a change with a reason."""
    wang = InviteUser(name="Wang Fang", email="wang@example.com", roles=(Role.SALES,))
    owner = services.issue(wang).stream
    services.issue(ActivateUser(), owner)
    register = RegisterCustomer(name="星河科技", kind=Kind.ORGANISATION, owner_id=owner)
    receipt = services.issue(register)
    services.issue(ChangeCustomer(size=2), receipt.stream, reason="they grow, 又缩小")
    services.runner.catch_up()
    return receipt


def pages(path: Path, name: str = "history.pdf") -> list[str]:
    """The text of each page, without spaces: where lines break is the layout's own affair."""
    with zipfile.ZipFile(path) as packed:
        return texts(io.BytesIO(packed.read(name)))


def texts(file: BinaryIO | Path) -> list[str]:
    return ["".join(page.extract_text().split()) for page in PdfReader(file).pages]


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        (
            "en",
            [
                *("Audittrail", "Purpose:audit", "Askedforby:Kept(auditor)", "empty→2"),
                *("ownerempty→WangFang", "theygrow,又缩小", "byKeptitself", "page1of1"),
            ],
        ),
        (
            "zh",
            [
                *("审计追踪", "目的：审计", "申请人：Kept(审计)", "空→2", "第1页，共1页"),
                *("名称空→星河科技", "负责人空→WangFang", "由Kept自身产生"),
            ],
        ),
    ],
)
def test_it_reads_in_both_languages(
    services: Services,
    customer: Receipt,
    tmp_path: Path,
    language: Language,
    parts: list[str],
) -> None:
    path = tmp_path / "audit.zip"
    export(services, AUDITOR, Asked({"id": customer.stream}), ["pdf"], path, language=language)
    (text,) = pages(path)
    said = [*facts(services.gate, AUDITOR, Asked({"id": customer.stream}))]
    for part in [*parts, said[0]["number"], said[0]["occurred_at"][:10]]:
        assert part in text
    for fact in said:
        assert f"{fact['position']}{fact['occurred_at'][:10]}" in text


def test_it_ends_with_the_checkpoint_that_its_manifest_names(
    services: Services, customer: Receipt, tmp_path: Path
) -> None:
    path = tmp_path / "audit.zip"
    export(services, AUDITOR, Asked(), ["csv", "pdf"], path)
    checked = check_trail(path, services.transparency.vkeys())
    with zipfile.ZipFile(path) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        signed = json.loads(packed.read("proofs-001.json"))["checkpoint"].splitlines()
    assert (
        bytes.fromhex(manifest["checkpoint"]["root"])
        == Checkpoint.parse("\n".join(signed[:3]) + "\n").root
    )
    last = pages(path)[-1]
    assert f"Origin:{signed[0]}Size:{checked.size}Root:{signed[2]}" in last
    assert "keptverify--bundleFILE.zip" in last


def fact(position: int, to: str) -> dict[str, Any]:
    """One that changes a note."""
    return {
        "position": position,
        "occurred_at": NOON.isoformat(),
        "recorded_at": NOON.isoformat(),
        "actor": str(SYSTEM),
        "actor_name": None,
        "aggregate": "customers",
        "number": f"C-{position}",
        "type": "CustomerChanged",
        "field": "note",
        "label": {"en": "note", "zh": "备注"},
        "names": {},
        "source": "import",
        "client": "crm.csv",
        "from": None,
        "to": to,
    }


def written(path: Path, rows: list[dict[str, Any]]) -> list[str]:
    with PdfWriter(path, Cover("t", NOON, "Mo", "audit", Asked(), {}, "zh")) as writer:
        for row in rows:
            writer.write(row)
        writer.prove(Checkpoint("kept.example/t", len(rows), b"r" * 32))
    return texts(path)


def test_a_row_that_is_longer_than_a_page_goes_on_under_the_headings(tmp_path: Path) -> None:
    rows = [fact(1, "short"), fact(2, LONG), fact(3, "the end")]
    told = written(tmp_path / "a.pdf", rows)
    assert len(told) > 5
    for number, page in enumerate(told, start=1):
        assert page.endswith(f"第{number}页，共{len(told)}页")
        assert "由→至" in page
    assert sum(page.count("一段很长的说明") for page in told) > 3_000
    assert "空→theend" in told[-1]


def test_the_same_facts_at_the_same_time_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        written(tmp_path / name, [fact(1, "one"), fact(2, "二")])
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_too_many_rows_are_refused_with_what_to_do(
    services: Services, customer: Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_pdf, "MOST_ROWS", 2)
    with pytest.raises(Rejected, match=r"at most 2 changes.* Narrow them by since"):
        export(services, AUDITOR, Asked(), ["pdf"], tmp_path / "audit.zip")
    assert [*tmp_path.iterdir()] == []


def test_a_reader_without_personal_data_is_shown_that_it_is_hidden(
    services: Services, customer: Receipt, tmp_path: Path
) -> None:
    path = tmp_path / "audit.zip"
    export(services, Reader(SYSTEM, "analyst", "a test"), Asked(), ["pdf"], path)
    text = "".join(pages(path))
    assert "namehidden→hidden" in text
    assert "星河科技" not in text
    assert "WangFang" not in text
