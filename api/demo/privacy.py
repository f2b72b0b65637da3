"""What the law asks of the demo's company: consents, recipients, schedules, people who ask."""

from datetime import date, timedelta
from random import Random
from typing import Final
from uuid import UUID

from api.demo.accounts import Account, Partner
from api.demo.company import Company
from api.demo.story import Act, Story
from commands.consents import ConfirmConsent, RefuseConsent, RequestConsent, WithdrawConsent
from commands.recipients import RecordDisclosure, RegisterRecipient
from commands.retention_schedules import ProposeRetentionSchedule, PutRetentionScheduleInForce
from commands.subject_requests import FulfilSubjectRequest, IdentifySubject, ReceiveSubjectRequest
from domain.consents import Channel, WithdrawalReason
from domain.recipients import Role, Safeguard
from domain.retention_schedules import Action, Trigger
from domain.retention_schedules import Kind as Kept
from domain.subject_requests import Kind, Method

ASKED: Final = 0.3
"""The share of people who are asked whether they want the newsletter."""
_FORMS: Final = ("Website form 网站表单", "Trade fair 展会", "Webinar 线上研讨会")
_RECIPIENTS: Final = (
    RegisterRecipient(
        name="Northmail GmbH",
        role=Role.PROCESSOR,
        country="DE",
        notice_email="privacy@northmail.example.com",
        categories=("identity", "contact"),
        purposes=("newsletter",),
        contract_on=date(2024, 2, 1),
    ),
    RegisterRecipient(
        name="云雀短信有限公司",
        role=Role.PROCESSOR,
        country="CN",
        notice_email="privacy@yunque.example.com",
        categories=("identity", "contact"),
        purposes=("newsletter", "service_messages"),
        contract_on=date(2024, 5, 15),
    ),
    RegisterRecipient(
        name="Harbourline Freight Inc.",
        role=Role.CONTROLLER,
        country="US",
        safeguards=(Safeguard.STANDARD_CLAUSES,),
        safeguards_reference="SCC 2021/914, module 1",
        notice_email="privacy@harbourline.example.com",
        categories=("identity", "contact"),
        purposes=("delivery",),
    ),
)
_SCHEDULES: Final = (
    ProposeRetentionSchedule(
        kind=Kept.CONTACTS,
        category="profile",
        trigger=Trigger.LAST_ACTIVITY,
        duration="P3Y",
        law="GDPR Art. 5(1)(e)",
        action=Action.ERASE,
    ),
    ProposeRetentionSchedule(
        kind=Kept.CUSTOMERS,
        category="content",
        trigger=Trigger.LAST_ACTIVITY,
        duration="P6Y",
        law="HGB § 257",
        action=Action.REVIEW,
    ),
    ProposeRetentionSchedule(
        kind=Kept.CONTACTS,
        category="trace",
        trigger=Trigger.CREATED,
        duration="P2Y",
        law="PIPL Art. 19",
        action=Action.ERASE,
    ),
)


def recipients_and_schedules(company: Company, story: Story, admin: UUID) -> None:
    """Whom data is given to, and how long it is kept; the last schedule is still a draft."""
    at = company.calendar.start + timedelta(hours=10)
    for recipient, stream in zip(_RECIPIENTS, company.recipients, strict=True):
        at += timedelta(minutes=4)
        story.act(at, stream, recipient, admin)
    proposed = [
        story.open(at + timedelta(minutes=5 * number), schedule, admin)
        for number, schedule in enumerate(_SCHEDULES, start=1)
    ]
    second = company.staff.ids["shen.moyan"]
    for one in proposed[:-1]:
        in_force = PutRetentionScheduleInForce()
        story.act(one.at + timedelta(hours=1), one.stream, in_force, second, cause=one)


def ask_people(account: Account) -> None:
    """Some want the newsletter, some want it no longer, a few ask what is held of them."""
    for partner in account.people:
        # Drawn apart, so that what else happens to them does not hang on it.
        random = Random(f"{partner.id}/consent")  # noqa: S311  a seeded story, not a secret
        if partner.restricted_from is not None:
            continue
        if _chance(random, ASKED):
            _newsletter(account, partner, random)
        if _chance(random, 0.005):
            _asks(account, partner)


def _newsletter(account: Account, partner: Partner, random: Random) -> None:
    story, at = account.story, account.some_time(partner.born)
    marketing = account.company.marketing(account.region)
    asked = {"contact_id": partner.id, "purpose": "newsletter", "channel": Channel.EMAIL}
    if _chance(random, 0.1):
        no = RefuseConsent.model_validate(
            {**asked, "source": "Phone call 电话", "withdrawal_reason": WithdrawalReason.ASKED}
        )
        story.open(at, no, marketing)
        return
    form = {
        "captured_at": at,
        "source": random.choice(_FORMS),
        "wording_version": "newsletter 2025-03",
    }
    request = story.open(at, RequestConsent.model_validate({**asked, **form}), marketing)
    if _chance(random, 0.85):
        answered = at + timedelta(hours=random.uniform(0.05, 70))
        confirmation = "followed the link in the e-mail 点击邮件中的链接"
        yes = ConfirmConsent(confirmation=confirmation)
        confirmed = story.act(answered, request.stream, yes, cause=request)
        if _chance(random, 0.15):
            _leave(account, confirmed, random)
        elif _chance(random, 0.1):
            _disclose(account, partner, confirmed, marketing)


def _leave(account: Account, confirmed: Act, random: Random) -> None:
    at = account.story.later(confirmed.at, 20, 200)
    reason = random.choice((WithdrawalReason.UNSUBSCRIBED, WithdrawalReason.OBJECTED))
    no = WithdrawConsent(withdrawal_reason=reason)
    account.story.act(at, confirmed.stream, no, cause=confirmed)


def _disclose(account: Account, partner: Partner, confirmed: Act, by: UUID) -> None:
    """The address goes to whoever sends the newsletter."""
    at = account.story.later(confirmed.at, 0.1, 6)
    told = RecordDisclosure(
        contact_ids=(partner.id,), categories=("identity", "contact"), purpose="newsletter"
    )
    account.story.act(at, account.company.mailer(account.region), told, by, cause=confirmed)


def _asks(account: Account, partner: Partner) -> None:
    """What do you hold of me? Asked, identified and answered well within the month."""
    story, staff = account.story, account.company.staff
    at = account.some_time(partner.born)
    admin = staff.ids["shen.moyan"]
    asks = ReceiveSubjectRequest(kind=Kind.ACCESS, contact_id=partner.id)
    asked = story.open(at, asks, staff.ids["qin.suwen"])
    identify = IdentifySubject(identified_by=Method.KNOWN_ADDRESS)
    known = story.later(asked.at, 0.2, 3)
    identified = story.act(known, asked.stream, identify, admin, cause=asked)
    answered = story.later(known, 1, 9)
    story.act(answered, asked.stream, FulfilSubjectRequest(), admin, cause=identified)


def _chance(random: Random, share: float) -> bool:
    return random.random() < share
