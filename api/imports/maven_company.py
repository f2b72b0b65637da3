"""The company of the Maven CRM set: its teams, people, products, customers and pipeline.

The files date none of them. They are dated at the first day of the set, because its deals name them
from then on.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from babel import Locale

from api.imports.intake import Intake
from api.imports.items import Item
from api.imports.maven_files import ACCOUNTS, PRODUCTS, SPELLINGS, TEAMS, Line, lines
from commands.custom_fields import DeclareCustomField
from commands.customers import RegisterCustomer
from commands.pipelines import DefinePipeline
from commands.products import CreateProduct
from commands.teams import CreateTeam
from commands.users import ActivateUser, InviteUser
from domain.custom_fields import CustomFields, FieldType, custom_fields_id
from domain.customers import Customer
from domain.pipelines import Pipeline, Stage, StageKind
from domain.products import Product
from domain.teams import Team
from domain.users import User

CLIENT: Final = "maven-crm"
CURRENCY: Final = "USD"
"""The set's dictionary says so of revenues; prices and deals are taken to be in it as well."""
MILLION: Final = 1_000_000
YEAR: Final = "year_established"
STAGES: Final = (
    Stage(key="prospecting", label="Prospecting", label_zh="初步接洽", probability=10),
    Stage(key="engaging", label="Engaging", label_zh="跟进中", probability=50),
    Stage(key="won", label="Won", label_zh="赢单", kind=StageKind.WON, probability=100),
    Stage(key="lost", label="Lost", label_zh="输单", kind=StageKind.LOST, probability=0),
)
"""As the set's dictionary has them. The set knows no probabilities; these are ours."""
NO_ADDRESS: Final = "e-mail: the set has none. The user got one under .example, which is nobody's"
"""A user cannot be without; that top-level domain is reserved (RFC 2606)."""


