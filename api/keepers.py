"""What keeps a record's data although its time is over: law, people, or work that is not done."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from commands.subjects import OF_KIND, SUBJECTS
from domain.contacts import Contact
from domain.customers import Customer
from domain.disclosures import Category
from domain.opportunities import Status as DealStatus
from domain.orders import IN_WORK as ORDERS_IN_WORK
from domain.quotes import UNDECIDED
from domain.retention_schedules import Action, Kind
from domain.subject_requests import ENDED
from domain.ticket_history import IN_WORK
from projections.kernel import Projection
from projections.legal_holds import legal_holds
from projections.lifetimes import lifetimes
from projections.opportunities import opportunities
from projections.orders import orders
from projections.quotes import quotes
from projections.retention_schedules import retention_reviews
from projections.subject_requests import subject_requests
from projections.tables import table_of
from projections.tickets import tickets
from store.expiry import Expiry

FIELD: Final = {kind.AGGREGATE: field for field, kind in SUBJECTS.items()}
"""The field by which other records name one of a kind."""
_WORK: Final[Mapping[str, Sequence[tuple[str, Projection, Sequence[str]]]]] = {
    Contact.AGGREGATE: (("open_ticket", tickets, [*IN_WORK]),),
    Customer.AGGREGATE: (
        ("open_ticket", tickets, [*IN_WORK]),
        ("open_deal", opportunities, [DealStatus.OPEN]),
        ("open_quote", quotes, [*UNDECIDED]),
        ("open_order", orders, [*ORDERS_IN_WORK]),
    ),
}
"""Of each kind, the work that needs what is known of them: what it is called, where, and when."""
WHYS: Final = (
    *("legal_hold", "restriction", "subject_request"),
    *("open_ticket", "open_deal", "open_quote", "open_order", "review", "longer_duty"),
)


@dataclass(frozen=True, slots=True)
class Keeper:
    """One reason why something is kept."""

    why: str
    """One of :data:`WHYS`."""
    what: str | None = None
    """The law of a hold or duty, or the number of a request."""
    until: date | None = None
    """The last day on which it does; none if that is not known."""

    def shown(self) -> dict[str, Any]:
        """JSON-ready."""
        until = None if self.until is None else self.until.isoformat()
        return {"why": self.why, "what": self.what, "until": until}


class Keepers:
    """Of records of one kind, for one category, on one day."""

    def __init__(self, expiry: Expiry, kind: Kind, category: Category, on: date) -> None:
        self._expiry, self._kind, self._category, self._on = expiry, kind, category, on
        self._field = FIELD[kind]

    def of(self, ids: Sequence[UUID], action: Action) -> dict[UUID, list[Keeper]]:
        """All of them by record. Whoever only looks is kept from it by a review alone."""
        found: dict[UUID, list[Keeper]] = defaultdict(list)
        if action is Action.ERASE:
            for record, keeper in (*self._people(ids), *self._work(ids)):
                found[record].append(keeper)
        reviews = table_of(retention_reviews)
        looked = self._expiry.reviewed(reviews, self._category, self._on, ids)
        for record, until in looked.items():
            found[record].append(Keeper("review", None, until))
        return found

    def _people(self, ids: Sequence[UUID]) -> Iterable[tuple[UUID, Keeper]]:
        """What holds for a person holds for every record that was merged with theirs."""
        same = self._expiry.same_people(table_of(lifetimes), ids)
        everybody = [*{one for others in same.values() for one in others}]
        holds = self._expiry.holds(table_of(legal_holds), self._field, self._on, everybody)
        stored = self._expiry.restricted(table_of(lifetimes), everybody)
        asked = self._expiry.asked(table_of(subject_requests), self._field, [*ENDED], everybody)
        for record, others in same.items():
            for one in sorted(others):
                if one in holds:
                    yield record, Keeper("legal_hold", *holds[one])
                if one in stored:
                    yield record, Keeper("restriction")
                if one in asked:
                    yield record, Keeper("subject_request", asked[one])

    def _work(self, ids: Sequence[UUID]) -> Iterable[tuple[UUID, Keeper]]:
        for why, model, statuses in _WORK.get(self._kind, ()):
            for record in self._expiry.having(table_of(model), self._field, statuses, ids):
                yield record, Keeper(why)


assert FIELD.keys() == OF_KIND.keys()  # noqa: S101  one field each
