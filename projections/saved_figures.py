"""The saved figures, as lists of one's own and of the shared ones need them."""

from domain.saved_figures import SavedFigure
from projections.kernel import Projection, RecordRow, Serve


class SavedFigureRow(RecordRow, SavedFigure):
    """A saved figure and its header."""


saved_figures = Projection(
    "saved_figures",
    version=1,
    row=SavedFigureRow,
    serves=(
        Serve("number"),
        Serve("number", ("visibility",)),
        Serve("changed_at", ("visibility",)),
        Serve("number", ("visibility", "saved_by_id")),
        Serve("changed_at", ("visibility", "saved_by_id")),
        Serve("number", ("is_scheduled", "archived")),
    ),
).follows(SavedFigure)
