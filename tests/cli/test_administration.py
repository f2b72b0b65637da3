"""keys, tenants, upgrade, rebuild, parked."""

from uuid import UUID, uuid4

import pytest

from api.services import Services
from commands.customers import RegisterCustomer
from commands.users import DeactivateUser
from domain.customers import Kind
from domain.skipped_events import SKIPPED_EVENTS
from domain.users import User
from store.database import Database
from tests.cli.conftest import Kept


def test_a_key_is_made_for_a_user_of_its_own(kept: Kept, services: Services) -> None:
    made = kept("keys", "create", "--role", "sales", "--json").done().json
    access = services.api_keys.check(made["key"])
    assert access is not None
    assert (str(access.user_id), access.role) == (made["user_id"], "sales")
    user = services.dispatcher.state(User, access.user_id).state
    assert isinstance(user, User)
    assert user.is_active
    assert [role.value for role in user.roles] == ["sales"]


def test_a_key_is_made_for_a_user_who_is_here(kept: Kept, services: Services) -> None:
    first = kept("keys", "create", "--role", "admin", "--user", "Ada@Example.com", "--name", "Ada")
    key = first.done().out.strip()
    assert "cannot be shown again" in first.err
    by_mail = kept("keys", "create", "--role", "analyst", "--user", "ada@example.com", "--json")
    by_id = kept("keys", "create", "--role", "analyst", "--user", by_mail.json["user_id"], "--json")
    assert by_mail.json["user_id"] == by_id.done().json["user_id"]
    access = services.api_keys.check(key)
    assert access is not None
    assert str(access.user_id) == by_id.json["user_id"]


def test_no_key_for_nobody(kept: Kept, services: Services) -> None:
    nobody = str(uuid4())
    kept("keys", "create", "--role", "admin", "--user", nobody).failed(2, f"no user {nobody}")
    kept("keys", "create", "--role", "admin", "--user", "x@example.com").failed(2, "add --name")
    made = kept("keys", "create", "--role", "sales", "--user", "eva@example.com", "--name", "Eva")
    access = services.api_keys.check(made.done().out.strip())
    assert access is not None
    services.issue(DeactivateUser(), access.user_id)
    ran = kept("keys", "create", "--role", "sales", "--user", "eva@example.com")
    ran.failed(2, "The user eva@example.com is deactivated.")
    assert kept("keys", "create", "--role", "emperor").code == 2
    kept("keys", "create", "--role", "sales", "--name", " ").failed(2, "name: String should have")
    ran = kept("keys", "create", "--role", "sales", "--user", "@secret", "--name", "X")
    ran.failed(2, "email: is no e-mail address.")
    assert "secret" not in ran.err


def test_keys_are_listed_and_revoked(kept: Kept, services: Services) -> None:
    made = kept("keys", "create", "--role", "sales", "--name", "Web shop", "--json").json
    listed = kept("keys", "list", "--json").done().json
    assert [(one["key_id"], one["user"], one["role"]) for one in listed] == [
        (made["key_id"], "Web shop", "sales")
    ]
    assert made["key"] not in kept("keys", "list").done().out
    assert kept("keys", "revoke", made["key"], "--json").done().json["revoked"] is True
    assert services.api_keys.check(made["key"]) is None
    kept("keys", "revoke", made["key_id"]).failed(2, "There is no live key")


def test_tenants_are_made_and_listed(kept: Kept) -> None:
    made = kept("tenants", "create", "acme", "--time-zone", "Europe/Berlin", "--json")
    assert made.done().json == {"name": "acme", "time_zone": "Europe/Berlin"}
    listed = kept("tenants", "list", "--json").done().json
    assert made.json in listed
    kept("tenants", "create", "acme").failed(2, "already a tenant named acme")
    kept("tenants", "create", "Acme!").failed(2, "cannot name a tenant")
    kept("tenants", "create", "else", "--time-zone", "Mars").failed(2, "Mars is no time zone.")


def test_upgrade_leaves_what_is_up_to_date(kept: Kept, services: Services) -> None:
    done = kept("upgrade", "--json").done().json
    ours = next(one for one in done if one["tenant"] == services.tenant.name)
    assert ours == {"tenant": services.tenant.name, "migrations": [], "rebuilt": []}
    assert "was up to date" in kept("upgrade").done().out


def test_a_rebuild_equals_the_live_read_model(kept: Kept, services: Services) -> None:
    for name in ("Acme", "星河"):
        services.issue(RegisterCustomer(name=name, kind=Kind.ORGANISATION))
    report = kept("rebuild", "--all", "--json").done().json
    assert all(one["equals_live"] for one in report["models"])
    rows = {one["name"]: one["rows"] for one in report["models"]}
    assert rows["customers"] == 2
    again = kept("rebuild", "customers", "--json").done().json
    before = next(one for one in report["models"] if one["name"] == "customers")
    assert again["models"][0]["checksum"] == before["checksum"]
    assert "yes" in kept("rebuild", "customers").done().out


def test_a_rebuild_asks_for_names(kept: Kept) -> None:
    kept("rebuild").failed(2, "Name read models, or give --all.")
    kept("rebuild", "nonsense").failed(2, "There is no read model nonsense.")
    kept("rebuild", "users", "--all").failed(2, "Name read models, or give --all.")


@pytest.fixture
def parked(database: Database, services: Services) -> UUID:
    """A customer whose row waits, because somebody parked it."""
    receipt = services.issue(RegisterCustomer(name="Acme", kind=Kind.ORGANISATION))
    services.runner.catch_up()
    with database.connect("projector", services.tenant.schema) as connection:
        connection.execute(
            "INSERT INTO parked (projection, stream, position, error) VALUES (%s, %s, %s, %s)",
            ["customers", receipt.stream, receipt.position, "KeyError in customers"],
        )
    return receipt.stream


def test_parked_rows_are_listed_and_tried_again(kept: Kept, parked: UUID) -> None:
    [row] = kept("parked", "--json").done().json
    assert (row["model"], row["stream"]) == ("customers", str(parked))
    assert "KeyError in customers" in kept("parked").done().out
    assert kept("parked", "retry", "tickets", "--json").done().json == []
    [tried] = kept("parked", "retry", "--json").done().json
    assert tried["folded"] is True
    assert "No row waits." in kept("parked").done().out


def test_a_row_goes_on_without_the_event_that_it_waits_at(
    kept: Kept, parked: UUID, services: Services
) -> None:
    kept("parked", "skip", "tickets", parked, "--reason", "x").failed(2, "no row of this record")
    kept("parked", "skip", "customers", "C-1", "--reason", "x").failed(2, "is no id")
    kept("parked", "skip", "customers", parked, "--reason", " ").failed(2, "--reason: is empty.")
    given = ("customers", parked, "--reason", "A fault of release 1.2", "--json")
    done = kept("parked", "skip", *given).done().json
    assert (done["folded"], done["skipped_at"]) == (True, services.log.head())
    assert "No row waits." in kept("parked").done().out
    assert kept("rebuild", "customers", "--json").done().json["models"][0]["rows"] == 0
    told = kept("history", "--record", SKIPPED_EVENTS).done().out
    assert "because A fault of release 1.2" in told
