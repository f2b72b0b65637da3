"""The scope of a breach: what a key could read, and what it did."""

from pathlib import Path
from uuid import UUID

from api.services import Services
from commands.contacts import RegisterContact
from domain.reading import Door, Purpose
from projections.readers import Reader
from tests.cli.conftest import Kept

WINDOW = ("--since", "2000-01-01", "--until", "2199-12-31")


def test_it_tells_what_was_read_and_what_could_be(
    kept: Kept, services: Services, tmp_path: Path
) -> None:
    ada = services.issue(RegisterContact(family_name="Lovelace", note="n")).stream
    grace = services.issue(RegisterContact(family_name="Hopper", emails=("g@example.com",))).stream
    services.runner.catch_up()
    made = kept("keys", "create", "--role", "sales", "--name", "Eve", "--json").done().json
    eve = Reader(UUID(made["user_id"]), "sales", made["key_id"], Door.HTTP, Purpose.SERVICE)
    for _ in range(2):
        services.gate.get(eve, "contacts", ada)
    services.gate.get(Reader(UUID(made["user_id"]), "sales", "another"), "contacts", grace)

    by_key = kept("breach", "--key", made["key_id"], *WINDOW, "--json").done().json
    assert [(one["subject"], one["reads"]) for one in by_key["read"]] == [(str(ada), 2)]
    (seen,) = by_key["read"]
    assert (seen["fields"], seen["purposes"]) == (["family_name", "note"], ["service"])
    assert (by_key["sees_personal"], [one["role"] for one in by_key["keys"]]) == (True, ["sales"])
    assert by_key["readable"]["identity"] >= 3
    assert "emails" in by_key["fields"]["contacts"]["contact"]

    whose = tmp_path / "whose"
    by_user = kept(
        "breach", "--actor", made["user_id"], *WINDOW, "--readable", whose, "--json"
    ).done()
    assert {one["subject"] for one in by_user.json["read"]} == {str(ada), str(grace)}
    lines = dict(line.split(" ") for line in whose.read_text().splitlines())
    assert lines[str(grace)] == "contact,identity"
    assert "Was read: something of 2" in kept("breach", "--actor", made["user_id"], *WINDOW).out


def test_outside_of_its_time_nothing_was_read(kept: Kept, services: Services) -> None:
    ada = services.issue(RegisterContact(family_name="Lovelace")).stream
    services.runner.catch_up()
    made = kept("keys", "create", "--role", "analyst", "--name", "Ann", "--json").done().json
    early = ("--since", "2000-01-01", "--until", "2000-12-31")
    services.gate.get(Reader(UUID(made["user_id"]), "admin", made["key_id"]), "contacts", ada)
    before = kept("breach", "--key", made["key_id"], *early, "--json").done().json
    assert (before["read"], before["keys"], before["readable"]) == ([], [], {})


def test_a_role_that_sees_nothing_could_read_nothing(kept: Kept, services: Services) -> None:
    services.issue(RegisterContact(family_name="Lovelace"))
    made = kept("keys", "create", "--role", "analyst", "--name", "Ann", "--json").done().json
    found = kept("breach", "--key", made["key_id"], *WINDOW, "--json").done().json
    assert (found["sees_personal"], found["readable"], found["fields"]) == (False, {}, {})
    assert "nothing personal" in kept("breach", "--key", made["key_id"], *WINDOW).done().out
    kept("breach", *WINDOW).failed(2, "--actor or --key")
