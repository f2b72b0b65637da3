"""The rules by which a ticket's clocks run, each in a story of its own. Times are hours after nine
on a Monday; what is promised for high priority is an answer in one and a resolution in four.
"""

import dataclasses
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.business_hours import BusinessHours, Opening, Weekday
from domain.envelope import SYSTEM
from domain.kernel import Event, replace
from domain.service_clocks import Clocks, judge
from domain.service_levels import (
    DEFAULT_TARGETS,
    Clock,
    CountedIn,
    Outcome,
    Promise,
    Target,
    Targets,
    Terms,
)
from domain.sla_policies import SlaPolicyChanged, SlaPolicyDefined
from domain.ticket_history import Status, WaitingFor
from domain.tickets import (
    Direction,
    Priority,
    TicketArchived,
    TicketClosed,
    TicketMarkedDuplicate,
    TicketMerged,
    TicketMessageAdded,
    TicketOpened,
    TicketPriorityChanged,
    TicketPutOnHold,
    TicketRecorded,
    TicketRejected,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketSlaPolicyAssigned,
    TicketStarted,
    TicketTransitionRecorded,
    TicketUnmerged,
)
from projections.ticket_clocks import TicketClockRow, ticket_clocks
from tests.dsl import id_of, state_of
from tests.projections.telling import ALICE, Told, hour, log_of, row, told

GOLD, SILVER = id_of("gold"), id_of("silver")
USUAL = Terms(targets=DEFAULT_TARGETS, pauses=(WaitingFor.CUSTOMER,))
SLOW = Terms(
    targets=Targets(
        high=Promise(
            first_response=Target(minutes=600),
            next_response=Target(minutes=600),
            resolution=Target(minutes=600),
        )
    )
)

opened = TicketOpened(subject="Fire", priority=Priority.HIGH)
usual = TicketSlaPolicyAssigned(sla_policy_id=GOLD, sla_policy_revision=1, sla_terms=USUAL)
slow = TicketSlaPolicyAssigned(sla_policy_id=SILVER, sla_policy_revision=1, sla_terms=SLOW)
resolved = TicketResolved(resolution="Water", reopen_until=hour(500))
on_hold = TicketPutOnHold(waiting_for=WaitingFor.CUSTOMER)
at_vendor = TicketPutOnHold(waiting_for=WaitingFor.THIRD_PARTY)
resumed = TicketResumed()


def said(direction: Direction, *, public: bool = True, by_bot: bool = False) -> TicketMessageAdded:
    return TicketMessageAdded(
        message_id=id_of("message"),
        public=public,
        direction=direction,
        by_bot=by_bot,
        body="Water?",
    )


question, answer = said(Direction.IN), said(Direction.OUT)


def at(hours: float, event: Event, **envelope: Any) -> Told:
    return told(event, occurred_at=hour(0) + timedelta(hours=hours), **envelope)


def begun(*history: Told, terms: TicketSlaPolicyAssigned = usual) -> Clocks:
    """A ticket that was opened at nine, and then had this happen to it."""
    return judge(log_of(at(0, opened), at(0, terms), *history))


def first(clocks: Clocks) -> Clock:
    assert clocks.first_response is not None
    return clocks.first_response


def following(clocks: Clocks) -> Clock:
    assert clocks.next_response is not None
    return clocks.next_response


def resolution(clocks: Clocks) -> Clock:
    assert clocks.resolution is not None
    return clocks.resolution


def hours_of(clock: Clock) -> float:
    return clock.calendar_us / 3_600_000_000


# Beginning and end.


def test_from_its_opening_a_ticket_is_due_to_be_answered_and_resolved() -> None:
    clocks = begun()
    assert (first(clocks).outcome, first(clocks).due_at) == (Outcome.DUE, hour(1))
    assert (resolution(clocks).outcome, resolution(clocks).due_at) == (Outcome.DUE, hour(4))
    assert clocks.next_response is None


