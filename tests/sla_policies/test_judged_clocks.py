"""What became of every promise: a row each, in calendar time and in business hours."""

from typing import Any

from domain.kernel import Event, replace
from domain.service_levels import CountedIn, Measure, Outcome
from domain.tickets import TicketAssigned, TicketReopened
from projections.judged_clocks import JudgedClockRow, judged_clocks
from tests.dsl import id_of
from tests.projections.telling import Told, folded, hour
from tests.sla_policies.test_clocks import (
    OFFICE,
    answer,
    at,
    on_hold,
    opened,
    question,
    resolved,
    resumed,
    usual,
)

HOUR = 3_600
office = replace(usual, sla_terms=OFFICE)


def judged(*history: Event | Told) -> dict[tuple[Measure, int], Any]:
    """The rows that are left, by target and occasion."""
    left, _ = folded(*history).take(judged_clocks)
    return {(row.measure, row.occasion): row for row in left if isinstance(row, JudgedClockRow)}


def test_a_clock_that_runs_in_time_has_no_row() -> None:
    assert judged(at(0, opened), at(0, usual)) == {}
    [first] = judged(at(0, opened), at(0, usual), at(0.5, answer)).values()
    assert (first.measure, first.outcome) == (Measure.FIRST_RESPONSE, Outcome.MET)
    assert (first.calendar_seconds, first.over_seconds) == (HOUR // 2, None)
    assert first.judged_at == first.ended_at == hour(0) + (hour(1) - hour(0)) / 2


def test_what_is_missed_has_a_row_at_once_and_its_time_once_it_is_over() -> None:
    history = [at(0, opened), at(0, usual), at(5, TicketAssigned(queue="second"))]
    running = judged(*history)
    assert {one.outcome for one in running.values()} == {Outcome.MISSED}
    late = running[Measure.RESOLUTION, 1]
    assert (late.judged_at, late.ended_at) == (hour(4), None)
    assert (late.calendar_seconds, late.over_seconds) == (None, None)
    over = judged(*history, at(6, resolved))[Measure.RESOLUTION, 1]
    assert (over.judged_at, over.ended_at) == (hour(4), hour(6))
    assert (over.calendar_seconds, over.target_seconds) == (6 * HOUR, 4 * HOUR)
    assert (over.over_seconds, over.queue) == (2 * HOUR, "second")


def test_every_time_that_the_customer_waits_is_a_promise_of_its_own() -> None:
    found = judged(
        *(at(0, opened), at(0, usual), at(0.5, answer)),
        *(at(2, question), at(2.5, answer)),
        *(at(2.5, question), at(5, answer)),
    )
    responses = {n: one for (measure, n), one in found.items() if measure == "next_response"}
    assert [responses[n].outcome for n in (1, 2)] == [Outcome.MET, Outcome.MISSED]
    assert [responses[n].calendar_seconds for n in (1, 2)] == [HOUR // 2, 5 * HOUR // 2]
    assert responses[2].over_seconds == 3 * HOUR // 2


def test_pauses_do_not_count() -> None:
    found = judged(at(0, opened), at(0, usual), at(1, on_hold), at(49, resumed), at(50, resolved))
    ended = found[Measure.RESOLUTION, 1]
    assert (ended.outcome, ended.calendar_seconds) == (Outcome.MET, 2 * HOUR)


def test_business_hours_are_counted_beside_those_of_the_calendar() -> None:
    ended = judged(at(0, opened), at(0, office), at(72, resolved))[Measure.RESOLUTION, 1]
    assert ended.counted_in is CountedIn.BUSINESS
    assert ended.calendar_seconds == 72 * HOUR
    # Eight hours on Monday, none on Tuesday, eight on Wednesday, where ten were promised.
    assert (ended.business_seconds, ended.over_seconds) == (16 * HOUR, 6 * HOUR)


def test_a_reopened_resolution_waits_for_its_judgement_and_keeps_a_miss() -> None:
    again = TicketReopened()
    met = [at(0, opened), at(0, usual), at(2, resolved)]
    assert (Measure.RESOLUTION, 1) in judged(*met)
    folding = folded(*met, at(3, again))
    left, gone = folding.take(judged_clocks)
    assert gone == [(left[0].id, Measure.RESOLUTION, 1)]
    missed = judged(at(0, opened), at(0, usual), at(9, resolved), at(10, again))
    assert missed[Measure.RESOLUTION, 1].outcome is Outcome.MISSED
    assert missed[Measure.RESOLUTION, 1].ended_at is None


def test_where_nothing_was_promised_time_is_taken_all_the_same() -> None:
    ended = judged(at(0, opened), at(26, resolved))[Measure.RESOLUTION, 1]
    assert (ended.outcome, ended.target_seconds, ended.over_seconds) == (None, None, None)
    assert ended.calendar_seconds == ended.business_seconds == 26 * HOUR
    assert ended.judged_at == hour(26)


def test_a_row_says_in_whose_hands_the_ticket_was() -> None:
    ended = judged(
        *(at(0, opened), at(0, usual)),
        at(1, TicketAssigned(assignee_id=id_of("anna"), team_id=id_of("team"))),
        at(2, resolved),
    )[Measure.RESOLUTION, 1]
    assert (ended.assignee_id, ended.team_id) == (id_of("anna"), id_of("team"))
    assert (ended.channel, ended.priority) == (opened.channel, opened.priority)
    assert ended.sla_policy_id == usual.sla_policy_id
