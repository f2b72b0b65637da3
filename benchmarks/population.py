"""A fixed mix of a company's events: what happens to whom, with believable personal data.

Of 100 events about 54 are of tickets with their messages, 24 of opportunities (moved, won or
lost), 11 of customers and 10 of contacts. Half come with the network address of an API client,
so that about 77 have personal data, in 120 rows. Many records are under way at once: the events
of one lie far apart in the log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from benchmarks.lives import Act, contact_life, customer_life, deal_life, ticket_life
from benchmarks.words import Pen
from domain.contacts import Contact
from domain.customers import Customer
from domain.kernel import Aggregate, replace
from domain.opportunities import Opportunity
from domain.tickets import Ticket

BOOK = 20_000
"""Customers and contacts whom new deals and tickets are about: the latest ones."""


@dataclass(slots=True)
class Story:
    """A record on its way: what still happens to it, command by command."""

    aggregate: type[Aggregate]
    stream: UUID
    state: Aggregate
    """Enough of it to know whose personal data its events hold."""
    acts: Iterator[Act]
    version: int = 0


@dataclass
class Company:
    """Begins stories."""

    pen: Pen
    users: Sequence[UUID]
    customers: list[UUID] = field(default_factory=list)
    contacts: list[UUID] = field(default_factory=list)
    _count: int = 0

    def story(self) -> Story:
        """A new record, of a kind that the mix wants next."""
        draw = self.pen.random()
        self._count += 1
        if not self.customers or draw < 0.15:
            return self._customer()
        if not self.contacts or draw < 0.35:
            return self._contact()
        return self._deal() if draw < 0.65 else self._ticket()

    def _customer(self) -> Story:
        stream = self._into_book(self.customers)
        life = customer_life(self.pen, self._count, self._user())
        return Story(Customer, stream, Customer(), life)

    def _contact(self) -> Story:
        stream = self._into_book(self.contacts)
        customer = self.pen.choice(self.customers)
        life = contact_life(self.pen, self._count, self._user(), customer)
        return Story(Contact, stream, Contact(), life)

    def _deal(self) -> Story:
        customer = self.pen.choice(self.customers)
        state = replace(Opportunity(), customer_id=customer)
        return Story(Opportunity, uuid7(), state, deal_life(self.pen, self._user(), customer))

    def _ticket(self) -> Story:
        customer, contact = self.pen.choice(self.customers), self.pen.choice(self.contacts)
        state = replace(Ticket(), customer_id=customer, contact_id=contact)
        life = ticket_life(self.pen, self._user(), customer, contact)
        return Story(Ticket, uuid7(), state, life)

    def _user(self) -> str:
        return str(self.pen.choice(self.users))

    def _into_book(self, book: list[UUID]) -> UUID:
        stream = uuid7()
        if len(book) < BOOK:
            book.append(stream)
        else:
            book[self.pen.randrange(BOOK)] = stream
        return stream
