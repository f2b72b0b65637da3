"""What happened to deals, as figures need it: each step of a stage, an amount, a close date, of how
firmly it is counted on and of whose it is.

The opportunities say where a deal stands now; funnel, conversion and what moved between two dates
need every step. A row is one event of a deal that changed any of these, with what stood before and
after it, and is never changed. Nothing in it is personal.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import replace
from domain.opportunities import ForecastCategory, Opportunity, Status
from domain.values import Money
from projections.kernel import Derived, Projection, Row, Serve


class OpportunityChangeRow(Row):
    """One event of a deal. ``was_…`` is what stood before it, empty if the deal began with it."""

    KEY: ClassVar[tuple[str, ...]] = ("position",)

    position: Public[int, "figure"] = 0
    type: Public[str, "vocabulary"] = ""
    """Of the event."""
    occurred_at: Public[datetime | None, "moment"] = None
    was_status: Public[Status | None, "vocabulary"] = None
    status: Public[Status | None, "vocabulary"] = None
    was_stage: Public[str | None, "vocabulary"] = None
    stage: Public[str | None, "vocabulary"] = None
    was_amount: Public[Money | None, "figure"] = None
    amount: Public[Money | None, "figure"] = None
    archived: Public[bool, "switch"] = False
    was_open: Public[bool, "switch"] = False
    open: Public[bool, "switch"] = False
    """Whether it is in the open pipeline: neither ended nor archived."""
    expected_close_on: Public[date | None, "moment"] = None
    forecast_category: Public[ForecastCategory | None, "vocabulary"] = None
    probability: Public[int | None, "figure"] = None
    was_owner_id: Public[UUID | None, "link"] = None
    owner_id: Public[UUID | None, "link"] = None
    was_team_id: Public[UUID | None, "link"] = None
    team_id: Public[UUID | None, "link"] = None
    was_pipeline_id: Public[UUID | None, "link"] = None
    pipeline_id: Public[UUID | None, "link"] = None
    was_product_id: Public[UUID | None, "link"] = None
    product_id: Public[UUID | None, "link"] = None
    """The product of all its lines; empty if it has none, or several."""
    was_lead_source: Public[str | None, "vocabulary"] = None
    lead_source: Public[str | None, "vocabulary"] = None
    was_stage_since: Public[datetime | None, "moment"] = None
    was_stage_position: Public[int | None, "figure"] = None
    """The event that had brought it to the stage where it stood."""
    stage_seconds: Public[int | None, "figure"] = None
    """How long the deal had stood in the stage that it left; empty if it left none."""


_MOVED: Final = ("status", "stage", "amount")
_HELD: Final = ("owner_id", "team_id", "pipeline_id", "product_id", "lead_source")
_BEFORE: Final = (*_MOVED, *_HELD, "stage_since", "stage_position")
_FOLLOWED: Final = (
    *_MOVED,
    *_HELD,
    "archived",
    "expected_close_on",
    "forecast_category",
    "probability",
)


def derive(
    projection: Projection, before: Row | None, after: Row | None, recorded: Recorded
) -> Iterator[OpportunityChangeRow]:
    """The row of one event, if it changed what is followed."""
    if before is None or after is None:
        return
    old, new = before.__dict__, after.__dict__
    begins = old["version"] == 0
    if not begins and all(old[name] == new[name] for name in _FOLLOWED):
        return
    changes: dict[str, Any] = {name: new[name] for name in _FOLLOWED}
    changes["open"] = _is_open(new)
    if not begins:
        changes |= {f"was_{name}": old[name] for name in _BEFORE}
        changes["was_open"] = _is_open(old)
        since = old["stage_since"]
        if since is not None and (old["stage"], old["status"]) != (new["stage"], new["status"]):
            changes["stage_seconds"] = int((recorded.occurred_at - since).total_seconds())
    yield replace(
        _BLANK,
        id=recorded.stream,
        position=recorded.position,
        type=recorded.type,
        occurred_at=recorded.occurred_at,
        **changes,
    )


def _is_open(deal: dict[str, Any]) -> bool:
    return deal["status"] is Status.OPEN and not deal["archived"]


_BLANK: Final = OpportunityChangeRow()

opportunity_changes = Derived(
    "opportunity_changes",
    version=3,
    row=OpportunityChangeRow,
    derive=derive,
    of=Opportunity,
    serves=(
        Serve("position"),
        Serve("position", ("id",)),
        Serve("occurred_at"),
        Serve("occurred_at", ("stage",)),
    ),
)