def test_an_answer_in_time_meets_the_first_response() -> None:
    clocks = begun(at(1, answer))
    assert (first(clocks).outcome, first(clocks).ended_at) == (Outcome.MET, hour(1))
    assert hours_of(first(clocks)) == 1
    assert resolution(clocks).outcome is Outcome.DUE


def test_a_moment_too_late_is_missed() -> None:
    late = told(answer, occurred_at=hour(1) + timedelta(microseconds=1))
    assert first(begun(late)).outcome is Outcome.MISSED


@pytest.mark.parametrize(
    "ending",
    [
        resolved,
        TicketClosed(),
        TicketRejected(rejection_reason="Not ours", reopen_until=hour(500)),
        TicketMarkedDuplicate(duplicate_of_id=id_of("other"), reopen_until=hour(500)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_every_end_of_a_ticket_ends_all_its_clocks(ending: Event) -> None:
    in_time = begun(at(1, ending))
    assert [one.outcome for one in in_time.clocks] == [Outcome.MET, Outcome.MET]
    late = begun(at(2, ending))
    assert [one.outcome for one in late.clocks] == [Outcome.MISSED, Outcome.MET]
    assert not any(one.is_running for one in late.clocks)


def test_once_ended_nothing_moves_a_clock() -> None:
    clocks = begun(at(1, resolved), at(9, TicketClosed()), at(9, TicketArchived()))
    assert resolution(clocks).ended_at == hour(1)


def test_a_note_among_colleagues_is_no_answer() -> None:
    note = said(Direction.OUT, public=False)
    assert first(begun(at(0.5, note))).outcome is Outcome.DUE


# A bot.


@pytest.mark.parametrize(
    "by_bot",
    [
        at(0.1, said(Direction.OUT, by_bot=True)),
        at(0.1, answer, source="rule"),
        at(0.1, answer, actor=SYSTEM),
    ],
    ids=["marked", "sent by a rule", "of Kept's own"],
)
def test_a_bots_reply_is_no_answer(by_bot: Told) -> None:
    clocks = begun(by_bot, at(1, question))
    assert first(clocks).outcome is Outcome.DUE
    assert clocks.next_response is None
    again = begun(at(0.5, answer), at(1, question), again_at(by_bot, 1.5))
    assert following(again).outcome is Outcome.DUE


def again_at(one: Told, hours: float) -> Told:
    return dataclasses.replace(one, occurred_at=hour(0) + timedelta(hours=hours))


def test_what_kept_sends_for_somebody_is_an_answer_of_theirs() -> None:
    for_alice = replace(answer, author_user_id=ALICE)
    assert first(begun(at(0.1, for_alice, actor=SYSTEM))).outcome is Outcome.MET


# Several messages in a row.


def test_next_response_begins_with_the_first_message_that_is_not_answered() -> None:
    clocks = begun(at(0.5, answer), at(2, question), at(2.5, question))
    assert (following(clocks).started_at, following(clocks).due_at) == (hour(2), hour(3))
    clocks = begun(at(0.5, answer), at(2, question), at(2.5, question), at(3, answer))
    assert following(clocks).outcome is Outcome.MET
    assert hours_of(following(clocks)) == 1


def test_before_the_first_answer_messages_begin_nothing() -> None:
    clocks = begun(at(0.2, question), at(0.4, question))
    assert clocks.next_response is None
    assert first(clocks).due_at == hour(1)


def test_each_time_that_the_customer_waits_is_judged() -> None:
    asked = (at(0.5, answer), at(1, question), at(3, answer), at(4, question))
    clocks = begun(*asked)
    assert (following(clocks).outcome, following(clocks).due_at) == (Outcome.DUE, hour(5))
    assert clocks.next_responses_missed == 1
    assert begun(*asked, at(4.5, answer), at(5, question)).next_responses_missed == 1


# Pauses.


def test_a_ticket_that_waits_for_the_customer_pauses_all_clocks() -> None:
    clocks = begun(at(0.5, on_hold))
    assert [one.outcome for one in clocks.clocks] == [Outcome.PAUSED, Outcome.PAUSED]
    assert [one.due_at for one in clocks.clocks] == [None, None]


def test_after_a_pause_what_was_left_is_left() -> None:
    clocks = begun(at(0.5, on_hold), at(10, resumed))
    assert first(clocks).due_at == hour(10) + timedelta(minutes=30)
    assert resolution(clocks).due_at == hour(13) + timedelta(minutes=30)
    ended = begun(at(0.5, on_hold), at(10, resumed), at(13, resolved))
    assert resolution(ended).outcome is Outcome.MET
    assert hours_of(resolution(ended)) == 3.5


def test_waiting_for_somebody_else_than_the_policy_says_pauses_nothing() -> None:
    clocks = begun(at(0.5, at_vendor))
    assert (resolution(clocks).outcome, resolution(clocks).due_at) == (Outcome.DUE, hour(4))
    both = begun(at(0.5, on_hold), at(2, at_vendor))
    assert resolution(both).due_at == hour(2) + timedelta(hours=3.5)


def test_a_message_that_ends_the_waiting_begins_at_once() -> None:
    clocks = begun(at(0.5, answer), at(0.5, on_hold), at(8, question), at(8, resumed))
    assert (following(clocks).outcome, following(clocks).due_at) == (Outcome.DUE, hour(9))


def test_a_ticket_that_is_resolved_while_it_waits_has_met_what_was_left() -> None:
    clocks = begun(at(0.5, on_hold), at(99, resolved))
    assert [one.outcome for one in clocks.clocks] == [Outcome.MET, Outcome.MET]


def test_a_merged_ticket_pauses_until_it_goes_on_by_itself() -> None:
    merged = begun(at(0.5, TicketMerged(merged_into_id=id_of("other"))))
    assert resolution(merged).outcome is Outcome.PAUSED
    again = begun(at(0.5, TicketMerged(merged_into_id=id_of("other"))), at(5, TicketUnmerged()))
    assert resolution(again).due_at == hour(8) + timedelta(minutes=30)


# Missed.


def test_what_is_missed_stays_missed_whatever_comes_later() -> None:
    for later in (on_hold, TicketPriorityChanged(priority=Priority.LOW), slow):
        clocks = begun(at(2, later), at(3, answer))
        assert (first(clocks).outcome, first(clocks).due_at) == (Outcome.MISSED, hour(1))
        assert first(clocks).ended_at == hour(3)


def test_what_passes_unseen_is_known_to_be_missed_by_whoever_looks() -> None:
    clock = first(begun())
    assert clock.looked_at(hour(1)).outcome is Outcome.DUE
    assert clock.looked_at(hour(2)).outcome is Outcome.MISSED
    assert (clock.is_overdue(hour(1)), clock.is_overdue(hour(2))) == (False, True)


# Reopening.


def test_a_reopened_ticket_has_the_time_that_was_left() -> None:
    clocks = begun(at(3, resolved), at(50, TicketReopened()))
    assert (resolution(clocks).outcome, resolution(clocks).due_at) == (Outcome.DUE, hour(51))
    assert (
        hours_of(resolution(begun(at(3, resolved), at(50, TicketReopened()), at(51, resolved))))
        == 4
    )


def test_a_reopened_ticket_that_was_resolved_too_late_stays_missed() -> None:
    clocks = begun(at(5, resolved), at(6, TicketReopened()), at(6.1, resolved))
    assert resolution(clocks).outcome is Outcome.MISSED


def test_the_message_that_reopens_a_ticket_waits_for_an_answer() -> None:
    clocks = begun(at(1, resolved), at(7, question), at(7, TicketReopened()))
    assert (following(clocks).outcome, following(clocks).due_at) == (Outcome.DUE, hour(8))
    assert first(clocks).outcome is Outcome.MET


# Priority and policy.


def test_a_new_priority_counts_from_the_beginning() -> None:
    urgent = begun(at(0.25, TicketPriorityChanged(priority=Priority.URGENT)))
    assert (first(urgent).due_at, resolution(urgent).due_at) == (
        hour(0) + timedelta(minutes=30),
        hour(2),
    )
    low = begun(at(0.5, TicketPriorityChanged(priority=Priority.LOW)))
    assert resolution(low).due_at == hour(72)


def test_a_new_priority_counts_for_what_is_paused_when_it_goes_on() -> None:
    urgent = TicketPriorityChanged(priority=Priority.URGENT)
    clocks = begun(at(0.25, on_hold), at(1, urgent), at(5, resumed))
    assert first(clocks).due_at == hour(5) + timedelta(minutes=15)


def test_a_priority_without_a_target_is_promised_nothing() -> None:
    clocks = begun(at(0, TicketPriorityChanged(priority=Priority.LOW)), at(9, answer), terms=slow)
    assert (first(clocks).outcome, first(clocks).due_at) == (None, None)
    assert hours_of(first(clocks)) == 9


def test_a_clock_is_judged_by_the_revision_that_was_in_force_when_it_began() -> None:
    revised = replace(usual, sla_policy_revision=2, sla_terms=SLOW)
    clocks = begun(at(0.5, answer), at(1, revised), at(1, question))
    assert following(clocks).due_at == hour(11)
    assert resolution(clocks).due_at == hour(4)


def test_another_policy_by_hand_counts_for_what_runs_from_its_beginning() -> None:
    clocks = begun(at(0.5, slow))
    assert (first(clocks).due_at, resolution(clocks).due_at) == (hour(10), hour(10))


def test_a_policy_that_comes_later_counts_from_the_beginning_and_its_loss_ends_the_promise() -> (
    None
):
    without = judge(log_of(at(0, opened), at(0.5, question)))
    assert (first(without).outcome, resolution(without).outcome) == (None, None)
    clocks = judge(log_of(at(0, opened), at(0.5, usual)))
    assert (first(clocks).due_at, resolution(clocks).due_at) == (hour(1), hour(4))
    none = begun(at(0.5, TicketSlaPolicyAssigned(sla_policy_id=None)))
    assert [(one.outcome, one.due_at) for one in none.clocks] == [(None, None), (None, None)]


def test_a_policy_is_tried_on_what_has_happened() -> None:
    """``judge(events, policy)``: by its revisions, whatever was promised then."""
    policy: Any = state_of(
        SlaPolicyDefined(
            name="Slow",
            targets=SLOW.targets,
            time_zone="UTC",
            business_hours=(),
            holidays=(),
            pauses=(),
            in_force_from=hour(-1),
        ),
        SlaPolicyChanged(targets=DEFAULT_TARGETS, in_force_from=hour(1)),
    )
    events = log_of(at(0, opened), at(0, usual), at(0.5, answer), at(2, question), at(9, resolved))
    clocks = judge(events, policy)
    assert [one.outcome for one in clocks.clocks] == [Outcome.MET, Outcome.MISSED, Outcome.MET]
    assert resolution(judge(events)).outcome is Outcome.MISSED


# Business hours.

WEEK = tuple(Opening(weekday=day, opens="09:00", closes="17:00") for day in tuple(Weekday)[:5])
OFFICE = Terms(
    targets=Targets(
        high=Promise(
            first_response=Target(minutes=60),
            resolution=Target(minutes=10 * 60, counted_in=CountedIn.BUSINESS),
        )
    ),
    hours=BusinessHours(openings=WEEK, holidays=(date(2026, 3, 3),)),
    pauses=(WaitingFor.CUSTOMER,),
)
office = replace(usual, sla_terms=OFFICE)


def test_a_target_in_business_hours_knows_nights_and_holidays() -> None:
    clocks = begun(terms=office)
    assert first(clocks).due_at == hour(1)
    assert resolution(clocks).due_at == hour(48 + 2)  # Tuesday is a holiday
    paused = begun(at(4, on_hold), at(48, resumed), terms=office)
    assert resolution(paused).due_at == hour(48 + 6)


def test_both_times_are_taken_without_pauses() -> None:
    clocks = begun(at(4, on_hold), at(48, resumed), at(72, resolved), terms=office)
    assert resolution(clocks).outcome is Outcome.MISSED
    assert hours_of(resolution(clocks)) == 4 + 24
    assert resolution(clocks).business_us == 12 * 3_600_000_000


# Recorded histories.


def recorded(**fields: Any) -> TicketRecorded:
    return TicketRecorded(priority=Priority.HIGH, source_sequence=0, **fields)


def went(status: Status, number: int, waiting_for: WaitingFor | None = None) -> Event:
    return TicketTransitionRecorded(
        source_state="x", source_sequence=number, status=status, waiting_for=waiting_for
    )


def test_a_recorded_ticket_is_judged_by_its_resolution_from_its_opening_there() -> None:
    early = recorded(source_opened_at=hour(-1))
    clocks = judge(
        log_of(
            at(0, early),
            at(0, usual),
            at(1, went(Status.PENDING, 1, WaitingFor.CUSTOMER)),
            at(9, went(Status.OPEN, 2)),
        )
    )
    assert clocks.first_response is None
    assert (resolution(clocks).started_at, resolution(clocks).due_at) == (hour(-1), hour(11))


def test_a_ticket_that_is_recorded_as_closed_has_ended_nobody_knows_when() -> None:
    clocks = judge(log_of(at(0, recorded(status=Status.CLOSED)), at(0, usual), at(9, answer)))
    assert (resolution(clocks).ended_at, resolution(clocks).outcome) == (hour(0), None)


# Any history.


def test_any_part_of_a_history_is_judged() -> None:
    """As of a date, the opening or the promise may be unknown."""
    events = log_of(
        *(at(0, opened), at(0, usual), at(1, answer), at(2, on_hold), at(3, question)),
        *(at(3, resumed), at(4, resolved), at(5, TicketReopened()), at(6, resolved)),
    )
    for left_out in range(len(events) - 1):
        clocks = judge([*events[:left_out], *events[left_out + 1 :]])
        assert all(one.ended_at is not None for one in clocks.clocks)
    assert judge(events[1:]).resolution is None


def test_times_in_disorder_take_no_time_back() -> None:
    """What is entered late may have occurred before what was entered earlier."""
    clocks = begun(at(3, TicketStarted()), at(-2, on_hold), at(1, resumed))
    assert all(one.calendar_us >= 0 for one in clocks.clocks)


# The read model.


def shown(*history: Event | Told) -> TicketClockRow:
    found = row(ticket_clocks, *history)
    assert isinstance(found, TicketClockRow)
    return found


def test_a_row_says_what_is_due_and_what_became_of_it() -> None:
    one = shown(at(0, opened, number="T-7"), at(0, usual), at(0.5, answer), at(2, question))
    assert (one.number, one.opened_at) == ("T-7", hour(0))
    assert (one.first_response_outcome, one.first_response_seconds) == (Outcome.MET, 1_800)
    assert (one.next_response_outcome, one.next_response_seconds) == (Outcome.DUE, None)
    assert (one.resolution_outcome, one.resolution_due_at) == (Outcome.DUE, hour(4))
    assert (one.due_at, one.missed) == (hour(3), False)
    assert one.sla_policy_id == GOLD


def test_a_row_that_nobody_waits_for_is_due_no_more() -> None:
    one = shown(at(0, opened), at(0, usual), at(2, resolved))
    assert (one.due_at, one.missed) == (None, True)
    paused = shown(at(0, opened), at(0, usual), at(0.5, on_hold))
    assert (paused.due_at, paused.resolution_seconds) == (None, 1_800)


def test_what_was_missed_and_is_still_open_stays_in_the_list_of_what_is_overdue() -> None:
    one = shown(at(0, opened), at(0, usual), at(2, TicketStarted()))
    assert (one.due_at, one.missed) == (hour(1), True)


def test_rows_are_of_their_ticket() -> None:
    other: UUID = id_of("other ticket")
    assert shown(told(opened, stream=other)).ticket_id == other
