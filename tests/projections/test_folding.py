"""Given events, these rows: what each read model says, and what waits when a step fails."""

from collections.abc import Iterator
from dataclasses import replace as replace_field
from datetime import date
from itertools import combinations
from uuid import UUID

import pytest

from domain import AGGREGATES
from domain.contacts import ContactLinked, ContactRegistered, ContactUnlinked, Role
from domain.custom_fields import CustomFieldDeclared, CustomFieldRetired, FieldType
from domain.customers import (
    Customer,
    CustomerActivated,
    CustomerChanged,
    CustomerRegistered,
    CustomerReleased,
    Kind,
    Level,
)
from domain.envelope import Recorded
from domain.fields import ERASED
from domain.kernel import Aggregate, Event, replace
from domain.opportunities import (
    LossReason,
    OpportunityChanged,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityWon,
)
from domain.pipelines import DEFAULT_PIPELINE, DEFAULT_STAGES, PipelineDefined
from domain.products import ProductCreated, ProductPriceSet
from domain.teams import TeamCreated
from domain.ticket_history import Status, WaitingFor
from domain.tickets import (
    Direction,
    Priority,
    TicketClosed,
    TicketEscalated,
    TicketMessageAdded,
    TicketOpened,
    TicketPutOnHold,
    TicketReopened,
    TicketResolved,
    TicketResumed,
    TicketSplit,
    TicketStarted,
    TicketTransitionRecorded,
)
from domain.users import UserActivated, UserInvited
from projections import PROJECTIONS
from projections.as_of import fold_as_of
from projections.contacts import contacts
from projections.custom_fields import custom_fields
from projections.customers import customers
from projections.history import history
from projections.kernel import Projection, RecordRow, Row
from projections.opportunities import opportunities
from projections.pipelines import pipelines
from projections.products import products
from projections.teams import teams
from projections.tickets import ticket_messages, tickets
from projections.users import users
from tests.dsl import THIS, cny, eur, id_of
from tests.projections.telling import (
    ALICE,
    BOB,
    Told,
    erased,
    facts,
    folded,
    hour,
    log_of,
    row,
    rows,
    taken,
    told,
)

REGISTERED = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)
OPENED = OpportunityOpened(name="Plant", pipeline_id=DEFAULT_PIPELINE, stage="prospecting")
ASKED = TicketOpened(subject="Dark display", priority=Priority.HIGH)
RESOLVED = TicketResolved(resolution="Cable", reopen_until=hour(200))
FIRST, SECOND, OTHER = id_of("first message"), id_of("second message"), id_of("another ticket")


def message(which: UUID, direction: Direction, *, public: bool = True) -> TicketMessageAdded:
    return TicketMessageAdded(message_id=which, public=public, direction=direction, body="Hello")


# What every record has


def test_a_row_says_by_whom_and_when_it_was_made_and_changed() -> None:
    made = row(
        customers,
        told(REGISTERED, number="C-7"),
        told(CustomerChanged(name="Acme Ltd"), actor=BOB),
    )
    assert (made.id, made.number, made.version, made.position) == (THIS, "C-7", 2, 2)
    assert (made.created_at, made.created_by) == (hour(0), ALICE)
    assert (made.changed_at, made.changed_by) == (hour(1), BOB)
    assert made.name == "Acme Ltd"


def test_the_time_of_a_row_is_when_it_was_so_not_when_we_learned_it() -> None:
    late = told(REGISTERED, occurred_at=hour(-50), recorded_at=hour(9))
    assert row(customers, late).created_at == hour(-50)


def test_rows_of_other_streams_are_not_touched() -> None:
    left = rows(
        customers,
        REGISTERED,
        told(CustomerRegistered(name="Other", kind=Kind.PERSON), stream=OTHER),
        CustomerActivated(),
    )
    assert {key[0] for key in left} == {THIS, OTHER}
    other = left[(OTHER,)]
    assert isinstance(other, RecordRow)
    assert other.version == 1


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.AGGREGATE)
def test_every_event_of_an_aggregate_reaches_its_read_model(aggregate: type[Aggregate]) -> None:
    (projection,) = [one for one in PROJECTIONS if one.aggregate is aggregate]
    assert projection.name == aggregate.AGGREGATE
    assert projection.steps.keys() >= aggregate.EVENTS.keys()


# What each read model says beyond that


def test_users_show_their_status_and_role() -> None:
    user = row(users, UserInvited(name="Wang", email="w@example.com"), UserActivated())
    assert (user.name, user.status.value) == ("Wang", "active")


