"""Another SLA policy over past tickets. Times are hours after nine on a Monday."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.envelope import Recorded
from domain.kernel import Event, replace
from domain.service_levels import DEFAULT_TARGETS, Measure, Outcome, Targets, Terms, promised
from domain.sla_policies import Revision, SlaPolicy
from domain.ticket_history import Status, WaitingFor
from domain.tickets import (
    Direction,
    Priority,
    TicketMessageAdded,
    TicketOpened,
    TicketPriorityChanged,
    TicketPutOnHold,
    TicketRecorded,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketSlaPolicyAssigned,
    TicketTransitionRecorded,
)
from projections.ticket_clocks import TicketClockRow, ticket_clocks
from projections.what_if.kernel import Period
from projections.what_if.sla import Judged, SlaTally, fold
from projections.what_if.sla_report import SLA_POLICY
from tests.dsl import id_of
from tests.projections.telling import Told, hour, log_of, row, told

END = hour(1_000)
PERIOD = Period(ZoneInfo("Asia/Shanghai"), END)
GOLD = id_of("gold")
USUAL = Terms(targets=DEFAULT_TARGETS, pauses=(WaitingFor.CUSTOMER,))


def policy(terms: Terms) -> SlaPolicy:
    """In force from the beginning."""
    ever = datetime(1, 1, 1, tzinfo=UTC)
    return SlaPolicy(revisions=(Revision(number=1, in_force_from=ever, terms=terms),))


def times(factor: float) -> Terms:
    """All of what is usual, in so many times the time."""

    def minutes(count: int) -> int:
        return max(int(count * factor), 1)

    targets = {
        name: promised(minutes(promise.first_response.minutes), minutes(promise.resolution.minutes))
        for name, promise in DEFAULT_TARGETS
    }
    return replace(USUAL, targets=Targets(**targets))


def said(direction: Direction) -> TicketMessageAdded:
    return TicketMessageAdded(
        message_id=id_of("message"), public=True, direction=direction, body="Water?"
    )


opened = TicketOpened(subject="Fire", priority=Priority.HIGH)
assigned = TicketSlaPolicyAssigned(sla_policy_id=GOLD, sla_policy_revision=1, sla_terms=USUAL)
resolved = TicketResolved(resolution="Water", reopen_until=END)
question, answer = said(Direction.IN), said(Direction.OUT)
STEPS: tuple[Event, ...] = (
    *(question, answer, resolved, TicketReopened(), TicketResumed()),
    *(TicketPutOnHold(waiting_for=one) for one in WaitingFor),
    *(TicketPriorityChanged(priority=one) for one in (Priority.URGENT, Priority.LOW)),
)
stories = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(STEPS)), max_size=8)


def at(hours: float, event: Event, **envelope: Any) -> Told:
    return told(event, occurred_at=hour(0) + timedelta(hours=hours), **envelope)


def story(*steps: tuple[float, Event]) -> list[Told]:
    """A ticket that was opened at nine under the usual terms, and then had this happen to it."""
    steps = tuple(sorted(steps, key=lambda one: one[0]))
    return [at(0, opened, number="T-1"), at(0, assigned), *(at(*one) for one in steps)]


def judged(events: Sequence[Recorded], terms: Terms) -> Judged:
    return fold(policy(terms), PERIOD, events)


def rows_of(*tickets: Judged) -> dict[str, list[dict[str, Any]]]:
    """The report, by sheet and column."""
    tally = SlaTally(policy(USUAL), PERIOD)
    for one in tickets:
        tally.count(one)
    found = tally.rows()
    return {
        sheet.name: [
            dict(zip([one.name for one in sheet.columns], cells, strict=True))
            for cells in found[sheet.name]
        ]
        for sheet in SLA_POLICY.sheets
    }


@given(stories)
@settings(max_examples=60, deadline=None)
def test_the_policy_in_force_replayed_is_what_is_shown_live(steps: list[Any]) -> None:
    """As somebody finds it who looks at the end."""
    ticket = judged(log_of(*story(*steps)), USUAL)
    live = row(ticket_clocks, *story(*steps))
    assert isinstance(live, TicketClockRow)
    assert all(one.before == one.after for one in ticket.clocks)
    shown = {one.measure: one.looked_at(END) for one in live.clocks}
    assert {one.measure: one.before for one in ticket.clocks} == shown
    passed = [one.before for one in ticket.clocks if one.measure is Measure.NEXT_RESPONSE][:-1]
    assert sum(one.was_missed for one in passed) == live.next_responses_missed


@given(stories, st.floats(0.01, 1))
@settings(max_examples=60, deadline=None)
def test_a_stricter_policy_never_misses_fewer(steps: list[Any], factor: float) -> None:
    ticket = judged(log_of(*story(*steps)), times(factor))
    assert not any(one.before.was_missed and not one.after.was_missed for one in ticket.clocks)


def test_every_next_response_counts_and_not_only_the_last() -> None:
    steps = [(0.5, answer), (2, question), (5, answer), (6, question), (6.5, answer)]
    found = rows_of(judged(log_of(*story(*steps)), times(6)))
    next_responses = found["targets"][1]
    assert (next_responses["measure"], next_responses["clocks"]) == ("next_response", 2)
    assert (next_responses["before_met"], next_responses["before_missed"]) == (1, 1)
    assert (next_responses["after_met"], next_responses["newly_met"]) == (2, 1)


def test_the_report_says_what_changes_and_by_how_much() -> None:
    late = judged(log_of(*story((0.5, answer), (6, resolved))), times(2))
    never = judged(log_of(*story((0.5, answer), (30, question))), times(2))
    found = rows_of(late, never)
    first, following, resolution = found["targets"]
    assert (first["measure"], first["before_missed_share"]) == ("first_response", Decimal(0))
    assert following["before_missed"] == following["after_missed"] == 1
    assert resolution["before_missed"] == 2
    # Two hours of the first; the other one runs on until the end.
    assert resolution["before_hours_over"] == Decimal(2 + 996)
    assert (resolution["after_met"], resolution["newly_met"], resolution["newly_missed"]) == (
        1,
        1,
        0,
    )
    assert [one["month"] for one in found["months"]] == ["2026-03"] * 3
    [changed] = found["changed"]
    assert (changed["number"], changed["measure"]) == ("T-1", "resolution")
    assert (changed["before_outcome"], changed["after_outcome"]) == ("missed", "met")
    assert (changed["before_due_at"], changed["after_due_at"]) == (hour(4), hour(8))


def test_nothing_is_promised_of_what_had_ended_when_it_was_recorded() -> None:
    recorded = TicketRecorded(status=Status.CLOSED, source_sequence=1, source_state="Closed")
    ended = judged(log_of(at(0, recorded)), USUAL)
    assert [one.after.outcome for one in ended.clocks] == [None]
    closed = TicketTransitionRecorded(
        source_state="Closed", source_sequence=2, status=Status.CLOSED
    )
    new = TicketRecorded(status=Status.NEW, source_sequence=1, source_state="New")
    judged_ = judged(log_of(at(0, new), at(1, closed)), USUAL)
    assert [one.after.outcome for one in judged_.clocks] == [Outcome.MET]


@given(st.lists(stories, min_size=1, max_size=4), st.integers(0, 4))
@settings(max_examples=30, deadline=None)
def test_tickets_that_are_counted_apart_are_counted_alike(histories: list[Any], cut: int) -> None:
    tickets = [judged(log_of(*story(*steps)), times(0.5)) for steps in histories]
    one, other, whole = (SlaTally(policy(USUAL), PERIOD) for _ in range(3))
    for number, ticket in enumerate(tickets):
        (one if number < cut else other).count(ticket)
        whole.count(ticket)
    one.add(other)
    assert one.rows() == whole.rows()
