"""Laws of folding: whatever was commanded, live, rebuilt and as of then are the same rows.

Commands are drawn at random for a small company; those that the rules refuse leave no trace, and
the rest is a valid history.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from api.envelopes import system_envelope
from api.services import Services
from commands.consents import GrantConsent
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.dispatcher import Order as Sent
from commands.kernel import COMMANDS, Command, Rejected
from commands.legal_holds import PlaceLegalHold
from commands.order_payments import RecordOrderPayment, ReturnInput, ReturnOrderLines
from commands.orders import ConfirmOrder, DraftOrder, SetOrderLines, SubmitOrder
from commands.products import CreateProduct
from commands.quotes import AcceptQuote, DraftQuote, SendQuote, SubmitQuote
from commands.read_seals import SealReads
from commands.recipients import RecordDisclosure, RegisterRecipient
from commands.retention_schedules import ProposeRetentionSchedule
from commands.sales_lines import LineInput
from commands.saved_figures import SaveFigure
from commands.skipped_events import SkipEvent
from commands.sla_policies import DefineSlaPolicy
from commands.subject_requests import (
    FulfilSubjectRequest,
    IdentifySubject,
    ReceiveSubjectRequest,
)
from commands.users import ActivateUser, InviteUser
from domain import AGGREGATES
from domain.consents import Basis, Channel, Consent
from domain.contacts import Contact
from domain.custom_fields import CustomFields
from domain.customers import Customer, Kind
from domain.envelope import SYSTEM, Recorded, from_microseconds, kind_of
from domain.kernel import Aggregate
from domain.legal_holds import LegalHold
from domain.opportunities import Opportunity
from domain.orders import Order
from domain.pipelines import Pipeline
from domain.products import Product
from domain.quotes import Quote
from domain.read_seals import ReadSeal, seal_id
from domain.recipients import Recipient, Role
from domain.retention_schedules import Action, RetentionSchedule, Trigger
from domain.retention_schedules import Kind as RetentionKind
from domain.saved_figures import Question, SavedFigure
from domain.skipped_events import SKIPPED_EVENTS, SkippedEvents
from domain.sla_policies import SlaPolicy
from domain.subject_requests import Kind as RequestKind
from domain.subject_requests import Method, SubjectRequest
from domain.teams import Team
from domain.users import User
from domain.values import Money
from projections import DERIVED, PROJECTIONS
from projections.kernel import Projection, ReadModel
from projections.readers import Reader
from projections.rebuild import rebuild
from store.errors import StoreError
from store.lists import Query
from tests.domain.examples import models

ADMIN: Final = Reader(SYSTEM, "admin", "test")
KINDS: Final = [kind for kind in AGGREGATES if kind not in (CustomFields, ReadSeal, SkippedEvents)]
MODELS: Final = {p.aggregate: p for p in PROJECTIONS if p.aggregate is not None}
BY_NAME: Final = {p.name: p for p in MODELS.values()}
POINTS_AT: Final[dict[str, type[Aggregate]]] = {
    **dict.fromkeys(("owner_id", "manager_id", "assignee_id", "author_user_id"), User),
    **dict.fromkeys(("contact_id", "primary_contact_id", "author_contact_id"), Contact),
    "customer_id": Customer,
    "opportunity_id": Opportunity,
    "pipeline_id": Pipeline,
    "team_id": Team,
    "recipient_id": Recipient,
    "sla_policy_id": SlaPolicy,
}
"""What a link is to; any other is to a record of the command's own kind."""

for_kind: Final = {
    kind: sorted(
        (one for one in COMMANDS.values() if one.TO is kind and not one.__name__.startswith("_")),
        key=lambda one: one.__name__,
    )
    for kind in KINDS
}
_FEW: Final = settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    report_multiple_bugs=False,
)


