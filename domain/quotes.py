"""Quotes 报价单: what is offered to a customer, at which price and until when.

A quote is sent as it was reviewed. Whoever wants it otherwise revises it: that is a quote of its
own, which supersedes the one before, so that what somebody was offered stays to be seen.
"""

from datetime import date
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details
from domain.sales_lines import Figures, SalesLine, figures_of, total
from domain.values import Currency, Text


class Status(StrEnum):
    """Draft 草稿 → In review 审批 → Sent 已发送 → Accepted 接受, Rejected 拒绝 or Expired 过期."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    """A revision took its place."""


UNDECIDED: Final = frozenset({Status.DRAFT, Status.IN_REVIEW, Status.SENT})
"""It can still come to something."""
REVISABLE: Final = frozenset({Status.IN_REVIEW, Status.SENT, Status.REJECTED, Status.EXPIRED})
"""A draft is changed instead, and an accepted one is an order."""


class QuoteDetails(RecordDetails):
    """The fields of a quote that people fill in. Its lines are set by themselves."""

    customer_id: Public[UUID | None, "link"] = None
    opportunity_id: Public[UUID | None, "link"] = None
    valid_until: Public[date | None, "moment"] = None
    """The last day on which it can be accepted."""
    terms: Personal[Text | None, "content"] = None


class Quote(QuoteDetails, Record):
    AGGREGATE: ClassVar[str] = "quotes"
    PREFIX: ClassVar[str] = "Q"
    PURPOSE: ClassVar[str] = "Making offers to customers, and proving what was offered."
    PEOPLE: ClassVar[str] = "customers and the people who decide for them"
    SUBJECT: ClassVar[tuple[str, ...]] = ("customer_id",)
    """Its terms are about the customer, and lie under the customer's keys as a deal's do."""

    status: Public[Status, "vocabulary"] = Status.DRAFT
    currency: Public[Currency | None, "vocabulary"] = None
    lines: Public[tuple[SalesLine, ...], "figure"] = ()
    revision: Public[int, "figure"] = 1
    """版本: counts up with each quote that supersedes another."""
    revises_id: Public[UUID | None, "link"] = None
    superseded_by_id: Public[UUID | None, "link"] = None
    order_id: Public[UUID | None, "link"] = None
    """What it became when it was accepted."""
    decided_on: Public[date | None, "moment"] = None
    """When the customer accepted or rejected it."""
    rejection_reason: Personal[Text | None, "content"] = None

    @property
    def figures(self) -> Figures:
        """What its lines come to."""
        return total(map(figures_of, self.lines))


class QuoteDrafted(QuoteDetails, Event):
    customer_id: Public[UUID, "link"]
    valid_until: Public[date, "moment"]
    currency: Public[Currency, "vocabulary"]
    revision: Public[int, "figure"] = 1
    revises_id: Public[UUID | None, "link"] = None

    def evolve(self, quote: Quote) -> Quote:
        return with_details(quote, self)


class QuoteChanged(QuoteDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, quote: Quote) -> Quote:
        return with_details(quote, self)


class QuoteLinesSet(Event):
    """All lines, in order, in place of those before."""

    lines: Public[tuple[SalesLine, ...], "figure"]

    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, lines=self.lines)


class QuoteSubmitted(Event):
    """提交审批."""

    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, status=Status.IN_REVIEW)


class QuoteSentBack(Event):
    """退回: whoever reviewed it wants something changed."""

    remark: Personal[Text | None, "content"] = None

    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, status=Status.DRAFT)


class QuoteSent(Event):
    """The customer has it; from now on it binds."""

    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, status=Status.SENT)


class QuoteAccepted(Event):
    """The order that follows is drafted in the same moment."""

    order_id: Public[UUID, "link"]
    decided_on: Public[date, "moment"]

    def evolve(self, quote: Quote) -> Quote:
        return replace(
            quote, status=Status.ACCEPTED, order_id=self.order_id, decided_on=self.decided_on
        )


class QuoteRejected(Event):
    decided_on: Public[date, "moment"]
    rejection_reason: Personal[Text | None, "content"] = None

    def evolve(self, quote: Quote) -> Quote:
        return replace(
            quote,
            status=Status.REJECTED,
            decided_on=self.decided_on,
            rejection_reason=self.rejection_reason,
        )


class QuoteExpired(Event):
    """Nobody decided within its validity."""

    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, status=Status.EXPIRED)


class QuoteSuperseded(Event):
    """The revision was drafted in the same moment."""

    superseded_by_id: Public[UUID, "link"]

    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, status=Status.SUPERSEDED, superseded_by_id=self.superseded_by_id)


class QuoteArchived(Event):
    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, archived=True)


class QuoteRestored(Event):
    def evolve(self, quote: Quote) -> Quote:
        return replace(quote, archived=False)
