"""Import of the Maven CRM set: a company with its customers, products, sales teams and deals.

A deal stands in the log as the file dates it: opened on its engage date, won or lost on its close
date, so that it can be seen as of any date. Deals that nobody engaged in yet have no date; they are
dated at the import.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from api.imports.intake import ImportStopped, Intake
from api.imports.items import Item
from api.imports.maven_company import CLIENT, CURRENCY, Company
from api.imports.maven_files import PIPELINE, Line, check, count, first_day, lines, midnight
from commands.opportunities import (
    RecordOpportunity,
    RecordOpportunityLoss,
    SetOpportunityLines,
    WinOpportunity,
)
from domain.opportunities import Opportunity

OPEN_STAGES: Final = {"Prospecting": "prospecting", "Engaging": "engaging"}
CLOSED_STAGES: Final = ("Won", "Lost")
"""Before it was won or lost, a deal was engaged in: from its engage date on."""


def import_maven_crm(intake: Intake, directory: Path) -> None:
    """Take in the set.

    Raises:
        ImportStopped: the directory does not hold it, or the event log stayed out of reach.
    """
    check(directory)
    zone = intake.services.tenant.zone
    now = datetime.now(UTC)
    day = first_day(directory)
    company = Company(intake, directory, midnight(day, zone) if day else now)
    company.take()
    if company.pipeline is None:
        raise ImportStopped("The pipeline Maven could not be defined. The report says why.")
    deals = _Deals(intake, company, now)
    rows = count(directory, PIPELINE)
    items = (deals.item(row) for row in lines(directory, PIPELINE, intake.report))
    intake.take(Opportunity, items, rows)


@dataclass(slots=True)
class _Deals:
    """Makes items of the rows of the pipeline."""

    intake: Intake
    company: Company
    now: datetime

    def item(self, row: Line) -> Item:
        """A deal with all that its row says."""
        item = Item(PIPELINE, row["opportunity_id"], [row.number])
        refused = self._refused(row)
        if refused:
            item.note(row.number, "not_taken", refused)
            return item
        engaged, closed = row.day("engage_date"), row.day("close_date")
        zone = self.intake.services.tenant.zone
        at = self.now if engaged is None else midnight(engaged, zone)
        if engaged is None:
            item.note(row.number, "mended", "engage_date: is empty. Dated at the import")
        self._open(item, row, at)
        if closed is not None and row["deal_stage"] in CLOSED_STAGES:
            self._close(item, row, closed)
        return item

    def _refused(self, row: Line) -> str | None:
        """Why the row cannot be taken."""
        stage = row["deal_stage"]
        engaged, closed = row.day("engage_date"), row.day("close_date")
        reasons = {
            "opportunity_id: is empty": not row["opportunity_id"],
            "deal_stage: is no stage that this import knows": stage
            not in (*OPEN_STAGES, *CLOSED_STAGES),
            "engage_date: is no date such as 2017-01-31": row["engage_date"] and engaged is None,
            "close_date: is no date such as 2017-01-31": row["close_date"] and closed is None,
            "engage_date: is needed in this stage": stage != "Prospecting" and engaged is None,
            "close_date: is needed in this stage": stage in CLOSED_STAGES and closed is None,
            "close_date: lies before the engage date": engaged and closed and closed < engaged,
            "close_value: is no number": stage == "Won" and row.amount("close_value") is None,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)

    def _open(self, item: Item, row: Line, at: datetime) -> None:
        company, agent = self.company, row["sales_agent"]
        product = company.spelled(item, row, "product")
        about = [one for one in (product, row["account"]) if one]
        values: dict[str, Any] = {
            "name": " – ".join(about) or item.external_id,
            "pipeline_id": company.pipeline,
            "stage": OPEN_STAGES.get(row["deal_stage"], "engaging"),
            "source_system": CLIENT,
            "external_id": item.external_id,
        }
        links = {
            "customer_id": ("account", company.customers.get(row["account"])),
            "owner_id": ("sales_agent", company.users.get(agent)),
        }
        for name, (column, link) in links.items():
            if link is not None:
                values[name] = link
            elif row[column]:
                item.note(row.number, "mended", f"{column}: is in none of the files. Left out")
            else:
                item.note(row.number, "incomplete", f"{column}: is empty. The deal is kept without")
        if agent in company.team_of:
            values["team_id"] = company.team_of[agent]
        item.add(row.number, at, RecordOpportunity, values, "OpportunityOpened")
        if product in company.products and product in company.prices:
            line = {
                "product_id": company.products[product],
                "unit_price": {"amount": company.prices[product], "currency": CURRENCY},
            }
            item.add(row.number, at, SetOpportunityLines, {"lines": (line,)}, "OpportunityLinesSet")
        else:
            item.note(row.number, "mended", "product: is not in the catalogue. Left out")

    def _close(self, item: Item, row: Line, closed: date) -> None:
        at = midnight(closed, self.intake.services.tenant.zone)
        if row["deal_stage"] == "Won":
            value = {"amount": row.amount("close_value"), "currency": CURRENCY}
            values = {"amount": value, "closed_on": closed}
            item.add(row.number, at, WinOpportunity, values, "OpportunityWon")
        else:
            values = {"closed_on": closed}
            item.add(row.number, at, RecordOpportunityLoss, values, "OpportunityLost")
