"""import, as people and programs call it."""

import csv
import signal
from pathlib import Path

import pytest

from api.imports.incident_log import COLUMNS
from api.services import Services
from store.tenants import Tenant
from tests.cli.conftest import Kept, process

STATES = ("New", "Active", "Resolved", "Closed")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Two tickets in four states each; the second has an urgency of nobody's."""
    return _written(tmp_path / "log.csv", 2)


def _written(path: Path, tickets: int) -> Path:
    with path.open("w", newline="") as text:
        table = csv.DictWriter(text, COLUMNS, restval="?")
        table.writeheader()
        for number in range(tickets):
            for count, state in enumerate(STATES):
                table.writerow(
                    {
                        "number": f"{number:07}",
                        "incident_state": state,
                        "sys_mod_count": count,
                        "sys_updated_at": f"1/3/2016 {8 + count:02}:00",
                        "urgency": "9" if number == 1 and not count else "?",
                    }
                )
    return path


def test_an_import_reports_to_programs(kept: Kept, log: Path, tmp_path: Path) -> None:
    report = tmp_path / "rows.csv"
    summary = kept("import", "incidents", log, "--json", "--report", report).done().json
    assert summary["opened"] == {"tickets": 2}
    assert summary["events"] == 8
    assert summary["rows"] == {"mended": 1}
    with report.open() as text:
        [note] = [*csv.DictReader(text)]
    assert (note["line"], note["record"], note["outcome"]) == ("6", "0000001", "mended")
    again = kept("import", "incidents", log, "--json").done().json
    assert (again["events"], again["known"]) == (0, {"tickets": 2})


def test_an_import_tells_people(kept: Kept, log: Path) -> None:
    ran = kept("import", "incidents", log).done()
    assert "tickets: 2 new" in ran.out
    assert "1 rows mended: urgency: is a word not known here" in ran.out
    assert "add --report FILE.csv" in ran.err
    assert "2 were here" in kept("import", "incidents", log).done().out


def test_an_import_has_an_actor_and_a_zone(kept: Kept, services: Services, log: Path) -> None:
    key = ("--role", "admin", "--user", "ada@example.com", "--name", "Ada", "--json")
    made = kept("keys", "create", *key).done().json
    options = ("--as", "ada@example.com", "--time-zone", "America/New_York")
    kept("import", "incidents", log, *options).done()
    last = services.log.read(services.log.head() - 1, 1)[0]
    assert str(last.actor) == made["user_id"]
    assert last.occurred_at.hour == 16
    assert kept("sql", "SELECT count(*) AS n FROM tickets", "--json").json == [{"n": 2}]


def test_what_cannot_be_imported_is_told(kept: Kept, log: Path, tmp_path: Path) -> None:
    kept("import", "incidents", tmp_path / "nothing").failed(2, "There is no file")
    kept("import", "maven-crm", tmp_path).failed(2, "There is no accounts.csv")
    kept("import", "incidents", log, "--as", "eve@example.com").failed(2, "There is no user")
    kept("import", "incidents", log, "--time-zone", "Mars").failed(2, "Mars is no time zone.")
    nowhere = tmp_path / "no" / "rows.csv"
    kept("import", "incidents", log, "--report", nowhere).failed(1, "No such file or directory")


def test_ctrl_c_ends_an_import_between_two_records(
    services: Services, tenant: Tenant, tmp_path: Path
) -> None:
    log = _written(tmp_path / "long.csv", 4_000)
    running = process("--tenant", tenant.name, "import", "incidents", str(log))
    while services.log.head() < 100 and running.poll() is None:
        signal.sigtimedwait([], 0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "it goes on where it stopped" in err
    assert "Traceback" not in err
    assert 100 < services.log.head() < 16_000
