"""What is asked of a what-if: a rule as JSON, and a period of days."""

from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel

from api.filters import moment, wrong
from api.services import Services
from commands.kernel import Rejected
from commands.sla_policies import DefineSlaPolicy
from domain.kernel import replace
from domain.sla_policies import SlaPolicy
from projections.what_if.assignment import Assignment, Holder, Route
from projections.what_if.deals import DealCondition
from projections.what_if.kernel import Period
from projections.what_if.replay import Trial
from projections.what_if.scoring import Item, Scoring, ScoringTrial
from projections.what_if.ticket_facts import TicketCondition

MODELS: Final[dict[str, type[BaseModel]]] = {
    "sla-policy": DefineSlaPolicy,
    "scoring": ScoringTrial,
    "assignment": Assignment,
}
"""What the body of each is."""
RULES: Final[tuple[type[BaseModel], ...]] = (
    *(ScoringTrial, Scoring, Item, DealCondition),
    *(Assignment, Route, Holder, TicketCondition),
)
"""What these are made of, as far as no command is."""
_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


def trial_of(services: Services, name: str, text: bytes, period: Period) -> Trial:
    """A rule that can be replayed.

    Raises:
        ValidationError: it does not have the form of one.
        Rejected: it is an SLA policy that could not be defined.
    """
    given = MODELS[name].model_validate_json(text, strict=True)
    rule = _proposed(services, given) if isinstance(given, DefineSlaPolicy) else given
    return Trial(name, rule, period)


def period_of(services: Services, first: str | None, last: str | None) -> Period:
    """From the beginning of a day to the end of another; up to now without one.

    Raises:
        Problem: one is no day, or it ends before it begins.
    """
    zone, now = services.tenant.zone, datetime.now(UTC)
    since = None if first is None else moment("from", first, zone)
    until = now if last is None else min(now, moment("to", last, zone, end_of_day=True))
    if since is not None and until < since:
        raise wrong("to", "lies before from, or that is still to come. Give other days.")
    return Period(zone, until, since)


def _proposed(services: Services, command: DefineSlaPolicy) -> SlaPolicy:
    """The policy as the command would define it today, in force from the beginning."""
    if command.in_force_from is not None:
        raise Rejected(
            "in_force_from: a policy that is tried is in force from the beginning. Leave it out.",
            field="in_force_from",
        )
    now = datetime.now(services.tenant.zone)
    policy: Any = SlaPolicy()
    for event in command.decide(policy, now, services.dispatcher.records()):
        policy = event.evolve(policy)
    [revision] = policy.revisions
    proposed: SlaPolicy = replace(policy, revisions=(replace(revision, in_force_from=_EVER),))
    return proposed
