"""What may be done with opportunities."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from commands.kernel import Command, Records, Rejected, changes
from commands.records import check_in_use, check_record, check_required
from domain.contacts import Contact, Role
from domain.customers import Customer
from domain.fields import Personal, Public
from domain.kernel import Event
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
    OpportunityDetails,
    OpportunityLinesSet,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityRestored,
    OpportunityWon,
)
from domain.pipelines import DEFAULT_PIPELINE, Pipeline, Stage, StageKind
from domain.products import Product
from domain.products import Status as ProductStatus
from domain.values import Key, Line, Money, Percent, Text

_COMMERCIAL: Final = (
    "customer_id",
    "amount",
    "probability",
    "expected_close_on",
    "forecast_category",
    "type",
)
"""What a closed deal was closed on: it changes only after the deal was reopened."""


def _must_be_open(deal: Opportunity) -> None:
    check_in_use(deal)
    if not deal.is_open:
        raise Rejected(f"This deal is already {deal.status}. Reopen it first.", type="closed")


def _check_details(command: OpportunityDetails, deal: Opportunity, records: Records) -> None:
    given = command.given()
    check_record(command, Opportunity, records)
    if command.customer_id is not None and "customer_id" in given:
        records.need(Customer, command.customer_id, "customer_id")
    if command.amount is not None and "amount" in given:
        _check_amount(command.amount, deal.lines_currency)
    # A client may send back what it read, so the same value is no attempt to set it.
    category = given.get("forecast_category", deal.forecast_category)
    if category is ForecastCategory.CLOSED and deal.is_open:
        raise Rejected(
            "forecast_category: a deal becomes closed by being won or lost. Win or lose it.",
            field="forecast_category",
        )


def _check_amount(amount: Money, currency: str | None) -> None:
    """No deal has a negative amount, or one in a currency other than its lines'."""
    if amount.amount < 0:
        raise Rejected("amount: is negative. Give zero or more.", field="amount")
    if currency not in (None, amount.currency):
        raise Rejected(
            f"amount: is in {amount.currency}, but the lines are in {currency}. "
            "Give it in that currency, or change the lines first.",
            field="amount",
        )


def _pipeline_of(deal: Opportunity, records: Records) -> Pipeline:
    """The deal's pipeline, also an archived one: deals in it go on."""
    pipeline = records.get(Pipeline, deal.pipeline_id or DEFAULT_PIPELINE)
    if pipeline is None:
        raise Rejected(
            f"pipeline_id: there is no pipeline {deal.pipeline_id}. Define it first.",
            field="pipeline_id",
            type="unknown-reference",
        )
    return pipeline


def _open_stage(pipeline: Pipeline, key: str | None) -> Stage:
    """The stage of that key, or the first one, if an open deal may enter it."""
    stage = pipeline.first(StageKind.OPEN) if key is None else pipeline.stage(key)
    if stage is not None and stage.is_enterable:
        return stage
    choices = ", ".join(one.key for one in pipeline.stages if one.is_enterable)
    if stage is None:
        problem = f"{pipeline.name} has no stage '{key}'. Choose one of: {choices}."
    elif stage.retired:
        problem = f"'{key}' is retired. Choose one of: {choices}."
    else:
        problem = f"'{key}' is no open stage. Win or lose the deal, or choose one of: {choices}."
    raise Rejected(f"stage: {problem}", field="stage")


def _closing_day(closed_on: date | None, now: datetime) -> date:
    if closed_on is not None and closed_on > now.date():
        raise Rejected(
            "closed_on: lies in the future. Give today or an earlier day.", field="closed_on"
        )
    return closed_on or now.date()


def _closing_stage(deal: Opportunity, kind: StageKind, records: Records) -> str:
    stage = _pipeline_of(deal, records).first(kind)
    return stage.key if stage is not None else kind.value


class OpenOpportunity(OpportunityDetails, Command, to=Opportunity, opens=True):
    """Open a deal with a customer, at the start of the default pipeline unless said otherwise."""

    name: Personal[Line, "content"]
    customer_id: Public[UUID, "link"]
    amount: Public[Money, "figure"]
    expected_close_on: Public[date, "moment"]
    pipeline_id: Public[UUID | None, "link"] = None
    stage: Public[Key | None, "vocabulary"] = None

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        yield _opening(self, self.pipeline_id, self.stage, deal, records)


