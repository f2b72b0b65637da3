"""The clock of data-subject requests: by when the law wants an answer."""

from calendar import monthrange
from datetime import date
from typing import Annotated, Final

from pydantic import Field

MONTHS: Final = 1
"""In which an answer is due (GDPR Art. 12(3))."""
MOST_MONTHS_MORE: Final = 2
"""By which it may be put off, for a reason that they are told (the same)."""

Months = Annotated[int, Field(ge=1, le=MOST_MONTHS_MORE)]


def months_after(day: date, months: int) -> date:
    """The day on which a period of months ends: the one of the same number, or else the month's
    last (Regulation 1182/71 Art. 3(2)(c)).
    """
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