def test_teams_and_pipelines_and_products_are_their_aggregates() -> None:
    assert row(teams, TeamCreated(name="East")).name == "East"
    pipeline = row(pipelines, PipelineDefined(name="Sales", stages=DEFAULT_STAGES))
    assert [stage.key for stage in pipeline.stages][-2:] == ["won", "lost"]
    product = row(
        products,
        ProductCreated(sku="GTX", name="GTX Pro"),
        ProductPriceSet(valid_from=date(2026, 3, 2), price=cny(100)),
        ProductPriceSet(valid_from=date(2026, 3, 2), price=cny(90)),
    )
    assert [dated.price for dated in product.prices] == [cny(90)]


def test_custom_fields_are_one_row_a_kind_of_record() -> None:
    declared = CustomFieldDeclared(
        kind="customers", key="tier", label="Tier", type=FieldType.TEXT, personal=False
    )
    kind = row(custom_fields, declared, CustomFieldRetired(key="tier"))
    assert kind.kind == "customers"
    assert kind.by_key["tier"].retired


def test_contacts_show_for_whom_they_speak() -> None:
    one, two = id_of("one"), id_of("two")
    person = row(
        contacts,
        ContactRegistered(family_name="Li"),
        ContactLinked(customer_id=one, role=Role.USER),
        ContactLinked(customer_id=two),
        ContactUnlinked(customer_id=one),
    )
    assert [link.customer_id for link in person.customers] == [two]


def test_a_customer_in_the_pool_belongs_to_nobody() -> None:
    customer = row(
        customers,
        CustomerRegistered(name="Acme", kind=Kind.ORGANISATION, owner_id=ALICE),
        CustomerReleased(),
    )
    assert (customer.owner_id, customer.in_pool) == (None, True)


def test_a_deal_shows_since_when_it_stands_in_its_stage() -> None:
    moved = OpportunityMoved(pipeline_id=DEFAULT_PIPELINE, stage="proposal", probability=50)
    assert row(opportunities, OPENED).stage_since == hour(0)
    assert row(opportunities, OPENED, OpportunityChanged(name="Plant 2")).stage_since == hour(0)
    assert row(opportunities, OPENED, moved).stage_since == hour(1)
    won = OpportunityWon(stage="won", amount=eur(800), closed_on=date(2026, 3, 2))
    lost = OpportunityLost(stage="lost", loss_reason=LossReason.PRICE, closed_on=date(2026, 3, 2))
    again = OpportunityReopened(stage="proposal", probability=50)
    for ending in (won, lost):
        assert row(opportunities, OPENED, moved, ending).stage_since == hour(2)
        assert row(opportunities, OPENED, moved, ending, again).stage_since == hour(3)


def test_a_ticket_remembers_the_moments_that_service_measures_stand_on() -> None:
    ticket = row(
        tickets,
        ASKED,
        message(FIRST, Direction.IN),
        message(SECOND, Direction.OUT),
        TicketStarted(),
        TicketPutOnHold(waiting_for=WaitingFor.CUSTOMER),
        TicketResumed(),
        RESOLVED,
        TicketClosed(),
    )
    assert ticket.first_replied_at == hour(2)
    assert (ticket.resolved_at, ticket.closed_at, ticket.status_since) == (
        hour(6),
        hour(7),
        hour(7),
    )


def test_a_note_among_colleagues_is_no_answer_and_a_second_answer_not_the_first() -> None:
    note = message(FIRST, Direction.OUT, public=False)
    assert row(tickets, ASKED, note).first_replied_at is None
    answered = row(
        tickets, ASKED, note, message(SECOND, Direction.OUT), message(OTHER, Direction.OUT)
    )
    assert answered.first_replied_at == hour(2)
    assert answered.status_since == hour(0)


def test_a_reopened_ticket_keeps_when_it_was_resolved_last() -> None:
    ticket = row(tickets, ASKED, TicketStarted(), RESOLVED, TicketReopened(), RESOLVED)
    assert (ticket.resolved_at, ticket.reopen_count) == (hour(4), 1)


def test_a_transition_of_another_system_moves_the_moments_too() -> None:
    closed = TicketTransitionRecorded(
        source_state="Closed", source_sequence=3, status=Status.CLOSED, reopened=False
    )
    active = TicketTransitionRecorded(
        source_state="Active", source_sequence=4, status=Status.OPEN, reopened=True
    )
    ticket = row(tickets, ASKED, closed, active)
    assert (ticket.closed_at, ticket.status_since, ticket.reopen_count) == (hour(1), hour(2), 1)


def test_each_message_of_a_ticket_is_a_row_and_moves_when_the_ticket_is_split() -> None:
    contact = id_of("contact")
    by_contact = replace(message(FIRST, Direction.IN), author_contact_id=contact)
    left = rows(
        ticket_messages,
        ASKED,
        by_contact,
        message(SECOND, Direction.OUT),
        TicketSplit(into_id=OTHER, message_ids=(SECOND,)),
    )
    first, second = (left[(THIS, one)].__dict__ for one in (FIRST, SECOND))
    assert (first["ticket_id"], first["author_contact_id"], first["author_user_id"]) == (
        THIS,
        contact,
        None,
    )
    assert (second["id"], second["ticket_id"], second["author_user_id"]) == (THIS, OTHER, ALICE)
    assert second["written_at"] == hour(2)


