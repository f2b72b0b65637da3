"""Tickets of the demo: asked, answered, put on hold, resolved, and sometimes not yet over."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from api.demo.accounts import Account, Partner
from api.demo.calendar import at_night, id_at
from api.demo.company import PRODUCTS
from api.demo.names import is_chinese
from api.demo.story import MAIL, WEB, Act, rule
from api.demo.texts import Issue
from commands.tickets import (
    AddTicketMessage,
    AddTicketNote,
    AssignTicket,
    CloseTicket,
    CreateFollowUpTicket,
    EscalateTicket,
    HoldTicket,
    MarkTicketDuplicate,
    MergeTicket,
    OpenTicket,
    RejectTicket,
    ReplyToTicket,
    ResolveTicket,
    ResumeTicket,
    SetTicketPriority,
)
from domain.customers import Kind
from domain.envelope import SYSTEM
from domain.service_levels import DEFAULT_TARGETS, Promise
from domain.ticket_history import WaitingFor
from domain.tickets import Channel, Priority

QUEUES: Final = ("First line 一线", "Second line 二线", "Field service 现场服务")
CODES: Final = ("solved 已解决", "explained 已说明", "replaced 已更换")
CLOSES: Final = rule("close-7-days-after-resolution")
IN_TIME: Final = 0.85
"""The share of cases in which we keep to what is promised."""
A_WALK: Final = timedelta(hours=2)
"""What is done sooner is done on the same day."""
_MAILED: Final = (Channel.EMAIL, Channel.WEB, Channel.CHAT)


def ask(account: Account) -> None:
    """The tickets of a customer."""
    weights = (55, 30, 12, 3) if account.kind is Kind.PERSON else (38, 32, 20, 10)
    for _ in range(account.random.choices((0, 1, 2, 3), weights)[0]):
        Case(account, account.some_time()).tell()


class Case:
    """One ticket, told beat by beat."""

    def __init__(self, account: Account, at: datetime) -> None:
        self.account, self.story, self.random = account, account.story, account.random
        self.texts = account.texts.tickets
        self.at = at
        self.id = id_at(at, self.random)
        self.who: Partner | None = account.somebody(at)
        self.issue = self.random.choice(self.texts.issues)
        self.agent = account.company.staff.agent(account.region, at, self.random)
        team = "support_china" if is_chinese(account.region) else "support_europe"
        self.team = account.company.staff.teams[team]
        self.lead: UUID = account.company.staff.ids[account.company.staff.lead(team).mail]
        self.level = 0
        self.priority = self.random.choices([*Priority], (5, 20, 50, 25))[0]
        self.is_in_time = self.story.chance(IN_TIME)

    def tell(self) -> None:
        """From the question on."""
        opened = self._open()
        if self.story.chance(0.03):
            self._wait(0.05, 1)
            self._act(RejectTicket(rejection_reason=self.texts.rejected), self.lead)
            return
        self._twice(opened)
        self._within("first_response", 0.01, 0.6)
        assign = AssignTicket(assignee_id=self._by(), queue=QUEUES[0])
        self._act(assign, self.lead, cause=opened)
        self._within("first_response", 0.02, 1)
        self._act(ReplyToTicket(body=self.issue.reply), self._by())
        for _ in range(self.random.choices((0, 1, 2), (35, 45, 20))[0]):
            self._exchange()
        self._pressure()
        if self.story.chance(0.04):
            return  # still being worked on
        self._resolve()
        if self.story.chance(0.1):
            self._again()
        self._close()

    def _open(self, channel: Channel | None = None) -> Act:
        channel = channel or self.random.choice((*_MAILED, *_MAILED, Channel.PHONE))
        by, source = (SYSTEM, MAIL) if channel in _MAILED else (self._by(), WEB)
        command = OpenTicket.model_validate(self._fields(self.issue, channel))
        return self.story.act(self.at, self.id, command, by, source=source)

    def _fields(self, issue: Issue, channel: Channel) -> dict[str, Any]:
        product = self.random.choice(PRODUCTS[:6])
        gaps = {"product": product.sku, "number": f"{self.random.randrange(10_000, 99_999)}"}
        fields: dict[str, Any] = {
            "subject": issue.subject.format(**gaps),
            "description": issue.description,
            "channel": channel,
            "type": issue.type,
            "priority": self.priority,
            "category": issue.category,
            "subcategory": issue.subcategory,
            "customer_id": self.account.id,
            "contact_id": self.who and self.who.id,
            "team_id": self.team,
            "queue": QUEUES[0],
        }
        if "{product}" in issue.subject:
            fields["configuration_item"] = product.name
            fields["custom"] = {
                "serial_number": f"{product.sku}-{gaps['number']}",
                "under_warranty": self.story.chance(0.7),
            }
        return fields

    def _twice(self, opened: Act) -> None:
        """Some people write twice: one of the two is merged, or marked as a duplicate."""
        if not self.story.chance(0.06):
            return
        at = self.at + timedelta(minutes=self.random.randrange(5, 90))
        command = OpenTicket.model_validate(self._fields(self.issue, Channel.EMAIL))
        double = self.story.open(at, command, SYSTEM, source=MAIL)
        self.at = self.story.later(at, 0.02, 0.3)
        if self.story.chance(0.5):
            merge = MergeTicket(absorbed_id=double.stream)
            self._act(merge, self.lead, because=self.texts.merged, cause=opened)
        else:
            why = self.texts.duplicate
            mark = MarkTicketDuplicate(duplicate_of_id=self.id, duplicate_reason=why)
            self.story.act(self.at, double.stream, mark, self.lead, cause=opened)

    def _exchange(self) -> None:
        """We wait for somebody, and they answer."""
        number = f"{self.random.randrange(10_000, 99_999)}"
        answer = self.random.choice(self.texts.customer_answers).format(number=number)
        if self.story.chance(0.15):
            self._act(HoldTicket(waiting_for=WaitingFor.THIRD_PARTY), self._by())
            self._wait(1, 6)
            self._act(ResumeTicket(), self._by())
        else:
            if self.story.chance(0.7):
                self._act(HoldTicket(waiting_for=WaitingFor.CUSTOMER), self._by())
            self._wait(0.1, 3)
            self._act(AddTicketMessage(body=answer), SYSTEM, source=MAIL)
        self._within("next_response", 0.02, 1)
        self._act(ReplyToTicket(body=self.issue.reply), self._by())

    def _pressure(self) -> None:
        """More urgent than it seemed; told higher up; a note from the road, entered late."""
        chance = self.story.chance
        if chance(0.08):
            self._act(SetTicketPriority(priority=Priority.URGENT), self._by(), self.texts.urgent)
        if chance(0.08):
            self._escalate()
        if chance(0.05):
            at = self.at - timedelta(hours=self.random.randrange(1, 5))
            note, self.at = AddTicketNote(body=self.texts.late_note), self.at + timedelta(minutes=9)
            self.story.act(at, self.id, note, self._by(), entered=self.at)

    def _escalate(self) -> None:
        self.level += 1
        why = self.random.choice(self.texts.escalated)
        escalate = EscalateTicket(escalation_level=self.level, escalation_reason=why)
        escalated = self._act(escalate, self._by())
        hands = AssignTicket(assignee_id=self.lead, queue=QUEUES[self.level])
        self._act(hands, self.lead, self.texts.handed_over, escalated)
        self._wait(0.1, 1.5)
        if self.level == 1 and self.story.chance(0.25):
            self._escalate()

    def _resolve(self) -> None:
        self._within("resolution", 0.05, 4)
        code = self.random.choice(CODES)
        self._act(ResolveTicket(resolution=self.issue.resolution, resolution_code=code), self._by())

    def _again(self) -> None:
        """The customer writes within the window, which reopens the ticket."""
        self._wait(0.2, 4)
        self._act(AddTicketMessage(body=self.texts.reopened), SYSTEM, source=MAIL)
        self._within("next_response", 0.05, 1)
        self._act(ReplyToTicket(body=self.issue.reply), self._by())
        self._resolve()

    def _close(self) -> None:
        self.at = at_night(self.at + timedelta(days=7))
        closed = self._act(CloseTicket(), SYSTEM, source=CLOSES)
        if not self.story.chance(0.04):
            return
        self._wait(20, 90)
        follow = CreateFollowUpTicket(follows_up_id=self.id, description=self.texts.follow_up)
        self.id = self.story.open(self.at, follow, SYSTEM, source=MAIL, cause=closed).stream
        self._wait(0.1, 1)
        self._act(AssignTicket(assignee_id=self._by()), self.lead)
        self._wait(0.1, 1)
        self._act(ReplyToTicket(body=self.issue.reply), self._by())
        self._resolve()

    def _within(self, measure: str, low: float, high: float) -> None:
        """A share of what is promised later; of a case that is late, so many days."""
        promise: Promise = getattr(DEFAULT_TARGETS, self.priority)
        target = getattr(promise, measure)
        if not self.is_in_time:
            self._wait(low, high)
            return
        wait = timedelta(minutes=target.minutes) * self.random.uniform(0.05, 0.35)
        if wait < A_WALK:
            self.at += wait
        else:
            self._wait(wait / timedelta(days=1), wait / timedelta(days=1))

    def _wait(self, low: float, high: float) -> None:
        self.at = self.story.later(self.at, low, high)

    def _by(self) -> UUID:
        return self.account.company.staff.acting(self.agent, self.at)

    def _act(
        self,
        command: Any,
        by: UUID,
        because: str | None = None,
        cause: Act | None = None,
        source: Any = WEB,
    ) -> Act:
        self.at += timedelta(seconds=self.random.randrange(5, 300))
        return self.story.act(
            self.at, self.id, command, by, because=because, cause=cause, source=source
        )