@dataclass(slots=True)
class Company:
    """What deals point at, by the names that the files have."""

    intake: Intake
    directory: Path
    start: datetime
    team_of: dict[str, UUID] = field(default_factory=dict)
    """By sales agent."""
    users: dict[str, UUID] = field(default_factory=dict)
    products: dict[str, UUID] = field(default_factory=dict)
    prices: dict[str, Decimal] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    pipeline: UUID | None = None

    def take(self) -> None:
        """Take all of it in."""
        self._take_people()
        self._take_products()
        self._take_customers()
        item = Item(PRODUCTS, "Maven", [1])
        values = {"name": "Maven", "stages": STAGES}
        self._add(item, 1, DefinePipeline, values, "PipelineDefined")
        self.pipeline = self.intake.take(Pipeline, [item], 1).get("Maven")

    def _add(self, item: Item, line: int, kind: Any, values: dict[str, Any], fact: str) -> None:
        source = {"source_system": CLIENT, "external_id": item.external_id}
        item.add(line, self.start, kind, values | source, fact)

    def _take_people(self) -> None:
        """Offices become teams; managers and agents become users, those who sold nothing too."""
        rows = [*lines(self.directory, TEAMS, self.intake.report)]
        offices = {row["regional_office"]: row for row in reversed(rows)}
        managers = {row["manager"]: row for row in reversed(rows)}
        made = []
        for name, row in offices.items():
            item = Item(TEAMS, name, [row.number])
            self._add(item, row.number, CreateTeam, {"name": name}, "TeamCreated")
            made.append(item)
        teams = self.intake.take(Team, made, len(made))
        people = [self._user(row, name, teams, {}) for name, row in managers.items()]
        above = self.intake.take(User, people, len(people))
        people = [self._user(row, row["sales_agent"], teams, above) for row in rows]
        self.users = above | self.intake.take(User, people, len(people))
        self.team_of = {
            row["sales_agent"]: teams[row["regional_office"]]
            for row in rows
            if row["regional_office"] in teams
        }

    def _user(self, row: Line, name: str, teams: dict[str, UUID], above: dict[str, UUID]) -> Item:
        item = Item(TEAMS, name, [row.number])
        address = re.sub(r"[^a-z0-9-]+", ".", name.lower()).strip(".")
        values: dict[str, Any] = {
            "name": name,
            "email": f"{address}@maven-crm.example",
            "roles": ("sales",),
            "team_id": teams.get(row["regional_office"]),
            "manager_id": above.get(row["manager"]),
        }
        item.note(row.number, "mended", NO_ADDRESS)
        self._add(item, row.number, InviteUser, values, "UserInvited")
        item.add(row.number, self.start, ActivateUser, {}, "UserActivated")
        return item

    def _take_products(self) -> None:
        made = []
        for row in lines(self.directory, PRODUCTS, self.intake.report):
            name, price = row["product"], row.amount("sales_price")
            item = Item(PRODUCTS, name, [row.number])
            values: dict[str, Any] = {"sku": name, "name": name, "category": row["series"]}
            if price is None:
                item.note(row.number, "mended", "sales_price: is no number. Left out")
            else:
                values["list_price"] = {"amount": price, "currency": CURRENCY}
                self.prices[name] = price
            self._add(item, row.number, CreateProduct, values, "ProductCreated")
            made.append(item)
        self.products = self.intake.take(Product, made, len(made))

    def _take_customers(self) -> None:
        """Parents before their subsidiaries, so that each is registered with its parent."""
        declared = self._declare_year()
        rows = lines(self.directory, ACCOUNTS, self.intake.report)
        waiting = {row["account"]: row for row in rows}
        while waiting:
            ready = [
                row
                for row in waiting.values()
                if row["subsidiary_of"] not in waiting or row["subsidiary_of"] == row["account"]
            ]
            ready = ready or [*waiting.values()]  # they are each other's parents: nobody's, then
            made = [self._customer(row, declared) for row in ready]
            self.customers |= self.intake.take(Customer, made, len(made))
            for row in ready:
                del waiting[row["account"]]

    def _customer(self, row: Line, declared: bool) -> Item:
        item = Item(ACCOUNTS, row["account"], [row.number])
        values: dict[str, Any] = {
            "name": row["account"],
            "kind": "organisation",
            "industry": self.spelled(item, row, "sector") or None,
            "size": row["employees"] or None,
        }
        revenue = row.amount("revenue")
        if revenue is not None:
            values["annual_revenue"] = {"amount": revenue * MILLION, "currency": CURRENCY}
        place = self.spelled(item, row, "office_location")
        if place:
            country = _countries().get(place)
            values["billing_address"] = {"country": country} if country else None
            if country is None:
                item.note(row.number, "mended", "office_location: is no country. Left out")
        parent = row["subsidiary_of"]
        if parent in self.customers:
            values["parent_id"] = self.customers[parent]
        elif parent:
            item.note(row.number, "mended", "subsidiary_of: no such account before it. Left out")
        if row[YEAR] and declared:
            values["custom"] = {YEAR: row[YEAR]}
        self._add(item, row.number, RegisterCustomer, values, "CustomerRegistered")
        return item

    def spelled(self, item: Item, row: Line, column: str) -> str:
        """A cell as it should have been written; a correction is noted."""
        written = row[column]
        meant = SPELLINGS[column].get(written, written)
        if meant != written:
            item.note(row.number, "mended", f"{column}: {written} stands for {meant}")
        return meant

    def _declare_year(self) -> bool:
        """A field that Kept does not have. Gives whether customers have it and it takes a year."""
        services = self.intake.services
        stream = custom_fields_id("customers")
        held = services.dispatcher.state(CustomFields, stream).state
        known = held.by_key.get(YEAR) if isinstance(held, CustomFields) else None
        if known is not None:
            return not known.personal and known.type in (FieldType.NUMBER, FieldType.TEXT)
        declare = DeclareCustomField(
            key=YEAR,
            label="Year established",
            label_zh="成立年份",
            type=FieldType.NUMBER,
            personal=False,
        )
        self.intake.issue(declare, stream, self.start, ACCOUNTS)
        return True


def _countries() -> dict[str, str]:
    """ISO 3166-1 codes by English name."""
    return {name: code for code, name in Locale("en").territories.items() if len(code) == 2}  # noqa: PLR2004
