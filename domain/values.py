"""Values that several aggregates share, and the forms that a command's input must have.

A :class:`Form` names a rule that needs the world's tables (currencies, phone numbers);
:mod:`commands.forms` holds the rules, because this room is pure. Stored facts are never checked
again.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints

from domain.kernel import Value


@dataclass(frozen=True, slots=True)
class Form:
    """Names the rule in :mod:`commands.forms` that input of this type has to meet."""

    name: str


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""A name or title: one line, not empty."""
Text = Annotated[str, StringConstraints(max_length=100_000)]
"""Free text of several lines."""
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A machine's word, such as a stage: ``closed_won``."""
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Email = Annotated[str, StringConstraints(max_length=254), Form("email")]
Phone = Annotated[str, StringConstraints(max_length=40), Form("phone")]
Website = Annotated[str, StringConstraints(max_length=2_000), Form("website")]
Language = Annotated[str, Form("language")]
"""A BCP 47 tag, such as ``en`` or ``zh-Hans``."""
TimeZone = Annotated[str, Form("time_zone")]
"""An IANA name, such as ``Asia/Shanghai``."""
Currency = Annotated[str, Form("currency")]
"""An ISO 4217 code, such as ``CNY``."""
Country = Annotated[str, Form("country")]
"""ISO 3166-1 alpha-2, such as ``DE``."""
PeriodText = Annotated[str, StringConstraints(max_length=20), Form("period")]
"""Years, months and days of ISO 8601, such as ``P3Y``."""
TimeOfDay = Annotated[str, StringConstraints(max_length=5), Form("time_of_day")]
"""Hours and minutes of the wall clock, such as ``09:30``; ``24:00`` is the end of the day."""
Amount = Annotated[Decimal, Field(max_digits=19, decimal_places=4)]
Percent = Annotated[int, Field(ge=0, le=100)]

CustomValue = str | bool | int | tuple[str, ...] | None
"""What a custom field holds; numbers and dates are kept as strings, so that none is rounded."""
CustomValues = dict[str, CustomValue]


class Money(Value):
    """An amount in a currency; four decimals at most, as a string in JSON."""

    amount: Amount
    currency: Currency


class Address(Value):
    """A postal address, by the parts that people fill in."""

    street: Annotated[str, StringConstraints(max_length=500)] | None = None
    city: Annotated[str, StringConstraints(max_length=200)] | None = None
    region: Annotated[str, StringConstraints(max_length=200)] | None = None
    postal_code: Annotated[str, StringConstraints(max_length=40)] | None = None
    country: Country | None = None


class DatedPrice(Value):
    """A price from a day on, until the next one."""

    valid_from: date
    price: Money
