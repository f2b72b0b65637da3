"""How the clocks of a ticket run: its events, judged by what was promised when they happened.

Pure, and told event by event, so that a read model folds it and a what-if replays it:
``judge(events, policy)``. The rules, each with a test in ``tests/sla_policies/test_clocks.py``:

- *Beginning.* First response and resolution begin when the ticket is opened. Of a ticket recorded
  from another system, resolution begins when it was opened there, and a first response is not
  judged: its messages are not known here. Nor is one judged that had ended before its history
  begins, since nobody knows when.
- *Bot.* What a program wrote is no answer: a message marked so, one that a rule sent, or one of
  Kept's own that names no author.
- *Several messages in a row.* Next response begins with the first message of the customer that is
  not answered, once the first response was given; those that follow change nothing.
- *Pause.* A ticket that waits on hold for somebody for whom the policy pauses stops all clocks, and
  so does one that was merged into another, until it goes on by itself; the other goes by its own
  clocks. Time that passed counts.
- *End.* An answer of a person ends both responses. A ticket that is resolved, closed, turned down
  or a duplicate ends all three.
- *Reopening.* Resolution goes on where it stopped; the time in between does not count. No new time
  is promised by it. Next response begins only with a message.
- *Priority.* Clocks that run are due by the new priority's target, counted from their beginning.
- *Policy.* A clock is judged by the revision that was in force when it began. Another policy, or
  the first one that is assigned by hand, counts for the clocks that run as well, from their
  beginning.
- *Missed.* What was not met in time stays missed, whatever comes later.
- *Split and follow-up.* The new ticket has clocks of its own, from its own opening.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

from domain.envelope import SYSTEM, Recorded
from domain.fields import Public
from domain.kernel import Event, Value, replace
from domain.service_levels import Clock, Measure, Terms
from domain.sla_policies import SlaPolicy
from domain.ticket_history import IN_WORK, Status, WaitingFor
from domain.tickets import (
    Priority,
    Ticket,
    TicketMessageAdded,
    TicketOpened,
    TicketRecorded,
    TicketSlaPolicyAssigned,
)
from domain.values import Line


class Standing(Value):
    """What of a ticket moves its clocks, or sorts their lists; it evolves as the ticket does."""

    status: Public[Status, "vocabulary"] = Status.NEW
    waiting_for: Public[WaitingFor | None, "vocabulary"] = None
    priority: Public[Priority, "vocabulary"] = Priority.MEDIUM
    assignee_id: Public[UUID | None, "link"] = None
    queue: Public[Line | None, "vocabulary"] = None
    merged_into_id: Public[UUID | None, "link"] = None
    reopen_count: Public[int, "figure"] = 0
    made_sla: Public[bool | None, "switch"] = None
    """What the system that the ticket comes from says of its own service levels."""
    sla_policy_id: Public[UUID | None, "link"] = None
    sla_policy_revision: Public[int | None, "figure"] = None


class Clocks(Standing):
    """The clocks of one ticket."""

    terms: Public[Terms | None, "vocabulary"] = None
    """For clocks that begin from now on."""
    first_response: Public[Clock | None, "vocabulary"] = None
    next_response: Public[Clock | None, "vocabulary"] = None
    """The last one; there is one for each time that the customer waits for an answer."""
    next_responses_missed: Public[int, "figure"] = 0
    """Of those before the last one."""
    resolution: Public[Clock | None, "vocabulary"] = None

    @property
    def clocks(self) -> Iterator[Clock]:
        """Those that have begun."""
        found = (self.first_response, self.next_response, self.resolution)
        return (one for one in found if one is not None)


C = TypeVar("C", bound=Clocks)
_BLANK: Final = Ticket()
_STANDING: Final = tuple(Standing.model_fields)


def judge(events: Iterable[Recorded], policy: SlaPolicy | None = None) -> Clocks:
    """A ticket's clocks after its events; by the revisions of ``policy``, if one is given, instead
    of what was promised then.
    """
    clocks = Clocks()
    for one in events:
        clocks = judged(clocks, one, policy)
    return clocks


def judged(clocks: C, recorded: Recorded, policy: SlaPolicy | None = None) -> C:
    """The clocks after one more event of the ticket. Total: any events in any order will do."""
    event, at = recorded.event, recorded.occurred_at.astimezone(UTC)
    was_in_work = clocks.status in IN_WORK
    now = _each(_standing(clocks, event), lambda clock: clock.looked_at(at))
    now = _promised(now, clocks, recorded, policy)
    if isinstance(event, TicketOpened | TicketRecorded):
        now = _begun(now, event, at)
    elif isinstance(event, TicketMessageAdded):
        now = _spoken(now, event, recorded, at)
    if was_in_work and now.status not in IN_WORK:
        now = _each(now, lambda clock: clock.ended(at))
    elif not was_in_work and now.status in IN_WORK and now.resolution is not None:
        again = now.resolution.going_on(at).timed(now.priority)
        now = replace(now, resolution=again)
    if now.priority is not clocks.priority:
        now = _each(now, lambda clock: clock.timed(now.priority))
    return _each(now, lambda clock: _paused_or_not(clock, now, at))


def is_by_bot(event: TicketMessageAdded, recorded: Recorded) -> bool:
    """Whether a program wrote it: it says so, a rule sent it, or Kept itself for nobody."""
    by_rule = recorded.body.get("source", {}).get("kind") == "rule"
    named = event.author_user_id or event.author_contact_id
    return event.by_bot or by_rule or (named is None and recorded.actor == SYSTEM)


def _standing(clocks: C, event: Event) -> C:
    """As the ticket stands after the event."""
    held = clocks.__dict__
    ticket = event.evolve(replace(_BLANK, **{name: held[name] for name in _STANDING})).__dict__
    moved = {name: ticket[name] for name in _STANDING if ticket[name] is not held[name]}
    return replace(clocks, **moved) if moved else clocks


def _each(clocks: C, change: Callable[[Clock], Clock]) -> C:
    """With every clock that has begun changed, as far as anything changes it."""
    changed = {
        clock.measure.value: after
        for clock in clocks.clocks
        if (after := change(clock)) is not clock
    }
    return replace(clocks, **changed) if changed else clocks


def _promised(now: C, before: Clocks, recorded: Recorded, policy: SlaPolicy | None) -> C:
    """With the terms that are in force from this event on."""
    event = recorded.event
    if policy is not None:
        revision = policy.in_force(recorded.occurred_at)
        return replace(now, terms=None if revision is None else revision.terms)
    if not isinstance(event, TicketSlaPolicyAssigned):
        return now
    is_another = event.sla_policy_id != before.sla_policy_id or before.terms is None
    now = replace(now, terms=event.sla_terms)
    if not is_another:
        return now
    return _each(
        now,
        lambda clock: clock.under(event.sla_terms).timed(now.priority),
    )


def _begun(now: C, event: TicketOpened | TicketRecorded, at: datetime) -> C:
    if isinstance(event, TicketRecorded):
        at = (event.source_opened_at or at).astimezone(UTC)
    else:
        first = Clock.begun(Measure.FIRST_RESPONSE, now.terms, at).timed(now.priority)
        now = replace(now, first_response=first)
    # Nothing is promised of what had ended, also where a policy is replayed from the beginning.
    terms = now.terms if now.status in IN_WORK else None
    resolution = Clock.begun(Measure.RESOLUTION, terms, at).timed(now.priority)
    return replace(now, resolution=resolution)


def _spoken(now: C, event: TicketMessageAdded, recorded: Recorded, at: datetime) -> C:
    first, last = now.first_response, now.next_response
    if event.is_reply and not is_by_bot(event, recorded):
        responses = [one for one in (first, last) if one is not None]
        return replace(now, **{one.measure.value: one.ended(at) for one in responses})
    is_answered = first is None or first.ended_at is not None
    is_waiting = last is not None and last.ended_at is None
    if not event.is_question or not is_answered or is_waiting:
        return now
    missed = last is not None and last.was_missed
    begun = Clock.begun(Measure.NEXT_RESPONSE, now.terms, at).timed(now.priority)
    return replace(
        now,
        next_response=begun,
        next_responses_missed=now.next_responses_missed + missed,
    )


def _paused_or_not(clock: Clock, now: Clocks, at: datetime) -> Clock:
    """Stopped or running, as the ticket's state wants it."""
    if clock.ended_at is not None:
        return clock
    pauses = () if clock.terms is None else clock.terms.pauses
    on_hold = now.status is Status.PENDING and now.waiting_for in pauses
    if on_hold or now.merged_into_id is not None:
        return clock.stopped(at).timed(now.priority) if clock.is_running else clock
    return clock if clock.is_running else clock.going_on(at).timed(now.priority)
