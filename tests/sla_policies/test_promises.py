"""Promises through the whole house: decided from memory, seen by every process, judged anew."""

import csv
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from api.envelopes import system_envelope
from api.imports.incidents import import_incidents
from api.service_levels import Report, report
from api.services import Services
from commands.customers import RegisterCustomer
from commands.dispatcher import Order
from commands.sla_policies import ChangeSlaPolicy, DefineSlaPolicy
from commands.tickets import AddTicketMessage, OpenTicket, ReplyToTicket
from domain.customers import Kind
from domain.service_clocks import judge
from domain.service_levels import DEFAULT_TARGETS, Outcome, Promise, Target, Targets
from domain.sla_policies import DEFAULT_SLA_POLICY
from domain.tickets import Priority
from projections import DERIVED, PROJECTIONS
from projections.analytics import DEFINITIONS
from projections.analytics.kernel import Asked
from projections.readers import KEPT
from projections.rebuild import rebuild
from projections.ticket_clocks import ticket_clocks
from store.lists import Query
from tests.imports.conftest import real, run_import

FIRE = OpenTicket(subject="Fire", priority=Priority.HIGH)
LONG_AGO = datetime(2016, 1, 1, tzinfo=UTC)
HALF_AN_HOUR = Targets(
    high=Promise(
        first_response=Target(minutes=30),
        next_response=Target(minutes=30),
        resolution=Target(minutes=30),
    )
)


def types(services: Services, stream: Any) -> list[str]:
    return [one.type for one in services.log.load(stream)]


def test_that_there_is_no_default_is_remembered_until_there_is_one(services: Services) -> None:
    """Every ticket asks for it: without a look at the database, and without missing it."""
    assert types(services, services.issue(FIRE).stream) == ["TicketOpened"]
    sent = services.dispatcher.send(Order(FIRE, system_envelope()))
    assert sent is not None
    assert types(services, services.dispatcher.receive(sent).stream) == ["TicketOpened"]
    with closing(Services.open(services.database, services.tenant.name)) as another_process:
        another_process.issue(DefineSlaPolicy(name="Usual"), DEFAULT_SLA_POLICY)
    promised = ["TicketOpened", "TicketSlaPolicyAssigned"]
    assert types(services, services.issue(FIRE).stream) == promised


def test_what_was_looked_up_as_something_else_is_found_all_the_same(services: Services) -> None:
    """The default's id as a customer's, by mistake or on purpose, before there is a default."""
    wrong = OpenTicket(subject="Fire", priority=Priority.HIGH, customer_id=DEFAULT_SLA_POLICY)
    with pytest.raises(Exception, match="there is no customer"):
        services.issue(wrong)
    with closing(Services.open(services.database, services.tenant.name)) as another_process:
        another_process.issue(DefineSlaPolicy(name="Usual"), DEFAULT_SLA_POLICY)
    assert "TicketSlaPolicyAssigned" in types(services, services.issue(FIRE).stream)


def test_a_row_is_the_same_live_rebuilt_and_judged_from_the_log(services: Services) -> None:
    began = datetime.now(UTC) - timedelta(days=3)
    services.issue(DefineSlaPolicy(name="Usual"), DEFAULT_SLA_POLICY, occurred_at=began)
    customer = services.issue(RegisterCustomer(name="Acme", kind=Kind.ORGANISATION)).stream
    fire = OpenTicket(subject="Fire", priority=Priority.HIGH, customer_id=customer)
    ticket = services.issue(fire, occurred_at=began).stream
    answer, question = ReplyToTicket(body="Water?"), AddTicketMessage(body="Yes")
    later = began + timedelta(hours=1)
    services.issue(answer, ticket, occurred_at=later, actor=customer)
    services.runner.catch_up()  # what follows is folded into a row that was stored
    services.issue(ChangeSlaPolicy(targets=HALF_AN_HOUR), DEFAULT_SLA_POLICY, occurred_at=later)
    services.issue(question, ticket, occurred_at=later)
    services.runner.catch_up()
    [row] = services.gate.page(KEPT, "ticket_clocks", Query(sort="opened_at")).items
    assert row["first_response_outcome"] == "met"
    assert row["next_response_due_at"] == _text(later + timedelta(minutes=30))
    assert row["resolution_due_at"] == _text(began + timedelta(hours=4))
    [made] = rebuild(services.log, PROJECTIONS, DERIVED, (ticket_clocks,))
    assert made.checksum == made.live_checksum
    clocks = judge(services.log.load(ticket))
    assert clocks.next_response is not None
    assert _text(clocks.next_response.due_at) == row["next_response_due_at"]


def _text(moment: datetime | None) -> str:
    assert moment is not None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# Recorded histories.

