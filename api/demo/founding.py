"""The company's first days: teams, users, products and custom fields, and what became of them."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from api.demo.company import OLD_PROBE, PRICE_RISES, PRODUCTS, RATES, REPLACED, Company, price_of
from api.demo.people import (
    ABOVE,
    COLLEAGUES,
    INVITED_LAST,
    LONDON,
    TEAMS,
    Colleague,
    address_of,
    zone_of,
)
from api.demo.privacy import recipients_and_schedules
from api.demo.story import Act, Story
from commands.custom_fields import ChangeCustomField, DeclareCustomField, RetireCustomField
from commands.products import CreateProduct, DeactivateProduct, SetProductPrice
from commands.sla_policies import ChangeSlaPolicy, DefineSlaPolicy
from commands.teams import CreateTeam
from commands.users import ActivateUser, ChangeUser, DeactivateUser, InviteUser
from domain.business_hours import Opening, Weekday
from domain.custom_fields import FieldType, custom_fields_id
from domain.envelope import SYSTEM
from domain.kernel import replace
from domain.service_levels import DEFAULT_TARGETS, CountedIn, Promise, Target
from domain.sla_policies import DEFAULT_SLA_POLICY
from domain.ticket_history import WaitingFor
from domain.values import Money

TIERS: Final = ("bronze", "silver")
OFFICE_HOURS: Final = tuple(
    Opening(weekday=day, opens="08:00", closes="18:00") for day in tuple(Weekday)[:5]
)


def _in_office_hours(promise: Promise) -> Promise:
    targets = {
        name: replace(target, counted_in=CountedIn.BUSINESS)
        for name, target in promise.given().items()
    }
    return replace(promise, **targets)


TARGETS: Final = replace(
    DEFAULT_TARGETS,
    medium=_in_office_hours(DEFAULT_TARGETS.medium),
    low=_in_office_hours(DEFAULT_TARGETS.low),
)
"""What is usual; nobody sits up for what can wait."""


def _declared(
    key: str, label: str, label_zh: str, type: FieldType, *choices: str, personal: bool = False
) -> DeclareCustomField:
    return DeclareCustomField(
        key=key, label=label, label_zh=label_zh, type=type, choices=choices, personal=personal
    )


FIELDS: Final = {
    "customers": (
        _declared("service_tier", "Service tier", "服务等级", FieldType.CHOICE, *TIERS),
        _declared("contract_number", "Contract number", "合同编号", FieldType.TEXT),
        _declared("visiting_hours", "Visiting hours", "可拜访时间", FieldType.TEXT, personal=True),
        _declared("fax", "Fax", "传真", FieldType.TEXT, personal=True),
    ),
    "opportunities": (
        _declared("budget_approved", "Budget approved", "预算已批准", FieldType.SWITCH),
        _declared("decision_on", "Decision expected on", "预计决策日期", FieldType.DATE),
    ),
    "tickets": (
        _declared("serial_number", "Serial number", "序列号", FieldType.TEXT),
        _declared("under_warranty", "Under warranty", "在保修期内", FieldType.SWITCH),
    ),
}


def founding(company: Company, random: Random) -> list[Act]:
    """What administrators did: most of it on the first day, the rest at the start of a week."""
    story = Story(random, LONDON)
    start = company.calendar.start + timedelta(hours=8)
    admin = company.staff.ids["margit.solberg"]
    _invite_all(company, story, start)
    _teams(company, story, start + timedelta(minutes=40), admin)
    _fields(company, story, start + timedelta(minutes=50), admin)
    _service_levels(company, story, start + timedelta(minutes=60), admin)
    _products(company, story, start + timedelta(minutes=70), admin)
    recipients_and_schedules(company, story, admin)
    return [*story.told(company.calendar.until)]


def _invite_all(company: Company, story: Story, start: datetime) -> None:
    staff = company.staff
    for colleague in COLLEAGUES:
        at = start + timedelta(weeks=colleague.joins, seconds=40 * len(story.acts))
        by = SYSTEM if colleague is COLLEAGUES[0] else staff.ids["margit.solberg"]
        invited = story.act(at, staff.ids[colleague.mail], _invitation(colleague), by)
        active = at + timedelta(seconds=30)
        story.act(active, staff.ids[colleague.mail], ActivateUser(), by, cause=invited)
        if colleague.leaves is not None:
            story.act(
                start + timedelta(weeks=colleague.leaves),
                staff.ids[colleague.mail],
                DeactivateUser(),
                staff.ids["margit.solberg"],
                because="left for another company",
            )


def invite_last(company: Company, random: Random) -> Act:
    """The invitation that nobody has accepted yet, a day before the end."""
    story = Story(random, LONDON)
    staff = company.staff
    at = company.calendar.until - timedelta(days=1)
    by = staff.ids["margit.solberg"]
    return story.act(at, staff.ids[INVITED_LAST.mail], _invitation(INVITED_LAST), by)


def _invitation(colleague: Colleague) -> InviteUser:
    chinese = not colleague.name.isascii()
    return InviteUser(
        name=colleague.name,
        email=address_of(colleague),
        roles=(colleague.role,),
        language="zh-Hans" if chinese else "en",
        locale="zh-Hans-CN" if chinese else "en-GB",
        time_zone=zone_of(colleague).key,
    )


def _teams(company: Company, story: Story, start: datetime, admin: UUID) -> None:
    staff = company.staff
    for number, (key, name) in enumerate(TEAMS.items()):
        at = start + timedelta(seconds=30 * number)
        leads = staff.lead(key)
        command = CreateTeam(
            name=name,
            manager_id=staff.ids[leads.mail],
            parent_id=staff.teams[ABOVE[key]] if key in ABOVE else None,
        )
        created = story.act(at, staff.teams[key], command, admin)
        for colleague in COLLEAGUES:
            if colleague.team == key:
                joined = at + timedelta(weeks=colleague.joins, seconds=5)
                manager = None if colleague is leads else staff.ids[leads.mail]
                change = ChangeUser(team_id=staff.teams[key], manager_id=manager)
                story.act(joined, staff.ids[colleague.mail], change, admin, cause=created)


def _fields(company: Company, story: Story, start: datetime, admin: UUID) -> None:
    for kind, declarations in FIELDS.items():
        for declaration in declarations:
            at = start + timedelta(seconds=5 * len(story.acts))
            story.act(at, custom_fields_id(kind), declaration, admin)
    customers, nine = custom_fields_id("customers"), timedelta(hours=9)
    gold = ChangeCustomField(key="service_tier", choices=(*TIERS, "gold"))
    why = "the gold tier is sold from this quarter on"
    story.act(company.calendar.week(12) + nine, customers, gold, admin, because=why)
    retire = RetireCustomField(key="fax")
    why = "nobody sends faxes any more"
    story.act(company.calendar.week(40) + nine, customers, retire, admin, because=why)


def _service_levels(company: Company, story: Story, start: datetime, admin: UUID) -> None:
    """What is promised; from the second year on, an answer to urgent tickets in half the time."""
    name = "Standard 标准"
    define = DefineSlaPolicy(
        name=name,
        targets=TARGETS,
        time_zone=LONDON.key,
        business_hours=OFFICE_HOURS,
        pauses=(WaitingFor.CUSTOMER, WaitingFor.THIRD_PARTY),
    )
    story.act(start, DEFAULT_SLA_POLICY, define, admin)
    answer = Target(minutes=15, counted_in=CountedIn.CALENDAR)
    urgent = replace(TARGETS.urgent, first_response=answer, next_response=answer)
    change = ChangeSlaPolicy(targets=replace(TARGETS, urgent=urgent))
    why = "agreed with the service desk for the new year"
    nine = timedelta(hours=9)
    story.act(company.calendar.week(52) + nine, DEFAULT_SLA_POLICY, change, admin, because=why)


def _products(company: Company, story: Story, start: datetime, admin: UUID) -> None:
    for number, sold in enumerate((*PRODUCTS, OLD_PROBE)):
        at = start + timedelta(minutes=2 * number)
        product = company.products[sold.sku]
        command = CreateProduct(
            sku=sold.sku,
            name=sold.name,
            category=sold.category,
            unit=sold.unit,
            tax_rate=Decimal(13),
            cost=Money(amount=Decimal(sold.price * 55 // 100), currency="EUR"),
            list_price=price_of(sold, "EUR", 0),
        )
        created = story.act(at, product, command, admin)
        for rises, week in enumerate((0, *PRICE_RISES)):
            moment = at + timedelta(weeks=week, seconds=30)
            for currency in RATES if rises else [c for c in RATES if c != "EUR"]:
                prices = SetProductPrice(price=price_of(sold, currency, rises))
                why = "yearly price review" if rises else None
                story.act(moment, product, prices, admin, because=why, cause=created)
    story.act(
        company.calendar.week(REPLACED) + timedelta(hours=10),
        company.products[OLD_PROBE.sku],
        DeactivateProduct(),
        admin,
        because="replaced by BW-100",
    )
