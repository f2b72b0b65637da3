"""A fixed mix of a company's events: what happens to whom, with believable personal data.

Of 100 events about 54 are of tickets with their messages, 24 of opportunities (moved, won or
lost), 11 of customers and 10 of contacts. Half come with the network address of an API client,
so that about 77 have personal data, in 120 rows. Many records are under way at once: the events
of one lie far apart in the log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.contacts import Contact, ContactChanged, ContactLinked, ContactRegistered
from domain.customers import (
    Customer,
    CustomerActivated,
    CustomerChanged,
    CustomerFollowedUp,
    CustomerRegistered,
)
from domain.kernel import Aggregate, Event, replace
from domain.opportunities import (
    Opportunity,
    OpportunityChanged,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityWon,
)
from domain.pipelines import DEFAULT_PIPELINE, DEFAULT_STAGES
from domain.tickets import (
    Ticket,
    TicketAssigned,
    TicketClosed,
    TicketMessageAdded,
    TicketOpened,
    TicketPriorityChanged,
    TicketPutOnHold,
    TicketResolved,
    TicketResumed,
    TicketStarted,
)


BOOK = 20_000
"""Customers whom new deals and tickets are about: the latest ones."""

Act = Sequence[Event]
"""The events of one command."""


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
    """Begins stories. ``now`` is moved on by whoever tells them."""

    random: Random
    users: Sequence[UUID]
    now: datetime
    customers: list[UUID] = field(default_factory=list)
    contacts: list[UUID] = field(default_factory=list)
    _count: int = 0

    def story(self) -> Story:
        """A new record, of a kind that the mix wants next."""
        draw = self.random.random()
        if draw < 0.15 or not self.contacts:
            return self._customer() if not self.customers or draw < 0.15 else self._contact()
        if draw < 0.35:
            return self._contact()
        return self._opportunity() if draw < 0.65 else self._ticket()

    def _customer(self) -> Story:
        stream = uuid7()
        self._into_book(self.customers, stream)
        return Story(Customer, stream, Customer(), self._of_customer())

    def _contact(self) -> Story:
        stream = uuid7()
        self._into_book(self.contacts, stream)
        return Story(Contact, stream, Contact(), self._of_contact())

    def _opportunity(self) -> Story:
        customer = self.random.choice(self.customers)
        state = replace(Opportunity(), customer_id=customer)
        return Story(Opportunity, uuid7(), state, self._of_deal(customer))

    def _ticket(self) -> Story:
        customer, contact = self.random.choice(self.customers), self.random.choice(self.contacts)
        state = replace(Ticket(), customer_id=customer, contact_id=contact)
        return Story(Ticket, uuid7(), state, self._of_ticket(customer, contact))

    def _into_book(self, book: list[UUID], stream: UUID) -> None:
        if len(book) < BOOK:
            book.append(stream)
        else:
            book[self.random.randrange(BOOK)] = stream

    def _of_customer(self) -> Iterator[Act]:
        pick, number = self.random, self._next()
        yield _one(
            CustomerRegistered,
            name=f"{pick.choice(FIRMS)} {pick.choice(KINDS)} {number}",
            kind="organisation",
            type="prospect",
            industry=pick.choice(("Wholesale", "Manufacturing", "Health", "零售")),
            level=pick.choice("ABC"),
            size=pick.randrange(5, 5_000),
            annual_revenue=self._money(1_000_000),
            website=f"https://firm-{number}.example.com/",
            phones=(self._phone(),),
            emails=(f"office@firm-{number}.example.com",),
            billing_address={
                "street": pick.choice(STREETS),
                "city": pick.choice(("Shanghai", "Hamburg", "Madrid", "Lagos")),
                "postal_code": f"{pick.randrange(100_000):05d}",
                "country": pick.choice(("CN", "DE", "ES", "NG")),
            },
            lead_source="Trade fair",
            owner_id=self._user(),
        )
        yield _one(CustomerActivated)
        for turn in range(pick.randrange(1, 5)):
            if turn % 2:
                yield _one(CustomerChanged, size=pick.randrange(5, 5_000), level=pick.choice("ABC"))
            elif pick.random() < 0.5:
                yield _one(CustomerChanged, note=self._text(14), phones=(self._phone(),))
            else:
                day = self.now.date().isoformat()
                yield _one(CustomerFollowedUp, followed_up_on=day, note=self._text(10))

    def _of_contact(self) -> Iterator[Act]:
        pick, number = self.random, self._next()
        yield _one(
            ContactRegistered,
            family_name=pick.choice(FAMILY),
            given_name=pick.choice(GIVEN),
            title=pick.choice(("Buyer", "采购经理", "Head of IT")),
            department=pick.choice(("Purchasing", "IT", "财务")),
            emails=(f"person-{number}@people.example.com",),
            phones=(self._phone(),),
            language=pick.choice(("en", "de", "zh_Hans")),
            owner_id=self._user(),
        )
        yield _one(ContactLinked, customer_id=str(pick.choice(self.customers)), role="user")
        for _ in range(pick.randrange(3)):
            yield _one(ContactChanged, title=pick.choice(("Director", "总监")), note=self._text(8))

    def _of_deal(self, customer: UUID) -> Iterator[Act]:
        pick = self.random
        stages = [one for one in DEFAULT_STAGES if one.is_enterable]
        yield _one(
            OpportunityOpened,
            name=f"{pick.choice(FIRMS)}: {pick.randrange(2, 500)} {pick.choice(KINDS)}",
            pipeline_id=str(DEFAULT_PIPELINE),
            stage=stages[0].key,
            customer_id=str(customer),
            amount=self._money(200_000),
            probability=stages[0].probability,
            expected_close_on=self._day(60),
            owner_id=self._user(),
            type="new",
        )
        for stage in stages[1 : pick.randrange(2, len(stages) + 1)]:
            yield _one(
                OpportunityMoved,
                pipeline_id=str(DEFAULT_PIPELINE),
                stage=stage.key,
                probability=stage.probability,
            )
            if pick.random() < 0.4:
                yield _one(
                    OpportunityChanged, next_step=self._text(8), expected_close_on=self._day(45)
                )
        today, draw = self._day(0), pick.random()
        if draw < 0.45:
            yield _one(OpportunityWon, stage="won", amount=self._money(200_000), closed_on=today)
        elif draw < 0.85:
            yield _one(
                OpportunityLost,
                stage="lost",
                loss_reason=pick.choice(("price", "competitor", "timing")),
                loss_notes=self._text(10),
                closed_on=today,
            )

    def _of_ticket(self, customer: UUID, contact: UUID) -> Iterator[Act]:
        pick, user = self.random, self._user()
        yield (
            _event(
                TicketOpened,
                subject=self._text(6),
                description=self._text(40),
                channel=pick.choice(("email", "phone", "web")),
                type="incident",
                priority=pick.choice(("high", "medium", "low")),
                customer_id=str(customer),
                contact_id=str(contact),
                category=pick.choice(("Network", "Billing", "Hardware")),
            ),
            _event(TicketAssigned, assignee_id=user, queue="First line"),
            _event(TicketStarted),
        )
        for turn in range(pick.randrange(2, 5)):
            author = {"author_user_id": user} if turn % 2 else {"author_contact_id": str(contact)}
            yield _one(
                TicketMessageAdded,
                message_id=str(uuid7()),
                public=True,
                direction="out" if turn % 2 else "in",
                body=self._text(30),
                **author,
            )
        if pick.random() < 0.3:
            yield _one(TicketPriorityChanged, priority="urgent")
        if pick.random() < 0.3:
            yield _one(TicketPutOnHold, waiting_for="customer")
            yield _one(TicketResumed)
        until = (self.now + timedelta(days=7)).isoformat()
        yield _one(TicketResolved, resolution=self._text(12), reopen_until=until)
        yield _one(TicketClosed)


def _event(kind: type[Event], /, **fields: Any) -> Event:
    """From values in their stored form, as the log itself reads them."""
    return kind.restore(fields)


def _one(kind: type[Event], /, **fields: Any) -> Act:
    return (_event(kind, **fields),)
