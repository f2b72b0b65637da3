"""Whoever asks gets all that is held about them, and nothing of others."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from api.answering import gathering
from api.answering.access import Form, answer_access
from api.answering.gathering import READ
from api.audit.check import check_trail
from commands.contacts import MergeContact, RegisterContact
from commands.kernel import NotFound, Rejected
from commands.subject_requests import FulfilSubjectRequest
from domain import AGGREGATES
from domain.fields import CATEGORIES, PersonalMark, mark_of
from domain.subject_requests import Kind
from projections.words import WORDS
from projections.words.kernel import Language
from projections.words.shared import CATEGORIES as CATEGORY_WORDS
from store import held
from store.transparency.merkle import ProofError
from tests.answering.conftest import ADMIN, House


def answer(house: House, path: Path, request: UUID | None = None) -> dict[str, Any]:
    made = path / "access.json"
    answer_access(house.services, ADMIN, request or house.request(), made, "json")
    found: dict[str, Any] = json.loads(made.read_bytes())
    return found


def values(found: dict[str, Any], part: str) -> dict[str, Any]:
    return {
        field["field"]: field["value"]
        for line in found[part]
        for field in line["fields"]
        if field["category"]
    }


def test_all_of_it_is_told(house: House, tmp_path: Path) -> None:
    found = answer(house, tmp_path)
    assert [(one["name"], one["kind"]) for one in found["who"]] == [("李晓雯", "contacts")]
    now = values(found, "records")
    assert (now["note"], now["title"], now["birthday"]) == ("喜欢茶", "经理", "1990-03-02")
    assert now["request_note"] == "一切，谢谢"
    then = values(found, "events")
    assert then["reason"] == "a card from the fair"
    assert then["body"] in ("很急，请回复", "she is in a hurry")
    (change,) = [one for one in found["events"] if one["type"] == "ContactChanged"]
    title = next(one for one in change["fields"] if one["field"] == "title")
    assert title["label"] == {"en": "job title", "zh": "职务"}
    assert title["category"] == "profile"
    assert (change["actor_name"], change["source"]["kind"]) == ("Kept", "system")
    assert {one["kind"] for one in found["purposes"]} == {
        "contacts",
        "tickets",
        "consents",
        "subject_requests",
    }
    assert found["mentions"] == {
        "records": [
            {
                "kind": "tickets",
                "id": str(house.ids["mention"]),
                "number": found["mentions"]["records"][0]["number"],
                "found_by": ["name"],
            }
        ],
        "more": False,
    }
    assert found["reads"]  # those that the answer itself took
    for read in found["reads"]:
        assert {*read} == {*READ}  # and not whose else was read with theirs
        assert read["purpose"] in ("data-subject-request", "administration")


def test_consents_and_refusals_are_told_even_where_nothing_personal_is_in_them(
    house: House, tmp_path: Path
) -> None:
    found = answer(house, tmp_path)
    told = {one["purpose"]: one for one in found["permissions"]}
    assert told["news"]["lawful_basis"] == "consent"
    assert told["news"]["words"]["lawful_basis"]["zh"] == "同意"
    assert told["calls"]["withdrawal_reason"] == "objected"
    assert found["do_not_contact"]["refused"] == [str(house.ids["refusal"])]


def test_what_is_about_others_stays_with_them(house: House, tmp_path: Path) -> None:
    """A ticket that passed to somebody else shows what was hers, and neither the other's words nor
    how it went on.
    """
    found = answer(house, tmp_path)
    text = json.dumps(found, ensure_ascii=False)
    assert "Steam at last" in text
    assert "Grace has steam" not in text
    assert "Hopper" not in text
    assert "g@firm" not in text
    passed = next(one for one in found["records"] if one["id"] == str(house.ids["passed on"]))
    assert (passed["is_theirs_now"], passed["fields"]) == (False, [])
    mine = [one for one in found["events"] if one["id"] == str(house.ids["passed on"])]
    assert [one["type"] for one in mine] == ["TicketOpened"]


def test_merged_records_are_one_person(house: House, tmp_path: Path) -> None:
    twin = house.issue("twin", RegisterContact(family_name="Lee", note="an older card"))
    house.services.issue(MergeContact(absorbed_id=twin), house.ids["li"])
    found = answer(house, tmp_path)
    assert {one["id"] for one in found["who"]} == {str(twin), str(house.ids["li"])}
    assert "an older card" in json.dumps(found)


@pytest.mark.parametrize(
    ("ask", "part"),
    [
        (lambda house: house.request(identified=False), "made sure who they are"),
        (lambda house: house.request(kind=Kind.ERASURE), "asks for erasure"),
        (lambda house: fulfilled(house), "already fulfilled"),  # noqa: PLW0108  it stands below
        (lambda house: uuid4(), "no such request"),
    ],
)
def test_who_may_not_be_answered_is_refused_with_a_sentence(
    house: House, tmp_path: Path, ask: Callable[[House], UUID], part: str
) -> None:
    with pytest.raises((Rejected, NotFound), match=part):
        answer_access(house.services, ADMIN, ask(house), tmp_path / "access.zip")
    assert [*tmp_path.iterdir()] == []


def fulfilled(house: House) -> UUID:
    request = house.request()
    house.services.issue(FulfilSubjectRequest(), request)
    return request


def text_of(path: Path) -> str:
    return "".join("".join(page.extract_text().split()) for page in PdfReader(path).pages)


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("en", ["Whatisheldaboutyou", "喜欢茶", "jobtitle:经理", "Art.77"]),
        ("zh", ["我们持有的您的个人信息", "喜欢茶", "职务：经理", "第六十五条"]),
    ],
)
def test_every_value_can_be_selected_in_the_pdf(
    house: House, tmp_path: Path, language: Language, parts: list[str]
) -> None:
    odd = "Zoë €5 Łódź 한글 Кот カタ 😀 end\n" + "w" * 700
    house.issue("odd", RegisterContact(family_name="Odd", note=odd))
    house.services.issue(MergeContact(absorbed_id=house.ids["odd"]), house.ids["li"])
    made = tmp_path / "access.pdf"
    request = house.request()
    answer_access(house.services, ADMIN, request, made, "pdf", language)
    text = text_of(made)
    for part in parts:
        assert part in text
    assert "Zoë€5Łód[U+017A]한글Котカタ[U+1F600]end" in text
    assert "w" * 700 in text
    found = answer(house, tmp_path, request)
    for line in found["events"]:
        for field in line["fields"]:
            if isinstance(field["value"], str) and field["value"].isascii() and field["category"]:
                assert "".join(field["words"][language].split()) in text, field["field"]


def test_the_archive_proves_itself(house: House, tmp_path: Path) -> None:
    path = tmp_path / "access.zip"
    done = answer_access(house.services, ADMIN, house.request(), path)
    checked = check_trail(path, house.services.transparency.vkeys())
    assert (checked.rows, checked.entries) == (done.events, done.events)
    with zipfile.ZipFile(path) as packed:
        assert {*packed.namelist()} == {
            *("access.json", "access.pdf", "manifest.json", "manifest.sig"),
            *("proofs-001.json", "vkeys.txt"),
        }
        files = {name: packed.read(name) for name in packed.namelist()}
    files["access.json"] = files["access.json"].replace("经理".encode(), "总监".encode())
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    with pytest.raises(ProofError, match=r"access.json was changed"):
        check_trail(path)


def test_an_answer_that_says_otherwise_than_the_entries_is_found(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where whoever answered lied and signed it."""
    honest = gathering._event

    def lying(*given: Any) -> dict[str, Any]:
        return {**honest(*given), "actor": str(uuid4())}

    monkeypatch.setattr(gathering, "_event", lying)
    path = tmp_path / "access.zip"
    answer_access(house.services, ADMIN, house.request(), path)
    with pytest.raises(ProofError, match=r"access.json: row 1 says otherwise"):
        check_trail(path)