LINES = 1_200
PAUSED = ("Awaiting User Info", "Awaiting Evidence")
WITHIN = {
    "1 - Critical": DEFAULT_TARGETS.urgent,
    "2 - High": DEFAULT_TARGETS.high,
    "3 - Moderate": DEFAULT_TARGETS.medium,
    "4 - Low": DEFAULT_TARGETS.low,
}


def at(text: str) -> datetime:
    return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=UTC)


def missed_by(rows: list[dict[str, str]]) -> bool | None:
    """Whether a ticket that was never reopened took too long, by the file alone; None if it was, or
    has not ended, or changed its priority.
    """
    ended = [row for row in rows if row["incident_state"] in ("Resolved", "Closed")]
    if not ended or len({row["priority"] for row in rows}) > 1 or rows[-1]["reopen_count"] != "0":
        return None
    if rows[-1]["incident_state"] not in ("Resolved", "Closed") or rows[0] is ended[0]:
        return None
    until = rows.index(ended[0])
    if any(row["incident_state"] not in ("Resolved", "Closed") for row in rows[until:]):
        return None
    pauses = sum(
        (
            at(after["sys_updated_at"]) - at(row["sys_updated_at"])
            for row, after in pairwise(rows[: until + 1])
            if row["incident_state"] in PAUSED
        ),
        timedelta(0),
    )
    took = at(ended[0]["sys_updated_at"]) - at(rows[0]["opened_at"]) - pauses
    target = WITHIN[rows[0]["priority"]].resolution
    assert target is not None
    return took > timedelta(minutes=target.minutes)


@pytest.mark.real_input
def test_an_imported_history_is_judged_by_the_policy_of_its_time(
    services: Services, tmp_path: Any
) -> None:
    path = real("incident-servicenow/incident_event_log.first5998-original-labels.csv")
    part = tmp_path / "part.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)[:LINES]
    part.write_text("".join(lines), "utf-8")
    tickets: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in csv.DictReader(lines):
        tickets[row["number"]].append(row)
    for rows in tickets.values():
        rows.sort(key=lambda row: int(row["sys_mod_count"]))
    expected = {number: missed_by(rows) for number, rows in tickets.items()}
    recorded = sum(
        [row for row in rows if row["made_sla"] != "?"][-1]["made_sla"].lower() == "false"
        for rows in tickets.values()
    )

    services.issue(DefineSlaPolicy(name="Usual"), DEFAULT_SLA_POLICY, occurred_at=LONG_AGO)
    run_import(services, "incidents", lambda one: import_incidents(one, part, UTC))
    services.runner.catch_up()
    streams = services.log.holders(
        "tickets", "external_id", [f"incidents\n{number}" for number in tickets]
    )
    judged = 0
    for number, is_missed in expected.items():
        if is_missed is None:
            continue
        resolution = judge(services.log.load(streams[f"incidents\n{number}"])).resolution
        assert resolution is not None
        assert (resolution.outcome is Outcome.MISSED) == is_missed, number
        judged += 1
    assert judged > 0.7 * len(tickets)
    found = report(services.gate, datetime.now(UTC))
    assert (found.tickets, found.counted(recorded="missed")) == (len(tickets), recorded)
    figures_agree(services, found)
    began_ended = [
        rows for rows in tickets.values() if rows[0]["incident_state"] in ("Resolved", "Closed")
    ]
    assert found.counted(because="no_policy") == 0
    assert found.counted(because="no_target") == len(began_ended)
    assert found.counted(ours="missed") >= sum(one is True for one in expected.values())


def figures_agree(services: Services, found: Report) -> None:
    """The same counts by the figures as by the report."""
    analytics, question = services.analytics, Asked(date(2020, 1, 1))
    verdicts = analytics.groups(
        DEFINITIONS["service_level_verdicts"],
        replace(question, by=("recorded", "ours", "difference")),
        1,
    )
    compared = {
        (one.recorded, one.ours, one.because and one.because.value): one.tickets
        for one in found.compared
    }
    assert len(compared) > 3
    assert {
        (one.by["recorded"], one.by["ours"].replace("_", " "), one.by["difference"]): (
            one.figures["tickets"]
        )
        for one in verdicts
    } == compared
    [whole] = analytics.groups(DEFINITIONS["service_level_verdicts"], question, 1)
    assert whole.figures["missed"] == found.counted(ours="missed") > 0
    promises = analytics.groups(
        DEFINITIONS["service_levels"], replace(question, by=("measure",)), 1
    )
    judged = {one.by["measure"]: one.figures for one in promises}
    for name in ("met", "missed"):
        assert judged["resolution"][name] == found.outcomes["resolution"][name] > 0
