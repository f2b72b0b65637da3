"""Pipelines 销售管道: the stages that deals go through, as the company's own data."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field

from domain.fields import Public
from domain.kernel import Event, Value, replace, well_known
from domain.records import Record, RecordDetails, with_details
from domain.values import Key, Line, Percent

DEFAULT_PIPELINE: Final = well_known("pipelines/default")
"""The pipeline of deals that name none."""


class StageKind(StrEnum):
    """What a deal in the stage is."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Stage(Value):
    """One stage. Its key and its kind are given once for ever: deals hang on them."""

    key: Key
    label: Line
    label_zh: Line | None = None
    kind: StageKind = StageKind.OPEN
    probability: Percent
    """赢率 of a deal that enters, unless somebody knows better."""
    rotten_after_days: Annotated[int, Field(ge=1, le=3_650)] | None = None
    """Days in the stage after which a deal counts as neglected."""
    retired: bool = False
    """Nothing enters it any more; deals that stand in it stay."""

    @property
    def is_enterable(self) -> bool:
        """Whether an open deal may be moved into it."""
        return self.kind is StageKind.OPEN and not self.retired


DEFAULT_STAGES: Final = (
    Stage(key="prospecting", label="Prospecting", label_zh="初步接洽", probability=10),
    Stage(key="qualification", label="Qualification", label_zh="需求确认", probability=20),
    Stage(key="proposal", label="Proposal", label_zh="方案报价", probability=50),
    Stage(key="negotiation", label="Negotiation", label_zh="谈判", probability=80),
    Stage(key="won", label="Won", label_zh="赢单", kind=StageKind.WON, probability=100),
    Stage(key="lost", label="Lost", label_zh="输单", kind=StageKind.LOST, probability=0),
)

Stages = Annotated[tuple[Stage, ...], Field(max_length=50)]
"""In the order that a deal goes through."""


class PipelineDetails(RecordDetails):
    """The fields of a pipeline that administrators fill in."""

    name: Public[Line | None, "vocabulary"] = None
    stages: Public[Stages, "vocabulary"] = ()


class Pipeline(PipelineDetails, Record):
    AGGREGATE: ClassVar[str] = "pipelines"
    PREFIX: ClassVar[str] = "PL"
    PURPOSE: ClassVar[str] = "Ordering the company's own way of selling."
    PEOPLE: ClassVar[str] = "nobody, unless somebody is named in a text"
    CLAIMED: ClassVar[tuple[str, ...]] = (*Record.CLAIMED, "name")

    def claims(self) -> Iterable[tuple[str, str]]:
        yield from super().claims()
        if self.name:
            yield "name", self.name.casefold()

    def stage(self, key: str | None) -> Stage | None:
        """The stage of that key, retired or not."""
        return next((stage for stage in self.stages if stage.key == key), None)

    def first(self, kind: StageKind) -> Stage | None:
        """The first stage of a kind that is not retired: where deals begin, are won, are lost."""
        return next((one for one in self.stages if one.kind is kind and not one.retired), None)


class PipelineDefined(PipelineDetails, Event):
    name: Public[str, "vocabulary"]
    stages: Public[tuple[Stage, ...], "vocabulary"]

    def evolve(self, pipeline: Pipeline) -> Pipeline:
        return with_details(pipeline, self)


class PipelineChanged(PipelineDetails, Event):
    """Holds only the fields that changed; null clears a field. Stages are given all together."""

    def evolve(self, pipeline: Pipeline) -> Pipeline:
        return with_details(pipeline, self)


class PipelineArchived(Event):
    def evolve(self, pipeline: Pipeline) -> Pipeline:
        return replace(pipeline, archived=True)


class PipelineRestored(Event):
    def evolve(self, pipeline: Pipeline) -> Pipeline:
        return replace(pipeline, archived=False)
