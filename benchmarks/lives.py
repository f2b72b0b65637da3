"""What happens to a record from its first event to its last, command by command."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from benchmarks.words import FAMILY, FIRMS, GIVEN, KINDS, Pen
from domain.contacts import ContactChanged, ContactLinked, ContactRegistered
from domain.customers import (
    CustomerActivated,
    CustomerChanged,
    CustomerFollowedUp,
    CustomerRegistered,
)
from domain.kernel import Event
from domain.opportunities import (
    OpportunityChanged,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityWon,
)
from domain.pipelines import DEFAULT_PIPELINE, DEFAULT_STAGES
from domain.tickets import (
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

Act = Sequence[Event]
"""The events of one command."""


def customer_life(pen: Pen, number: int, user: str) -> Iterator[Act]:
    """A customer: registered, won, and then looked after."""
    yield _one(
        CustomerRegistered,
        name=f"{pen.choice(FIRMS)} {pen.choice(KINDS)} {number}",
        kind="organisation",
        type="prospect",
        industry=pen.choice(("Wholesale", "Manufacturing", "Health", "零售")),
        level=pen.choice("ABC"),
        size=pen.randrange(5, 5_000),
        annual_revenue=pen.money(1_000_000),
        website=f"https://firm-{number}.example.com/",
        phones=(pen.phone(),),
        emails=(f"office@firm-{number}.example.com",),
        billing_address=pen.address(),
        lead_source="Trade fair",
        owner_id=user,
    )
    yield _one(CustomerActivated)
    for turn in range(pen.randrange(1, 5)):
        if turn % 2:
            yield _one(CustomerChanged, size=pen.randrange(5, 5_000), level=pen.choice("ABC"))
        elif pen.random() < 0.5:
            yield _one(CustomerChanged, note=pen.text(14), phones=(pen.phone(),))
        else:
            day = pen.now.date().isoformat()
            yield _one(CustomerFollowedUp, followed_up_on=day, note=pen.text(10))


def contact_life(pen: Pen, number: int, user: str, customer: UUID) -> Iterator[Act]:
    """A person who speaks for a customer."""
    yield _one(
        ContactRegistered,
        family_name=pen.choice(FAMILY),
        given_name=pen.choice(GIVEN),
        title=pen.choice(("Buyer", "采购经理", "Head of IT")),
        department=pen.choice(("Purchasing", "IT", "财务")),
        emails=(f"person-{number}@people.example.com",),
        phones=(pen.phone(),),
        language=pen.choice(("en", "de", "zh_Hans")),
        owner_id=user,
    )
    yield _one(ContactLinked, customer_id=str(customer), role="user")
    for _ in range(pen.randrange(3)):
        yield _one(ContactChanged, title=pen.choice(("Director", "总监")), note=pen.text(8))


def deal_life(pen: Pen, user: str, customer: UUID) -> Iterator[Act]:
    """A deal on its way through the pipeline: won, lost or still open."""
    stages = [one for one in DEFAULT_STAGES if one.is_enterable]
    yield _one(
        OpportunityOpened,
        name=f"{pen.choice(FIRMS)}: {pen.randrange(2, 500)} {pen.choice(KINDS)}",
        pipeline_id=str(DEFAULT_PIPELINE),
        stage=stages[0].key,
        customer_id=str(customer),
        amount=pen.money(200_000),
        probability=stages[0].probability,
        expected_close_on=pen.day(60),
        owner_id=user,
        type="new",
    )
    for stage in stages[1 : pen.randrange(2, len(stages) + 1)]:
        yield _one(
            OpportunityMoved,
            pipeline_id=str(DEFAULT_PIPELINE),
            stage=stage.key,
            probability=stage.probability,
        )
        if pen.random() < 0.4:
            yield _one(OpportunityChanged, next_step=pen.text(8), expected_close_on=pen.day(45))
    today, draw = pen.day(0), pen.random()
    if draw < 0.45:
        yield _one(OpportunityWon, stage="won", amount=pen.money(200_000), closed_on=today)
    elif draw < 0.85:
        yield _one(
            OpportunityLost,
            stage="lost",
            loss_reason=pen.choice(("price", "competitor", "timing")),
            loss_notes=pen.text(10),
            closed_on=today,
        )


def ticket_life(pen: Pen, user: str, customer: UUID, contact: UUID) -> Iterator[Act]:
    """A ticket with its messages, until it is closed."""
    yield (
        _event(
            TicketOpened,
            subject=pen.text(6),
            description=pen.text(40),
            channel=pen.choice(("email", "phone", "web")),
            type="incident",
            priority=pen.choice(("high", "medium", "low")),
            customer_id=str(customer),
            contact_id=str(contact),
            category=pen.choice(("Network", "Billing", "Hardware")),
        ),
        _event(TicketAssigned, assignee_id=user, queue="First line"),
        _event(TicketStarted),
    )
    for turn in range(pen.randrange(2, 5)):
        author = {"author_user_id": user} if turn % 2 else {"author_contact_id": str(contact)}
        yield _one(
            TicketMessageAdded,
            message_id=str(uuid7()),
            public=True,
            direction="out" if turn % 2 else "in",
            body=pen.text(30),
            **author,
        )
    if pen.random() < 0.3:
        yield _one(TicketPriorityChanged, priority="urgent")
    if pen.random() < 0.3:
        yield _one(TicketPutOnHold, waiting_for="customer")
        yield _one(TicketResumed)
    until = (pen.now + timedelta(days=7)).isoformat()
    yield _one(TicketResolved, resolution=pen.text(12), reopen_until=until)
    yield _one(TicketClosed)


def _event(kind: type[Event], /, **fields: Any) -> Event:
    """From values in their stored form, as the log itself reads them."""
    return kind.restore(fields)


def _one(kind: type[Event], /, **fields: Any) -> Act:
    return (_event(kind, **fields),)
