"""The pipelines and their stages."""

from domain.pipelines import Pipeline
from projections.kernel import Projection, RecordRow, Serve


class PipelineRow(RecordRow, Pipeline):
    """A pipeline and its header."""


pipelines = Projection(
    "pipelines", version=1, row=PipelineRow, serves=(Serve("number"), Serve("name"))
).follows(Pipeline)
