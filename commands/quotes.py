"""What may be done with quotes."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from commands.kernel import At, Command, Records, Rejected, changes
from commands.records import check_in_use, check_record, check_required
from commands.sales_lines import LineInputs, day_of, in_words, priced
from domain.customers import Customer
from domain.fields import ERASED, Personal, Public
from domain.kernel import Event
from domain.opportunities import Opportunity
from domain.orders import OrderDrafted, OrderLinesSet
from domain.quotes import (
    REVISABLE,
    Quote,
    QuoteAccepted,
    QuoteArchived,
    QuoteChanged,
    QuoteDetails,
    QuoteDrafted,
    QuoteExpired,
    QuoteLinesSet,
    QuoteRejected,
    QuoteRestored,
    QuoteSent,
    QuoteSentBack,
    QuoteSubmitted,
    QuoteSuperseded,
    Status,
)
from domain.records import Record
from domain.values import Currency, Text

_OFFERED: Final = ("customer_id", "opportunity_id", "valid_until", "terms")
"""What was reviewed and sent: it changes in a draft only, or by a revision."""
_LINKS: Final[tuple[tuple[str, type[Record]], ...]] = (
    ("customer_id", Customer),
    ("opportunity_id", Opportunity),
)
_CARRIED_ON: Final = (
    *("customer_id", "opportunity_id", "terms", "owner_id", "team_id"),
    *("tags", "custom", "custom_personal"),
)
"""What a revision takes over from the quote before."""
_OF_THE_ORDER: Final = ("customer_id", "owner_id", "team_id")
"""What an order takes over from the quote that was accepted."""


def _must_be(quote: Quote, status: Status, remedy: str) -> None:
    check_in_use(quote)
    if quote.status is not status:
        raise Rejected(f"This quote is {in_words(quote.status)}. {remedy}", type="wrong-status")


def _must_be_draft(quote: Quote) -> None:
    remedy = "Only a draft can be changed: send it back while it is in review, or revise it."
    _must_be(quote, Status.DRAFT, remedy)


def _check_details(command: QuoteDetails, quote: Quote, now: datetime, records: Records) -> None:
    given = command.given()
    check_record(command, Quote, records)
    for field, kind in _LINKS:
        if given.get(field) is not None:
            records.need(kind, given[field], field)
    _check_deal(command, quote, records)
    valid_until = given.get("valid_until")
    if valid_until is not None and valid_until < now.date():
        raise Rejected(
            "valid_until: lies in the past. Give today or a later day.", field="valid_until"
        )


def _check_deal(command: QuoteDetails, quote: Quote, records: Records) -> None:
    """The deal is one of the same customer."""
    given = command.given()
    if not {"customer_id", "opportunity_id"} & given.keys():
        return
    deal_id = given.get("opportunity_id", quote.opportunity_id)
    deal = None if deal_id is None else records.get(Opportunity, deal_id)
    if deal is None or deal.customer_id is None:
        return
    if deal.customer_id != given.get("customer_id", quote.customer_id):
        raise Rejected(
            "opportunity_id: that deal is with another customer. Give one of the same customer.",
            field="opportunity_id",
        )


def _taken_over(record: Record, names: tuple[str, ...]) -> dict[str, Any]:
    """What another record begins with, as far as it is known."""
    held = {name: getattr(record, name) for name in names}
    return {name: value for name, value in held.items() if value and value is not ERASED}


class DraftQuote(QuoteDetails, Command, to=Quote, opens=True):
    """Draft a quote for a customer, with lines or without."""

    customer_id: Public[UUID, "link"]
    currency: Public[Currency, "vocabulary"]
    valid_until: Public[date, "moment"]
    lines: Public[LineInputs, "figure"] = ()

    def decide(self, quote: Quote, now: datetime, records: Records) -> Iterator[Event]:
        _check_details(self, quote, now, records)
        fields = QuoteDrafted.model_fields
        yield QuoteDrafted.of({n: v for n, v in self.given().items() if n in fields})
        if self.lines:
            lines = priced(self.lines, (), self.currency, now.date(), records)
            yield QuoteLinesSet(lines=lines)


class ReviseQuote(Command, to=Quote, opens=True):
    """Draft a new version of a quote, with its lines at their prices; it supersedes that one."""

    revises_id: Public[UUID, "link"]
    valid_until: Public[date, "moment"]

    def decide(self, quote: Quote, now: datetime, records: Records) -> Iterator[Event | At]:
        earlier = records.need(Quote, self.revises_id, "revises_id")
        if earlier.status not in REVISABLE:
            raise Rejected(
                f"revises_id: that quote is {in_words(earlier.status)}. "
                "Change a draft itself; for what was accepted or superseded, draft another quote.",
                field="revises_id",
                type="wrong-status",
            )
        if self.valid_until < now.date():
            raise Rejected(
                "valid_until: lies in the past. Give today or a later day.", field="valid_until"
            )
        if earlier.customer_id is not None:
            records.need(Customer, earlier.customer_id, "customer_id")
        given = {
            "valid_until": self.valid_until,
            "currency": earlier.currency,
            "revision": earlier.revision + 1,
            "revises_id": self.revises_id,
        }
        yield QuoteDrafted.of(_taken_over(earlier, _CARRIED_ON) | given)
        if earlier.lines:
            yield QuoteLinesSet(lines=earlier.lines)
        yield At(self.revises_id, QuoteSuperseded(superseded_by_id=records.own_id))


class ChangeQuote(QuoteDetails, Command, to=Quote):
    """Change fields of a quote; a field that is not given stays, null clears it."""

    def decide(self, quote: Quote, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(quote)
        check_required(self, "customer_id", "valid_until")
        given = self.given()
        if any(name in given and given[name] != getattr(quote, name) for name in _OFFERED):
            _must_be_draft(quote)
        _check_details(self, quote, now, records)
        yield from changes(self, quote, QuoteChanged)


class SetQuoteLines(Command, to=Quote):
    """Set the lines of a draft, in place of those before.

    A price that is left out is the list price of today, and stays that.
    """

    lines: Public[LineInputs, "figure"]

    def decide(self, quote: Quote, now: datetime, records: Records) -> Iterator[Event]:
        _must_be_draft(quote)
        lines = priced(self.lines, quote.lines, quote.currency, now.date(), records)
        if lines != quote.lines:
            yield QuoteLinesSet(lines=lines)


class SubmitQuote(Command, to=Quote):
    """Hand the draft in for review 提交审批."""

    def decide(self, quote: Quote, now: datetime) -> Iterator[Event]:
        _must_be(quote, Status.DRAFT, "Only a draft is handed in for review.")
        if not quote.lines:
            raise Rejected("This quote has no lines. Set them first.")
        yield QuoteSubmitted()


class SendBackQuote(Command, to=Quote):
    """Send a quote back from review to its draft 退回."""

    remark: Personal[Text | None, "content"] = None

    def decide(self, quote: Quote, now: datetime) -> Iterator[Event]:
        _must_be(quote, Status.IN_REVIEW, "Only one in review can be sent back.")
        yield QuoteSentBack(remark=self.remark)


class SendQuote(Command, to=Quote):
    """Send the reviewed quote to the customer 发送; from now on it binds."""

    def decide(self, quote: Quote, now: datetime) -> Iterator[Event]:
        _must_be(quote, Status.IN_REVIEW, "Only one in review can be sent.")
        _must_be_valid(quote, now, "Send it back and give a later valid_until.")
        yield QuoteSent()


def _must_be_valid(quote: Quote, now: datetime, remedy: str) -> None:
    if quote.valid_until is not None and quote.valid_until < now.date():
        raise Rejected(f"This quote was valid until {quote.valid_until}. {remedy}", type="expired")


class AcceptQuote(Command, to=Quote):
    """Record that the customer accepts 接受, and draft the order in the same moment."""

    decided_on: Public[date | None, "moment"] = None
    """Today, unless given."""

    def decide(self, quote: Quote, now: datetime, records: Records) -> Iterator[Event | At]:
        _must_be(quote, Status.SENT, "Only a sent quote can be accepted.")
        day = day_of(self.decided_on, now.date(), "decided_on")
        if quote.valid_until is not None and day > quote.valid_until:
            raise Rejected(
                f"This quote was valid until {quote.valid_until}. Revise it with a later day.",
                type="expired",
            )
        if quote.customer_id is not None:
            records.need(Customer, quote.customer_id, "customer_id")
        order_id = records.new_id()
        given = {"ordered_on": day, "currency": quote.currency, "quote_id": records.own_id}
        yield At(order_id, OrderDrafted.of(_taken_over(quote, _OF_THE_ORDER) | given))
        yield At(order_id, OrderLinesSet(lines=quote.lines))
        yield QuoteAccepted(order_id=order_id, decided_on=day)


class RejectQuote(Command, to=Quote):
    """Record that the customer rejects 拒绝, and why."""

    rejection_reason: Personal[Text | None, "content"] = None
    decided_on: Public[date | None, "moment"] = None
    """Today, unless given."""

    def decide(self, quote: Quote, now: datetime) -> Iterator[Event]:
        _must_be(quote, Status.SENT, "Only a sent quote can be rejected.")
        yield QuoteRejected(
            decided_on=day_of(self.decided_on, now.date(), "decided_on"),
            rejection_reason=self.rejection_reason,
        )


class ExpireQuote(Command, to=Quote):
    """Record that nobody decided on a sent quote within its validity 过期."""

    def decide(self, quote: Quote, now: datetime) -> Iterator[Event]:
        _must_be(quote, Status.SENT, "Only a sent quote expires.")
        if quote.valid_until is not None and quote.valid_until >= now.date():
            raise Rejected(f"This quote is valid until {quote.valid_until}. Wait, or revise it.")
        yield QuoteExpired()


class ArchiveQuote(Command, to=Quote):
    """Put the quote away; it stays in history and can be restored."""

    def decide(self, quote: Quote, now: datetime) -> Iterator[Event]:
        if not quote.archived:
            yield QuoteArchived()


class RestoreQuote(Command, to=Quote):
    """Take an archived quote back into use."""

    def decide(self, quote: Quote, now: datetime) -> Iterator[Event]:
        if quote.archived:
            yield QuoteRestored()
