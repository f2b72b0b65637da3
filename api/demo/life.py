"""The life of a customer of the demo: stages, owners, follow-ups, corrections and doubles."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from api.demo.accounts import Account
from api.demo.calendar import at_night
from api.demo.names import address, phone
from api.demo.people import LEAVES
from api.demo.story import WEB, Act, rule
from commands.customers import (
    ActivateCustomer,
    AssignCustomer,
    ChangeCustomer,
    ClaimCustomer,
    FollowUpCustomer,
    LockCustomer,
    LoseCustomer,
    MarkCustomerDormant,
    MergeCustomer,
    RegisterCustomer,
    ReleaseCustomer,
)
from domain.customers import Kind, Level
from domain.envelope import SYSTEM
from domain.values import Address

POOLED: Final = 0.1
QUIET: Final = timedelta(days=210)
"""Without a deal for so long, a customer falls dormant."""


def settle_owner(account: Account) -> None:
    """Who owns the customer over time: a handover, or the pool and whoever claims it there."""
    story, staff = account.story, account.company.staff
    leaving = account.company.calendar.week(LEAVES - 1)
    if account.owner.leaves is not None:
        if account.born < leaving:
            at = story.later(leaving, 0.2, 4)
            give = AssignCustomer(owner_id=account.by(at))
            why = account.texts.customers.handover
            lead, all_of_it = account.lead(), account.company.handover
            story.act(at, account.id, give, lead, because=why, correlation=all_of_it)
        return
    if not story.chance(POOLED) or account.until - account.born < QUIET:
        return
    released = at_night(account.born + timedelta(days=account.random.randrange(92, 180)))
    story.act(
        released, account.id, ReleaseCustomer(), SYSTEM, source=rule("release-after-90-quiet-days")
    )
    claimed = story.later(released, 3, 60)
    claimer = staff.seller(account.region, claimed, account.random)
    account.next_owner = (claimed, claimer)
    by = staff.acting(claimer, claimed)
    why = account.texts.customers.claimed
    story.act(claimed, account.id, ClaimCustomer(owner_id=by), by, because=why)
    if claimer.leaves is not None and claimed < leaving:
        at = story.later(leaving, 0.2, 4)
        give = AssignCustomer(owner_id=account.by(at))
        why = account.texts.customers.handover
        story.act(
            at,
            account.id,
            give,
            account.lead(),
            because=why,
            correlation=account.company.handover,
        )


def live(account: Account) -> None:
    """What happens to the customer itself, once its deals are known."""
    _stages(account)
    _follow_ups(account)
    _changes(account)
    _corrections(account)
    if account.story.chance(0.03):
        _double(account)


def _stages(account: Account) -> None:
    """Active by a win, dormant without one for long, perhaps lost, and active again."""
    story = account.story
    wins = sorted((win for win in account.wins), key=lambda win: win.at)
    active_until: datetime | None = None
    for number, win in enumerate(wins):
        if active_until is None or win.at > active_until:
            story.act(
                story.soon(win.at), account.id, ActivateCustomer(), account.by(win.at), cause=win
            )
        following = wins[number + 1].at if number + 1 < len(wins) else account.until
        active_until = following
        if following - win.at > QUIET + timedelta(days=30):
            active_until = at_night(win.at + QUIET)
            asleep = story.act(
                active_until,
                account.id,
                MarkCustomerDormant(),
                SYSTEM,
                source=rule("dormant-after-210-days"),
            )
            gone = story.later(active_until, 5, 25)
            if gone < following and story.chance(0.15):
                lost = LoseCustomer(loss_reason=account.texts.customers.lost)
                story.act(gone, account.id, lost, account.by(gone), cause=asleep)


def _follow_ups(account: Account) -> None:
    random = account.random
    for _ in range(random.choices((0, 1, 2, 3, 5), (25, 25, 25, 15, 10))[0]):
        at = account.some_time()
        day = at.astimezone(account.story.zone).date()
        following = day + timedelta(days=random.randrange(7, 90))
        command = FollowUpCustomer(
            followed_up_on=at.date(),
            note=random.choice(account.texts.customers.follow_ups),
            next_follow_up_on=following if account.story.chance(0.6) else None,
        )
        account.story.act(at, account.id, command, account.by(at))


def _changes(account: Account) -> None:
    """Life goes on: they move, grow, buy better service."""
    story, texts, random = account.story, account.texts.customers, account.random
    if story.chance(0.2):
        level, why = random.choice([*zip((Level.A, Level.A, Level.C), texts.levels, strict=True)])
        _change(account, account.some_time(), why, level=level)
    if story.chance(0.08):
        place = Address(**address(account.region, random))
        _change(account, account.some_time(), texts.moved, billing_address=place)
    if story.chance(0.07):
        told = account.some_time(account.born + timedelta(days=10))
        numbers = (phone(account.region, random),)
        at = told - timedelta(days=random.uniform(6, 9))
        _change(account, at, texts.phone_late, entered=told, phones=numbers)
    gold_from = max(account.born, account.company.calendar.week(13))
    if account.kind is Kind.ORGANISATION and story.chance(0.08):
        _change(account, account.some_time(gold_from), None, custom={"service_tier": "gold"})
    if story.chance(0.03):
        at = account.some_time()
        story.act(at, account.id, LockCustomer(), account.by(at), because=texts.locked)


def _corrections(account: Account) -> None:
    """A name is changed, and changed back: three facts, and all of them stay."""
    if account.story.chance(0.03):
        at = account.some_time()
        wrong = account.name.replace("有限公司", "公司").removesuffix(" Ltd").removesuffix(" Inc.")
        if wrong != account.name:
            texts = account.texts.customers
            change = _change(account, at, texts.renamed, name=wrong)
            back = at + timedelta(seconds=account.random.randrange(1, 90))
            _change(account, back, texts.name_back, cause=change, name=account.name)


def _double(account: Account) -> None:
    """The same customer a second time, merged when somebody noticed."""
    story = account.story
    at = account.some_time()
    command = RegisterCustomer(
        name=account.name,
        kind=account.kind,
        emails=(f"office.{account.id.hex[-6:]}@{account.slug}.example.com",),
        phones=(phone(account.region, account.random),),
        owner_id=account.by(at),
    )
    double = story.open(at, command, account.by(at))
    merged = story.later(at, 0.5, 40)
    why = account.texts.customers.duplicate
    merge = MergeCustomer(absorbed_id=double.stream)
    story.act(merged, account.id, merge, account.lead(), because=why)


def _change(
    account: Account,
    at: datetime,
    why: str | None,
    *,
    entered: datetime | None = None,
    cause: Act | None = None,
    **fields: Any,
) -> Act:
    command = ChangeCustomer.model_validate(fields)
    by: UUID = account.by(at)
    return account.story.act(
        at, account.id, command, by, because=why, cause=cause, entered=entered, source=WEB
    )
