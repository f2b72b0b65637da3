"""The clock of data-subject requests: by when the law wants an answer."""

from typing import Annotated, Final

from pydantic import Field

MONTHS: Final = 1
"""In which an answer is due (GDPR Art. 12(3))."""
MOST_MONTHS_MORE: Final = 2
"""By which it may be put off, for a reason that they are told (the same)."""

Months = Annotated[int, Field(ge=1, le=MOST_MONTHS_MORE)]