@pytest.mark.parametrize("form", ["json", "pdf", "zip"])
def test_nothing_lies_about_afterwards(house: House, tmp_path: Path, form: Form) -> None:
    answer_access(house.services, ADMIN, house.request(), tmp_path / f"a.{form}", form)
    assert [one.name for one in tmp_path.iterdir()] == [f"a.{form}"]
    assert (tmp_path / f"a.{form}").stat().st_mode & 0o777 == 0o600


def test_a_long_life_is_read_in_batches(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = answer(house, tmp_path, request := house.request())
    monkeypatch.setattr(held.batches, "__defaults__", (3,))
    asked: list[int] = []
    real = held._batch

    def counting(log: Any, subjects: Any, positions: Any) -> Any:
        asked.append(len(positions))
        return real(log, subjects, positions)

    monkeypatch.setattr(held, "_batch", counting)
    again = answer(house, tmp_path, request)
    assert again["events"] == whole["events"]
    assert again["records"] == whole["records"]
    assert {*asked[:-1]} == {3}
    assert sum(asked) >= len(whole["events"])


def test_every_kind_of_record_has_its_purpose_and_category_in_chinese() -> None:
    assert [one.AGGREGATE for one in AGGREGATES if not WORDS[one.AGGREGATE].purpose_zh] == []
    assert CATEGORY_WORDS.keys() == CATEGORIES.keys()


def test_whatever_may_be_about_somebody_is_listed_by_them() -> None:
    """Or a consent without evidence would be forgotten: an index serves each list."""
    for projection in gathering.OF_KIND.values():
        assert projection.aggregate is not None
        for name in projection.aggregate.SUBJECT:
            assert (name,) in {one.filters for one in projection.serves}, projection.name
            assert not isinstance(mark_of(projection.row, name), PersonalMark)
