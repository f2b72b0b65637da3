"""A ticket that is worth a look: merged, put on hold, resolved, reopened and escalated."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from api.demo.calendar import at_night
from api.demo.company import Company
from api.demo.scene import KEPT, Scene, Sight
from api.demo.story import MAIL, WEB, Act
from api.demo.tickets import CLOSES, QUEUES
from commands import contacts, customers, tickets
from domain.contacts import CustomerLink, Role
from domain.customers import Kind, Type
from domain.ticket_history import WaitingFor
from domain.tickets import Channel, Priority
from domain.tickets import Type as TicketType


def ticket(company: Company, scene: Scene) -> Sight:
    """Answered, put on hold, merged, resolved, reopened, escalated, resolved again, closed."""
    jakub, oonagh = "jakub.nowicki", "oonagh.kerrigan"
    asked = _people(company, scene)
    first = tickets.OpenTicket(
        subject="BW-100: readings drift after every cleaning cycle",
        description="Since Monday the readings drift by 0.4 pH within an hour after cleaning.",
        priority=Priority.HIGH,
        **asked,
    )
    opened = scene.open(60, first, KEPT, source=MAIL)
    second = tickets.OpenTicket(
        subject="Photographs for my mail of this morning", priority=Priority.MEDIUM, **asked
    )
    double = scene.open(opened.at + timedelta(minutes=25), second, KEPT, source=MAIL)
    assign = tickets.AssignTicket(assignee_id=company.staff.ids[jakub])
    assigned = scene.act(opened.at + timedelta(minutes=40), opened.stream, assign, oonagh)
    merge = tickets.MergeTicket(absorbed_id=double.stream)
    at, why = assigned.at + timedelta(minutes=2), "the photographs belong to it"
    scene.act(at, opened.stream, merge, oonagh, because=why, cause=assigned)
    _answers(company, scene, opened.stream, assigned.at + timedelta(minutes=50))
    look = {
        "en": "a ticket that was merged, put on hold, resolved, reopened and escalated",
        "zh": "经过合并、挂起、解决、重开和升级的工单",
    }
    return Sight(scene.story, "tickets", opened.stream, look)


def _people(company: Company, scene: Scene) -> dict[str, Any]:
    """The customer, and who asks there: what both tickets have in common."""
    staff, clara = company.staff, "clara.whitlock"
    dairy = customers.RegisterCustomer(
        name="Quillmere Dairy Ltd",
        kind=Kind.ORGANISATION,
        type=Type.CUSTOMER,
        industry="Food 食品",
        emails=("info@quillmere.example.com",),
        phones=("+44 20 7946 0142",),
        owner_id=staff.ids[clara],
        team_id=staff.teams["europe"],
    )
    customer = scene.open(300, dairy, clara)
    introduction = contacts.RegisterContact(
        family_name="Penhallow",
        given_name="Rosalind",
        title="Head of Quality",
        emails=("rosalind.penhallow@quillmere.example.org",),
        customers=(CustomerLink(customer_id=customer.stream, role=Role.USER),),
    )
    person = scene.open(298, introduction, clara, cause=customer)
    return {
        "channel": Channel.EMAIL,
        "type": TicketType.INCIDENT,
        "category": "Hardware 硬件",
        "subcategory": "Drift 漂移",
        "customer_id": customer.stream,
        "contact_id": person.stream,
        "team_id": staff.teams["support_europe"],
        "queue": QUEUES[0],
        "custom": {"serial_number": "BW-100-20417", "under_warranty": True},
    }


def _answers(company: Company, scene: Scene, ticket: UUID, at: datetime) -> None:
    jakub, oonagh = "jakub.nowicki", "oonagh.kerrigan"

    def act(days: float, command: Any, by: str = jakub, **more: Any) -> Act:
        """So many days after the one before."""
        nonlocal at
        at = scene.story.later(at, days, days)
        source = MAIL if by == KEPT else WEB
        return scene.act(at, ticket, command, by, **{"source": source, **more})

    act(0.01, tickets.ReplyToTicket(body="Which cleaning agent is it, and how hot?"))
    act(0.01, tickets.HoldTicket(waiting_for=WaitingFor.CUSTOMER))
    act(1, tickets.AddTicketMessage(body="Caustic soda, 2 %, at 85 °C."), KEPT)
    act(0.05, tickets.ReplyToTicket(body="That is too hot for this membrane; 60 °C will do."))
    cooler = "Cleaning at 60 °C."
    act(0.8, tickets.ResolveTicket(resolution=cooler, resolution_code="explained 已说明"))
    act(3, tickets.AddTicketMessage(body="Sorry, it is back again since this morning."), KEPT)
    urgent = tickets.SetTicketPriority(priority=Priority.URGENT)
    act(0.03, urgent, because="their audit is on Friday")
    why = "production stands still"
    escalated = act(0.01, tickets.EscalateTicket(escalation_level=1, escalation_reason=why))
    hands = tickets.AssignTicket(assignee_id=company.staff.ids[oonagh], queue=QUEUES[1])
    act(0.02, hands, oonagh, because="needs the second line", cause=escalated)
    act(0.9, tickets.ReplyToTicket(body="A new probe is on its way, by courier."), oonagh)
    exchanged = "Probe exchanged under warranty."
    solve = tickets.ResolveTicket(resolution=exchanged, resolution_code="replaced 已更换")
    act(2, solve, oonagh)
    night = at_night(at + timedelta(days=7))
    scene.act(night, ticket, tickets.CloseTicket(), KEPT, source=CLOSES)
