"""A deal that is worth a look: mistyped, slipped, lost, reopened and won after all."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from api.demo.company import PRODUCTS, Company
from api.demo.scene import Scene, Sight
from api.demo.story import Act
from commands import contacts, customers, opportunities
from domain.contacts import CustomerLink, Role
from domain.customers import Kind, Level
from domain.opportunities import DealLine, LossReason
from domain.values import Money


def deal(company: Company, scene: Scene) -> Sight:
    """Mistyped, slipped, lost, reopened, and won after all."""
    lin, zhou = "lin.xiaolan", "zhou.qiming"
    customer, person = _people(company, scene)
    opening = opportunities.OpenOpportunity(
        name="鲸灯杭州新厂 水质在线监测",
        customer_id=customer.stream,
        amount=_cny(480_000),
        expected_close_on=scene.ago(280).date(),
        owner_id=company.staff.ids[lin],
        team_id=company.staff.teams["east"],
    )
    opened = scene.open(400, opening, lin)
    deal = opened.stream
    link = opportunities.LinkOpportunityContact(contact_id=person.stream, role=Role.DECISION_MAKER)
    scene.act(opened.at + timedelta(minutes=1), deal, link, lin, cause=opened)
    _negotiation(company, scene, deal, scene.ago(360))
    lose = opportunities.LoseOpportunity(
        loss_reason=LossReason.COMPETITOR, loss_notes="枫谷仪表报价低一成，且承诺六周交货。"
    )
    scene.act(210, deal, lose, lin)
    reopen = opportunities.ReopenOpportunity()
    again = scene.act(150, deal, reopen, zhou, because="枫谷仪表无法按期交货")
    later = opportunities.ChangeOpportunity(expected_close_on=scene.ago(90).date())
    scene.act(again.at + timedelta(minutes=3), deal, later, zhou, cause=again)
    won = scene.act(100, deal, opportunities.WinOpportunity(amount=_cny(456_000)), zhou)
    active = customers.ActivateCustomer()
    scene.act(won.at + timedelta(minutes=5), customer.stream, active, zhou, cause=won)
    why = {
        "en": "a deal that was mistyped, slipped, lost, reopened and won after all",
        "zh": "录错金额、延期、输单、重新打开、最终赢单的商机",
    }
    return Sight(scene.story, "opportunities", deal, why)


def _people(company: Company, scene: Scene) -> tuple[Act, Act]:
    """The customer, and who decides there."""
    lin = "lin.xiaolan"
    registration = customers.RegisterCustomer(
        name="鲸灯食品有限公司",
        kind=Kind.ORGANISATION,
        industry="Food 食品",
        level=Level.B,
        size=350,
        emails=("info@jingdeng.example.com",),
        phones=("+86 571 8555 0142",),
        owner_id=company.staff.ids[lin],
        team_id=company.staff.teams["east"],
        lead_source="Trade fair 展会",
    )
    customer = scene.open(430, registration, lin)
    introduction = contacts.RegisterContact(
        family_name="顾",
        given_name="念慈",
        title="质量总监",
        emails=("gu.nianci@jingdeng.example.org",),
        phones=("+86 100 5550 0142",),
        customers=(CustomerLink(customer_id=customer.stream, role=Role.DECISION_MAKER),),
        owner_id=company.staff.ids[lin],
    )
    return customer, scene.open(428, introduction, lin, cause=customer)


def _negotiation(company: Company, scene: Scene, deal: UUID, at: datetime) -> None:
    lin, later = "lin.xiaolan", scene.story.later
    scene.act(at, deal, opportunities.MoveOpportunity(stage="qualification"), lin)
    at = later(at, 21, 21)
    moved = scene.act(at, deal, opportunities.MoveOpportunity(stage="proposal"), lin)
    lines = tuple(
        DealLine(
            product_id=company.products[sold.sku],
            quantity=Decimal(quantity),
            unit_price=company.price(sold, "CNY", at),
            discount=Decimal(5),
        )
        for sold, quantity in zip(PRODUCTS[:3], (40, 30, 20), strict=True)
    )
    offered = opportunities.SetOpportunityLines(lines=lines)
    scene.act(at + timedelta(minutes=6), deal, offered, lin, cause=moved)
    at = later(at, 14, 14)
    wrong = opportunities.ChangeOpportunity(amount=_cny(4_860_000))
    typed = scene.act(at, deal, wrong, lin)
    right = opportunities.ChangeOpportunity(amount=_cny(486_000))
    soon = at + timedelta(seconds=1)
    scene.act(soon, deal, right, lin, because="多录了一个零", cause=typed)
    at = later(at, 28, 28)
    slip = opportunities.ChangeOpportunity(expected_close_on=scene.ago(190).date())
    scene.act(at, deal, slip, lin, because="客户预算推迟到第三季度")
    at = later(at, 21, 21)
    scene.act(at, deal, opportunities.MoveOpportunity(stage="negotiation"), lin)
    at, told = later(at, 5, 5), later(at, 12, 12)
    rival = opportunities.ChangeOpportunity(competitor="枫谷仪表")
    scene.act(at, deal, rival, lin, because="上周电话得知，现补录", entered=told)


def _cny(amount: int) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")
