"""SLA policies 服务级别: what a company promises about its tickets, from which moment on.

What was promised is never changed behind anybody: a change makes a new revision, which is in force
from a moment that has not passed, and every earlier revision can still be asked for.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

from pydantic import AwareDatetime, Field

from domain.business_hours import BusinessHours, Holidays, Openings
from domain.fields import Public
from domain.kernel import Event, Value, replace, well_known
from domain.records import Record, RecordDetails, with_details
from domain.service_levels import Targets, Terms
from domain.ticket_history import WaitingFor
from domain.values import Line, TimeZone

DEFAULT_SLA_POLICY: Final = well_known("sla_policies/default")
"""The policy of tickets that name none; a company has none until an administrator defines it."""

Pauses = Annotated[tuple[WaitingFor, ...], Field(max_length=len(WaitingFor))]


class Revision(Value):
    """What the policy promises from a moment on, until the next revision."""

    number: int
    in_force_from: AwareDatetime
    terms: Terms


class SlaPolicyDetails(RecordDetails):
    """The fields of an SLA policy that administrators fill in."""

    name: Public[Line | None, "vocabulary"] = None
    targets: Public[Targets, "vocabulary"] = Targets()
    """By priority: first response, next response and resolution, in minutes of the calendar or of
    the business hours.
    """
    time_zone: Public[TimeZone | None, "vocabulary"] = None
    """Of the business hours; the company's own, unless given."""
    business_hours: Public[Openings, "vocabulary"] = ()
    """In every week; without any, the company works day and night."""
    holidays: Public[Holidays, "moment"] = ()
    """Days on which nobody works."""
    pauses: Public[Pauses, "vocabulary"] = ()
    """For whom a ticket may wait on hold without its clocks running."""


_TERMS: Final = frozenset({"targets", "time_zone", "business_hours", "holidays", "pauses"})


class SlaPolicy(SlaPolicyDetails, Record):
    """A policy as it was written last; ``revisions`` says what of it is in force when."""

    AGGREGATE: ClassVar[str] = "sla_policies"
    NOUN: ClassVar[str] = "SLA policy"
    PREFIX: ClassVar[str] = "SL"
    PURPOSE: ClassVar[str] = "Saying until when customers were promised an answer."
    PEOPLE: ClassVar[str] = "nobody, unless somebody is named in a text"
    CLAIMED: ClassVar[tuple[str, ...]] = (*Record.CLAIMED, "name")

    in_force_from: Public[AwareDatetime | None, "moment"] = None
    """Since when, or from when, what was written last is in force."""
    revisions: Public[tuple[Revision, ...], "vocabulary"] = ()
    """In the order of their beginnings."""

    def claims(self) -> Iterable[tuple[str, str]]:
        yield from super().claims()
        if self.name:
            yield "name", self.name.casefold()

    def in_force(self, at: AwareDatetime) -> Revision | None:
        """The revision of a moment; None before the first."""
        begun = (one for one in reversed(self.revisions) if one.in_force_from <= at)
        return next(begun, None)


class SlaPolicyDefined(SlaPolicyDetails, Event):
    name: Public[str, "vocabulary"]
    targets: Public[Targets, "vocabulary"]
    time_zone: Public[TimeZone, "vocabulary"]
    business_hours: Public[Openings, "vocabulary"]
    holidays: Public[Holidays, "moment"]
    pauses: Public[Pauses, "vocabulary"]
    in_force_from: Public[AwareDatetime, "moment"]

    def evolve(self, policy: SlaPolicy) -> SlaPolicy:
        return _revised(policy, self)


class SlaPolicyChanged(SlaPolicyDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    in_force_from: Public[AwareDatetime | None, "moment"] = None
    """Given where the change makes a new revision."""

    def evolve(self, policy: SlaPolicy) -> SlaPolicy:
        return _revised(policy, self)


class SlaPolicyArchived(Event):
    def evolve(self, policy: SlaPolicy) -> SlaPolicy:
        return replace(policy, archived=True)


class SlaPolicyRestored(Event):
    def evolve(self, policy: SlaPolicy) -> SlaPolicy:
        return replace(policy, archived=False)


def touches_terms(given: Iterable[str]) -> bool:
    """Whether a change of these fields is a new revision, and not only another name."""
    return not _TERMS.isdisjoint(given)


def _revised(policy: SlaPolicy, event: SlaPolicyDefined | SlaPolicyChanged) -> SlaPolicy:
    given: dict[str, Any] = event.given()
    since = given.pop("in_force_from", None)
    after = with_details(policy, SlaPolicyDetails.of(given))
    if since is None:
        return after
    hours = BusinessHours.of(
        {
            "time_zone": after.time_zone or "UTC",
            "openings": after.business_hours,
            "holidays": after.holidays,
        }
    )
    terms = Terms.of({"targets": after.targets, "hours": hours, "pauses": after.pauses})
    number = len(policy.revisions) + 1
    made = Revision.of({"number": number, "in_force_from": since, "terms": terms})
    return replace(after, in_force_from=since, revisions=(*policy.revisions, made))
