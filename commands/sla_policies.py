"""What may be done with SLA policies, by administrators."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import AwareDatetime

from commands.kernel import Command, Records, Rejected, changes
from commands.records import check_in_use, check_record, check_required
from domain.business_hours import (
    BusinessHours,
    Opening,
    after_business_time,
    business_time,
    minute_of,
)
from domain.fields import Public
from domain.kernel import Event
from domain.service_levels import DEFAULT_TARGETS, CountedIn, Promise, Target, Targets
from domain.sla_policies import (
    Pauses,
    SlaPolicy,
    SlaPolicyArchived,
    SlaPolicyChanged,
    SlaPolicyDefined,
    SlaPolicyDetails,
    SlaPolicyRestored,
    touches_terms,
)
from domain.ticket_history import WaitingFor
from domain.values import Line

_DEFAULT_PAUSES: Final = (WaitingFor.CUSTOMER,)
_FAR: Final = timedelta(days=3 * 366)
"""Within which every target has to be over, or it promises nothing."""


def _refuse(field: str, sentence: str) -> Rejected:
    return Rejected(f"{field}: {sentence}", field=field)


def _check_openings(openings: tuple[Opening, ...]) -> None:
    """Every span has some length, and no two of a weekday overlap."""
    closed: dict[str, int] = {}
    for one in sorted(openings, key=lambda one: (one.weekday, one.opens)):
        span = f"{one.weekday} {one.opens}-{one.closes}"
        opens, closes = minute_of(one.opens), minute_of(one.closes)
        if closes <= opens:
            raise _refuse(
                "business_hours",
                f"{span} ends before it begins. Give a night as two spans, up to 24:00 and on.",
            )
        if opens < closed.get(one.weekday, 0):
            raise _refuse("business_hours", f"{span} overlaps another span. Give them as one.")
        closed[one.weekday] = closes


def _check_targets(targets: Targets, hours: BusinessHours, now: datetime) -> None:
    """Something is promised, and the business hours suffice for it."""
    promises = {name: getattr(targets, name) for name in Targets.model_fields}
    found = [
        (priority, measure, target)
        for priority, promise in promises.items()
        for measure in Promise.model_fields
        if isinstance(target := getattr(promise, measure), Target)
    ]
    if not found:
        raise _refuse("targets", "nothing is promised. Give a target for one priority at least.")
    for priority, measure, target in found:
        if target.counted_in is CountedIn.CALENDAR:
            continue
        within = timedelta(minutes=target.minutes)
        due = after_business_time(hours, now, within)
        if due - now > _FAR or business_time(hours, now, due) < within:
            raise _refuse(
                "targets",
                f"{priority}.{measure} takes more than {_FAR.days} days of these business hours. "
                "Give a shorter one, or longer hours.",
            )


def _check_terms(policy: SlaPolicyDetails, now: datetime) -> None:
    _check_openings(policy.business_hours)
    hours = BusinessHours(
        time_zone=policy.time_zone or "UTC",
        openings=policy.business_hours,
        holidays=policy.holidays,
    )
    _check_targets(policy.targets, hours, now)


def _since(asked: datetime | None, held: SlaPolicy, now: datetime) -> datetime:
    """From when a revision is in force: nobody's promise is changed behind them."""
    since = asked or now
    if since < now:
        raise _refuse("in_force_from", "has passed. Give a later time, or none for at once.")
    if held.revisions and since < held.revisions[-1].in_force_from:
        raise _refuse(
            "in_force_from",
            "lies before the time from which the last change is in force. Give a later one.",
        )
    return since


class DefineSlaPolicy(SlaPolicyDetails, Command, to=SlaPolicy, opens=True, admin=True):
    """Define what is promised about tickets; without targets it gets the usual ones."""

    name: Public[Line, "vocabulary"]
    targets: Public[Targets, "vocabulary"] = DEFAULT_TARGETS
    pauses: Public[Pauses, "vocabulary"] = _DEFAULT_PAUSES
    in_force_from: Public[AwareDatetime | None, "moment"] = None
    """At once, unless given."""

    def decide(self, policy: SlaPolicy, now: datetime, records: Records) -> Iterator[Event]:
        _check_terms(self, now)
        check_record(self, SlaPolicy, records)
        terms: dict[str, Any] = {
            "targets": self.targets,
            "time_zone": self.time_zone or getattr(now.tzinfo, "key", "UTC"),
            "business_hours": self.business_hours,
            "holidays": self.holidays,
            "pauses": self.pauses,
            "in_force_from": _since(self.in_force_from, policy, now),
        }
        yield SlaPolicyDefined.of(self.given() | terms)


class ChangeSlaPolicy(SlaPolicyDetails, Command, to=SlaPolicy, admin=True):
    """Rename a policy, or change what it promises from now or a later time on.

    A clock that runs already is judged by what was in force when it began.
    """

    in_force_from: Public[AwareDatetime | None, "moment"] = None
    """At once, unless given."""

    def decide(self, policy: SlaPolicy, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(policy)
        check_required(self, "name", "time_zone")
        check_record(self, SlaPolicy, records)
        for found in changes(self, policy, SlaPolicyChanged):
            given = found.given()
            given.pop("in_force_from", None)
            if touches_terms(given):
                held = {name: getattr(policy, name) for name in SlaPolicyDetails.model_fields}
                _check_terms(SlaPolicyDetails.of(held | given), now)
                given["in_force_from"] = _since(self.in_force_from, policy, now)
            elif self.in_force_from is not None:
                raise _refuse("in_force_from", "nothing that is promised changes. Leave it out.")
            yield SlaPolicyChanged.of(given)


class ArchiveSlaPolicy(Command, to=SlaPolicy, admin=True):
    """Put the policy away: it goes on for the tickets that have it, but no new ones get it."""

    def decide(self, policy: SlaPolicy, now: datetime) -> Iterator[Event]:
        if not policy.archived:
            yield SlaPolicyArchived()


class RestoreSlaPolicy(Command, to=SlaPolicy, admin=True):
    """Take an archived policy back into use."""

    def decide(self, policy: SlaPolicy, now: datetime) -> Iterator[Event]:
        if policy.archived:
            yield SlaPolicyRestored()