class RecordOpportunity(OpportunityDetails, Command, to=Opportunity, opens=True, admin=True):
    """Record a deal from another system, which may not know its customer, amount or close date."""

    name: Personal[Line, "content"]
    pipeline_id: Public[UUID | None, "link"] = None
    stage: Public[Key, "vocabulary"]

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        yield _opening(self, self.pipeline_id, self.stage, deal, records)


def _opening(
    command: OpenOpportunity | RecordOpportunity,
    pipeline_id: UUID | None,
    key: str | None,
    deal: Opportunity,
    records: Records,
) -> OpportunityOpened:
    _check_details(command, deal, records)
    pipeline_id = pipeline_id or DEFAULT_PIPELINE
    stage = _open_stage(records.need(Pipeline, pipeline_id, "pipeline_id"), key)
    given = command.probability
    return OpportunityOpened.of(
        {
            **{n: v for n, v in command.given().items() if n in OpportunityOpened.model_fields},
            "pipeline_id": pipeline_id,
            "stage": stage.key,
            "probability": stage.probability if given is None else given,
        }
    )


class ChangeOpportunity(OpportunityDetails, Command, to=Opportunity):
    """Change fields of a deal; a field that is not given stays, null clears it."""

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(deal)
        check_required(self, "name", "probability")
        for field in ("customer_id", "amount", "expected_close_on"):
            if getattr(deal, field) is not None:
                check_required(self, field)
        if not deal.is_open:
            self._must_leave_alone_what_was_agreed(deal)
        _check_details(self, deal, records)
        yield from changes(self, deal, OpportunityChanged)

    def _must_leave_alone_what_was_agreed(self, deal: Opportunity) -> None:
        for field in _COMMERCIAL:
            if field in self.model_fields_set and getattr(self, field) != getattr(deal, field):
                raise Rejected(
                    f"{field}: this deal is already {deal.status}. Reopen it to change this.",
                    field=field,
                    type="closed",
                )


class MoveOpportunity(Command, to=Opportunity):
    """Move the deal into another open stage, of its pipeline or of another one."""

    stage: Public[Key, "vocabulary"]
    pipeline_id: Public[UUID | None, "link"] = None
    probability: Public[Percent | None, "figure"] = None
    """The stage's own, unless given."""

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(deal)
        pipeline_id = self.pipeline_id or deal.pipeline_id or DEFAULT_PIPELINE
        if (pipeline_id, self.stage) == (deal.pipeline_id, deal.stage):
            if self.probability not in (None, deal.probability):
                yield OpportunityChanged(probability=self.probability)
            return
        if pipeline_id == deal.pipeline_id:
            pipeline = _pipeline_of(deal, records)
        else:
            pipeline = records.need(Pipeline, pipeline_id, "pipeline_id")
        stage = _open_stage(pipeline, self.stage)
        probability = stage.probability if self.probability is None else self.probability
        yield OpportunityMoved(pipeline_id=pipeline_id, stage=stage.key, probability=probability)


class WinOpportunity(Command, to=Opportunity):
    """Close the deal as won 赢单, at the price that was agreed."""

    amount: Public[Money, "figure"]
    closed_on: Public[date | None, "moment"] = None
    """Today, unless given."""

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(deal)
        _check_amount(self.amount, deal.lines_currency)
        yield OpportunityWon(
            stage=_closing_stage(deal, StageKind.WON, records),
            amount=self.amount,
            closed_on=_closing_day(self.closed_on, now),
        )


class LoseOpportunity(Command, to=Opportunity):
    """Close the deal as lost 输单, and say why."""

    loss_reason: Public[LossReason, "vocabulary"]
    loss_notes: Personal[Text | None, "content"] = None
    closed_on: Public[date | None, "moment"] = None
    """Today, unless given."""

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(deal)
        if self.loss_reason is LossReason.NOT_RECORDED:
            raise Rejected(
                "loss_reason: 'not_recorded' is for deals of another system. Say why it was lost.",
                field="loss_reason",
            )
        yield _loss(self, deal, now, records)


