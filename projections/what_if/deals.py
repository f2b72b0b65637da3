"""What conditions may ask of a deal: its public fields as they stood on a day."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Final

from domain.opportunities import ForecastCategory, Opportunity, Type
from projections.what_if.conditions import Condition, Facts, Known, as_text

_WORD: Final = Known("word")
_ID: Final = Known("id")
_NUMBER: Final = Known("number")
DEAL_FIELDS: Final = {
    "stage": _WORD,
    "type": Known("word", tuple(one.value for one in Type)),
    "lead_source": _WORD,
    "forecast_category": Known("word", tuple(one.value for one in ForecastCategory)),
    "competitor": _WORD,
    "currency": _WORD,
    "amount": _NUMBER,
    "probability": _NUMBER,
    "lines": _NUMBER,
    "contacts": _NUMBER,
    "slipped": _NUMBER,
    "changes": _NUMBER,
    "days_open": _NUMBER,
    "days_to_close": _NUMBER,
    "product_id": _ID,
    "customer_id": _ID,
    "owner_id": _ID,
    "team_id": _ID,
    "pipeline_id": _ID,
}


class DealCondition(Condition):
    """A comparison of one public field of a deal: lines and contacts are their numbers, changes the
    events after its opening, days_to_close those to the expected close, product_id any line's.
    """

    FIELDS: ClassVar = DEAL_FIELDS


def facts_of(deal: Opportunity, changes: int, opened_on: date, on: date) -> Facts:
    """A deal as conditions see it on a day."""
    amount, expected = deal.amount, deal.expected_close_on
    return {
        **{name: as_text(getattr(deal, name)) for name in _TEXTS},
        "currency": None if amount is None else amount.currency,
        "amount": None if amount is None else amount.amount,
        "probability": None if deal.probability is None else Decimal(deal.probability),
        "lines": Decimal(len(deal.lines)),
        "contacts": Decimal(len(deal.contacts)),
        "slipped": Decimal(deal.slipped),
        "changes": Decimal(changes),
        "days_open": Decimal((on - opened_on).days),
        "days_to_close": None if expected is None else Decimal((expected - on).days),
        "product_id": frozenset(str(one.product_id) for one in deal.lines),
    }


_TEXTS: Final = (
    *("stage", "type", "lead_source", "forecast_category", "competitor"),
    *("customer_id", "owner_id", "team_id", "pipeline_id"),
)
