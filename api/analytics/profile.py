"""The profile of a customer 客户画像: all that is known of them, on one page.

What is personal comes through the gate, which masks it and records who read it; what is counted
comes from the public read models. The number of queries is the same for every customer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from api.analytics.customer_tables import Tables
from api.analytics.predicting import predicted
from projections.analytics.kernel import Asked
from projections.analytics.profiles import contacts, deals_of, tickets_of
from projections.plain import plain
from store.lists import Query

MOST_CONTACTS: Final = 20
MOST_CONSENTS: Final = 20
MOST_CHANGES: Final = 10
"""Events of which the latest changes are shown."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """Makes profiles for whoever reads."""

    tables: Tables

    def of(self, customer: UUID, asked: Asked, position: int) -> dict[str, Any] | None:
        """The profile as of a position and the evening of a day; None if there is no such customer.

        Raises:
            FiguresTimedOut: as for figures.
        """
        gate, reader = self.tables.gate, self.tables.reader
        record = gate.get(reader, "customers", customer)
        if record is None:
            return None
        ids = [customer, *map(UUID, record["absorbed"])]
        speakers = self._contacts(ids)
        names = gate.names(
            reader,
            {
                "contacts": {UUID(one["id"]) for one in speakers},
                "users": {UUID(record["owner_id"])} if record["owner_id"] else set(),
            },
        )
        consents = gate.page(
            reader,
            "consents",
            Query(
                {"customer_id": customer}, sort="changed_at", descending=True, limit=MOST_CONSENTS
            ),
        )
        history = gate.history(
            reader, Query({"id": customer}, sort="position", descending=True, limit=MOST_CHANGES)
        )
        return {
            "position": position,
            "to": asked.last_day.isoformat(),
            "customer": record,
            "owner": _named(record["owner_id"], names),
            "contacts": [{**one, "name": names.get(one["id"])} for one in speakers],
            **self._counted(ids, customer, asked),
            "expected": self._expected(customer, asked, position),
            "consents": consents.items,
            "follow_up": {
                "last_on": record["last_follow_up_on"],
                "next_on": record["next_follow_up_on"],
            },
            "changes": history.items,
        }

    def _counted(self, ids: Sequence[UUID], customer: UUID, asked: Asked) -> dict[str, Any]:
        from projections.analytics import compiling  # noqa: PLC0415  it imports Ibis
        from projections.analytics.views import views  # noqa: PLC0415

        engine = self.tables.analytics.engine
        deals = engine.rows(compiling.sql(deals_of(views(), ids), engine.dialect))
        tickets = engine.rows(compiling.sql(tickets_of(views(), ids), engine.dialect))
        bought = self.tables.score_of(asked, customer)
        return {
            "deals": {
                status: [
                    {
                        "currency": one["currency"],
                        "deals": one["deals"],
                        "amount": plain(one["amount"]),
                    }
                    for one in deals
                    if one["status"] == status
                ]
                for status in ("open", "won", "lost")
            },
            "bought": bought,
            "tickets": {name: int(value or 0) for name, value in tickets[0].items()},
        }

    def _contacts(self, ids: Sequence[UUID]) -> list[dict[str, Any]]:
        """Who speaks for the customer, in which role."""
        wanted = {str(one) for one in ids}
        rows = self.tables.analytics.engine.rows(contacts(ids, MOST_CONTACTS))
        return [{"id": str(row["id"]), "role": _role(row["customers"], wanted)} for row in rows]

    def _expected(self, customer: UUID, asked: Asked, position: int) -> dict[str, Any] | None:
        """What a model says that was trained already; a profile does not wait for one."""
        known = self.tables.predicting.known(asked, position)
        found = [one for one in known.predictions if one.id == customer] if known else []
        return predicted(found[0]) if found else None


def _named(one: str | None, names: Mapping[str, str]) -> dict[str, Any] | None:
    return None if one is None else {"id": one, "name": names.get(one)}


def _role(links: Any, customers: set[str]) -> str | None:
    held = orjson.loads(links) if isinstance(links, str) else links
    return next((one.get("role") for one in held if one["customer_id"] in customers), None)
