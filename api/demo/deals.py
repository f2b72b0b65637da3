"""Deals of the demo: how they go through the pipeline, slip, are won and lost, and come back."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from api.demo.accounts import Account
from api.demo.calendar import id_at
from api.demo.company import PRODUCTS
from api.demo.people import LEAVES
from api.demo.story import Act
from commands.customers import ChangeCustomer
from commands.opportunities import (
    ChangeOpportunity,
    LinkOpportunityContact,
    LoseOpportunity,
    MoveOpportunity,
    OpenOpportunity,
    ReopenOpportunity,
    SetOpportunityLines,
    WinOpportunity,
)
from domain.customers import Kind
from domain.opportunities import DealLine, ForecastCategory, LossReason, Type
from domain.values import Money

STAGES: Final = ("qualification", "proposal", "negotiation")
WON, LOST = 0.5, 0.88
"""Of a hundred deals that come so far, fifty are won, and thirty-eight are lost."""


def deal_with(account: Account) -> None:
    """The deals of a customer."""
    weights = (62, 32, 6, 0) if account.kind is Kind.PERSON else (30, 42, 20, 8)
    for _ in range(account.random.choices((0, 1, 2, 3), weights)[0]):
        Deal(account, account.some_time(account.sold_from())).tell()
    for win in [*account.wins]:
        renewal = account.story.later(win.at, 300, 350)
        if renewal < account.until and account.story.chance(0.6):
            Deal(account, renewal, Type.RENEWAL).tell()


class Deal:
    """One deal, told beat by beat."""

    def __init__(self, account: Account, at: datetime, type: Type | None = None) -> None:
        self.account, self.story, self.random = account, account.story, account.random
        self.texts = account.texts.deals
        self.at = at
        self.id = id_at(at, self.random)
        self.closed_at: datetime | None = None
        self.lines = self._lines()
        self.amount = self._total()
        self.close_on = self._day(self.random.randrange(40, 120))
        self.type = type or self.random.choices((Type.NEW, Type.UPSELL), (75, 25))[0]

    def tell(self) -> None:
        """From the opening on."""
        opened = self._open()
        met = self.account.somebody(self.at)
        if met is not None:
            link = LinkOpportunityContact(contact_id=met.id, role=met.role)
            self._act(link, cause=opened)
        self._proceed()
        self._hand_over(opened.at)

    def _proceed(self) -> None:
        """Stage by stage to an end, if it comes to one."""
        for stage in STAGES:
            if stage == STAGES[0] and self.story.chance(0.12):
                continue
            self._wait(5, 28)
            if self.story.chance(0.06):
                return  # nobody cares for it any more, and nobody has said so
            if self.story.chance(0.07):
                self._lose()
                return
            self._enter(stage)
        self._wait(4, 30)
        outcome = self.random.random()
        if outcome < WON:
            self._win()
        elif outcome < LOST:
            self._lose()
            if self.story.chance(0.12):
                self._come_back()

    def _open(self) -> Act:
        renewal = self.type is Type.RENEWAL
        name = self.texts.renewal if renewal else self.random.choice(self.texts.projects)
        fields: dict[str, Any] = {
            "name": f"{name}, {self.account.name}"[:200],
            "customer_id": self.account.id,
            "amount": self.amount,
            "expected_close_on": self.close_on,
            "owner_id": self._by(),
            "team_id": self.account.company.staff.teams[self.account.owner.team],
            "type": self.type,
        }
        if self.story.chance(0.3):
            fields["custom"] = {"decision_on": self._day(60).isoformat()}
        cause = self.account.registered if self.at - self.account.born < timedelta(days=9) else None
        command = OpenOpportunity.model_validate(fields)
        return self.story.act(self.at, self.id, command, self._by(), cause=cause)

    def _enter(self, stage: str) -> None:
        moved = self._act(MoveOpportunity(stage=stage))
        if stage == "proposal":
            self.lines = self._lines()
            offered = self._act(SetOpportunityLines(lines=self.lines), cause=moved)
            self._change(cause=offered, amount=self._total())
        if stage == "negotiation" and self.story.chance(0.6):
            firm = self.random.choice((ForecastCategory.COMMIT, ForecastCategory.BEST_CASE))
            self._change(cause=moved, forecast_category=firm)
        if self.story.chance(0.35):
            self._change(next_step=self.random.choice(self.texts.next_steps))
        self._surprise()

    def _surprise(self) -> None:
        """Dates slip, amounts change, competitors turn up, and people mistype."""
        chance, texts = self.story.chance, self.texts
        if chance(0.28):
            self._wait(1, 9)
            self.close_on += timedelta(days=self.random.randrange(14, 60))
            self._change(self.random.choice(texts.slips), expected_close_on=self.close_on)
        if chance(0.15):
            factor = Decimal(self.random.choice(("0.9", "0.95", "1.1", "1.25")))
            self.amount = _money(self.amount.amount * factor, self.amount.currency)
            self._change(self.random.choice(texts.amounts), amount=self.amount)
        if chance(0.03):
            right = self.amount
            typed = self._change(amount=_money(right.amount * 10, right.currency))
            self.at += timedelta(seconds=self.random.randrange(1, 40))
            self._change(texts.typo, cause=typed, amount=right)
        if chance(0.12):
            self._change(competitor=self.random.choice(texts.competitors))
        if chance(0.08):
            self._change(custom={"budget_approved": True})

    def _win(self) -> None:
        agreed = self.random.choice(("1", "1", "0.97", "0.95", "0.9"))
        self.amount = _money(self.amount.amount * Decimal(agreed), self.amount.currency)
        won = self._act(WinOpportunity(amount=self.amount))
        self.account.wins.append(won)
        self.closed_at = self.at
        if self.account.kind is Kind.ORGANISATION and self.story.chance(0.5):
            number = f"BW-{self.at:%y%m}-{self.random.randrange(1000, 9999)}"
            change = ChangeCustomer(custom={"contract_number": number})
            at = self.at + timedelta(minutes=self.random.randrange(20, 300))
            self.story.act(at, self.account.id, change, self._by(), cause=won)

    def _lose(self) -> None:
        reason = LossReason(self.random.choice([*self.texts.losses]))
        needs_notes = reason is LossReason.OTHER or self.story.chance(0.6)
        notes = self.texts.losses[reason.value] if needs_notes else None
        earlier = self.at.date() - timedelta(days=3) if self.story.chance(0.1) else None
        self._act(LoseOpportunity(loss_reason=reason, loss_notes=notes, closed_on=earlier))
        self.closed_at = self.at

    def _come_back(self) -> None:
        self._wait(15, 60)
        self._act(ReopenOpportunity(), self.random.choice(self.texts.reopened))
        self._wait(1, 4)
        self.close_on = self._day(30)
        self._change(expected_close_on=self.close_on)
        self._wait(5, 25)
        if self.story.chance(0.65):
            self._win()
        else:
            self._lose()

    def _hand_over(self, opened: datetime) -> None:
        """A deal that is open when its owner leaves goes to their successor."""
        leaving = self.account.company.calendar.week(LEAVES - 1)
        owner = self.account.owner_at(opened)
        if owner.leaves is None or opened >= leaving or (self.closed_at or leaving) < leaving:
            return
        at = self.story.later(leaving, 0.2, 4)
        change = ChangeOpportunity(owner_id=self.account.company.staff.acting(owner, at))
        why, all_of_it = self.account.texts.customers.handover, self.account.company.handover
        lead = self.account.lead()
        self.story.act(at, self.id, change, lead, because=why, correlation=all_of_it)

    def _wait(self, low: float, high: float) -> None:
        self.at = self.story.later(self.at, low, high)

    def _by(self) -> UUID:
        return self.account.by(self.at)

    def _act(self, command: Any, because: str | None = None, cause: Act | None = None) -> Act:
        self.at += timedelta(seconds=self.random.randrange(5, 240))
        return self.story.act(self.at, self.id, command, self._by(), because=because, cause=cause)

    def _change(self, because: str | None = None, cause: Act | None = None, **fields: Any) -> Act:
        return self._act(ChangeOpportunity.model_validate(fields), because, cause)

    def _day(self, days: int) -> date:
        return self.at.date() + timedelta(days=days)

    def _lines(self) -> tuple[DealLine, ...]:
        chosen = self.random.sample(
            PRODUCTS, self.random.choices((1, 2, 3, 4), (20, 40, 30, 10))[0]
        )
        company, currency = self.account.company, self.account.currency
        return tuple(
            DealLine(
                product_id=company.products[sold.sku],
                quantity=Decimal(self.random.randrange(1, sold.most + 1)),
                unit_price=company.price(sold, currency, self.at),
                discount=Decimal(self.random.choice((0, 0, 0, 5, 10))),
            )
            for sold in chosen
        )

    def _total(self) -> Money:
        parts = (
            line.quantity * line.unit_price.amount * (100 - line.discount) / 100
            for line in self.lines
        )
        self.amount = _money(sum(parts, Decimal(0)), self.account.currency)
        return self.amount


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=amount.quantize(Decimal("0.01")), currency=currency)
