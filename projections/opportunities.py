"""The opportunities, as lists, boards and forecasts need them."""

from datetime import datetime
from uuid import UUID

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from domain.opportunities import (
    Opportunity,
    OpportunityLinesSet,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityWon,
)
from projections.kernel import Projection, RecordRow, Serve


class OpportunityRow(RecordRow, Opportunity):
    """An opportunity, its header, since when it stands in its stage, and what it is about."""

    stage_since: Public[datetime | None, "moment"] = None
    stage_position: Public[int | None, "figure"] = None
    """The event that brought it there."""
    product_id: Public[UUID | None, "link"] = None
    """The product of all its lines; empty if it has none, or several."""


opportunities = Projection(
    "opportunities",
    version=3,
    row=OpportunityRow,
    serves=(
        Serve("number"),
        Serve("changed_at"),
        Serve("expected_close_on"),
        Serve("amount", ("status",)),
        Serve("closed_on", ("status",)),
        Serve("expected_close_on", ("stage",)),
        Serve("amount", ("stage",)),
        Serve("expected_close_on", ("owner_id", "status")),
        Serve("expected_close_on", ("owner_id",)),
        Serve("changed_at", ("customer_id",)),
        Serve("stage_since", ("pipeline_id", "stage")),
    ),
    search=("name", "number"),
).follows(Opportunity)


@opportunities.on(
    OpportunityOpened, OpportunityMoved, OpportunityWon, OpportunityLost, OpportunityReopened
)
def enter_stage(row: OpportunityRow, event: Event, recorded: Recorded) -> OpportunityRow:
    """Remember when the deal came into its stage."""
    return replace(row, stage_since=recorded.occurred_at, stage_position=recorded.position)


@opportunities.on(OpportunityLinesSet)
def name_product(
    row: OpportunityRow, event: OpportunityLinesSet, recorded: Recorded
) -> OpportunityRow:
    """An amount belongs to a product only where there is no other."""
    products = {line.product_id for line in event.lines}
    return replace(row, product_id=products.pop() if len(products) == 1 else None)
