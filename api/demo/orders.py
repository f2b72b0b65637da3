"""Orders of the demo: what follows from deals that were won, and what is ordered again, as long as
people are content.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any, Final

from api.demo.accounts import Account
from api.demo.company import PRODUCTS
from api.demo.life import QUIET
from api.demo.story import Act
from commands.order_payments import (
    PlanOrderReceivables,
    RecordOrderPayment,
    ReturnInput,
    ReturnOrderLines,
)
from commands.orders import CancelOrder, CompleteOrder, ConfirmOrder, DraftOrder, SubmitOrder
from commands.sales_lines import LineInput
from domain.receivables import Instalment
from domain.sales_lines import SalesLine, figures_of, total
from domain.values import Money

AGAIN: Final = 0.72
"""How likely somebody who ordered orders once more."""
TAX: Final = Decimal(13)
DAYS_TO_PAY: Final = 30
_CALLED_OFF: Final = "The budget was cut 预算取消"


def order(account: Account) -> None:
    """What a customer orders."""
    # Drawn apart, so that what else happens to them does not hang on it.
    random = Random(f"{account.id}/orders")  # noqa: S311  a seeded story, not a secret
    wins = sorted(account.wins, key=lambda win: win.at)
    for win, following in pairwise([*wins, None]):
        if win is None:
            return
        end = min(following.at if following else account.until, win.at + QUIET)
        at = account.story.later(win.at, 0.5, 5)
        while at < end:
            _Order(account, random, at).tell(win)
            if random.random() > AGAIN:
                break
            at = account.story.later(at, 12, 80)


class _Order:
    """One order, told beat by beat."""

    def __init__(self, account: Account, random: Random, at: datetime) -> None:
        self.account, self.story, self.random, self.at = account, account.story, random, at
        self.lines = self._lines()
        sold = (SalesLine.of(one.given()) for one in self.lines)
        self.gross = total(figures_of(one) for one in sold).gross

    def tell(self, win: Act) -> None:
        """From the draft to the money."""
        self._draft(win)
        if self._chance(0.3):
            due = (self.at + timedelta(days=DAYS_TO_PAY)).date()
            self._act(PlanOrderReceivables(instalments=(Instalment(due_on=due, amount=self._due),)))
        self._act(SubmitOrder())
        if self._chance(0.03):
            self._wait(0.5, 4)
            self._act(CancelOrder(cancellation_reason=_CALLED_OFF))
            return
        self._wait(0.05, 1)
        self._act(ConfirmOrder())
        self._wait(2, 12)
        self._act(CompleteOrder())
        if self._chance(0.04):
            self._wait(3, 20)
            back = ReturnInput(line=1, quantity=Decimal(1))
            self._act(ReturnOrderLines(returns=(back,)))
        elif self._chance(0.88):
            self._wait(5, 40)
            self._act(RecordOrderPayment(amount=self._due))

    def _draft(self, win: Act) -> None:
        by = self.account.by(self.at)
        fields: dict[str, Any] = {
            "customer_id": self.account.id,
            "currency": self.account.currency,
            "owner_id": by,
            "team_id": self.account.company.staff.teams[self.account.owner.team],
            "payment_terms": f"{DAYS_TO_PAY} days net",
            "lines": self.lines,
        }
        self.id = self.story.open(self.at, DraftOrder.model_validate(fields), by, cause=win).stream

    def _lines(self) -> tuple[LineInput, ...]:
        company, currency = self.account.company, self.account.currency
        return tuple(
            LineInput(
                product_id=company.products[sold.sku],
                quantity=Decimal(self.random.randrange(1, sold.most // 2 + 2)),
                unit_price=company.price(sold, currency, self.at),
                discount=Decimal(self.random.choice((0, 0, 0, 5))),
                tax_rate=TAX,
            )
            for sold in self.random.sample(PRODUCTS, self.random.choice((1, 1, 2, 3)))
        )

    @property
    def _due(self) -> Money:
        return Money(amount=self.gross, currency=self.account.currency)

    def _act(self, command: Any) -> None:
        self.at += timedelta(seconds=self.random.randrange(30, 900))
        self.story.act(self.at, self.id, command, self.account.by(self.at))

    def _wait(self, low: float, high: float) -> None:
        self.at = self.story.later(self.at, low, high)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share