class RecordOpportunityLoss(Command, to=Opportunity, admin=True):
    """Record that another system lost the deal, which may not have asked why."""

    loss_reason: Public[LossReason, "vocabulary"] = LossReason.NOT_RECORDED
    loss_notes: Personal[Text | None, "content"] = None
    closed_on: Public[date | None, "moment"] = None

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(deal)
        yield _loss(self, deal, now, records)


def _loss(
    command: LoseOpportunity | RecordOpportunityLoss,
    deal: Opportunity,
    now: datetime,
    records: Records,
) -> OpportunityLost:
    if command.loss_reason is LossReason.OTHER and not (command.loss_notes or "").strip():
        raise Rejected("loss_notes: say which other reason it was.", field="loss_notes")
    return OpportunityLost(
        stage=_closing_stage(deal, StageKind.LOST, records),
        loss_reason=command.loss_reason,
        loss_notes=command.loss_notes,
        closed_on=_closing_day(command.closed_on, now),
    )


class ReopenOpportunity(Command, to=Opportunity):
    """Take a won or lost deal up again, where it stood unless another stage is given."""

    stage: Public[Key | None, "vocabulary"] = None

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(deal)
        if deal.is_open:
            raise Rejected("This deal is open. Only a won or lost one can be reopened.")
        stage = _open_stage(_pipeline_of(deal, records), self.stage or deal.last_open_stage)
        yield OpportunityReopened(stage=stage.key, probability=stage.probability)


class LinkOpportunityContact(Command, to=Opportunity):
    """Name a person who has a part in the deal, and the role 决策人 (again, to change it)."""

    contact_id: Public[UUID, "link"]
    role: Public[Role | None, "vocabulary"] = None

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(deal)
        records.need(Contact, self.contact_id, "contact_id")
        if DealContact(contact_id=self.contact_id, role=self.role) not in deal.contacts:
            yield OpportunityContactLinked(contact_id=self.contact_id, role=self.role)


class UnlinkOpportunityContact(Command, to=Opportunity):
    """Take a person out of the deal."""

    contact_id: Public[UUID, "link"]

    def decide(self, deal: Opportunity, now: datetime) -> Iterator[Event]:
        check_in_use(deal)
        if all(one.contact_id != self.contact_id for one in deal.contacts):
            raise Rejected(
                "contact_id: that person has no part in this deal. Link them first.",
                field="contact_id",
            )
        yield OpportunityContactUnlinked(contact_id=self.contact_id)


class SetOpportunityLines(Command, to=Opportunity):
    """Set the products of the deal, with quantity, price and discount, in place of those before."""

    lines: Public[Annotated[tuple[DealLine, ...], Field(max_length=200)], "figure"]

    def decide(self, deal: Opportunity, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_open(deal)
        known = {line.product_id for line in deal.lines}
        for number, line in enumerate(self.lines, 1):
            where = f"lines.{number}"
            self._check_price(line, deal, where)
            if line.product_id not in known:
                product = records.need(Product, line.product_id, where)
                if product.status is ProductStatus.INACTIVE:
                    raise Rejected(
                        f"{where}: {product.name} is not sold any more. Choose another product.",
                        field=where,
                    )
        if self.lines != deal.lines:
            yield OpportunityLinesSet(lines=self.lines)

    def _check_price(self, line: DealLine, deal: Opportunity, where: str) -> None:
        currency = deal.amount.currency if deal.amount else self.lines[0].unit_price.currency
        if line.unit_price.currency != currency:
            raise Rejected(
                f"{where}: is in {line.unit_price.currency}, but this deal is in {currency}. "
                "Give every price in one currency.",
                field=where,
            )
        if line.unit_price.amount < 0:
            raise Rejected(f"{where}: the price is negative. Give a discount instead.", field=where)


class ArchiveOpportunity(Command, to=Opportunity):
    """Put the deal away; it stays in history and can be restored."""

    def decide(self, deal: Opportunity, now: datetime) -> Iterator[Event]:
        if not deal.archived:
            yield OpportunityArchived()


class RestoreOpportunity(Command, to=Opportunity):
    """Take an archived deal back into use."""

    def decide(self, deal: Opportunity, now: datetime) -> Iterator[Event]:
        if deal.archived:
            yield OpportunityRestored()
