"""The answers as administrators fetch them, over HTTP and on the command line."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.audit.check import check_trail
from api.cli import main
from tests.api.conftest import Api


@pytest.fixture
def request_id(api: Api) -> str:
    """Somebody asks, and was made sure of."""

    def post(path: str, body: dict[str, Any]) -> str:
        answer = api.admin.post(path, json=body)
        assert answer.is_success, answer.text
        stream: str = answer.json()["stream"]
        return stream

    who = post("/v1/contacts", {"family_name": "Lovelace", "note": "likes engines"})
    one = post("/v1/subject-requests", {"kind": "access", "contact_id": who})
    post(f"/v1/subject-requests/{one}/identify", {"identified_by": "document"})
    return one


@pytest.mark.parametrize(
    ("query", "kind", "begins"),
    [
        ("?format=json", "application/json", b'{"format":"kept-access/1"'),
        ("?format=pdf&language=zh", "application/pdf", b"%PDF"),
        ("", "application/zip", b"PK"),
    ],
)
def test_an_answer_is_fetched(
    api: Api, request_id: str, query: str, kind: str, begins: bytes
) -> None:
    answer = api.admin.get(f"/v1/subject-requests/{request_id}/access{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content.startswith(begins)


def test_the_json_is_what_the_page_says(api: Api, request_id: str) -> None:
    found = api.get(f"/v1/subject-requests/{request_id}/access?format=json", role="admin")
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    for name in found:
        assert f"`{name}`" in page, name
    (line,) = [one for one in found["events"] if one["type"] == "ContactRegistered"]
    for name in (*line, *line["fields"][0], *found["records"][0]):
        assert f"`{name}`" in page, name


def test_what_they_gave_is_fetched(api: Api, request_id: str, tmp_path: Path) -> None:
    answer = api.admin.get(f"/v1/subject-requests/{request_id}/portable")
    assert answer.status_code == 200, answer.text
    path = tmp_path / "portable.zip"
    path.write_bytes(answer.content)
    assert check_trail(path, api.services.transparency.vkeys()).rows == 1


@pytest.mark.parametrize("what", ["access", "portable"])
def test_only_administrators_may(api: Api, request_id: str, what: str) -> None:
    path = f"/v1/subject-requests/{request_id}/{what}"
    for role in ("sales", "auditor", "analyst"):
        answer = api.client(role).get(path)
        api.refused(answer, 403, "forbidden", "for administrators")
    api.refused(
        api.admin.get(f"/v1/subject-requests/{uuid4()}/{what}"), 404, "not-found", "no such"
    )
    api.refused(api.admin.get(f"/v1/subject-requests/me/{what}"), 404, "not-found", "no id")


@pytest.mark.parametrize("query", ["format=csv", "language=fr", "colour=red"])
def test_what_cannot_be_asked_is_refused(api: Api, request_id: str, query: str) -> None:
    answer = api.admin.get(f"/v1/subject-requests/{request_id}/access?{query}")
    assert answer.status_code in (400, 422), answer.text


def test_who_is_not_identified_is_not_answered(api: Api) -> None:
    who = api.customer()["stream"]
    body = {"kind": "access", "customer_id": who}
    one = api.admin.post("/v1/subject-requests", json=body).json()["stream"]
    answer = api.admin.get(f"/v1/subject-requests/{one}/access")
    api.refused(answer, 409, "rejected", "made sure who they are")


def kept(api: Api, *arguments: str) -> None:
    """The command line, in this process."""
    with pytest.raises(SystemExit) as end:
        main(["--tenant", api.services.tenant.name, *arguments])
    assert end.value.code in (None, 0)


def test_the_command_line_does_the_same(
    api: Api, request_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = of(api, request_id)
    number, who = shown["number"], shown["contact_id"]
    path = tmp_path / "access.zip"
    kept(api, "access", number, "-o", str(path), "--language", "zh", "--json")
    done = json.loads(capsys.readouterr().out)
    assert (done["records"], done["mentions"]) == (2, 0)
    kept(api, "verify", "--bundle", str(path))
    assert f"are of {done['events']} entries" in capsys.readouterr().out
    kept(api, "portable", request_id, "-o", str(tmp_path / "portable.zip"))
    assert "1 contacts" in capsys.readouterr().out
    kept(api, "import", "portable", str(tmp_path / "portable.zip"), "--json")
    summary = json.loads(capsys.readouterr().out)
    assert summary["opened"] == {"contacts": 1}
    assert api.services.log.holder("contacts", "external_id", f"portable\n{who}") is not None


def of(api: Api, request_id: str) -> dict[str, Any]:
    """The request, once the read models have it."""
    head = {"position": api.services.log.head()}
    return api.get(f"/v1/subject-requests/{request_id}", head, "admin")
