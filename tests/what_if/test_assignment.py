"""An assignment rule over past tickets: who gets which, and how much lies with whom."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.kernel import Event
from domain.tickets import (
    Priority,
    TicketArchived,
    TicketAssigned,
    TicketMerged,
    TicketOpened,
    TicketReopened,
    TicketResolved,
)
from projections.what_if.assignment import Assignment, Passage, fold, given_out
from projections.what_if.assignment_report import AssignmentTally
from projections.what_if.kernel import Period, Ref
from projections.what_if.loads import Held, Span, imbalance, loads
from tests.dsl import id_of
from tests.projections.telling import hour, log_of, told

ANNA, BERT = id_of("anna"), id_of("bert")
PERIOD = Period(ZoneInfo("UTC"), hour(100))
TO_BOTH = [{"user_id": str(ANNA)}, {"user_id": str(BERT)}]
resolved = TicketResolved(resolution="x", reopen_until=hour(90))


def rule(*routes: dict[str, Any]) -> Assignment:
    return Assignment.model_validate({"routes": [*routes] or [{"to": TO_BOTH}]})


def ticket(
    number: int, begin: int, *steps: tuple[int, Event], by: Assignment, **fields: Any
) -> Passage:
    """A ticket that was opened at an hour, and then had this happen to it."""
    stream = id_of(f"ticket {number}")
    opened = TicketOpened(**{"subject": "x", "priority": Priority.HIGH, **fields})
    events = [(begin, opened), *steps]
    found = log_of(
        *(told(one, occurred_at=hour(h), stream=stream, number=f"T-{number}") for h, one in events)
    )
    return fold(by, PERIOD, found)._replace(position=number)


def got(by: Assignment, *passages: Passage) -> list[str | None]:
    names = {str(ANNA): "anna", str(BERT): "bert"}
    found = given_out(by, sorted(passages))
    return [None if one is None else names.get(one.key, one.key) for one in found]


def test_those_of_a_route_take_turns() -> None:
    by = rule()
    assert got(by, *(ticket(n, n, by=by) for n in range(5))) == [
        "anna",
        "bert",
        "anna",
        "bert",
        "anna",
    ]


def test_the_first_route_that_fits_takes_a_ticket() -> None:
    urgent = {"field": "priority", "operator": "is", "value": "urgent"}
    by = rule({"when": [urgent], "to": [{"queue": "fire"}]}, {"when": [urgent], "to": TO_BOTH})
    assert got(by, ticket(1, 0, by=by, priority=Priority.URGENT), ticket(2, 1, by=by)) == [
        "fire",
        None,
    ]


def test_whoever_has_fewest_gets_the_next() -> None:
    by = rule({"to": TO_BOTH, "by": "least_open"})
    passages = [
        ticket(1, 0, by=by),  # anna, for good
        ticket(2, 1, (2, resolved), by=by),  # bert, who is done with it when the next one comes
        ticket(3, 2, by=by),
        ticket(4, 3, by=by),
        ticket(5, 4, by=by),
    ]
    assert got(by, *passages) == ["anna", "bert", "bert", "anna", "bert"]


def test_a_ticket_that_is_reopened_lies_with_whoever_had_it() -> None:
    by = rule({"to": TO_BOTH, "by": "least_open"})
    again = ticket(1, 0, (1, resolved), (4, TicketReopened()), (6, resolved), by=by)
    assert again.in_work == (Span(hour(0), hour(1)), Span(hour(4), hour(6)))
    passages = [again, ticket(2, 5, by=by), ticket(3, 7, by=by)]
    assert got(by, *passages) == ["anna", "bert", "anna"]


@pytest.mark.parametrize("ending", [resolved, TicketMerged(merged_into_id=BERT), TicketArchived()])
def test_what_is_not_worked_on_weighs_nothing(ending: Event) -> None:
    assert ticket(1, 0, (2, ending), by=rule()).in_work == (Span(hour(0), hour(2)),)


def test_who_really_had_it_is_followed_from_hand_to_hand() -> None:
    steps = ((2, TicketAssigned(assignee_id=ANNA)), (5, TicketAssigned(assignee_id=BERT)))
    held = ticket(1, 0, *steps, (6, resolved), by=rule()).held
    assert [(one.key, span.start, span.end) for one, span in held] == [
        (str(ANNA), hour(2), hour(5)),
        (str(BERT), hour(5), hour(6)),
    ]


def test_a_late_entry_does_not_turn_time_back() -> None:
    late = ticket(1, 0, (5, TicketAssigned(assignee_id=ANNA)), (2, resolved), by=rule())
    assert late.in_work == (Span(hour(0), hour(5)),)


def test_the_report_says_who_would_have_had_what() -> None:
    by = rule()
    tally, other = AssignmentTally(by, PERIOD), AssignmentTally(by, PERIOD)
    mine = ((0, TicketAssigned(assignee_id=ANNA)), (50, resolved))
    tally.count(ticket(1, 0, *mine, by=by))
    other.count(ticket(2, 0, mine[0], (25, resolved), by=by))
    other.count(ticket(3, 0, (50, resolved), by=by))
    tally.add(other)
    found = tally.rows()
    assert found["routes"] == [(1, 3, 1, 1, 1), (None, 0, 0, 0, 0)]
    anna, bert = Ref("users", ANNA), Ref("users", BERT)
    sheets = {row[1]: row[2:] for row in found["loads"]}
    # Of the fifty hours until the last one ends: one of hers for all of them, one for half.
    assert sheets[anna] == (2, Decimal("1.5"), 2, 2, Decimal(2), 2)
    assert sheets[bert] == (0, None, 0, 1, Decimal("0.5"), 1)
    assert found["balance"] == [
        ("user_id", "before", 1, 2, Decimal(1)),
        ("user_id", "after", 2, 2, Decimal("1.6")),
    ]
    assert [(row[1], row[4], row[5]) for row in found["changed"]] == [
        ("T-2", anna, bert),
        ("T-3", None, anna),
    ]


hours = st.integers(0, 20)
spans = st.lists(st.tuples(hours, st.integers(1, 10)), min_size=1, max_size=12)


@given(spans)
@settings(max_examples=50, deadline=None)
def test_a_load_counts_every_hour(found: list[tuple[int, int]]) -> None:
    """Against a plain count, hour by hour."""
    held = [
        Held(UUID(int=n), Span(hour(begin), hour(begin + long)))
        for n, (begin, long) in enumerate(found)
    ]
    load = loads({"anna": held}, Span(hour(0), hour(100)))["anna"]
    open_at = Counter(h for begin, long in found for h in range(begin, begin + long))
    assert load.most == max(open_at.values())
    assert load.mean == Decimal(open_at.total()) / 100
    assert load.tickets == len(found)


@given(st.lists(st.tuples(hours, st.integers(1, 10)), min_size=1, max_size=12), st.booleans())
@settings(max_examples=50, deadline=None)
def test_every_ticket_is_given_to_somebody_of_its_route(found: Any, in_turn: bool) -> None:
    by = rule({"to": TO_BOTH, "by": "round_robin" if in_turn else "least_open"})
    passages = [ticket(n, b, (b + long, resolved), by=by) for n, (b, long) in enumerate(found)]
    counts = Counter(got(by, *passages))
    assert counts.keys() <= {"anna", "bert"}
    assert counts.total() == len(found)
    if in_turn:
        assert counts["anna"] - counts["bert"] in {0, 1}


def test_even_is_one() -> None:
    whole = Span(hour(0), hour(10))
    held = [Held(ANNA, Span(hour(0), hour(5)))]
    assert imbalance(loads({"a": held, "b": held}, whole)) == 1
    assert imbalance(loads({"a": held, "b": []}, whole)) == 2
    assert imbalance({}) is None
    assert whole.end - whole.start == timedelta(hours=10)


@pytest.mark.parametrize(
    ("to", "part"),
    [
        ([{}], "has to be one holder"),
        ([{"queue": "a", "user_id": str(ANNA)}], "has to be one holder"),
        ([{"queue": "a"}, {"user_id": str(ANNA)}], "mixes users, teams and queues"),
        ([{"queue": "a"}, {"queue": "a"}], "names somebody twice"),
        ([], "at least 1 item"),
    ],
)
def test_what_is_no_route_is_refused(to: list[Any], part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        rule({"to": to})
