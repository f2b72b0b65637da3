"""Periods of the calendar, in whole years, months and days, and the days on which they end."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

MOST_YEARS: Final = 100
_ISO: Final = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?")
_DAY: Final = timedelta(days=1)
_LEAST: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole years, months and days of the calendar (ISO 8601-1, 5.5.2.2)."""

    years: int
    months: int
    days: int

    @classmethod
    def of(cls, text: str) -> "Period":
        """Read it.

        Raises:
            ValueError: it is none, or nothing, or longer than :data:`MOST_YEARS`.
        """
        found = _ISO.fullmatch(text.strip().upper())
        if found is None:
            raise ValueError(
                "is no period. Write whole years, months and days, such as P3Y or P1Y6M."
            )
        period = cls(*(int(part or 0) for part in found.groups()))
        if not 0 < period.years * 366 + period.months * 31 + period.days <= MOST_YEARS * 366:
            raise ValueError(
                f"is nothing, or too long. Give a day at least, {MOST_YEARS} years at most."
            )
        return period

    def __str__(self) -> str:
        parts = ((self.years, "Y"), (self.months, "M"), (self.days, "D"))
        return "P" + "".join(f"{count}{unit}" for count, unit in parts if count)

    def last_day(self, first: date) -> date:
        """The day with whose last hour it ends (Regulation 1182/71 Art. 3(2)(c)): months first, to
        the same day of the month or else its last, then days.
        """
        return months_after(first, self.years * 12 + self.months) + timedelta(days=self.days)

    def begun_by(self, on: date, zone: tzinfo) -> datetime:
        """The last moment at which it can have begun if it is over on a day."""
        back = on - timedelta(days=self.days)
        first = months_after(back, -(self.years * 12 + self.months))
        while self.last_day(first) >= on:
            first -= _DAY
        while self.last_day(first + _DAY) < on:
            first += _DAY
        return datetime.combine(first + _DAY, time.min, zone) - _LEAST


def months_after(day: date, months: int) -> date:
    """The day on which a period of months ends: the one of the same number, or else the month's
    last (Regulation 1182/71 Art. 3(2)(c)).
    """
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
