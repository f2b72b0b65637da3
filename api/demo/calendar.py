"""The demo's calendar: eighteen months of weeks, the last of which holds the given moment."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

WEEKS: Final = 78
OPENS: Final = 9
CLOSES: Final = 18
SATURDAY: Final = 5


class Calendar:
    """Working time from the Monday of the first week until a moment."""

    def __init__(self, until: datetime) -> None:
        self.until = until.astimezone(UTC)
        monday = self.until.date() - timedelta(days=self.until.weekday())
        first = monday - timedelta(weeks=WEEKS - 1)
        self.start = datetime.combine(first, time(), UTC)

    def week(self, number: float) -> datetime:
        """The moment at which a week begins, or that fraction of it later."""
        return self.start + timedelta(weeks=number)

    def week_of(self, moment: datetime) -> int:
        """The number of the week that a moment lies in."""
        return (moment - self.start) // timedelta(weeks=1)


def working(moment: datetime, zone: ZoneInfo, random: Random) -> datetime:
    """The moment itself, if somebody works then; else one on the next day on which they do."""
    local = moment.astimezone(zone)
    if local.hour >= CLOSES:
        local += timedelta(days=1)
    while local.weekday() >= SATURDAY:
        local += timedelta(days=1)
    if not OPENS <= local.hour < CLOSES or local.date() != moment.astimezone(zone).date():
        local = local.replace(hour=random.randrange(OPENS, CLOSES), minute=random.randrange(60))
    return local.replace(second=random.randrange(60), microsecond=0).astimezone(UTC)


def later(moment: datetime, days: tuple[float, float], zone: ZoneInfo, random: Random) -> datetime:
    """A working moment so many days later, between the two."""
    found = working(moment + timedelta(days=random.uniform(*days)), zone, random)
    if found <= moment:
        return moment + timedelta(minutes=random.randrange(2, 40), seconds=random.randrange(60))
    return found


def at_night(moment: datetime) -> datetime:
    """The next night at two, when rules run."""
    day = moment.date() + timedelta(days=1)
    return datetime.combine(day, time(2), UTC)


def id_at(moment: datetime, random: Random) -> UUID:
    """A UUIDv7 (RFC 9562) of that moment, the same for the same seed."""
    milliseconds = int(moment.timestamp() * 1000)
    high = milliseconds << 80 | 7 << 76 | random.getrandbits(12) << 64
    return UUID(int=high | 2 << 62 | random.getrandbits(62))
