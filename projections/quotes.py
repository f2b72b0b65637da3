"""The quotes with what they come to."""

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from domain.quotes import Quote
from domain.sales_lines import money
from domain.values import Money
from projections.kernel import Projection, RecordRow, Serve


class QuoteRow(RecordRow, Quote):
    """A quote, its header and its totals."""

    discount_total: Public[Money | None, "figure"] = None
    net_total: Public[Money | None, "figure"] = None
    """After discounts, before tax."""
    tax_total: Public[Money | None, "figure"] = None
    gross_total: Public[Money | None, "figure"] = None
    """What is to be paid."""


quotes = Projection(
    "quotes",
    version=1,
    row=QuoteRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("valid_until", ("status",)),
        Serve("gross_total", ("status",)),
        Serve("changed_at", ("customer_id",)),
        Serve("changed_at", ("opportunity_id",)),
        Serve("changed_at", ("owner_id", "status")),
    ),
    search=("terms", "number"),
).follows(Quote)


@quotes.on(*Quote.EVENTS.values())
def keep_totals(row: QuoteRow, event: Event, recorded: Recorded) -> QuoteRow:
    """Figure what the quote comes to."""
    figures = row.figures
    return replace(
        row,
        discount_total=money(figures.discount, row.currency),
        net_total=money(figures.net, row.currency),
        tax_total=money(figures.tax, row.currency),
        gross_total=money(figures.gross, row.currency),
    )
