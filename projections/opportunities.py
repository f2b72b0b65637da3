"""The opportunities, as lists, boards and forecasts need them."""

from datetime import datetime

from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from domain.opportunities import (
    Opportunity,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityWon,
)
from projections.kernel import Projection, RecordRow, Serve


class OpportunityRow(RecordRow, Opportunity):
    """An opportunity, its header, and since when it stands in its stage."""

    stage_since: Public[datetime | None, "moment"] = None


opportunities = Projection(
    "opportunities",
    version=1,
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
    return replace(row, stage_since=recorded.occurred_at)
