"""An erasure from the command line, to its certificate and whoever checks that."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.services import Services
from commands.contacts import RegisterContact
from commands.subject_requests import DecideErasure, IdentifySubject, ReceiveSubjectRequest
from domain.subject_requests import Kind, Method
from tests.cli.conftest import Kept


@pytest.fixture
def request_of_ada(services: Services) -> str:
    """The number of a request whose erasure was decided."""
    ada = services.issue(
        RegisterContact(family_name="Lovelace", given_name="Ada", emails=("ada@example.com",))
    ).stream
    asked = services.issue(ReceiveSubjectRequest(kind=Kind.ERASURE, contact_id=ada)).stream
    services.issue(IdentifySubject(identified_by=Method.DOCUMENT), asked)
    services.issue(DecideErasure(), asked)
    return str(services.log.load(asked)[0].number)


def test_it_is_carried_out_certified_and_checked(
    kept: Kept, request_of_ada: str, tmp_path: Path
) -> None:
    refused = kept("certificate", request_of_ada, tmp_path / "early.json")
    refused.failed(2, "has not been carried out")
    done = kept("erase", request_of_ada, "--json").done().json
    assert [(one["status"], one["destroyed_keys"]) for one in done] == [("fulfilled", 2)]
    assert done[0]["places_left"] == []
    file, opening = tmp_path / "certificate.json", tmp_path / "opening"
    kept("certificate", request_of_ada, file, "--opening", opening).done()
    certificate = file.read_text().casefold()
    assert [name for name in ("lovelace", "ada@example.com") if name in certificate] == []
    assert opening.stat().st_mode & 0o077 == 0

    checked = kept("verify", "--bundle", file, "--json").done().json
    assert (checked["request"], checked["destroyed_keys"], checked["names"]) == (
        request_of_ada,
        2,
        [],
    )
    said = kept(
        *("verify", "--bundle", file, "--opening", opening),
        *("--name", "Ada@Example.com", "--name", "Ada Lovelace", "--name", "Grace Hopper"),
    ).done()
    assert "It names Ada@Example.com." in said.out
    assert "It names Ada Lovelace." in said.out
    assert "It does not name Grace Hopper." in said.out


def less_precise(said: dict[str, Any]) -> None:
    said["places"] = []


def more_destroyed(said: dict[str, Any]) -> None:
    for entry in said["proof"]["entries"]:
        entry["body"] = entry["body"].replace('"destroyed_keys":2', '"destroyed_keys":3')


def not_swept(said: dict[str, Any]) -> None:
    said["proof"]["entries"].pop(-2)


def of_another_log(said: dict[str, Any]) -> None:
    said["proof"]["checkpoint"] = "elsewhere" + said["proof"]["checkpoint"]


@pytest.mark.parametrize("change", [less_precise, more_destroyed, not_swept, of_another_log])
def test_a_certificate_that_was_changed_is_none(
    kept: Kept, request_of_ada: str, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    kept("erase").done()
    file = tmp_path / "certificate.json"
    kept("certificate", request_of_ada, file).done()
    document = json.loads(file.read_text())
    said = json.loads(document["certificate"])
    change(said)
    changed = json.dumps(said, ensure_ascii=False)
    assert changed != document["certificate"]
    file.write_text(json.dumps({**document, "certificate": changed}))
    kept("verify", "--bundle", file).failed(2, "")
    file.write_text(json.dumps({"format": document["format"]}))
    kept("verify", "--bundle", file).failed(2, "no certificate of Kept")


def test_without_anything_decided_nothing_is_done(kept: Kept, services: Services) -> None:
    assert "No erasure was decided" in kept("erase").done().err
    kept("erase", "R-999").failed(2, "There is no record R-999")
    kept("certificate", "R-999", "nowhere").failed(2, "There is no record R-999")
