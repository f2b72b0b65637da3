"""What imports share: dirt is reported by line, nothing is doubled, kills are survived."""

import csv
import io
import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.cli.shared import command_line_reader
from api.imports.crowd import each
from api.imports.incident_log import COLUMNS
from api.imports.incidents import import_incidents
from api.imports.intake import ImportStopped, Intake
from api.imports.report import Note, Report
from api.services import Services
from commands.dispatcher import Dispatcher
from store.database import Database
from store.errors import LogFull
from store.lists import Query
from tests.imports.conftest import Notes, events_of, kill_after, own_tenant, process, run_import

DAY = "1/3/2016"
USUAL = dict.fromkeys(COLUMNS, "?") | {
    "number": "0000001",
    "incident_state": "New",
    "active": "true",
    "reassignment_count": "0",
    "reopen_count": "0",
    "sys_mod_count": "0",
    "made_sla": "true",
    "opened_at": f"{DAY} 08:00",
    "sys_updated_by": "21",
    "sys_updated_at": f"{DAY} 08:15",
    "contact_type": "Phone",
    "impact": "2",
    "urgency": "2",
    "priority": "3",
    "knowledge": "false",
    "u_priority_confirmation": "false",
    "notify": "Do Not Notify",
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes an incident log; each row is what differs from the usual one."""

    def write_rows(*rows: dict[str, str], header: tuple[str, ...] = COLUMNS) -> Path:
        path = tmp_path / "log.csv"
        with path.open("w", newline="") as text:
            table = csv.writer(text)
            table.writerow(header)
            table.writerows([(USUAL | row).values() for row in rows])
        return path

    return write_rows


def run(services: Services, path: Path) -> tuple[Intake, Notes]:
    return run_import(services, "incidents", lambda one: import_incidents(one, path, UTC))


def shown(services: Services, fields: str) -> list[list[Any]]:
    """Fields of every ticket."""
    services.runner.catch_up()
    page = services.gate.page(command_line_reader(), "tickets", Query(sort="number", limit=200))
    return sorted([row[name] for name in fields.split()] for row in page.items)


def test_a_ticket_has_its_states_in_their_own_time(services: Services, write: Write) -> None:
    active = {"incident_state": "Active", "assignment_group": "70"}
    closed = active | {"incident_state": "Closed", "sys_updated_at": f"{DAY} 09:00"}
    path = write(
        {},
        active | {"sys_mod_count": "1"},
        active | {"sys_mod_count": "2", "sys_updated_by": "22"},
        closed | {"sys_mod_count": "3"},
    )
    intake, notes = run(services, path)
    assert intake.opened == {"tickets": 1}
    kinds = [one.type for one in events_of(services)][1:]
    assert kinds == [
        "TicketRecorded",
        "TicketChangeRecorded",
        "TicketAssigned",
        "TicketTransitionRecorded",
        "TicketTransitionRecorded",
    ]
    last = [*events_of(services)][-1]
    assert last.occurred_at == datetime(2016, 3, 1, 9, tzinfo=UTC)
    assert getattr(last.event, "broken_rule", None) == "skipped_resolved"
    assert notes.of("unchanged") == {4: "only the count, the time and who updated it moved on"}


def test_rows_are_taken_in_the_order_of_their_count(services: Services, write: Write) -> None:
    path = write(
        {},
        {"sys_mod_count": "2", "incident_state": "Resolved"},
        {"sys_mod_count": "1", "incident_state": "Active"},
    )
    run(services, path)
    states = [getattr(one.event, "source_state", None) for one in events_of(services)]
    assert [one for one in states if one] == ["New", "Active", "Resolved"]


def test_dirt_is_told_by_line(services: Services, write: Write) -> None:
    path = write(
        {"number": "1", "impact": "9", "contact_type": "Pigeon"},
        {"number": "2", "sys_updated_at": "31/2/2016 08:00"},
        {"number": "3", "sys_mod_count": "few"},
        {"number": "4", "category": "x" * 300},
        {"number": "5", "sys_mod_count": "4"},
        {"number": "5", "sys_mod_count": "1"},
        {"number": "5", "sys_mod_count": "1", "incident_state": "Active"},
        {"number": "4", "sys_mod_count": "1"},
    )
    with path.open("a") as text:
        text.write("6,New\r\n")
    _, notes = run(services, path)
    assert notes.of("not_taken") == {
        3: "sys_updated_at: is no time such as 29/2/2016 01:23",
        4: "sys_mod_count: is no number",
        8: "sys_mod_count: an earlier row of the ticket has the same",
        9: "number: the ticket stands in two places. Sort by number",
        10: "has 2 cells, not 36",
    }
    mended = [(note.line, note.reason) for note in notes.notes if note.outcome == "mended"]
    assert sorted(mended) == [
        (2, "contact_type: is a word not known here. Left out"),
        (2, "impact: is a word not known here. Left out"),
        (5, "category: String should have at most 200 characters. It was left out."),
        (6, "sys_mod_count: is damaged in the first row. Taken as 0"),
    ]
    assert shown(services, "external_id channel impact category") == [
        ["1", "unknown", None, None],
        ["4", "phone", "medium", None],
        ["5", "phone", "medium", None],
    ]


def test_a_state_of_nobody_is_kept_and_flagged(services: Services, write: Write) -> None:
    run(services, write({}, {"sys_mod_count": "1", "incident_state": "-100"}))
    fields = "source_state status broken_rule"
    assert shown(services, fields) == [["-100", "new", "unknown_state"]]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "has no column number"),
        ("a,b\r\n1,2\r\n", "has no column number"),
        (",".join(reversed(COLUMNS)) + "\r\n", "stand in another order"),
    ],
)
def test_another_file_is_refused(services: Services, tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text)
    with pytest.raises(ImportStopped, match=part):
        run(services, path)
    with pytest.raises(ImportStopped, match="There is no file"):
        run(services, tmp_path / "nothing.csv")


def test_again_with_more_rows_takes_only_those(services: Services, write: Write) -> None:
    rows = [{}, {"sys_mod_count": "1", "incident_state": "Active"}]
    run(services, write(*rows))
    before = services.log.head()
    rows += [{"sys_mod_count": "2", "incident_state": "Resolved"}, {"number": "0000002"}]
    intake, _ = run(services, write(*rows))
    assert services.log.head() == before + 2
    assert (intake.known, intake.opened) == ({"tickets": 1}, {"tickets": 1})


def test_two_runs_at_once_double_nothing(services: Services, write: Write) -> None:
    rows = [
        {"number": f"{number:07}", "sys_mod_count": str(count), "incident_state": state}
        for number in range(60)
        for count, state in enumerate(("New", "Active", "Resolved", "Closed"))
    ]
    path = write(*rows)
    threads = [threading.Thread(target=run, args=(services, path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(one.type for one in events_of(services)) == {
        "PipelineDefined": 1,
        "TicketRecorded": 60,
        "TicketTransitionRecorded": 180,
    }


def test_a_full_queue_is_waited_for(
    services: Services, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a ticket's commands find the queue full. They are tried again."""
    dispatch_all, times = Dispatcher.dispatch_all, Counter[str]()

    def often_full(self: Dispatcher, orders: Any) -> Any:
        times["called"] += 1
        if times["called"] > 1:
            return dispatch_all(self, orders)
        half = len(orders) // 2
        return [*dispatch_all(self, orders[:half]), *(LogFull() for _ in orders[half:])]

    monkeypatch.setattr(Dispatcher, "dispatch_all", often_full)
    monkeypatch.setattr("api.imports.intake.WAIT", 0.01)
    states = ("New", "Active", "Awaiting Vendor", "Active", "Resolved", "Closed")
    path = write(*({"sys_mod_count": str(n), "incident_state": s} for n, s in enumerate(states)))
    _, notes = run(services, path)
    told = [getattr(one.event, "source_state", None) for one in events_of(services)]
    assert [one for one in told if one] == [*states]
    assert not notes.of("not_taken")


PEOPLE = {
    "caller_id": "canary-caller-01",
    "opened_by": "canary-opened-02",
    "sys_created_by": "canary-creator03",
    "sys_updated_by": "canary-updater04",
    "assigned_to": "canary-assigned5",
    "resolved_by": "canary-resolver6",
    "location": "canary-location7",
    "number": "canary-number-08",
}


def test_people_are_not_in_the_log(services: Services, write: Write) -> None:
    others = {name: cell.replace("canary", "Canary") for name, cell in PEOPLE.items()}
    others["number"] = PEOPLE["number"]
    path = write(PEOPLE, others | {"sys_mod_count": "1", "incident_state": "Resolved"})
    run(services, path.rename(path.with_name("canary-file-0009")))
    [seen] = shown(services, "source_caller source_assignee location")
    assert seen == ["Canary-caller-01", "Canary-assigned5", "Canary-location7"]
    with services.database.borrow("writer", services.tenant.schema) as connection:
        for table in ("events", "personal_data", "unique_values", "parked"):
            rows = connection.execute(f"SELECT t::text FROM {table} t".encode()).fetchall()
            assert "canary" not in str(rows).casefold()


@pytest.mark.faults
def test_a_killed_import_goes_on_where_it_stopped(database: Database, write: Write) -> None:
    states = ("New", "Active", "Awaiting User Info", "Active", "Resolved", "Closed")
    rows = [
        {
            "number": f"{number:07}",
            "sys_mod_count": str(count),
            "incident_state": state,
            "assignment_group": str(count % 3),
            "made_sla": "true" if count < 3 else "false",
            "sys_updated_at": f"{DAY} {8 + count:02}:15",
        }
        for number in range(1_500)
        for count, state in enumerate(states)
    ]
    path = write(*rows)
    with own_tenant(database, "whole") as whole, own_tenant(database, "killed") as killed:
        run(whole, path)
        deaths = [kill_after(killed, at, "incidents", str(path)) for at in (50, 1_500, 6_000)]
        assert all(deaths)
        running = process("killed", "incidents", str(path), "--json")
        out, err = running.communicate()
        assert running.returncode == 0, err
        assert json.loads(out)["known"]["tickets"] > 0
        assert _facts(killed) == _facts(whole)


def _facts(services: Services) -> Counter[str]:
    """What happened when, without what two runs of the same differ in."""
    names = ("type", "version", "occurred_at", "data", "source")
    return Counter(
        repr([one.body[name] for name in names] + [one.trace.get("file")])
        for one in events_of(services)
        if one.body["source"]["kind"] == "import"
    )


def test_a_failure_stops_all_and_is_told() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 5:
            raise ZeroDivisionError
        done.append(number)

    with pytest.raises(ZeroDivisionError):
        each(range(10_000), work, workers=3)
    assert len(done) < 100
    with pytest.raises(KeyError):
        each((1 // {}[one] for one in "a"), work, workers=3)  # type: ignore[index]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_report_is_written_as_its_name_says(tmp_path: Path, name: str) -> None:
    note = Note("f.csv", 7, "0001", "mended", "sector: technolgy, that is, technology")
    with Report.to(tmp_path / name) as report:
        report.add(note)
    text = (tmp_path / name).read_text()
    if name.endswith(".csv"):
        [written] = csv.DictReader(io.StringIO(text))
    else:
        written = json.loads(text)
    wanted = note._asdict()
    assert written == (wanted if name.endswith("l") else {k: str(v) for k, v in wanted.items()})
    assert report.summary() == [{"outcome": "mended", "reason": note.reason, "rows": 1}]
