"""What became of what was promised about tickets: by the word they came with, and by our own.

Counted by index, from the read model of the clocks alone.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Final

from domain.service_levels import Measure, Outcome
from domain.sla_verdicts import Difference
from projections.gate import Gate
from projections.readers import KEPT
from store.lists import Query

_LEAST: Final = timedelta(microseconds=1)
_RECORDED: Final = {None: "nothing", True: "met", False: "missed"}


@dataclass(frozen=True, slots=True)
class Compared:
    """How many tickets the other system and we judge so, and why where it is not the same."""

    recorded: str
    """What the ticket came with: met, missed, or nothing."""
    ours: str
    """missed; or else not missed, be it met, not over, or without a policy."""
    because: Difference | None
    tickets: int


@dataclass(frozen=True, slots=True)
class Report:
    """All tickets, at a moment."""

    at: datetime
    tickets: int
    overdue: int
    """Still waited for, and due before that moment."""
    outcomes: dict[str, dict[str, int]]
    """By target, how many clocks stand how; one that is due may be overdue."""
    compared: list[Compared]

    def counted(self, **wanted: object) -> int:
        """The tickets of those lines that are so."""
        return sum(
            one.tickets
            for one in self.compared
            if all(getattr(one, name) == value for name, value in wanted.items())
        )

    def as_json(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return asdict(self) | {"at": self.at.isoformat()}


def report(gate: Gate, at: datetime) -> Report:
    """Count every ticket as the read models know it, and what is overdue at a moment."""

    def count(sort: str, filters: Mapping[str, object], until: datetime | None = None) -> int:
        query = Query(filters=filters, sort=sort, until=until, limit=1, count=True)
        return gate.page(KEPT, "ticket_clocks", query).count or 0

    outcomes = {
        measure.value: {
            outcome.value: count(f"{measure}_due_at", {f"{measure}_outcome": outcome.value})
            for outcome in Outcome
        }
        for measure in Measure
    }
    compared = []
    for (made, word), missed, why in product(_RECORDED.items(), (True, False), (None, *Difference)):
        found = count(
            "opened_at",
            {"made_sla": made, "missed": missed, "difference": None if why is None else why.value},
        )
        if found:
            ours = "missed" if missed else "not missed"
            compared.append(Compared(word, ours, why, found))
    overdue = count("due_at", {}, until=at - _LEAST)
    return Report(at, count("opened_at", {}), overdue, outcomes, compared)
