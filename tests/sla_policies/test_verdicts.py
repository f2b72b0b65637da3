"""What the other system said beside our own judgement, and why they differ."""

from typing import Any

import pytest

from domain.kernel import Event, replace
from domain.service_clocks import judge
from domain.service_levels import Terms
from domain.sla_verdicts import Difference, difference, was_missed
from domain.ticket_history import Status, WaitingFor
from domain.tickets import (
    Direction,
    Priority,
    TicketMessageAdded,
    TicketPriorityChanged,
    TicketRecorded,
    TicketSlaPolicyAssigned,
    TicketTransitionRecorded,
)
from tests.dsl import id_of
from tests.projections.telling import Told, log_of
from tests.sla_policies.test_clocks import OFFICE, SLOW, USUAL, at


def recorded(made_sla: bool | None) -> TicketRecorded:
    return TicketRecorded(priority=Priority.HIGH, source_sequence=0, made_sla=made_sla)


def went(hours: float, status: Status, **fields: Any) -> Told:
    number = round(hours * 10)
    event = TicketTransitionRecorded(
        source_state=status, source_sequence=number, status=status, **fields
    )
    return at(hours, event)


def promised(terms: Terms) -> Told:
    return at(
        0,
        TicketSlaPolicyAssigned(sla_policy_id=id_of("it"), sla_policy_revision=1, sla_terms=terms),
    )


def said(direction: Direction) -> Event:
    return TicketMessageAdded(
        message_id=id_of("message"), public=True, direction=direction, body="Now?"
    )


usual, office = promised(USUAL), promised(OFFICE)
on_hold = went(1, Status.PENDING, waiting_for=WaitingFor.CUSTOMER)
low = TicketPriorityChanged(priority=Priority.LOW)
question = at(1, said(Direction.IN))
late_answer = at(3, replace(said(Direction.OUT), author_user_id=id_of("bob")))

NO_JUDGEMENT = (None, Difference.NO_POLICY, Difference.NO_TARGET, Difference.NOT_OVER)
MET = [
    ("agreed", [usual, went(3, Status.RESOLVED)], None),
    ("no policy", [went(3, Status.RESOLVED)], Difference.NO_POLICY),
    ("no target", [promised(SLOW), at(0, low), went(3, Status.RESOLVED)], Difference.NO_TARGET),
    ("not over", [usual], Difference.NOT_OVER),
    ("missed by the target", [usual, went(5, Status.RESOLVED)], Difference.OTHER_TARGET),
    (
        "missed after it was reopened",
        [
            usual,
            went(3, Status.RESOLVED),
            went(4, Status.OPEN, reopened=True),
            went(9, Status.RESOLVED),
        ],
        Difference.REOPENED,
    ),
    (
        "answered late, resolved in time",
        [usual, question, late_answer, went(3.5, Status.RESOLVED)],
        Difference.RESPONSE,
    ),
]
MISSED = [
    ("agreed", [usual, went(5, Status.RESOLVED)], None),
    ("no policy", [went(5, Status.RESOLVED)], Difference.NO_POLICY),
    ("not over", [usual, went(1, Status.OPEN)], Difference.NOT_OVER),
    ("met by the target", [usual, went(3, Status.RESOLVED)], Difference.OTHER_TARGET),
    ("met without its pause", [usual, on_hold, went(50, Status.RESOLVED)], Difference.PAUSES),
    ("met by business time", [office, went(24, Status.RESOLVED)], Difference.BUSINESS_HOURS),
]


@pytest.mark.parametrize(("story", "why"), [one[1:] for one in MET], ids=[one[0] for one in MET])
def test_they_say_met(story: list[Told], why: Difference | None) -> None:
    clocks = judge(log_of(at(0, recorded(True)), *story))
    assert difference(clocks) is why
    assert was_missed(clocks) == (why not in NO_JUDGEMENT)


@pytest.mark.parametrize(
    ("story", "why"), [one[1:] for one in MISSED], ids=[one[0] for one in MISSED]
)
def test_they_say_missed(story: list[Told], why: Difference | None) -> None:
    clocks = judge(log_of(at(0, recorded(False)), *story))
    assert difference(clocks) is why
    assert was_missed(clocks) == (why is None)


def test_where_nothing_was_recorded_nothing_differs() -> None:
    assert difference(judge(log_of(at(0, recorded(None)), went(5, Status.RESOLVED)))) is None
