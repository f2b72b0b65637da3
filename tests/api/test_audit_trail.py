"""The audit trail as clients fetch it."""

from pathlib import Path

import pytest

from api.audit.check import check_trail
from tests.api.conftest import Api


def test_auditors_fetch_a_file_that_proves_itself(api: Api, tmp_path: Path) -> None:
    receipt = api.customer()
    api.get("/v1/history", receipt)
    answer = api.client("auditor").get(
        "/v1/audit-trail", params={"record": receipt["stream"], "format": "csv,jsonl"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    path = tmp_path / "audit.zip"
    path.write_bytes(answer.content)
    checked = check_trail(path, api.services.transparency.vkeys())
    assert checked.entries == 1
    assert checked.rows >= 2


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("format", "docx", "none of the choices"),
        ("record", "me", "is no id"),
        ("field", "", "no name of a field"),
        ("source", "door", "none of the choices"),
        ("since", "soon", "no moment"),
        ("colour", "red", "does not know"),
    ],
)
def test_what_cannot_be_asked_is_refused(shared: Api, name: str, value: str, part: str) -> None:
    answer = shared.client("auditor").get("/v1/audit-trail", params={name: value})
    problem = answer.json()
    assert answer.status_code in (400, 422), problem
    assert part in problem["detail"]