@dataclass
class Company:
    """Two records of every kind, and how each looked after every event that touched it."""

    services: Services
    ids: dict[type[Aggregate], list[UUID]] = field(
        default_factory=lambda: {kind: [uuid7(), uuid7()] for kind in KINDS}
    )
    rows: dict[UUID, list[tuple[Recorded, dict[str, Any] | None]]] = field(default_factory=dict)

    def open_all(self, data: st.DataObject) -> None:
        for user in self.ids[User]:
            self.issue(InviteUser(name="Fang", email=f"{user}@example.com"), user)
            self.issue(ActivateUser(), user)
        for customer in self.ids[Customer]:
            self.issue(RegisterCustomer(name="Acme", kind=Kind.ORGANISATION), customer)
        customer = self.ids[Customer][0]
        self.issue(a_consent_of(customer), self.ids[Consent][0])
        won = SaveFigure(name="Won", question=Question(figure="won_deals"))
        self.issue(won, self.ids[SavedFigure][0])
        asks = ReceiveSubjectRequest(kind=RequestKind.ACCESS, customer_id=customer)
        self.issue(asks, self.ids[SubjectRequest][0])
        held = PlaceLegalHold(
            customer_id=self.ids[Customer][1], law="A law", approved_by_id=self.ids[User][0]
        )
        self.issue(held, self.ids[LegalHold][0])
        self.sell(customer)
        self.disclose(customer)
        self.issue(a_schedule(), self.ids[RetentionSchedule][0])
        self.issue(DefineSlaPolicy(name="Usual"), self.ids[SlaPolicy][0])
        self.issue(a_seal(), seal_id(1))
        self.issue(a_skip(customer), SKIPPED_EVENTS)
        for kind in KINDS:
            opening = [one for one in for_kind[kind] if one.OPENS is True]
            for stream in self.ids[kind]:
                self.issue(self.drawn(data, data.draw(st.sampled_from(opening))), stream)

    def sell(self, customer: UUID) -> None:
        """A quote with a line becomes an order, and another order is confirmed and paid in part."""
        product, quote, order = (self.ids[kind][0] for kind in (Product, Quote, Order))
        self.issue(CreateProduct(sku=str(product), name="Pump"), product)
        price = Money(amount=Decimal(100), currency="EUR")
        lines = (LineInput(product_id=product, unit_price=price, quantity=Decimal(3)),)
        until = datetime.now(UTC).date() + timedelta(days=30)
        offer = DraftQuote(customer_id=customer, currency="EUR", valid_until=until, lines=lines)
        for one in (offer, SubmitQuote(), SendQuote(), AcceptQuote()):
            self.issue(one, quote)
        self.issue(DraftOrder(customer_id=customer, currency="EUR", lines=lines * 2), order)
        fewer = SetOrderLines(lines=lines)
        paid = RecordOrderPayment(amount=price)
        back = ReturnOrderLines(returns=(ReturnInput(line=1, quantity=Decimal(1)),))
        for step in (fewer, SubmitOrder(), ConfirmOrder(), paid, back):
            self.issue(step, order)

    def disclose(self, customer: UUID) -> None:
        """Somebody's data is given away and then corrected, so that a notice is owed."""
        recipient, request = self.ids[Recipient][0], self.ids[SubjectRequest][1]
        self.issue(
            RegisterRecipient(
                name="Printer",
                role=Role.CONTROLLER,
                country="DE",
                categories=("contact",),
                purposes=("mailings",),
            ),
            recipient,
        )
        given = RecordDisclosure(
            customer_ids=(customer,), categories=("contact",), purpose="mailings"
        )
        self.issue(given, recipient)
        asks = ReceiveSubjectRequest(kind=RequestKind.RECTIFICATION, customer_id=customer)
        self.issue(asks, request)
        self.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
        self.issue(FulfilSubjectRequest(), request)

    def any(self, data: st.DataObject) -> None:
        """Issue any command for any record."""
        likely: list[type[Aggregate]] = [*KINDS, *[Customer] * 6]
        kind = data.draw(st.sampled_from(likely))
        command = data.draw(st.sampled_from([c for c in for_kind[kind] if c.OPENS is not True]))
        late = data.draw(st.sampled_from([0, 0, 0, 1, 400]))
        stream = data.draw(st.sampled_from(self.ids[kind]))
        self.issue(self.drawn(data, command), stream, late)

    def drawn(self, data: st.DataObject, kind: type[Command]) -> Command | None:
        """A command whose links are to records of the company, without undeclared custom fields."""
        given = {
            name: self._linked(data, kind, name, value)
            for name, value in data.draw(models(kind)).given().items()
            if name not in ("custom", "custom_personal", "source_system", "external_id")
        }
        try:
            return kind.model_validate(given)
        except ValidationError:
            return None

    def _linked(self, data: st.DataObject, kind: type[Command], name: str, value: Any) -> Any:
        if not isinstance(value, UUID):
            return value
        target = POINTS_AT.get(name, kind.TO)
        return data.draw(st.sampled_from(self.ids.get(target, [value])))

    def issue(self, command: Command | None, stream: UUID, days_late: int = 0) -> None:
        """Issue a command if the rules allow it, and look at what it touched."""
        if command is None:
            return
        before = self.services.log.head()
        now = datetime.now(UTC) - timedelta(days=days_late)
        order = Sent(command, system_envelope(occurred_at=now), stream)
        try:
            self.services.dispatcher.dispatch(order)
        except (Rejected, StoreError):
            assert self.services.log.head() == before
            return
        self.services.runner.catch_up()
        touched = {one.stream: one for one in self.services.log.read(before, 100)}
        for one, last in touched.items():
            model = model_of(last)
            shown = self.services.gate.get(ADMIN, model.name, one)
            self.rows.setdefault(one, []).append((last, shown))

    def snapshots(self) -> Iterator[tuple[Projection, UUID, Recorded, dict[str, Any] | None]]:
        for stream, rows in self.rows.items():
            for recorded, row in rows:
                yield model_of(recorded), stream, recorded, row


def model_of(recorded: Recorded) -> Projection:
    """The read model of the record that an event is about."""
    return BY_NAME[kind_of(recorded.body)]


def a_consent_of(customer: UUID) -> GrantConsent:
    """One that the rules allow, which chance seldom finds."""
    return GrantConsent(
        customer_id=customer,
        purpose="invoices",
        channel=Channel.POST,
        lawful_basis=Basis.CONTRACT,
        captured_at=datetime.now(UTC) - timedelta(days=500),
        source="A contract",
    )


