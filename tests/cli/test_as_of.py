"""kept as-of: dated copies, listed, asked and dropped."""

from datetime import UTC, datetime, timedelta

from api.services import Services
from commands.customers import RegisterCustomer
from domain.customers import Kind
from tests.cli.conftest import Kept


def test_a_copy_is_made_listed_asked_and_dropped(kept: Kept, services: Services) -> None:
    services.issue(RegisterCustomer(name="Acme", kind=Kind.ORGANISATION))
    moment = datetime.now(UTC)
    services.issue(RegisterCustomer(name="Later", kind=Kind.ORGANISATION))
    assert "There is no dated copy." in kept("as-of").done().out
    made = kept("as-of", moment.isoformat(), "--schema", "before", "--json").done().json
    assert made["schema"] == services.tenant.dated("before")
    assert {one["name"]: one["rows"] for one in made["models"]}["customers"] == 1
    count = "SELECT count(*) AS customers FROM customers"
    assert kept("sql", count, "--json", "--copy", "before").done().json == [{"customers": 1}]
    assert kept("sql", count, "--json").done().json == [{"customers": 2}]
    [row] = kept("as-of", "--json").done().json
    assert (row["name"], datetime.fromisoformat(row["as_of"])) == ("before", moment)
    assert made["schema"] in kept("as-of").done().out
    again = kept("as-of", "2025-01-31", "--schema", "before")
    again.failed(2, "There is already a dated copy named before.")
    kept("as-of", "--drop", "before").done()
    kept("sql", count, "--copy", "before").failed(2, "There is no dated copy named before.")
    kept("as-of", "--drop", "before").failed(2, "There is no dated copy named before.")


def test_what_cannot_be_is_said(kept: Kept) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    kept("as-of", tomorrow, "--schema", "march").failed(2, "date: is not over yet.")
    kept("as-of", "2025-01-31").failed(2, "A copy needs a date and a name: kept as-of")
    kept("as-of", "--schema", "march").failed(2, "A copy needs a date and a name: kept as-of")
    kept("as-of", "--drop", "a", "--schema", "b").failed(2, "--drop: goes with nothing else.")
    kept("as-of", "soon", "--schema", "march").failed(2, "soon is no time.")