def test_a_split_of_a_message_that_is_not_there_folds_all_the_same() -> None:
    """As of an earlier time the message may be excluded and the split not."""
    left = rows(ticket_messages, ASKED, TicketSplit(into_id=OTHER, message_ids=(FIRST,)))
    assert left[(THIS, FIRST)].__dict__["ticket_id"] == OTHER


# The history


def test_a_field_changed_there_and_back_within_a_second_is_three_facts() -> None:
    at = hour(1)
    changed = [told(CustomerChanged(level=one), occurred_at=at) for one in (Level.B, Level.A)]
    began = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION, level=Level.A)
    assert [one for one in facts(began, *changed) if one[1] == "level"] == [
        (1, "level"),
        (2, "level"),
        (3, "level"),
    ]


def test_custom_fields_are_named_by_their_keys() -> None:
    first = CustomerChanged(custom={"tier": "gold", "region": "east"})
    second = CustomerChanged(custom={"tier": "silver"}, custom_personal={"hobby": "Go"})
    assert facts(REGISTERED, first, second)[2:] == [
        (2, "custom.region"),
        (2, "custom.tier"),
        (3, "custom.tier"),
        (3, "custom_personal.hobby"),
    ]


def test_what_an_event_says_beyond_its_aggregate_is_a_fact() -> None:
    escalated = TicketEscalated(escalation_level=2, escalation_reason="They shout")
    assert (2, "escalation_reason") in facts(ASKED, escalated)
    assert (2, "body") in facts(ASKED, message(FIRST, Direction.IN))


def test_an_event_that_changes_nothing_is_a_fact_by_its_name() -> None:
    activated = CustomerActivated()
    assert facts(REGISTERED, activated, activated)[-1] == (3, "CustomerActivated")


def test_a_ticket_is_told_once_though_two_read_models_follow_it() -> None:
    told_twice = [position for position, _ in facts(ASKED, message(FIRST, Direction.IN))]
    left, _ = folded(ASKED, message(FIRST, Direction.IN)).take(history)
    assert len(left) == 2
    assert set(told_twice) == {1, 2}


def test_the_history_of_an_erased_person_tells_what_was_changed_and_no_value() -> None:
    changed = CustomerChanged(name="Acme Ltd", level=Level.B)
    before = {name for position, name in facts(REGISTERED, changed) if position == 2}
    after = {name for position, name in facts(erased(REGISTERED), erased(changed)) if position == 2}
    assert before == {"name", "level"}
    assert "level" in after


# As of a date, in both times


def test_as_of_bears_every_subset_of_a_history_also_without_its_opening() -> None:
    events = log_of(
        ASKED,
        message(FIRST, Direction.IN),
        TicketStarted(),
        message(SECOND, Direction.OUT),
        RESOLVED,
        TicketReopened(),
        TicketSplit(into_id=OTHER, message_ids=(FIRST,)),
    )
    for length in range(len(events) + 1):
        for subset in combinations(events, length):
            folded_row = fold_as_of(tickets, subset)
            assert (folded_row is None) == (length == 0)


def test_as_of_knows_both_times() -> None:
    events = log_of(
        told(REGISTERED, occurred_at=hour(5), recorded_at=hour(5)),
        told(CustomerChanged(name="Entered late"), occurred_at=hour(1), recorded_at=hour(7)),
        told(CustomerChanged(name="Now"), occurred_at=hour(8), recorded_at=hour(8)),
    )

    def name(as_of: int | None = None, known: int | None = None) -> str | None:
        found = fold_as_of(
            customers,
            events,
            None if as_of is None else hour(as_of),
            None if known is None else hour(known),
        )
        return None if found is None else found.name

    assert name() == "Now"
    assert name(as_of=5) == "Entered late"
    assert name(as_of=5, known=6) == "Acme"
    assert name(as_of=1) == "Entered late"  # its opening is excluded, the fact is not
    assert name(as_of=1, known=6) is None
    assert name(known=7) == "Entered late"
    assert name(as_of=0) is None


# Erased values


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_what_was_erased_folds_to_erased_and_fails_no_step(projection: Projection) -> None:
    histories: dict[str, list[Event | Told]] = {
        "customers": [REGISTERED, CustomerChanged(name="A", custom_personal={"x": "y"})],
        "contacts": [ContactRegistered(family_name="Li", tags=("vip",))],
        "tickets": [ASKED, message(FIRST, Direction.IN), RESOLVED],
        "ticket_messages": [ASKED, message(FIRST, Direction.IN)],
        "opportunities": [OPENED],
        "users": [UserInvited(name="Wang", email="w@example.com")],
    }
    events = [erased(one) for one in histories.get(projection.name, []) if isinstance(one, Event)]
    for left in rows(projection, *events).values():
        shown = [value for value in left.__dict__.values() if isinstance(value, str)]
        assert not {"Acme", "Li", "Hello", "Wang", "Plant", "w@example.com"} & {*shown}
    if events:
        assert ERASED in row(projection, *events).__dict__.values()


