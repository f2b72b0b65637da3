"""What another system said of its service levels beside our own judgement, and why they differ."""

from datetime import timedelta
from enum import StrEnum

from domain.service_clocks import Clocks
from domain.service_levels import Clock, CountedIn, Target


class Difference(StrEnum):
    """Why our judgement of a ticket is not the one that was recorded."""

    NO_POLICY = "no_policy"
    """Nothing was promised here when it ran, so there is no judgement of ours."""
    NO_TARGET = "no_target"
    """There was a policy, which promised nothing of it: there is no target of its priority, or it
    had ended before its history begins here.
    """
    NOT_OVER = "not_over"
    """It still runs, and nothing has been missed."""
    PAUSES = "pauses"
    """They say missed; without the time in which it was paused or ended, it is not."""
    BUSINESS_HOURS = "business_hours"
    """They say missed; by business time it is not."""
    RESPONSE = "response"
    """They say met; it was resolved in time, and an answer came too late."""
    REOPENED = "reopened"
    """They say met; it was reopened, and then resolved too late."""
    OTHER_TARGET = "other_target"
    """By the same time, another target: ours is longer or shorter than theirs."""


def was_missed(clocks: Clocks) -> bool:
    """Whether anything that was promised came too late."""
    return clocks.next_responses_missed > 0 or any(one.was_missed for one in clocks.clocks)


def difference(clocks: Clocks) -> Difference | None:
    """Why our judgement is another than the recorded one; None where they agree, or none was
    recorded.
    """
    resolution = clocks.resolution
    if clocks.made_sla is None or resolution is None:
        return None
    missed = was_missed(clocks)
    if resolution.outcome is None and not missed:
        return Difference.NO_POLICY if clocks.sla_policy_id is None else Difference.NO_TARGET
    if missed != clocks.made_sla and (missed or resolution.ended_at is not None):
        return None
    if not missed:
        return Difference.NOT_OVER if resolution.ended_at is None else _met_here(clocks, resolution)
    if not resolution.was_missed:
        return Difference.RESPONSE
    return Difference.REOPENED if clocks.reopen_count else Difference.OTHER_TARGET


def _met_here(clocks: Clocks, resolution: Clock) -> Difference:
    target = resolution.terms and resolution.terms.target(resolution.measure, clocks.priority)
    if not isinstance(target, Target) or resolution.ended_at is None:
        return Difference.OTHER_TARGET
    within = timedelta(minutes=target.minutes)
    if resolution.ended_at - resolution.started_at <= within:
        return Difference.OTHER_TARGET
    running = timedelta(microseconds=resolution.calendar_us)
    in_business = target.counted_in is CountedIn.BUSINESS
    return Difference.BUSINESS_HOURS if in_business and running > within else Difference.PAUSES
