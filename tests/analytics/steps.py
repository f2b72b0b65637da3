"""Steps of deals, as the forecasts learn from them."""

from datetime import date, timedelta
from decimal import Decimal

from projections.analytics.forecasts.spells import Step

START = date(2026, 1, 1)
STAGE, NEXT = ("p", "proposal"), ("p", "negotiation")


def day(number: int) -> date:
    return START + timedelta(days=number)


def opened(deal: str, at: int, amount: int | None = 100, place: tuple[str, str] = STAGE) -> Step:
    return step(deal, at, "open", amount, None, amount, place)


def won(deal: str, at: int, amount: int = 100, was: int | None = 100) -> Step:
    return step(deal, at, "won", amount, "open", was)


def lost(deal: str, at: int) -> Step:
    return step(deal, at, "lost", 100, "open", 100)


def step(
    deal: str,
    at: int,
    status: str,
    amount: int | None,
    was_status: str | None,
    was: int | None,
    place: tuple[str, str] = STAGE,
) -> Step:
    now, before = (None if one is None else Decimal(one) for one in (amount, was))
    currencies = [None if one is None else "EUR" for one in (now, before)]
    kept = (currencies[0], was_status, before, currencies[1])
    return Step(deal, day(at), status, place, False, now, *kept)


def wins(*amounts: int) -> list[Step]:
    """One in each month of 2026."""
    found = []
    for month, amount in enumerate(amounts, 1):
        at = (date(2026, month, 15) - START).days
        found.append(won(f"{month:02}", at, amount))
    return found
