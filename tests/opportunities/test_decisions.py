"""Opportunities: through a pipeline, won or lost once, and taken up again in the open."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from commands.kernel import Command
from commands.opportunities import (
    ArchiveOpportunity,
    ChangeOpportunity,
    LinkOpportunityContact,
    LoseOpportunity,
    MoveOpportunity,
    OpenOpportunity,
    RecordOpportunity,
    RecordOpportunityLoss,
    ReopenOpportunity,
    RestoreOpportunity,
    SetOpportunityLines,
    UnlinkOpportunityContact,
    WinOpportunity,
)
from domain.contacts import ContactRegistered, ContactRestricted, Role
from domain.customers import CustomerArchived, CustomerMerged, CustomerRegistered, Kind
from domain.kernel import Event, replace
from domain.opportunities import (
    DealContact,
    DealLine,
    ForecastCategory,
    LossReason,
    Opportunity,
    OpportunityArchived,
    OpportunityChanged,
    OpportunityContactLinked,
    OpportunityContactUnlinked,
    OpportunityLinesSet,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRestored,
    OpportunityWon,
    Status,
    Type,
)
from domain.pipelines import (
    DEFAULT_PIPELINE,
    DEFAULT_STAGES,
    PipelineArchived,
    PipelineChanged,
    PipelineDefined,
)
from domain.products import ProductCreated, ProductDeactivated
from domain.users import UserActivated, UserInvited
from tests.dsl import TODAY, Given, cny, eur, given, id_of, state_of

ACME, ALICE, WANG = id_of("acme"), id_of("alice"), id_of("wang")
NOTEBOOK, PENCIL, PARTNERS = id_of("notebook"), id_of("pencil"), id_of("partners")
JUNE, JULY, AUGUST = date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)

acme = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)
sales = PipelineDefined(name="Sales", stages=DEFAULT_STAGES)
partners = PipelineDefined(name="Partners", stages=DEFAULT_STAGES[2:])
without_proposal = PipelineChanged(
    stages=tuple(replace(s, retired=True) if s.key == "proposal" else s for s in DEFAULT_STAGES)
)

opened = OpportunityOpened(
    name="Notebooks for all",
    customer_id=ACME,
    amount=eur(800),
    expected_close_on=JUNE,
    pipeline_id=DEFAULT_PIPELINE,
    stage="prospecting",
    probability=10,
)
moved = OpportunityMoved(pipeline_id=DEFAULT_PIPELINE, stage="negotiation", probability=80)
won = OpportunityWon(stage="won", amount=eur(750), closed_on=TODAY)
lost = OpportunityLost(stage="lost", loss_reason=LossReason.PRICE, closed_on=TODAY)
archived = OpportunityArchived()
two_notebooks = DealLine(product_id=NOTEBOOK, quantity=Decimal(2), unit_price=eur(9))


def known(*history: Event, pipeline: tuple[Event, ...] = (sales,)) -> Given:
    """A deal, in a company that has all that a deal can point at."""
    return given(*history).among(
        {
            DEFAULT_PIPELINE: pipeline,
            PARTNERS: partners,
            ACME: acme,
            ALICE: (UserInvited(name="Alice", email="alice@example.com"), UserActivated()),
            WANG: ContactRegistered(family_name="Wang"),
            NOTEBOOK: ProductCreated(sku="BK-7", name="Notebook"),
            PENCIL: (ProductCreated(sku="PC-1", name="Pencil"), ProductDeactivated()),
        }
    )


def deal_of(*events: Event) -> Opportunity:
    state = state_of(*events)
    assert isinstance(state, Opportunity)
    return state


def opening(**given_fields: object) -> OpenOpportunity:
    usual = {
        "name": "Notebooks for all",
        "customer_id": ACME,
        "amount": eur(800),
        "expected_close_on": JUNE,
    }
    return OpenOpportunity.model_validate(usual | given_fields)


# Opening.


def test_a_deal_begins_in_the_first_stage_of_the_default_pipeline() -> None:
    known().when(opening()).then(opened)


def test_a_deal_begins_where_it_is_said_and_as_likely_as_it_is_said() -> None:
    known().when(
        opening(
            pipeline_id=PARTNERS,
            stage="negotiation",
            probability=65,
            owner_id=ALICE,
            type=Type.UPSELL,
            competitor="Paperworks",
            next_step="Call Wang",
        )
    ).then(
        OpportunityOpened(
            name="Notebooks for all",
            customer_id=ACME,
            amount=eur(800),
            expected_close_on=JUNE,
            pipeline_id=PARTNERS,
            stage="negotiation",
            probability=65,
            owner_id=ALICE,
            type=Type.UPSELL,
            competitor="Paperworks",
            next_step="Call Wang",
        )
    )


def test_a_deal_that_is_held_for_hopeless_has_probability_zero() -> None:
    known().when(opening(probability=0)).then(replace(opened, probability=0))


@pytest.mark.parametrize("field", ["name", "customer_id", "amount", "expected_close_on"])
def test_a_deal_needs(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        opening(**{field: None})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"customer_id": id_of("nobody")}, "customer_id: there is no customer"),
        ({"pipeline_id": id_of("nothing")}, "pipeline_id: there is no pipeline"),
        ({"owner_id": id_of("nobody")}, "owner_id: there is no user"),
        ({"stage": "demo"}, "Sales has no stage 'demo'. Choose one of: prospecting, qualif"),
        ({"stage": "won"}, "'won' is no open stage. Win or lose the deal"),
        ({"amount": eur(-1)}, "amount: is negative"),
        ({"forecast_category": "closed"}, "by being won or lost"),
        ({"custom": {"color": "red"}}, "no such custom field is declared for opportunities"),
    ],
)
def test_a_deal_is_not_opened_on_what_is_not_there(
    fields: dict[str, object], sentence: str
) -> None:
    known().when(opening(**fields)).rejected(sentence)


def test_no_deal_begins_in_a_retired_stage() -> None:
    known(pipeline=(sales, without_proposal)).when(opening(stage="proposal")).rejected(
        "'proposal' is retired. Choose one of: prospecting, qualification, negotiation."
    )


def test_no_deal_begins_in_an_archived_pipeline() -> None:
    known(pipeline=(sales, PipelineArchived())).when(opening()).rejected("is archived")


def test_no_deal_begins_before_there_is_a_pipeline() -> None:
    given().among({ACME: acme}).when(opening()).rejected("pipeline_id: there is no pipeline")


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        (CustomerArchived(), "is archived"),
        (CustomerMerged(merged_into_id=id_of("bigger acme")), "was merged into"),
    ],
)
def test_no_deal_begins_with_a_customer_who_is_gone(gone: Event, sentence: str) -> None:
    known().among({ACME: (acme, gone)}).when(opening()).rejected(sentence)


def test_a_deal_of_another_system_may_lack_customer_amount_and_date() -> None:
    known().when(
        RecordOpportunity(
            name="GTX Pro", stage="proposal", source_system="maven", external_id="1C1I7A6R"
        )
    ).then(
        OpportunityOpened(
            name="GTX Pro",
            pipeline_id=DEFAULT_PIPELINE,
            stage="proposal",
            probability=50,
            source_system="maven",
            external_id="1C1I7A6R",
        )
    )


def test_a_deal_of_another_system_has_to_stand_somewhere() -> None:
    with pytest.raises(ValidationError, match="stage"):
        RecordOpportunity.model_validate({"name": "GTX Pro"})
    known().when(RecordOpportunity(name="GTX Pro", stage="lost")).rejected("no open stage")


@pytest.mark.parametrize("command", [RecordOpportunity, RecordOpportunityLoss])
def test_recording_is_for_administrators(command: type[Command]) -> None:
    assert command.ADMIN


# Changing.


def test_a_deal_changes_by_what_differs() -> None:
    known(opened).when(
        ChangeOpportunity(
            name="Notebooks for all",
            amount=eur(900),
            forecast_category=ForecastCategory.COMMIT,
            next_step="Send the offer",
            tags=("paper",),
        )
    ).then(
        OpportunityChanged(
            amount=eur(900),
            forecast_category=ForecastCategory.COMMIT,
            next_step="Send the offer",
            tags=("paper",),
        )
    )
    known(opened).when(ChangeOpportunity(amount=eur(800), probability=10)).nothing()


@pytest.mark.parametrize(
    "field",
    ["name", "customer_id", "amount", "expected_close_on", "probability"],
)
def test_a_deal_does_not_lose_what_it_needs(field: str) -> None:
    known(opened).when(ChangeOpportunity.model_validate({field: None})).rejected(
        f"{field}: an opportunity needs one"
    )


def test_a_recorded_deal_may_stay_without() -> None:
    recorded = OpportunityOpened(name="GTX Pro", pipeline_id=DEFAULT_PIPELINE, stage="proposal")
    known(recorded).when(ChangeOpportunity(customer_id=None, amount=None)).nothing()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"customer_id": id_of("nobody")}, "there is no customer"),
        ({"owner_id": id_of("nobody")}, "there is no user"),
        ({"amount": eur("-0.01")}, "is negative"),
        ({"forecast_category": "closed"}, "Win or lose it"),
        ({"external_id": "7"}, "Give both or neither"),
    ],
)
def test_a_deal_changes_only_to_what_can_be(fields: dict[str, object], sentence: str) -> None:
    known(opened).when(ChangeOpportunity.model_validate(fields)).rejected(sentence)


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": eur(1)},
        {"customer_id": WANG},
        {"probability": 50},
        {"expected_close_on": AUGUST},
        {"forecast_category": "commit"},
        {"type": "renewal"},
    ],
)
def test_what_a_closed_deal_was_closed_on_stays(fields: dict[str, object]) -> None:
    command = ChangeOpportunity.model_validate(fields)
    known(opened, won).when(command).rejected("already won. Reopen it", type="closed")
    known(opened, lost).when(command).rejected("already lost. Reopen it", type="closed")


def test_a_closed_deal_still_takes_notes_of_what_was_not_agreed() -> None:
    known(opened, won).when(
        ChangeOpportunity(
            amount=eur(750), forecast_category=ForecastCategory.CLOSED, next_step="Ask for a quote"
        )
    ).then(OpportunityChanged(next_step="Ask for a quote"))


def test_slipped_close_dates_are_counted_and_the_first_one_is_kept() -> None:
    later, latest, sooner = (
        OpportunityChanged(expected_close_on=day) for day in (JULY, AUGUST, JUNE)
    )
    deal = deal_of(opened, later, latest, sooner, OpportunityChanged(next_step="Call"))
    assert (deal.slipped, deal.original_close_on, deal.expected_close_on) == (2, JUNE, JUNE)


def test_a_date_that_comes_late_is_no_slip() -> None:
    recorded = OpportunityOpened(name="GTX Pro", pipeline_id=DEFAULT_PIPELINE, stage="proposal")
    deal = deal_of(recorded, OpportunityChanged(expected_close_on=JULY))
    assert (deal.slipped, deal.original_close_on) == (0, JULY)


# Moving.


def test_a_deal_moves_and_gets_the_probability_of_its_stage() -> None:
    known(opened).when(MoveOpportunity(stage="negotiation")).then(moved)


def test_a_deal_moves_with_a_probability_of_its_own() -> None:
    known(opened).when(MoveOpportunity(stage="negotiation", probability=55)).then(
        replace(moved, probability=55)
    )


def test_a_deal_moves_into_another_pipeline() -> None:
    known(opened).when(MoveOpportunity(stage="proposal", pipeline_id=PARTNERS)).then(
        OpportunityMoved(pipeline_id=PARTNERS, stage="proposal", probability=50)
    )


def test_a_deal_that_stays_only_becomes_as_likely_as_it_is_said() -> None:
    known(opened).when(MoveOpportunity(stage="prospecting")).nothing()
    known(opened).when(MoveOpportunity(stage="prospecting", probability=15)).then(
        OpportunityChanged(probability=15)
    )


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (MoveOpportunity(stage="demo"), "has no stage 'demo'"),
        (MoveOpportunity(stage="won"), "Win or lose the deal"),
        (MoveOpportunity(stage="prospecting", pipeline_id=PARTNERS), "Partners has no stage"),
        (MoveOpportunity(stage="proposal", pipeline_id=id_of("nothing")), "there is no pipeline"),
    ],
)
def test_a_deal_moves_only_into_an_open_stage(command: Command, sentence: str) -> None:
    known(opened).when(command).rejected(sentence)


def test_nothing_moves_into_a_retired_stage_but_a_deal_in_one_moves_on() -> None:
    pipeline = (sales, without_proposal)
    in_proposal = replace(moved, stage="proposal")
    known(opened, pipeline=pipeline).when(MoveOpportunity(stage="proposal")).rejected("is retired")
    known(opened, in_proposal, pipeline=pipeline).when(MoveOpportunity(stage="negotiation")).then(
        moved
    )


def test_a_deal_in_an_archived_pipeline_goes_on_there_but_none_comes_in() -> None:
    known(opened, pipeline=(sales, PipelineArchived())).when(
        MoveOpportunity(stage="negotiation")
    ).then(moved)
    known(opened).among({PARTNERS: (partners, PipelineArchived())}).when(
        MoveOpportunity(stage="proposal", pipeline_id=PARTNERS)
    ).rejected("is archived")


# Winning and losing.


def test_a_deal_is_won_today_at_the_price_that_was_agreed() -> None:
    known(opened).when(WinOpportunity(amount=eur(750))).then(won)
    deal = deal_of(opened, won)
    assert (deal.status, deal.stage, deal.probability) == (Status.WON, "won", 100)
    assert (deal.amount, deal.forecast_category) == (eur(750), ForecastCategory.CLOSED)


def test_a_deal_was_won_on_an_earlier_day() -> None:
    known(opened).when(WinOpportunity(amount=eur(750), closed_on=YESTERDAY)).then(
        replace(won, closed_on=YESTERDAY)
    )


def test_a_deal_is_won_only_once() -> None:
    known(opened, won).when(WinOpportunity(amount=eur(800))).rejected("already won", type="closed")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (WinOpportunity(amount=eur(750), closed_on=TOMORROW), "closed_on: lies in the future"),
        (WinOpportunity(amount=eur(-1)), "amount: is negative"),
        (LoseOpportunity(loss_reason=LossReason.PRICE, closed_on=TOMORROW), "lies in the future"),
        (LoseOpportunity(loss_reason=LossReason.OTHER), "say which other reason"),
        (LoseOpportunity(loss_reason=LossReason.OTHER, loss_notes="  "), "say which other"),
        (LoseOpportunity(loss_reason=LossReason.NOT_RECORDED), "Say why it was lost"),
        (RecordOpportunityLoss(loss_reason=LossReason.OTHER), "say which other reason"),
    ],
)
def test_a_deal_is_not_closed_just_so(command: Command, sentence: str) -> None:
    known(opened).when(command).rejected(sentence)


def test_a_deal_is_won_in_the_currency_of_its_lines() -> None:
    lines = OpportunityLinesSet(lines=(two_notebooks,))
    known(opened, lines).when(WinOpportunity(amount=cny(6_000))).rejected("the lines are in EUR")
    known(opened, lines).when(ChangeOpportunity(amount=cny(6_000))).rejected("in that currency")


def test_a_deal_is_lost_for_a_reason() -> None:
    known(opened).when(LoseOpportunity(loss_reason=LossReason.PRICE)).then(lost)
    deal = deal_of(opened, moved, lost)
    assert (deal.status, deal.stage, deal.probability) == (Status.LOST, "lost", 0)
    assert deal.amount == eur(800)


def test_another_reason_is_told_in_the_notes() -> None:
    known(opened).when(
        LoseOpportunity(loss_reason=LossReason.OTHER, loss_notes="They were bought")
    ).then(
        OpportunityLost(
            stage="lost",
            loss_reason=LossReason.OTHER,
            loss_notes="They were bought",
            closed_on=TODAY,
        )
    )


def test_a_loss_of_another_system_may_have_no_reason() -> None:
    known(opened).when(RecordOpportunityLoss(closed_on=YESTERDAY)).then(
        OpportunityLost(stage="lost", loss_reason=LossReason.NOT_RECORDED, closed_on=YESTERDAY)
    )


@pytest.mark.parametrize(
    "command",
    [
        MoveOpportunity(stage="proposal"),
        LoseOpportunity(loss_reason=LossReason.PRICE),
        RecordOpportunityLoss(),
        SetOpportunityLines(lines=()),
    ],
)
def test_a_won_deal_is_reopened_before_it_goes_on(command: Command) -> None:
    known(opened, won).when(command).rejected("already won. Reopen it first", type="closed")


def test_a_deal_whose_pipeline_is_unknown_cannot_be_closed() -> None:
    given(opened).when(WinOpportunity(amount=eur(750))).rejected("there is no pipeline")


# Reopening.


def test_a_deal_is_reopened_where_it_stood() -> None:
    known(opened, moved, lost).when(ReopenOpportunity()).then(
        OpportunityReopened(stage="negotiation", probability=80)
    )


def test_a_deal_is_reopened_in_another_stage() -> None:
    known(opened, moved, won).when(ReopenOpportunity(stage="qualification")).then(
        OpportunityReopened(stage="qualification", probability=20)
    )


def test_a_reopened_deal_is_open_and_remembers_it() -> None:
    deal = deal_of(opened, lost, OpportunityReopened(stage="prospecting", probability=10))
    assert (deal.is_open, deal.reopened, deal.closed_on, deal.loss_reason) == (True, 1, None, None)
    assert deal.forecast_category is ForecastCategory.PIPELINE


@pytest.mark.parametrize("stage", ["won", "lost"])
def test_a_deal_is_not_reopened_into_an_end(stage: str) -> None:
    known(opened, lost).when(ReopenOpportunity(stage=stage)).rejected("is no open stage")


def test_a_deal_is_not_reopened_where_nothing_may_enter_any_more() -> None:
    in_proposal = replace(moved, stage="proposal")
    known(opened, in_proposal, lost, pipeline=(sales, without_proposal)).when(
        ReopenOpportunity()
    ).rejected("'proposal' is retired. Choose one of")


def test_an_open_deal_is_not_reopened() -> None:
    known(opened).when(ReopenOpportunity()).rejected("This deal is open")


# People and products.


def test_a_person_has_a_part_in_the_deal_and_may_get_another() -> None:
    linked = OpportunityContactLinked(contact_id=WANG, role=Role.EVALUATOR)
    decides = OpportunityContactLinked(contact_id=WANG, role=Role.DECISION_MAKER)
    as_evaluator = LinkOpportunityContact(contact_id=WANG, role=Role.EVALUATOR)
    as_decider = LinkOpportunityContact(contact_id=WANG, role=Role.DECISION_MAKER)
    known(opened).when(as_evaluator).then(linked)
    known(opened, linked).when(as_evaluator).nothing()
    known(opened, linked).when(as_decider).then(decides)
    assert deal_of(opened, linked, decides).contacts == (
        DealContact(contact_id=WANG, role=Role.DECISION_MAKER),
    )


def test_a_person_in_the_deal_is_known() -> None:
    known(opened).when(LinkOpportunityContact(contact_id=id_of("nobody"))).rejected("no contact")


def test_a_person_whose_data_may_only_be_stored_gets_no_part() -> None:
    wang = (ContactRegistered(family_name="Wang"), ContactRestricted(restriction_reason="asked"))
    known(opened).among({WANG: wang}).when(LinkOpportunityContact(contact_id=WANG)).rejected(
        "may only be stored"
    )


def test_a_person_is_taken_out_of_the_deal() -> None:
    linked = OpportunityContactLinked(contact_id=WANG)
    unlinked = OpportunityContactUnlinked(contact_id=WANG)
    known(opened, linked).when(UnlinkOpportunityContact(contact_id=WANG)).then(unlinked)
    known(opened).when(UnlinkOpportunityContact(contact_id=WANG)).rejected("no part in this deal")
    assert deal_of(opened, linked, unlinked).contacts == ()


def test_a_deal_has_products_with_quantity_price_and_discount() -> None:
    line = DealLine(
        product_id=NOTEBOOK,
        quantity=Decimal("2.5"),
        unit_price=eur("8.9999"),
        discount=Decimal("12.5"),
    )
    known(opened).when(SetOpportunityLines(lines=(line, two_notebooks))).then(
        OpportunityLinesSet(lines=(line, two_notebooks))
    )
    known(opened, OpportunityLinesSet(lines=(line,))).when(
        SetOpportunityLines(lines=(line,))
    ).nothing()


def test_a_line_without_a_quantity_is_of_one() -> None:
    line = DealLine.model_validate({"product_id": NOTEBOOK, "unit_price": eur(9)})
    assert (line.quantity, line.discount) == (Decimal(1), Decimal(0))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": "1.00001"}, "quantity"),
        ({"discount": 101}, "discount"),
        ({"unit_price": {"amount": 9, "currency": "euro"}}, "is no ISO 4217 currency"),
    ],
)
def test_a_line_is_well_formed(fields: dict[str, object], sentence: str) -> None:
    line = {"product_id": NOTEBOOK, "unit_price": eur(9)} | fields
    with pytest.raises(ValidationError, match=sentence):
        SetOpportunityLines.model_validate({"lines": [line]})


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (replace(two_notebooks, product_id=id_of("nothing")), "lines.2: there is no product"),
        (replace(two_notebooks, product_id=PENCIL), "lines.2: Pencil is not sold any more"),
        (replace(two_notebooks, unit_price=cny(60)), "lines.2: is in CNY, but this deal is in EUR"),
        (replace(two_notebooks, unit_price=eur(-9)), "lines.2: the price is negative"),
    ],
)
def test_a_line_is_of_a_product_that_is_sold(line: DealLine, sentence: str) -> None:
    known(opened).when(SetOpportunityLines(lines=(two_notebooks, line))).rejected(sentence)


def test_a_product_that_is_in_the_deal_stays_when_it_is_sold_no_more() -> None:
    pencils = replace(two_notebooks, product_id=PENCIL)
    known(opened, OpportunityLinesSet(lines=(pencils,))).when(
        SetOpportunityLines(lines=(pencils, two_notebooks))
    ).then(OpportunityLinesSet(lines=(pencils, two_notebooks)))


def test_lines_without_an_amount_still_share_a_currency() -> None:
    recorded = OpportunityOpened(name="GTX Pro", pipeline_id=DEFAULT_PIPELINE, stage="proposal")
    in_yuan = replace(two_notebooks, unit_price=cny(60))
    known(recorded).when(SetOpportunityLines(lines=(in_yuan,))).then(
        OpportunityLinesSet(lines=(in_yuan,))
    )
    known(recorded).when(SetOpportunityLines(lines=(in_yuan, two_notebooks))).rejected("one curr")


# Putting away.


def test_a_deal_is_archived_and_restored() -> None:
    known(opened).when(ArchiveOpportunity()).then(archived)
    known(opened, archived).when(ArchiveOpportunity()).nothing()
    known(opened, archived).when(RestoreOpportunity()).then(OpportunityRestored())
    known(opened).when(RestoreOpportunity()).nothing()


@pytest.mark.parametrize(
    "command",
    [
        ChangeOpportunity(next_step="Call"),
        MoveOpportunity(stage="proposal"),
        WinOpportunity(amount=eur(750)),
        LoseOpportunity(loss_reason=LossReason.PRICE),
        RecordOpportunityLoss(),
        ReopenOpportunity(),
        LinkOpportunityContact(contact_id=WANG),
        UnlinkOpportunityContact(contact_id=WANG),
        SetOpportunityLines(lines=()),
    ],
)
def test_an_archived_deal_is_restored_first(command: Command) -> None:
    known(opened, archived).when(command).rejected("Restore it first", type="archived")


# Whose data it is.


def test_a_deals_words_lie_under_its_customer() -> None:
    assert Opportunity.SUBJECT == ("customer_id",)
    assert deal_of(opened, OpportunityChanged(customer_id=WANG)).customer_id == WANG
