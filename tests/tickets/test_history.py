"""Histories of other systems: every fact is kept, and the rule of ours that it broke with it."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from commands.kernel import Command, Records
from commands.ticket_history import RecordTicket, RecordTicketChange, RecordTicketTransition
from domain.kernel import Event, replace
from domain.ticket_history import BrokenRule, Status, WaitingFor
from domain.tickets import (
    Channel,
    Level,
    Priority,
    Ticket,
    TicketAssigned,
    TicketChangeRecorded,
    TicketPriorityChanged,
    TicketRecorded,
    TicketTransitionRecorded,
)
from domain.users import UserActivated, UserDeactivated, UserInvited
from tests.dsl import NOW, THIS, given, id_of, new_id, state_of

INCIDENTS = Path(__file__).parents[3] / "shared/data/incident-servicenow/incident_event_log.zip"

BOB, NOBODY = id_of("bob"), id_of("nobody")
bob = (UserInvited(name="Bob", email="bob@example.com"), UserActivated(), UserDeactivated())
IN_A_WEEK = NOW + timedelta(days=7)
AFTER_A_WEEK = IN_A_WEEK + timedelta(seconds=1)

recorded = TicketRecorded(
    source_system="servicenow",
    external_id="INC0000045",
    source_state="New",
    status=Status.NEW,
    source_sequence=0,
)


def ticket_of(*events: Event) -> Ticket:
    state = state_of(*events)
    assert isinstance(state, Ticket)
    return state


def went(state: str, status: Status, sequence: int, **fields: Any) -> TicketTransitionRecorded:
    return TicketTransitionRecorded(
        source_state=state, status=status, source_sequence=sequence, **fields
    )


active = went("Active", Status.OPEN, 1, previous_source_state="New")
resolved = went(
    "Resolved", Status.RESOLVED, 2, previous_source_state="Active", reopen_until=IN_A_WEEK
)
closed = went("Closed", Status.CLOSED, 3, previous_source_state="Resolved")


# The first row.


def test_a_ticket_of_another_system_may_have_neither_subject_nor_priority() -> None:
    given().when(
        RecordTicket(
            source_system="servicenow",
            external_id="INC0000045",
            source_state="New",
            status=Status.NEW,
            priority=None,
        )
    ).then(recorded)
    ticket = ticket_of(recorded)
    assert (ticket.subject, ticket.priority, ticket.status) == (None, Priority.MEDIUM, Status.NEW)
    assert list(ticket.claims()) == [("external_id", "servicenow\nINC0000045")]


def test_a_ticket_of_another_system_is_kept_as_it_stood_there() -> None:
    at = datetime(2016, 2, 29, 1, 16, tzinfo=UTC)
    told: dict[str, Any] = {
        "channel": Channel.PHONE,
        "priority": Priority.MEDIUM,
        "impact": Level.MEDIUM,
        "urgency": Level.MEDIUM,
        "category": "Category 55",
        "subcategory": "Subcategory 170",
        "symptom": "Symptom 72",
        "location": "Location 143",
        "configuration_item": "cmdb_ci 31",
        "vendor": "Vendor 1",
        "problem_reference": "Problem ID 2",
        "change_reference": "CHG0000132",
        "cause_reference": "CHG0000097",
        "queue": "Group 56",
        "resolution_code": "code 5",
        "made_sla": True,
        "knowledge": True,
        "priority_confirmed": False,
        "notify": "Do Not Notify",
        "source_caller": "Caller 2403",
        "source_opened_by": "Opened by  8",
        "source_created_by": "Created by 6",
        "source_assignee": "Resolver 17",
        "source_resolved_by": "Resolved by 149",
        "source_opened_at": at,
        "source_created_at": at,
        "source_resolved_at": at,
        "source_closed_at": at,
        "source_active": True,
        "source_reassignments": 0,
        "source_state": "Awaiting Vendor",
        "status": Status.PENDING,
        "waiting_for": WaitingFor.THIRD_PARTY,
        "reopen_count": 0,
    }
    given().when(RecordTicket(sequence=4, changed_by="Updated by 21", **told)).then(
        TicketRecorded(
            source_sequence=4,
            source_changed_by="Updated by 21",
            broken_rule=BrokenRule.DID_NOT_START_NEW,
            **told,
        )
    )


def test_a_history_may_begin_in_the_middle_or_in_a_state_that_is_none() -> None:
    given().when(RecordTicket(source_state="Resolved", status=Status.RESOLVED)).then(
        TicketRecorded(
            source_state="Resolved",
            status=Status.RESOLVED,
            source_sequence=0,
            reopen_until=IN_A_WEEK,
            broken_rule=BrokenRule.DID_NOT_START_NEW,
        )
    )
    given().when(RecordTicket(source_state="-100")).then(
        TicketRecorded(
            source_state="-100",
            status=Status.NEW,
            source_sequence=0,
            broken_rule=BrokenRule.UNKNOWN_STATE,
        )
    )


def test_who_worked_on_it_then_may_have_left_since_but_is_known() -> None:
    given().among({BOB: bob}).when(RecordTicket(assignee_id=BOB)).then(
        TicketRecorded(assignee_id=BOB, status=Status.NEW, source_sequence=0)
    )
    given().when(RecordTicket(assignee_id=NOBODY)).rejected("assignee_id: there is no user")
    given().when(RecordTicket(contact_id=NOBODY)).rejected("contact_id: there is no contact")
    given().when(RecordTicket(external_id="INC1")).rejected("Give both or neither")


@pytest.mark.parametrize("command", [RecordTicket, RecordTicketTransition, RecordTicketChange])
def test_recording_is_for_administrators(command: type[Command]) -> None:
    assert command.ADMIN


# Transitions.


def test_a_transition_is_recorded_with_the_state_it_came_from() -> None:
    given(recorded).when(
        RecordTicketTransition(
            source_state="Active", status=Status.OPEN, sequence=1, changed_by="Updated by 642"
        )
    ).then(replace(active, source_changed_by="Updated by 642"))
    ticket = ticket_of(recorded, active)
    assert (ticket.status, ticket.source_state, ticket.source_sequence) == (
        Status.OPEN,
        "Active",
        1,
    )


def test_a_transition_says_how_it_ended_and_for_whom_it_waits() -> None:
    given(recorded, active).when(
        RecordTicketTransition(
            source_state="Awaiting User Info",
            status=Status.PENDING,
            waiting_for=WaitingFor.CUSTOMER,
            sequence=2,
        )
    ).then(
        went(
            "Awaiting User Info",
            Status.PENDING,
            2,
            previous_source_state="Active",
            waiting_for=WaitingFor.CUSTOMER,
        )
    )
    given(recorded, active).when(
        RecordTicketTransition(
            source_state="Resolved",
            status=Status.RESOLVED,
            sequence=2,
            resolution_code="code 5",
            source_resolved_by="Resolved by 149",
            made_sla=False,
        )
    ).then(
        replace(
            resolved,
            resolution_code="code 5",
            source_resolved_by="Resolved by 149",
            made_sla=False,
        )
    )


@pytest.mark.parametrize("sequence", [0, 1])
def test_what_is_not_newer_yields_nothing_so_that_an_import_can_run_again(sequence: int) -> None:
    again = RecordTicketTransition(source_state="New", status=Status.NEW, sequence=sequence)
    given(recorded, active).when(again).nothing()


def test_what_is_older_than_a_recorded_change_yields_nothing() -> None:
    changed = TicketChangeRecorded(change_sequence=5, category="Category 9")
    late = RecordTicketTransition(source_state="Active", status=Status.OPEN, sequence=4)
    same_row = RecordTicketTransition(source_state="Active", status=Status.OPEN, sequence=5)
    given(recorded, changed).when(late).nothing()
    given(recorded, changed).when(same_row).then(replace(active, source_sequence=5))


def test_staying_in_a_state_is_no_transition() -> None:
    given(recorded, active).when(
        RecordTicketTransition(source_state="Active", status=Status.OPEN, sequence=2)
    ).nothing()


RULES: list[tuple[tuple[Event, ...], str, Status | None, BrokenRule | None]] = [
    ((recorded,), "Active", Status.OPEN, None),
    ((recorded, active), "Awaiting Vendor", Status.PENDING, None),
    ((recorded, active, resolved), "Closed", Status.CLOSED, None),
    ((recorded, active, resolved), "Active", Status.OPEN, None),
    ((recorded,), "Resolved", Status.RESOLVED, BrokenRule.SKIPPED_OPEN),
    ((recorded,), "Awaiting Problem", Status.PENDING, BrokenRule.SKIPPED_OPEN),
    ((recorded, active, resolved), "Awaiting Vendor", Status.PENDING, BrokenRule.SKIPPED_OPEN),
    ((recorded,), "Closed", Status.CLOSED, BrokenRule.SKIPPED_RESOLVED),
    ((recorded, active), "New", Status.NEW, BrokenRule.BACK_TO_NEW),
    ((recorded, active, resolved, closed), "Active", Status.OPEN, BrokenRule.CLOSED_IS_FINAL),
    ((recorded, active), "-100", None, BrokenRule.UNKNOWN_STATE),
]


@pytest.mark.parametrize(("history", "state", "status", "rule"), RULES)
def test_the_rule_that_a_transition_breaks_stands_beside_it(
    history: tuple[Event, ...], state: str, status: Status | None, rule: BrokenRule | None
) -> None:
    command = RecordTicketTransition(source_state=state, status=status, sequence=9)
    (event,) = command.decide(ticket_of(*history), NOW)
    assert isinstance(event, TicketTransitionRecorded)
    assert (event.source_state, event.broken_rule) == (state, rule)
    assert event.status is (status or ticket_of(*history).status), "unknown: it stays what it was"


def test_reopening_after_the_window_is_recorded_as_such() -> None:
    given(recorded, active, resolved).when(
        RecordTicketTransition(source_state="Active", status=Status.OPEN, sequence=3),
        now=AFTER_A_WEEK,
    ).then(
        went(
            "Active",
            Status.OPEN,
            3,
            previous_source_state="Resolved",
            reopened=True,
            broken_rule=BrokenRule.REOPENED_AFTER_WINDOW,
        )
    )


def test_a_gap_in_the_history_shows() -> None:
    given(recorded, active).when(
        RecordTicketTransition(
            source_state="Resolved",
            from_source_state="Awaiting Vendor",
            status=Status.RESOLVED,
            sequence=7,
        )
    ).then(
        went(
            "Resolved",
            Status.RESOLVED,
            7,
            previous_source_state="Awaiting Vendor",
            reopen_until=IN_A_WEEK,
            broken_rule=BrokenRule.GAP_IN_HISTORY,
        )
    )


def test_a_reopening_is_counted_as_the_source_counts_or_else_as_we_see_it() -> None:
    back = {"source_state": "Active", "status": Status.OPEN, "sequence": 4}
    expected = went("Active", Status.OPEN, 4, previous_source_state="Closed", reopened=True)
    against = replace(expected, broken_rule=BrokenRule.CLOSED_IS_FINAL)
    shut = (recorded, active, resolved, closed)
    given(*shut).when(RecordTicketTransition.model_validate(back)).then(against)
    given(*shut).when(RecordTicketTransition.model_validate(back | {"reopen_count": 3})).then(
        replace(against, reopen_count=3)
    )
    given(*shut).when(RecordTicketTransition.model_validate(back | {"reopened": False})).then(
        replace(against, reopened=False)
    )
    assert ticket_of(*shut, against).reopen_count == 1
    assert ticket_of(*shut, replace(against, reopen_count=3)).reopen_count == 3


def test_a_reopening_between_two_rows_is_recorded_though_the_state_is_the_same() -> None:
    given(recorded, active, resolved).when(
        RecordTicketTransition(
            source_state="Resolved", status=Status.RESOLVED, sequence=6, reopen_count=1
        )
    ).then(
        went(
            "Resolved",
            Status.RESOLVED,
            6,
            previous_source_state="Resolved",
            reopened=True,
            reopen_count=1,
            reopen_until=IN_A_WEEK,
            broken_rule=BrokenRule.GAP_IN_HISTORY,
        )
    )


# Changes.


def test_a_change_holds_what_differs_and_clocks_hear_of_priority_and_hands() -> None:
    given(recorded).among({BOB: bob}).when(
        RecordTicketChange(
            sequence=1,
            changed_by="Updated by 642",
            category="Category 55",
            priority=Priority.URGENT,
            queue="Group 56",
            assignee_id=BOB,
            source_reassignments=1,
            vendor=None,
        )
    ).then(
        TicketChangeRecorded(
            change_sequence=1,
            source_changed_by="Updated by 642",
            category="Category 55",
            source_reassignments=1,
        ),
        TicketAssigned(assignee_id=BOB, queue="Group 56"),
        TicketPriorityChanged(priority=Priority.URGENT),
    )


def test_a_change_of_hands_alone_still_counts_the_row() -> None:
    given(recorded).when(RecordTicketChange(sequence=3, queue="Group 56")).then(
        TicketChangeRecorded(change_sequence=3), TicketAssigned(queue="Group 56")
    )


def test_a_row_that_changes_nothing_yields_nothing() -> None:
    given(recorded).when(
        RecordTicketChange(sequence=1, changed_by="Updated by 642", priority=Priority.MEDIUM)
    ).nothing()


@pytest.mark.parametrize("sequence", [0, 1, 2])
def test_a_change_that_is_not_newer_yields_nothing(sequence: int) -> None:
    changed = TicketChangeRecorded(change_sequence=2, category="Category 55")
    given(recorded, changed).when(
        RecordTicketChange(sequence=sequence, category="Category 9")
    ).nothing()


def test_a_change_may_share_its_row_with_a_transition() -> None:
    given(recorded, active).when(RecordTicketChange(sequence=1, category="Category 55")).then(
        TicketChangeRecorded(change_sequence=1, category="Category 55")
    )


def test_a_change_points_only_at_what_is_there() -> None:
    given(recorded).when(RecordTicketChange(sequence=1, assignee_id=NOBODY)).rejected("no user")
    given(recorded).when(RecordTicketChange(sequence=1, customer_id=NOBODY)).rejected("no customer")


# The real thing.

STATES: dict[str, tuple[Status | None, WaitingFor | None]] = {
    "New": (Status.NEW, None),
    "Active": (Status.OPEN, None),
    "Awaiting User Info": (Status.PENDING, WaitingFor.CUSTOMER),
    "Awaiting Evidence": (Status.PENDING, WaitingFor.CUSTOMER),
    "Awaiting Vendor": (Status.PENDING, WaitingFor.THIRD_PARTY),
    "Awaiting Problem": (Status.PENDING, WaitingFor.THIRD_PARTY),
    "Resolved": (Status.RESOLVED, None),
    "Closed": (Status.CLOSED, None),
    "-100": (None, None),
}


def incidents() -> Iterator[list[dict[str, str]]]:
    """The rows of each ticket, in order; five first rows have a damaged count, taken as 0."""
    with zipfile.ZipFile(INCIDENTS) as packed, packed.open(packed.namelist()[0]) as raw:
        rows = csv.reader(io.TextIOWrapper(raw, "utf-8-sig"))
        names = next(rows)
        for _, group in groupby(rows, key=lambda row: row[0]):
            ticket = [dict(zip(names, row, strict=True)) for row in group]
            if int(ticket[0]["sys_mod_count"]) >= int(ticket[1]["sys_mod_count"]):
                ticket[0]["sys_mod_count"] = "0"
            yield sorted(ticket, key=lambda row: int(row["sys_mod_count"]))


def fold_incident(rows: list[dict[str, str]]) -> tuple[Ticket, list[Event]]:
    records = Records(lambda kind, stream: None, lambda: new_id(1), THIS)
    ticket, events = Ticket(), []
    for number, row in enumerate(rows):
        status, waiting_for = STATES[row["ident_state"]]
        now = datetime.strptime(row["sys_updated_at"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
        told: dict[str, Any] = {
            "source_state": row["ident_state"],
            "status": status,
            "waiting_for": waiting_for,
            "sequence": int(row["sys_mod_count"]),
            "reopen_count": int(row["reopen_count"]),
            "made_sla": row["made_sla"] == "true",
        }
        if number == 0:
            decided = [*RecordTicket.model_validate(told).decide(ticket, now, records)]
        else:
            decided = [*RecordTicketTransition.model_validate(told).decide(ticket, now)]
        for event in decided:
            ticket = event.evolve(ticket)
        events += decided
    return ticket, events


@pytest.mark.real_input
@pytest.mark.skipif(not INCIDENTS.exists(), reason="needs ../shared/data/incident-servicenow")
def test_real_histories_keep_every_transition_and_show_which_rules_they_broke() -> None:
    transitions: Counter[tuple[str | None, str]] = Counter()
    rules: Counter[BrokenRule | None] = Counter()
    tickets = reopened = missed = 0
    for rows in incidents():
        ticket, (first, *later) = fold_incident(rows)
        assert isinstance(first, TicketRecorded)
        rules[first.broken_rule] += 1
        for event in later:
            assert isinstance(event, TicketTransitionRecorded)
            transitions[event.previous_source_state, event.source_state] += 1
            rules[event.broken_rule] += 1
        tickets += 1
        reopened += ticket.reopen_count > 0
        missed += ticket.made_sla is False
        assert ticket.status is Status.CLOSED
    assert (tickets, len(transitions), reopened, missed) == (24_918, 40, 275, 9_115)
    assert transitions["Closed", "Active"] == rules[BrokenRule.CLOSED_IS_FINAL] == 12
    assert transitions["New", "Closed"] == 11
    assert rules[BrokenRule.DID_NOT_START_NEW] == 8_521
    assert rules[BrokenRule.UNKNOWN_STATE] == 2
