"""Opportunities 商机: deals on their way through a pipeline, until they are won or lost."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from domain.contacts import Role
from domain.fields import Personal, Public
from domain.kernel import Event, Value, replace
from domain.products import Rate
from domain.records import Record, RecordDetails, with_details
from domain.values import Key, Line, Money, Percent, Text


class Status(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Type(StrEnum):
    NEW = "new"
    RENEWAL = "renewal"
    UPSELL = "upsell"


class ForecastCategory(StrEnum):
    """预测类别: how firmly the owner counts on the deal."""

    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    COMMIT = "commit"
    CLOSED = "closed"
    """Won or lost; nobody sets it by hand."""


class LossReason(StrEnum):
    """输单原因."""

    PRICE = "price"
    COMPETITOR = "competitor"
    NO_BUDGET = "no_budget"
    NO_DECISION = "no_decision"
    TIMING = "timing"
    PRODUCT_FIT = "product_fit"
    NO_CONTACT = "no_contact"
    DUPLICATE = "duplicate"
    OTHER = "other"
    """The notes say which."""
    NOT_RECORDED = "not_recorded"
    """Only of deals that were lost in another system, which did not ask."""


class DealContact(Value):
    """A person in the deal, and what they decide there (which may differ from deal to deal)."""

    contact_id: UUID
    role: Role | None = None


class DealLine(Value):
    """So much of a product, at that price. Totals are figured where they are shown."""

    product_id: UUID
    quantity: Annotated[Decimal, Field(gt=0, max_digits=19, decimal_places=4)] = Decimal(1)
    unit_price: Money
    discount: Rate = Decimal(0)
    """In percent of the unit price."""


class OpportunityDetails(RecordDetails):
    """The fields of a deal that people fill in."""

    name: Personal[Line | None, "content"] = None
    customer_id: Public[UUID | None, "link"] = None
    amount: Public[Money | None, "figure"] = None
    probability: Public[Percent | None, "figure"] = None
    """赢率."""
    expected_close_on: Public[date | None, "moment"] = None
    """预计成交日期."""
    forecast_category: Public[ForecastCategory, "vocabulary"] = ForecastCategory.PIPELINE
    next_step: Personal[Text | None, "content"] = None
    type: Public[Type | None, "vocabulary"] = None
    competitor: Public[Line | None, "vocabulary"] = None
    """The company that we are up against, by its name."""
    lead_source: Public[Line | None, "vocabulary"] = None
    """来源: how the deal came to us."""


class Opportunity(OpportunityDetails, Record):
    AGGREGATE: ClassVar[str] = "opportunities"
    PREFIX: ClassVar[str] = "O"
    PURPOSE: ClassVar[str] = (
        "Preparing offers and deciding on them with the customer; forecasting sales."
    )
    PEOPLE: ClassVar[str] = "customers and the people who decide for them"
    SUBJECT: ClassVar[tuple[str, ...]] = ("customer_id",)
    """A deal's name and next steps tell of the customer, who is a person as often as not: they lie
    under the customer's keys, and go when the customer is erased without anybody looking for deals.
    What others in the deal said is found by search. A deal that changes hands stays readable: each
    row of personal data keeps the subject that it was written under, so that old words stay the
    former customer's and new ones are the new one's. An imported deal with no customer is its own
    subject."""

    pipeline_id: Public[UUID | None, "link"] = None
    stage: Public[Key | None, "vocabulary"] = None
    last_open_stage: Public[Key | None, "vocabulary"] = None
    """Where it stands, or stood when it was closed: there it goes on when it is reopened."""
    status: Public[Status, "vocabulary"] = Status.OPEN
    contacts: Public[tuple[DealContact, ...], "link"] = ()
    lines: Public[tuple[DealLine, ...], "figure"] = ()
    original_close_on: Public[date | None, "moment"] = None
    """The close date that was expected first, however often it slipped since."""
    slipped: Public[int, "figure"] = 0
    """How often the expected close was moved later."""
    closed_on: Public[date | None, "moment"] = None
    loss_reason: Public[LossReason | None, "vocabulary"] = None
    loss_notes: Personal[Text | None, "content"] = None
    reopened: Public[int, "figure"] = 0

    @property
    def is_open(self) -> bool:
        return self.status is Status.OPEN

    @property
    def lines_currency(self) -> str | None:
        """The one currency of the product lines; None while there are none."""
        return self.lines[0].unit_price.currency if self.lines else None


class OpportunityOpened(OpportunityDetails, Event):
    name: Personal[str, "content"]
    pipeline_id: Public[UUID, "link"]
    stage: Public[Key, "vocabulary"]

    def evolve(self, deal: Opportunity) -> Opportunity:
        return _dated(deal, replace(with_details(deal, self), last_open_stage=self.stage))


class OpportunityChanged(OpportunityDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, deal: Opportunity) -> Opportunity:
        return _dated(deal, with_details(deal, self))


class OpportunityMoved(Event):
    """Into another stage, perhaps of another pipeline, with the probability it has there."""

    pipeline_id: Public[UUID, "link"]
    stage: Public[Key, "vocabulary"]
    probability: Public[Percent, "figure"]

    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(deal, **self.given(), last_open_stage=self.stage)


class OpportunityWon(Event):
    """赢单, at the price that was agreed."""

    stage: Public[Key, "vocabulary"]
    amount: Public[Money, "figure"]
    closed_on: Public[date, "moment"]

    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(
            deal,
            **self.given(),
            status=Status.WON,
            probability=100,
            forecast_category=ForecastCategory.CLOSED,
            loss_reason=None,
            loss_notes=None,
        )


class OpportunityLost(Event):
    """输单."""

    stage: Public[Key, "vocabulary"]
    loss_reason: Public[LossReason, "vocabulary"]
    loss_notes: Personal[Text | None, "content"] = None
    closed_on: Public[date, "moment"]

    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(
            deal,
            stage=self.stage,
            loss_reason=self.loss_reason,
            loss_notes=self.loss_notes,
            closed_on=self.closed_on,
            status=Status.LOST,
            probability=0,
            forecast_category=ForecastCategory.CLOSED,
        )


class OpportunityReopened(Event):
    """That it had been won or lost stays in history."""

    stage: Public[Key, "vocabulary"]
    probability: Public[Percent, "figure"]

    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(
            deal,
            stage=self.stage,
            last_open_stage=self.stage,
            probability=self.probability,
            status=Status.OPEN,
            forecast_category=ForecastCategory.PIPELINE,
            closed_on=None,
            loss_reason=None,
            loss_notes=None,
            reopened=deal.reopened + 1,
        )


class OpportunityContactLinked(Event):
    """The person has a part in the deal from now on, or another part."""

    contact_id: Public[UUID, "link"]
    role: Public[Role | None, "vocabulary"] = None

    def evolve(self, deal: Opportunity) -> Opportunity:
        linked = DealContact(contact_id=self.contact_id, role=self.role)
        return replace(deal, contacts=(*_without(deal, self.contact_id), linked))


class OpportunityContactUnlinked(Event):
    contact_id: Public[UUID, "link"]

    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(deal, contacts=_without(deal, self.contact_id))


class OpportunityLinesSet(Event):
    """All lines, in order, in place of those before."""

    lines: Public[tuple[DealLine, ...], "figure"]

    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(deal, lines=self.lines)


class OpportunityArchived(Event):
    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(deal, archived=True)


class OpportunityRestored(Event):
    def evolve(self, deal: Opportunity) -> Opportunity:
        return replace(deal, archived=False)


def _dated(before: Opportunity, after: Opportunity) -> Opportunity:
    """Remembers the first expected close, and counts each move to a later one."""
    expected = after.expected_close_on
    if expected is None:
        return after
    slips = before.expected_close_on is not None and expected > before.expected_close_on
    return replace(
        after,
        original_close_on=before.original_close_on or expected,
        slipped=before.slipped + slips,
    )


def _without(deal: Opportunity, contact_id: UUID) -> tuple[DealContact, ...]:
    return tuple(one for one in deal.contacts if one.contact_id != contact_id)
