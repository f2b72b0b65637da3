"""Commands and records that several benchmarks use."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from api.envelopes import system_envelope
from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.dispatcher import Order
from commands.kernel import Command
from domain.customers import Kind, Level, Type
from domain.envelope import Envelope, Source
from domain.values import Address, Money

API = Source(kind="api", client="bench")
ACTOR = uuid7()
_numbers = itertools.count()
_changes = itertools.count(10_000)
NOTE = (
    "They want the second option of last week's offer, delivery in spring. 已发报价，等客户回复。"
)


def envelope(actor: UUID = ACTOR) -> Envelope:
    """What a door puts around a command."""
    return Envelope.of(
        {
            "actor": actor,
            "occurred_at": datetime.now(UTC),
            "source": API,
            "command_id": uuid7(),
        }
    )


def order(command: Command, stream: UUID | None = None) -> Order:
    """A command as a door hands it to the dispatcher."""
    return Order(command, envelope(), stream)


def registration(number: int) -> RegisterCustomer:
    """A customer with the fields that salespeople fill in."""
    return RegisterCustomer(
        name=f"Northwind Traders 北风贸易 {number}",
        kind=Kind.ORGANISATION,
        type=Type.PROSPECT,
        industry="Wholesale",
        level=Level.B,
        size=120 + number % 400,
        annual_revenue=Money(amount="1250000.00", currency="EUR"),  # type: ignore[arg-type]
        website=f"https://northwind-{number}.example.com/",
        phones=(f"+8613{number % 1_000_000_000:09d}",),
        emails=(f"office-{number}-{ACTOR.hex[-6:]}@northwind.example.com",),
        billing_address=Address(
            street="88 Century Avenue 世纪大道", city="Shanghai", postal_code="200120", country="CN"
        ),
        lead_source="Trade fair",
        note=NOTE,
    )


def public_change(number: int) -> ChangeCustomer:
    """The one-event command without personal data: another number of employees. ``number`` must
    differ from one call for a customer to the next, or nothing would be left to record."""
    return ChangeCustomer(size=number % 90_000_000)


def personal_change(number: int) -> ChangeCustomer:
    """The same with personal data: another note."""
    return ChangeCustomer(note=f"{number}: {NOTE}")


def change_in_turn(turn: int) -> ChangeCustomer:
    """Public and personal changes in turn, each to a value that was never there before."""
    number = next(_changes)
    return personal_change(number) if turn % 2 else public_change(number)


def register(services: Services, count: int) -> Sequence[UUID]:
    """So many customers, registered by commands."""
    orders = [
        Order(registration(next(_numbers)), system_envelope(source=API)) for _ in range(count)
    ]
    receipts = services.dispatcher.dispatch_all(orders)
    failed = [one for one in receipts if isinstance(one, Exception)]
    if failed:
        raise failed[0]
    return [one.stream for one in receipts if not isinstance(one, Exception)]
