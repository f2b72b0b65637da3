"""Customers of the demo: how they come in, and what their stories need to know of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from api.demo.calendar import id_at, working
from api.demo.company import Company
from api.demo.names import INDUSTRIES, SOURCES, Name, Names, Region, address, person, phone
from api.demo.people import ZONES, Colleague
from api.demo.story import WEB, Act, Story
from api.demo.texts import Texts, texts
from commands.customers import RegisterCustomer
from domain.contacts import Role
from domain.customers import Kind, Level, Type
from domain.envelope import Source
from domain.values import Address, Money

CURRENCIES: Final[dict[Region, tuple[str, ...]]] = {
    "europe": ("EUR", "EUR", "GBP"),
    "americas": ("USD",),
    "east": ("CNY",),
    "south": ("CNY",),
}
OLD_CRM: Final = "old-crm"
TAGS: Final = ("key account", "展会", "newsletter", "HACCP", "tender", "复购", "multi-site")
IMPORTED: Final = 0.28
"""The share of customers that come from the old CRM in the first week."""
PERSONS: Final = 0.12


@dataclass(slots=True)
class Partner:
    """Somebody at a customer."""

    id: UUID
    name: Name
    born: datetime
    role: Role
    restricted_from: datetime | None = None


@dataclass(slots=True)
class Account:
    """A customer while its story is being told."""

    company: Company
    story: Story
    region: Region
    id: UUID
    name: str
    slug: str
    kind: Kind
    born: datetime
    owner: Colleague
    currency: str
    registered: Act | None = None
    next_owner: tuple[datetime, Colleague] | None = None
    """Who claimed it out of the pool, and when."""
    people: list[Partner] = field(default_factory=list)
    wins: list[Act] = field(default_factory=list)

    @property
    def random(self) -> Random:
        return self.story.random

    @property
    def texts(self) -> Texts:
        return texts(self.region)

    @property
    def until(self) -> datetime:
        return self.company.calendar.until

    def owner_at(self, at: datetime) -> Colleague:
        """Who owns the customer then."""
        if self.next_owner is not None and at >= self.next_owner[0]:
            return self.next_owner[1]
        return self.owner

    def by(self, at: datetime) -> UUID:
        """The owner, or whoever acts for them then."""
        return self.company.staff.acting(self.owner_at(at), at)

    def sold_from(self) -> datetime:
        """From when on deals are made with the customer."""
        return self.next_owner[0] if self.next_owner else self.born

    def lead(self) -> UUID:
        """Who leads the owner's team."""
        return self.company.staff.ids[self.company.staff.lead(self.owner.team).mail]

    def some_time(self, after: datetime | None = None) -> datetime:
        """A working moment between a moment and the end."""
        start = after or self.born
        found = start + (self.until - start) * self.random.uniform(0.02, 1.0)
        return max(working(found, self.story.zone, self.random), start + timedelta(minutes=1))

    def somebody(self, at: datetime) -> Partner | None:
        """Somebody there whom we knew by then."""
        known = [
            one
            for one in self.people
            if one.born < at and (one.restricted_from is None or at < one.restricted_from)
        ]
        return self.random.choice(known) if known else None


def an_account(company: Company, names: Names, random: Random, region: Region) -> Account:
    """A customer that is about to be registered, by import or by a seller."""
    calendar, zone = company.calendar, ZONES[region]
    story = Story(random, zone)
    imported = story.chance(IMPORTED)
    week = 0.3 if imported else random.uniform(0.6, 77.4)
    born = working(calendar.week(week), zone, random)
    industry = random.choice([*INDUSTRIES])
    if story.chance(PERSONS):
        somebody = person(region, random)
        kind, name, slug = Kind.PERSON, somebody.full, somebody.slug
    else:
        kind = Kind.ORGANISATION
        name, slug = names.company(region, industry, random)
    owner = company.staff.seller(region, born, random)
    currency = random.choice(CURRENCIES[region])
    account = Account(
        company, story, region, id_at(born, random), name, slug, kind, born, owner, currency
    )
    register(account, industry, row=names.next_row() if imported else None)
    return account


def register(
    account: Account, industry: str, row: int | None = None, parent: UUID | None = None
) -> None:
    """The act by which a customer comes in."""
    imported = row is not None
    source = (
        Source(kind="import", client=OLD_CRM, file="customers.csv", row=row) if imported else WEB
    )
    by = account.company.staff.ids["shen.moyan"] if imported else account.by(account.born)
    fields = _details(account, industry) | ({"parent_id": parent} if parent else {})
    if imported:
        fields |= {"source_system": OLD_CRM, "external_id": f"K{row:05}", "lead_source": None}
    command = RegisterCustomer.model_validate(fields)
    account.registered = account.story.act(account.born, account.id, command, by, source=source)


def _details(account: Account, industry: str) -> dict[str, Any]:
    random, region, chance = account.random, account.region, account.story.chance
    place = Address(**address(region, random))
    is_person = account.kind is Kind.PERSON
    fields: dict[str, Any] = {
        "name": account.name,
        "kind": account.kind,
        "type": random.choices([*Type], (60, 25, 6, 7, 2))[0],
        "level": random.choices([*Level], (15, 35, 50))[0],
        "phones": (phone(region, random),),
        "billing_address": place,
        "lead_source": random.choice(SOURCES),
        "owner_id": account.by(account.born),
        "team_id": account.company.staff.teams[account.owner.team],
    }
    if is_person:
        fields["emails"] = (f"{account.slug}.{account.id.hex[-4:]}@example.net",)
        return fields
    size = random.choice((8, 25, 60, 140, 350, 900, 2600))
    fields |= {
        "emails": (f"info@{account.slug}.example.com",),
        "website": f"https://{account.slug}.example.com",
        "industry": industry,
        "size": size,
        "annual_revenue": Money(amount=Decimal(size * 110_000), currency=account.currency),
        "shipping_address": Address(**address(region, random)) if chance(0.3) else place,
    }
    if chance(0.4):
        fields["tags"] = tuple(random.sample(TAGS, random.randrange(1, 3)))
    if chance(0.3):
        fields["note"] = random.choice(account.texts.customers.notes)
    if chance(0.25):
        fields["custom"] = {"service_tier": random.choice(("bronze", "silver"))}
    if chance(0.1):
        fields["custom_personal"] = {"visiting_hours": account.texts.customers.visiting_hours}
    return fields
