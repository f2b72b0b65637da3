"""Quotes: reviewed before they are sent, binding once they are, and revised by another quote."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from commands.kernel import At
from commands.quotes import (
    AcceptQuote,
    ArchiveQuote,
    ChangeQuote,
    DraftQuote,
    ExpireQuote,
    RejectQuote,
    RestoreQuote,
    ReviseQuote,
    SendBackQuote,
    SendQuote,
    SetQuoteLines,
    SubmitQuote,
)
from commands.sales_lines import LineInput
from domain.customers import CustomerArchived, CustomerRegistered, Kind
from domain.kernel import Event
from domain.opportunities import OpportunityOpened
from domain.orders import OrderDrafted, OrderLinesSet
from domain.products import ProductCreated, ProductDeactivated, ProductPriceSet
from domain.quotes import (
    Quote,
    QuoteAccepted,
    QuoteArchived,
    QuoteChanged,
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
from domain.sales_lines import SalesLine
from tests.dsl import NOW, THIS, TODAY, Given, cny, eur, given, id_of, new_id, state_of

ACME, OTHER, PUMP, DEAL = id_of("acme"), id_of("other"), id_of("pump"), id_of("deal")
EARLIER, OWNER = id_of("earlier"), id_of("owner")
LATER = TODAY + timedelta(days=30)
YESTERDAY = TODAY - timedelta(days=1)

registered = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)
pump: list[Event] = [
    ProductCreated(sku="P-1", name="Pump", tax_rate=Decimal(13)),
    ProductPriceSet(valid_from=date(2026, 1, 1), price=eur(100)),
]
drafted = QuoteDrafted(customer_id=ACME, currency="EUR", valid_until=LATER)
line = SalesLine(product_id=PUMP, quantity=Decimal(2), unit_price=eur(90), tax_rate=Decimal(13))
lines_set = QuoteLinesSet(lines=(line,))
submitted, sent = QuoteSubmitted(), QuoteSent()
on_offer: list[Event] = [drafted, lines_set, submitted, sent]


def quote(*events: Event) -> Given:
    return given(*events).among({ACME: registered, OTHER: registered, PUMP: pump})


# Drafts.


def test_a_quote_is_drafted_for_a_customer() -> None:
    asked = DraftQuote(customer_id=ACME, currency="eur", valid_until=LATER, terms="Ex works")
    quote().when(asked).then(
        QuoteDrafted(customer_id=ACME, currency="EUR", valid_until=LATER, terms="Ex works")
    )
    given().when(asked).rejected("customer_id: there is no customer", type="unknown-reference")
    gone: list[Event] = [registered, CustomerArchived()]
    given().among({ACME: gone}).when(asked).rejected("is archived", type="barred-reference")


def test_it_may_begin_with_lines() -> None:
    own = LineInput(product_id=PUMP, quantity=Decimal(2), unit_price=eur(90))
    quote().when(
        DraftQuote(customer_id=ACME, currency="EUR", valid_until=LATER, lines=(own,))
    ).then(drafted, lines_set)


def test_it_is_valid_for_today_at_least() -> None:
    asked = DraftQuote(customer_id=ACME, currency="EUR", valid_until=TODAY)
    quote().when(asked).then(QuoteDrafted(customer_id=ACME, currency="EUR", valid_until=TODAY))
    late = asked.model_copy(update={"valid_until": YESTERDAY})
    quote().when(late).rejected("valid_until: lies in the past")


def test_its_deal_is_one_of_the_same_customer() -> None:
    deal = OpportunityOpened(name="Pumps", pipeline_id=DEAL, stage="first", customer_id=ACME)
    asked = DraftQuote(customer_id=ACME, opportunity_id=DEAL, currency="EUR", valid_until=LATER)
    quote().among({DEAL: deal}).when(asked).then(
        QuoteDrafted(customer_id=ACME, opportunity_id=DEAL, currency="EUR", valid_until=LATER)
    )
    quote().when(asked).rejected("opportunity_id: there is no opportunity")
    elsewhere = asked.model_copy(update={"customer_id": OTHER})
    quote().among({DEAL: deal}).when(elsewhere).rejected("that deal is with another customer")
    quote(drafted, QuoteChanged(opportunity_id=DEAL)).among({DEAL: deal}).when(
        ChangeQuote(customer_id=OTHER)
    ).rejected("that deal is with another customer")


def test_a_draft_is_changed_field_by_field() -> None:
    quote(drafted).when(ChangeQuote(terms="Ex works", valid_until=LATER)).then(
        QuoteChanged(terms="Ex works")
    )
    quote(drafted).when(ChangeQuote(customer_id=None)).rejected("a quote needs one")
    quote(*on_offer).when(ChangeQuote(terms="Free")).rejected(
        "This quote is sent. Only a draft can be changed", type="wrong-status"
    )
    quote(*on_offer).when(ChangeQuote(tags=("fair",), valid_until=LATER)).then(
        QuoteChanged(tags=("fair",))
    )


# Lines and prices.


def test_a_price_that_is_left_out_is_the_list_price_of_the_day_and_stays() -> None:
    quote(drafted).when(SetQuoteLines(lines=(LineInput(product_id=PUMP),))).then(
        QuoteLinesSet(
            lines=(SalesLine(product_id=PUMP, unit_price=eur(100), tax_rate=Decimal(13)),)
        )
    )
    dearer = [*pump, ProductPriceSet(valid_from=TODAY, price=eur(120))]
    given(*on_offer).among({ACME: registered, PUMP: dearer}).when(AcceptQuote()).then(
        At(
            new_id(1),
            OrderDrafted(customer_id=ACME, ordered_on=TODAY, currency="EUR", quote_id=THIS),
        ),
        At(new_id(1), OrderLinesSet(lines=(line,))),
        QuoteAccepted(order_id=new_id(1), decided_on=TODAY),
    )


def test_lines_are_in_the_currency_of_the_quote_and_never_below_zero() -> None:
    def refused(part: str, **fields: object) -> None:
        asked = LineInput.model_validate({"product_id": PUMP, **fields})
        quote(drafted).when(SetQuoteLines(lines=(asked,))).rejected(part)

    refused("lines.1: is in CNY, but all amounts here are in EUR", unit_price=cny(5))
    refused("lines.1: the price is negative", unit_price=eur(-5))
    refused("lines.1: there is no product", product_id=id_of("none"))
    yuan = QuoteDrafted(customer_id=ACME, currency="CNY", valid_until=LATER)
    quote(yuan).when(SetQuoteLines(lines=(LineInput(product_id=PUMP),))).rejected(
        "lines.1: Pump has no list price in CNY yet"
    )


def test_what_went_off_offer_is_not_quoted_anew_and_stays_where_it_was() -> None:
    off: dict[UUID, Event | list[Event]] = {
        ACME: registered,
        PUMP: [*pump, ProductDeactivated()],
    }
    again = SetQuoteLines(lines=(LineInput(product_id=PUMP, quantity=Decimal(3)),))
    given(drafted).among(off).when(again).rejected("Pump is not sold any more")
    given(drafted, lines_set).among(off).when(again).then(
        QuoteLinesSet(
            lines=(
                SalesLine(
                    product_id=PUMP,
                    quantity=Decimal(3),
                    unit_price=eur(100),
                    tax_rate=Decimal(13),
                ),
            )
        )
    )


def test_the_same_lines_again_change_nothing() -> None:
    same = LineInput(product_id=PUMP, quantity=Decimal(2), unit_price=eur(90))
    quote(drafted, lines_set).when(SetQuoteLines(lines=(same,))).nothing()
    quote(*on_offer).when(SetQuoteLines(lines=(same,))).rejected("Only a draft can be changed")


# Review and sending.


def test_a_quote_is_reviewed_before_it_is_sent() -> None:
    quote(drafted).when(SubmitQuote()).rejected("has no lines")
    quote(drafted, lines_set).when(SubmitQuote()).then(submitted)
    quote(drafted, lines_set).when(SendQuote()).rejected("Only one in review can be sent")
    quote(drafted, lines_set, submitted).when(SendQuote()).then(sent)
    quote(drafted, lines_set, submitted).when(SendBackQuote(remark="Too dear")).then(
        QuoteSentBack(remark="Too dear")
    )
    quote(drafted, lines_set, submitted, QuoteSentBack()).when(SubmitQuote()).then(submitted)
    quote(*on_offer).when(SendBackQuote()).rejected("This quote is sent.")


def test_what_is_no_longer_valid_is_not_sent() -> None:
    after = NOW + timedelta(days=31)
    quote(drafted, lines_set, submitted).when(SendQuote(), now=after).rejected(
        f"was valid until {LATER}", type="expired"
    )


# How it ends.


def test_an_accepted_quote_becomes_an_order_at_once() -> None:
    owned = QuoteDrafted(customer_id=ACME, currency="EUR", valid_until=LATER, owner_id=OWNER)
    quote(owned, lines_set, submitted, sent).when(AcceptQuote(decided_on=YESTERDAY)).then(
        At(
            new_id(1),
            OrderDrafted(
                customer_id=ACME,
                owner_id=OWNER,
                ordered_on=YESTERDAY,
                currency="EUR",
                quote_id=THIS,
            ),
        ),
        At(new_id(1), OrderLinesSet(lines=(line,))),
        QuoteAccepted(order_id=new_id(1), decided_on=YESTERDAY),
    )


def test_only_a_sent_and_valid_quote_is_accepted() -> None:
    quote(drafted, lines_set).when(AcceptQuote()).rejected("Only a sent quote can be accepted")
    quote(*on_offer, QuoteAccepted(order_id=DEAL, decided_on=TODAY)).when(AcceptQuote()).rejected(
        "This quote is accepted.", type="wrong-status"
    )
    after = NOW + timedelta(days=31)
    quote(*on_offer).when(AcceptQuote(), now=after).rejected("valid until", type="expired")
    in_time = quote(*on_offer).when(AcceptQuote(decided_on=LATER), now=after)
    in_time.then(
        At(
            new_id(1),
            OrderDrafted(customer_id=ACME, ordered_on=LATER, currency="EUR", quote_id=THIS),
        ),
        At(new_id(1), OrderLinesSet(lines=(line,))),
        QuoteAccepted(order_id=new_id(1), decided_on=LATER),
    )
    quote(*on_offer).when(AcceptQuote(decided_on=LATER)).rejected("decided_on: lies in the future")
    gone: list[Event] = [registered, CustomerArchived()]
    given(*on_offer).among({ACME: gone}).when(AcceptQuote()).rejected("is archived")


def test_a_quote_is_rejected_or_expires() -> None:
    quote(*on_offer).when(RejectQuote(rejection_reason="Too dear")).then(
        QuoteRejected(decided_on=TODAY, rejection_reason="Too dear")
    )
    quote(drafted).when(RejectQuote()).rejected("Only a sent quote can be rejected")
    quote(*on_offer).when(ExpireQuote()).rejected(f"valid until {LATER}")
    quote(*on_offer).when(ExpireQuote(), now=NOW + timedelta(days=30)).rejected("valid until")
    quote(*on_offer).when(ExpireQuote(), now=NOW + timedelta(days=31)).then(QuoteExpired())
    quote(drafted).when(ExpireQuote()).rejected("Only a sent quote expires")


def test_a_revision_supersedes_and_keeps_the_prices() -> None:
    revise = ReviseQuote(revises_id=EARLIER, valid_until=LATER)
    earlier = [
        QuoteDrafted(customer_id=ACME, currency="EUR", valid_until=YESTERDAY, terms="Ex works"),
        *(lines_set, submitted, sent),
    ]
    quote().among({EARLIER: earlier}).when(revise).then(
        QuoteDrafted(
            customer_id=ACME,
            currency="EUR",
            valid_until=LATER,
            terms="Ex works",
            revision=2,
            revises_id=EARLIER,
        ),
        lines_set,
        At(EARLIER, QuoteSuperseded(superseded_by_id=THIS)),
    )
    quote().among({EARLIER: drafted}).when(revise).rejected("that quote is draft. Change a draft")
    superseded = [*earlier, QuoteSuperseded(superseded_by_id=THIS)]
    quote().among({EARLIER: superseded}).when(revise).rejected("that quote is superseded")
    past = revise.model_copy(update={"valid_until": YESTERDAY})
    quote().among({EARLIER: earlier}).when(past).rejected("valid_until: lies in the past")
    quote().when(revise).rejected("revises_id: there is no quote")


def test_what_an_accepted_quote_remembers() -> None:
    state = state_of(*on_offer, QuoteAccepted(order_id=DEAL, decided_on=TODAY))
    assert isinstance(state, Quote)
    assert (state.status, state.order_id, state.decided_on) == (Status.ACCEPTED, DEAL, TODAY)
    assert state.figures == (Decimal("0.00"), Decimal("180.00"), Decimal("23.40"))


def test_a_quote_is_put_away_and_restored() -> None:
    quote(drafted).when(ArchiveQuote()).then(QuoteArchived())
    quote(drafted, QuoteArchived()).when(ArchiveQuote()).nothing()
    quote(drafted, QuoteArchived()).when(SubmitQuote()).rejected("is archived. Restore it first")
    quote(drafted, QuoteArchived()).when(RestoreQuote()).then(QuoteRestored())
    quote(drafted).when(RestoreQuote()).nothing()
