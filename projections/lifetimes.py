"""The moments from which retention runs: of every record that stands for somebody, and of the
tickets, deals, quotes, orders and consents that are theirs. Nothing in it is personal.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.consents import Consent, ConsentExpired
from domain.contacts import (
    Contact,
    ContactAbsorbed,
    ContactArchived,
    ContactLeft,
    ContactMerged,
    ContactReactivated,
    ContactRestored,
    ContactRestricted,
    ContactReturned,
    ContactUnmerged,
    ContactUnrestricted,
)
from domain.customers import (
    Customer,
    CustomerAbsorbed,
    CustomerActivated,
    CustomerArchived,
    CustomerFellDormant,
    CustomerLost,
    CustomerMerged,
    CustomerRestored,
    CustomerReturned,
    CustomerUnmerged,
)
from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from domain.opportunities import Opportunity
from domain.orders import Order
from domain.quotes import Quote, QuoteExpired
from domain.records import without
from domain.tickets import Ticket
from domain.users import User, UserActivated, UserDeactivated, UserReactivated
from projections.kernel import Projection, Row, Serve

_ENDS: Final[Mapping[type[Event], str]] = {
    ContactLeft: "left",
    ContactMerged: "merged",
    ContactArchived: "archived",
    CustomerLost: "lost",
    CustomerMerged: "merged",
    CustomerArchived: "archived",
    UserDeactivated: "deactivated",
}
"""What ends a relationship, by what it is called."""
_GOES_ON: Final[Mapping[type[Event], str]] = {
    ContactReactivated: "left",
    ContactUnmerged: "merged",
    ContactRestored: "archived",
    CustomerActivated: "lost",
    CustomerFellDormant: "lost",
    CustomerUnmerged: "merged",
    CustomerRestored: "archived",
    UserActivated: "deactivated",
    UserReactivated: "deactivated",
}
"""And what takes that back."""
_OF: Final[Mapping[str, tuple[str, ...]]] = {
    Ticket.AGGREGATE: ("contact_id", "customer_id"),
    Consent.AGGREGATE: ("contact_id", "customer_id"),
    **{kind.AGGREGATE: ("customer_id",) for kind in (Opportunity, Quote, Order)},
}
"""The fields that say whose a record is."""
_BY_TIME: Final = (ConsentExpired, QuoteExpired)
"""What Kept records because time has passed: nobody did anything."""


class LifetimeRow(Row):
    """The moments of one record."""

    kind: Public[str | None, "vocabulary"] = None
    number: Public[str | None, "vocabulary"] = None
    contact_id: Public[UUID | None, "link"] = None
    customer_id: Public[UUID | None, "link"] = None
    """Whose it is, of a ticket, deal, quote, order or consent."""
    created_at: Public[datetime | None, "moment"] = None
    active_at: Public[datetime | None, "moment"] = None
    """Of the latest event that somebody brought about."""
    ended_at: Public[datetime | None, "moment"] = None
    """Since when the relationship has ended."""
    ended_by: Public[tuple[str, ...], "vocabulary"] = ()
    """All that ended it and was not taken back."""
    restricted: Public[bool, "switch"] = False
    merged_into_id: Public[UUID | None, "link"] = None
    absorbed: Public[tuple[UUID, ...], "link"] = ()


lifetimes = Projection(
    "lifetimes",
    version=1,
    row=LifetimeRow,
    serves=(
        Serve("created_at"),
        Serve("created_at", ("kind",)),
        Serve("active_at", ("kind",)),
        Serve("ended_at", ("kind",)),
        Serve("active_at", ("contact_id",)),
        Serve("active_at", ("customer_id",)),
    ),
)


@lifetimes.on(
    *(
        event
        for aggregate in (Contact, Customer, User, Ticket, Opportunity, Quote, Order, Consent)
        for event in aggregate.EVENTS.values()
    )
)
def live_on(row: LifetimeRow, event: Event, recorded: Recorded) -> LifetimeRow:
    """Something happened to it."""
    at, kind = recorded.occurred_at, event.AGGREGATE.AGGREGATE
    changes: dict[str, Any] = {}
    if row.kind is None:
        changes |= {"kind": kind, "number": recorded.number, "created_at": at}
    if not isinstance(event, _BY_TIME):
        changes["active_at"] = max(at, row.active_at or at)
    given = event.given()
    changes |= {name: given[name] for name in _OF.get(kind, ()) if name in given}
    return replace(row, **changes)


@lifetimes.on(*_ENDS, *_GOES_ON)
def end(row: LifetimeRow, event: Event, recorded: Recorded) -> LifetimeRow:
    """The relationship ended, or goes on."""
    ends, goes_on = _ENDS.get(type(event)), _GOES_ON.get(type(event))
    kept = tuple(one for one in row.ended_by if one not in (ends, goes_on))
    by = kept if ends is None else (*kept, ends)
    since = (row.ended_at or recorded.occurred_at) if by else None
    return replace(row, ended_by=by, ended_at=since)


@lifetimes.on(ContactMerged, ContactUnmerged, CustomerMerged, CustomerUnmerged)
def merge(row: LifetimeRow, event: Any, recorded: Recorded) -> LifetimeRow:
    """It is one person with another record, or no longer."""
    return replace(row, merged_into_id=getattr(event, "merged_into_id", None))


@lifetimes.on(ContactAbsorbed, CustomerAbsorbed)
def absorb(
    row: LifetimeRow, event: ContactAbsorbed | CustomerAbsorbed, recorded: Recorded
) -> LifetimeRow:
    """Another record goes on in this one."""
    return replace(row, absorbed=(*row.absorbed, event.absorbed_id))


@lifetimes.on(ContactReturned, CustomerReturned)
def give_back(
    row: LifetimeRow, event: ContactReturned | CustomerReturned, recorded: Recorded
) -> LifetimeRow:
    """And no longer does."""
    return replace(row, absorbed=without(row.absorbed, (event.absorbed_id,)))


@lifetimes.on(ContactRestricted, ContactUnrestricted)
def restrict(row: LifetimeRow, event: Event, recorded: Recorded) -> LifetimeRow:
    """They asked that it is only stored, or no longer do."""
    return replace(row, restricted=isinstance(event, ContactRestricted))