# A step that fails


def fragile(fails_on: int) -> Projection:
    """The customers, with a step that fails on the event at a position."""
    projection = Projection("customers", 1, customers.row).follows(Customer)

    @projection.on(CustomerChanged)
    def step(row: RecordRow, event: Event, recorded: Recorded) -> RecordRow:
        if recorded.position == fails_on:
            raise ValueError("Wang Xiaoming, +86 138 1234 5678")
        return row

    return projection


def test_a_failing_step_parks_its_row_and_no_other() -> None:
    model = fragile(fails_on=3)
    folding = folded(
        REGISTERED,
        told(REGISTERED, stream=OTHER),
        CustomerChanged(level=Level.A),
        CustomerChanged(level=Level.B),
        told(CustomerChanged(level=Level.C), stream=OTHER),
        projections=[model],
        derived=[],
    )
    left = {key: row.__dict__ for key, row in taken(folding, model).items()}
    assert (left[(THIS,)]["level"], left[(THIS,)]["version"]) == (None, 1)
    assert left[(OTHER,)]["level"] is Level.C
    assert folding.parked == {("customers", THIS)}
    assert [failure.position for failure in folding.newly_parked] == [3]


def test_what_is_told_of_a_parked_row_holds_no_value() -> None:
    folding = folded(
        REGISTERED,
        CustomerChanged(name="Wang Xiaoming"),
        projections=[fragile(fails_on=2)],
        derived=[],
    )
    (failure,) = folding.newly_parked
    assert failure.said == "ValueError in customers at CustomerChanged"


def test_while_a_row_waits_its_history_waits_with_it() -> None:
    """Or the events that pass meanwhile would be missing in the history for ever."""
    folding = folded(
        REGISTERED,
        CustomerChanged(level=Level.A),
        CustomerChanged(level=Level.B),
        projections=[fragile(fails_on=2)],
    )
    assert folding.parked == {("customers", THIS), ("history", THIS)}
    assert {failure.model for failure in folding.newly_parked} == {"customers", "history"}
    left, _ = folding.take(history)
    assert [row.__dict__["position"] for row in left] == [1]


def test_a_history_that_fails_does_not_stop_the_record() -> None:
    def fails(*_: object) -> Iterator[Row]:
        raise KeyError("Wang")

    failing = replace_field(history, derive=fails)
    folding = folded(
        REGISTERED, CustomerChanged(level=Level.A), projections=[customers], derived=[failing]
    )
    assert taken(folding, customers)[(THIS,)].__dict__["version"] == 2
    assert folding.parked == {("history", THIS)}


def test_an_event_that_is_skipped_is_left_out_but_stands_in_the_history() -> None:
    """The row is as if it had not been; that it happened is told all the same."""
    folding = folded(
        REGISTERED,
        CustomerChanged(level=Level.A),
        CustomerChanged(size=7),
        projections=[fragile(fails_on=2)],
        skipped=frozenset({("customers", 2)}),
    )
    (left,) = taken(folding, customers).values()
    shown = left.__dict__
    assert (shown["level"], shown["size"], shown["version"]) == (None, 7, 3)
    assert folding.newly_parked == []
    rows, _ = folding.take(history)
    assert [(row.__dict__["position"], row.__dict__["fields"]) for row in rows][1:] == [
        (2, ("CustomerChanged",)),
        (3, ("size",)),
    ]


def test_a_skip_is_of_one_read_model_and_one_event() -> None:
    events = (REGISTERED, CustomerChanged(level=Level.A), CustomerChanged(size=7))
    without = folded(*events, projections=[customers], skipped=frozenset({("history", 2)}))
    (left,) = taken(without, customers).values()
    assert (left.__dict__["level"], left.__dict__["size"]) == (Level.A, 7)
    rows, _ = without.take(history)
    assert [row.__dict__["position"] for row in rows] == [1, 3]
    parks = folded(
        *events, projections=[fragile(fails_on=3)], skipped=frozenset({("customers", 2)})
    )
    assert [one.position for one in parks.newly_parked] == [3, 3]


def test_an_event_that_is_skipped_first_of_all_makes_no_row() -> None:
    folding = folded(
        REGISTERED, projections=[fragile(fails_on=1)], skipped=frozenset({("customers", 1)})
    )
    assert taken(folding, customers) == {}
    assert len(folding.take(history)[0]) == 1
