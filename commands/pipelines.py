"""What may be done with pipelines, by administrators."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from commands.kernel import Command, Records, Rejected, changes, opened
from commands.records import check_in_use, check_record, check_required
from domain.fields import Public
from domain.kernel import Event
from domain.pipelines import (
    DEFAULT_STAGES,
    Pipeline,
    PipelineArchived,
    PipelineChanged,
    PipelineDefined,
    PipelineDetails,
    PipelineRestored,
    Stage,
    StageKind,
    Stages,
)
from domain.values import Line

_CERTAIN: Final = {StageKind.WON: 100, StageKind.LOST: 0}


def _refuse(sentence: str) -> Rejected:
    return Rejected(f"stages: {sentence}", field="stages")


def _check_stages(stages: tuple[Stage, ...]) -> None:
    """Deals can begin, can be won and lost in one way, and no two stages are confused."""
    for key, times in Counter(stage.key for stage in stages).items():
        if times > 1:
            raise _refuse(f"'{key}' is given {times} times. Give every stage a key of its own.")
    in_use = Counter(stage.kind for stage in stages if not stage.retired)
    if not in_use[StageKind.OPEN]:
        raise _refuse("no open stage is left. Give at least one in which a deal can begin.")
    for kind, certainty in _CERTAIN.items():
        if in_use[kind] != 1:
            raise _refuse(
                f"{in_use[kind]} stages are {kind}. Give exactly one that is not retired."
            )
        for stage in stages:
            if stage.kind is kind and stage.probability != certainty:
                raise _refuse(f"'{stage.key}' is {kind}. Give it the probability {certainty}.")


def _check_continuity(held: tuple[Stage, ...], given: tuple[Stage, ...]) -> None:
    """Deals may stand in every stage that there ever was, so none goes away or changes kind."""
    by_key = {stage.key: stage for stage in given}
    for stage in held:
        now = by_key.get(stage.key)
        if now is None:
            raise _refuse(
                f"'{stage.key}' is missing. Deals may stand in it, so it cannot be removed; "
                "give it with retired: true."
            )
        if now.kind is not stage.kind:
            raise _refuse(f"'{stage.key}' is {stage.kind} and stays so. Add a new stage instead.")


class DefinePipeline(PipelineDetails, Command, to=Pipeline, opens=True, admin=True):
    """Define a pipeline and its stages; without stages it gets the usual ones."""

    name: Public[Line, "vocabulary"]
    stages: Public[Stages, "vocabulary"] = DEFAULT_STAGES

    def decide(self, pipeline: Pipeline, now: datetime, records: Records) -> Iterator[Event]:
        _check_stages(self.stages)
        check_record(self, Pipeline, records)
        yield opened(self, PipelineDefined)


class ChangePipeline(PipelineDetails, Command, to=Pipeline, admin=True):
    """Rename a pipeline, or rename, reorder, add and retire its stages (give all)."""

    def decide(self, pipeline: Pipeline, now: datetime, records: Records) -> Iterator[Event]:
        check_in_use(pipeline)
        check_required(self, "name")
        if "stages" in self.model_fields_set:
            _check_stages(self.stages)
            _check_continuity(pipeline.stages, self.stages)
        check_record(self, Pipeline, records)
        yield from changes(self, pipeline, PipelineChanged)


class ArchivePipeline(Command, to=Pipeline, admin=True):
    """Put the pipeline away: its deals go on, but no new ones begin in it."""

    def decide(self, pipeline: Pipeline, now: datetime) -> Iterator[Event]:
        if not pipeline.archived:
            yield PipelineArchived()


class RestorePipeline(Command, to=Pipeline, admin=True):
    """Take an archived pipeline back into use."""

    def decide(self, pipeline: Pipeline, now: datetime) -> Iterator[Event]:
        if pipeline.archived:
            yield PipelineRestored()
