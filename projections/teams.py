"""The teams."""

from domain.teams import Team
from projections.kernel import Projection, RecordRow, Serve


class TeamRow(RecordRow, Team):
    """A team and its header."""


teams = Projection(
    "teams",
    version=1,
    row=TeamRow,
    serves=(Serve("number"), Serve("name"), Serve("name", ("parent_id",))),
    search=("name",),
).follows(Team)
