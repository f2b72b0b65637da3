"""The changes of deals and tickets: a row for each event that moves a figure, and for no other."""

from typing import Any

from domain.opportunities import (
    ForecastCategory,
    OpportunityArchived,
    OpportunityChanged,
    OpportunityLinesSet,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityWon,
)
from domain.tickets import (
    Direction,
    Priority,
    TicketAssigned,
    TicketChanged,
    TicketMessageAdded,
    TicketOpened,
    TicketReopened,
    TicketResolved,
    TicketStarted,
)
from projections.kernel import Derived
from projections.opportunities import opportunities
from projections.opportunity_changes import opportunity_changes
from projections.ticket_changes import ticket_changes
from tests.dsl import eur, id_of
from tests.projections.telling import folded, hour, row, told

opened = OpportunityOpened(
    name="Pumps", pipeline_id=id_of("pipeline"), stage="prospecting", amount=eur(100)
)
moved = OpportunityMoved(pipeline_id=id_of("pipeline"), stage="proposal", probability=50)
won = OpportunityWon(stage="won", amount=eur(80), closed_on=hour(3).date())
asked = TicketOpened(subject="No light", priority=Priority.LOW)
answered = TicketMessageAdded(
    message_id=id_of("message"), public=True, direction=Direction.OUT, body="A bulb"
)
resolved = TicketResolved(resolution="A bulb", reopen_until=hour(100))


def changes(model: Derived, *events: Any) -> list[Any]:
    left, _ = folded(*events).take(model)
    return left


def test_a_deal_leaves_what_stood_before_and_after_each_step() -> None:
    first, second, third = changes(opportunity_changes, opened, moved, won)
    assert (first.was_status, first.status, first.amount) == (None, "open", eur(100))
    assert (second.was_stage, second.stage, second.stage_seconds) == (
        "prospecting",
        "proposal",
        3_600,
    )
    assert (third.was_status, third.status) == ("open", "won")
    assert (third.was_amount, third.amount) == (eur(100), eur(80))
    assert [one.position for one in (first, second, third)] == [1, 2, 3]


def test_what_moves_no_figure_of_a_deal_leaves_no_row() -> None:
    found = changes(
        opportunity_changes,
        opened,
        OpportunityChanged(name="Big pumps"),
        OpportunityChanged(amount=eur(90)),
        OpportunityLinesSet(lines=()),
        OpportunityArchived(),
    )
    assert [one.type for one in found] == [
        "OpportunityOpened",
        "OpportunityChanged",
        "OpportunityArchived",
    ]
    assert [one.stage_seconds for one in found] == [None, None, None]
    assert (found[-1].was_open, found[-1].open, found[-1].archived) == (True, False, True)


def test_whose_a_deal_is_and_how_firmly_it_is_counted_on_are_steps_too() -> None:
    price = {"amount": "1", "currency": "EUR"}
    lines = {"lines": [{"product_id": id_of("a"), "unit_price": price}]}
    found = changes(
        opportunity_changes,
        opened,
        OpportunityChanged(owner_id=id_of("anna")),
        OpportunityChanged(forecast_category=ForecastCategory.COMMIT, probability=90),
        OpportunityLinesSet.model_validate(lines),
    )
    assert [(one.was_owner_id, one.owner_id) for one in found[:3]] == [
        (None, None),
        (None, id_of("anna")),
        (id_of("anna"), id_of("anna")),
    ]
    assert [one.forecast_category for one in found[1:3]] == ["pipeline", "commit"]
    assert [one.probability for one in found[1:3]] == [None, 90]
    assert (found[3].was_product_id, found[3].product_id) == (None, id_of("a"))


def test_a_reopened_deal_comes_back_into_its_stage() -> None:
    back = OpportunityReopened(stage="proposal", probability=50)
    last = changes(opportunity_changes, opened, moved, won, back)[-1]
    assert (last.was_status, last.status, last.stage) == ("won", "open", "proposal")


def test_the_product_of_a_deal_is_known_while_there_is_one() -> None:
    def lines(*names: str) -> OpportunityLinesSet:
        price = {"amount": "1", "currency": "EUR"}
        given = [{"product_id": id_of(one), "unit_price": price} for one in names]
        return OpportunityLinesSet.model_validate({"lines": given})

    assert row(opportunities, opened, lines("a", "a")).product_id == id_of("a")
    assert row(opportunities, opened, lines("a"), lines("a", "b")).product_id is None
    assert row(opportunities, opened, lines("a"), lines()).product_id is None


def test_a_ticket_is_as_old_as_the_hours_since_it_was_opened() -> None:
    found = changes(
        ticket_changes,
        asked,
        TicketStarted(),
        answered,
        TicketChanged(subject="Still no light"),
        resolved,
        TicketReopened(),
    )
    assert [(one.type, one.age_seconds // 3_600) for one in found] == [
        ("TicketOpened", 0),
        ("TicketStarted", 1),
        ("TicketMessageAdded", 2),
        ("TicketResolved", 4),
        ("TicketReopened", 5),
    ]
    assert [one.first_reply for one in found] == [False, False, True, False, False]
    assert [(one.was_in_work, one.in_work) for one in found] == [
        (False, True),
        (True, True),
        (True, True),
        (True, False),
        (False, True),
    ]
    assert [one.reopened for one in found] == [False, False, False, False, True]


def test_only_the_first_answer_is_one() -> None:
    again = answered.model_copy(update={"message_id": id_of("another")})
    found = changes(ticket_changes, asked, answered, again)
    assert [one.type for one in found] == ["TicketOpened", "TicketMessageAdded"]


def test_a_ticket_that_changes_hands_leaves_a_row() -> None:
    *_, last = changes(ticket_changes, asked, TicketAssigned(queue="second"))
    assert (last.type, last.queue, last.priority) == ("TicketAssigned", "second", Priority.LOW)


def test_what_is_recorded_of_other_records_leaves_none() -> None:
    events = (told(asked, stream=id_of("ticket")), told(opened, stream=id_of("deal")))
    assert [one.id for one in changes(ticket_changes, *events)] == [id_of("ticket")]
    assert [one.id for one in changes(opportunity_changes, *events)] == [id_of("deal")]