def a_schedule() -> ProposeRetentionSchedule:
    """One of a category that there is."""
    return ProposeRetentionSchedule(
        kind=RetentionKind.CUSTOMERS,
        category="trace",
        trigger=Trigger.CREATED,
        duration="P1Y",
        law="A law",
        action=Action.REVIEW,
    )


def a_skip(record: UUID) -> SkipEvent:
    """Of an event that there is not, so that nothing is folded otherwise."""
    return SkipEvent(read_model="customers", position=2**53 - 1, record_id=record)


def a_seal() -> SealReads:
    """Of one read; only Kept itself issues it, so chance does not."""
    return SealReads(first=1, last=1, root="0" * 64, until=datetime.now(UTC) - timedelta(days=500))


@pytest.fixture
def quiet(services: Services) -> Iterator[Services]:
    yield services
    services.runner.close()


def test_live_rebuilt_and_as_of_are_the_same_rows(quiet: Services) -> None:
    @_FEW
    @given(st.data())
    def law(data: st.DataObject) -> None:
        company = Company(quiet)
        company.open_all(data)
        for _ in range(data.draw(st.integers(20, 35))):
            company.any(data)
        as_of_now_is_live(company)
        as_known_then_is_how_it_was(company)
        the_history_names_what_changed(company)

    law()
    rebuilding_changes_nothing(quiet)


def as_of_now_is_live(company: Company) -> None:
    gate = company.services.gate
    for stream, rows in company.rows.items():
        model = model_of(rows[-1][0])
        assert gate.as_of(ADMIN, model.name, stream) == gate.get(ADMIN, model.name, stream)
        assert rows[-1][1] == gate.get(ADMIN, model.name, stream)


def as_known_then_is_how_it_was(company: Company) -> None:
    for model, stream, last, row in company.snapshots():
        then = from_microseconds(last.recorded_us)
        known = company.services.gate.as_of(ADMIN, model.name, stream, as_known_at=then)
        assert known == row
        moment = timedelta(microseconds=1)
        earlier = company.services.gate.as_of(ADMIN, model.name, stream, as_known_at=then - moment)
        assert earlier is None or earlier["position"] < last.position


def the_history_names_what_changed(company: Company) -> None:
    """Every field whose value differs between two looks, and no other."""
    for stream, rows in company.rows.items():
        model = model_of(rows[0][0])
        aggregate = model.aggregate
        assert aggregate is not None
        told = history_of(company.services, stream)
        before: dict[str, Any] = {}
        start = 0
        for last, row in rows:
            after = row or {}
            changed = {
                name
                for name in aggregate.model_fields.keys() & after.keys()
                if before and before[name] != after[name]
            }
            # One command may have several events, between which a field may go there and back.
            positions = [p for p in told if start < p <= last.position]
            named = {name.partition(".")[0] for p in positions for name in told[p]}
            named &= aggregate.model_fields.keys()
            if before:
                assert changed <= named
                if len(positions) == 1:
                    assert changed == named, (last, model.name)
            before, start = after, last.position


def history_of(services: Services, stream: UUID) -> dict[int, list[str]]:
    """The fields that each event of a record changed, by position."""
    told: dict[int, list[str]] = {}
    cursor = None
    while True:
        query = Query(filters={"id": stream}, sort="position", limit=100, cursor=cursor)
        page = services.gate.history(ADMIN, query)
        for fact in page.items:
            told.setdefault(fact["position"], []).append(fact["field"])
        cursor = page.next_cursor
        if cursor is None:
            assert sorted(told) == [one.position for one in services.log.load(stream)]
            return told


def rebuilding_changes_nothing(services: Services) -> None:
    chosen: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)
    twice = [rebuild(services.log, PROJECTIONS, DERIVED, chosen) for _ in range(2)]
    for first, second in zip(*twice, strict=True):
        assert first.checksum == first.live_checksum == second.checksum, first.name
        assert first.rows == second.rows
    filled = {one.name for one in twice[0] if one.rows}
    assert filled >= {*BY_NAME, "order_lines"} - {"custom_fields"}


def test_a_field_that_goes_there_and_back_has_three_facts(quiet: Services) -> None:
    """A → B → A within a second is three facts, with the positions of those before."""
    stream = uuid7()
    for name in ("A", "B", "A"):
        if name == "A" and not quiet.log.load(stream):
            quiet.issue(RegisterCustomer(name=name, kind=Kind.PERSON), stream=stream)
        else:
            quiet.issue(ChangeCustomer(name=name), stream)
    quiet.runner.catch_up()
    query = Query(filters={"id": stream, "fields": "name"}, sort="position", count=True)
    page = quiet.gate.history(ADMIN, query)
    assert [(fact["from"], fact["to"]) for fact in page.items] == [
        (None, "A"),
        ("A", "B"),
        ("B", "A"),
    ]
    assert page.count == 3
    moments = [datetime.fromisoformat(str(fact["recorded_at"])) for fact in page.items]
    assert moments[-1] - moments[0] < timedelta(seconds=30)
