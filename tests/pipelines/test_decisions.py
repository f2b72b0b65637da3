"""Pipelines: stages come and go without any deal losing its place."""

import pytest
from pydantic import ValidationError

from commands.kernel import Command
from commands.pipelines import ArchivePipeline, ChangePipeline, DefinePipeline, RestorePipeline
from domain.kernel import replace
from domain.pipelines import (
    DEFAULT_PIPELINE,
    DEFAULT_STAGES,
    Pipeline,
    PipelineArchived,
    PipelineChanged,
    PipelineDefined,
    PipelineRestored,
    Stage,
    StageKind,
)
from tests.dsl import given, state_of

PROSPECTING, QUALIFICATION, PROPOSAL, NEGOTIATION, WON, LOST = DEFAULT_STAGES
DEMO = Stage(key="demo", label="Demo", label_zh="演示", probability=30, rotten_after_days=14)
SMALL = (PROSPECTING, WON, LOST)

defined = PipelineDefined(name="Sales", stages=DEFAULT_STAGES)
archived = PipelineArchived()


def retired(stage: Stage) -> Stage:
    return replace(stage, retired=True)


# Defining.


def test_a_pipeline_is_defined_with_its_stages() -> None:
    given().when(DefinePipeline(name="Partners", stages=(PROSPECTING, DEMO, WON, LOST))).then(
        PipelineDefined(name="Partners", stages=(PROSPECTING, DEMO, WON, LOST))
    )


def test_without_stages_it_gets_the_usual_ones() -> None:
    given().when(DefinePipeline(name="Sales")).then(defined)


def test_the_default_pipeline_is_defined_at_its_well_known_id() -> None:
    given().at(DEFAULT_PIPELINE).when(DefinePipeline(name="Sales")).then(defined)


def test_the_usual_stages_lead_from_prospecting_to_won_or_lost() -> None:
    assert [(stage.key, stage.probability, stage.kind.value) for stage in DEFAULT_STAGES] == [
        ("prospecting", 10, "open"),
        ("qualification", 20, "open"),
        ("proposal", 50, "open"),
        ("negotiation", 80, "open"),
        ("won", 100, "won"),
        ("lost", 0, "lost"),
    ]


def test_a_name_belongs_to_one_pipeline_however_it_is_written() -> None:
    assert list(state_of(defined).claims()) == [("name", "sales")]


SECOND_WON = Stage(key="signed", label="Signed", kind=StageKind.WON, probability=100)


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ((), "no open stage is left"),
        ((WON, LOST), "no open stage is left"),
        ((retired(PROSPECTING), WON, LOST), "no open stage is left"),
        ((PROSPECTING, LOST), "0 stages are won. Give exactly one"),
        ((PROSPECTING, WON), "0 stages are lost. Give exactly one"),
        ((*SMALL, SECOND_WON), "2 stages are won. Give exactly one"),
        ((PROSPECTING, retired(WON), LOST), "0 stages are won"),
        ((PROSPECTING, replace(WON, probability=90), LOST), "Give it the probability 100"),
        ((PROSPECTING, WON, replace(LOST, probability=5)), "Give it the probability 0"),
        ((PROSPECTING, PROSPECTING, WON, LOST), "'prospecting' is given 2 times"),
    ],
)
def test_a_pipeline_leads_from_a_beginning_to_two_ends(
    stages: tuple[Stage, ...], sentence: str
) -> None:
    given().when(DefinePipeline(name="Sales", stages=stages)).rejected(sentence)
    given(defined).when(ChangePipeline(stages=stages)).rejected(sentence)


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", "Closed Won"), ("probability", 101), ("rotten_after_days", 0), ("label", " ")],
)
def test_a_stage_is_well_formed(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Stage.model_validate({"key": "demo", "label": "Demo", "probability": 30, field: value})


# Changing.


def test_a_pipeline_is_renamed() -> None:
    given(defined).when(ChangePipeline(name="Direct sales")).then(
        PipelineChanged(name="Direct sales")
    )


def test_stages_in_use_are_renamed_reordered_and_added() -> None:
    stages = (
        QUALIFICATION,
        replace(PROSPECTING, label="First contact", rotten_after_days=30),
        DEMO,
        PROPOSAL,
        NEGOTIATION,
        WON,
        LOST,
    )
    given(defined).when(ChangePipeline(stages=stages)).then(PipelineChanged(stages=stages))


def test_what_is_as_it_was_is_no_change() -> None:
    given(defined).when(ChangePipeline(name="Sales", stages=DEFAULT_STAGES)).nothing()


def test_a_stage_is_not_removed_because_deals_may_stand_in_it() -> None:
    given(defined).when(ChangePipeline(stages=SMALL)).rejected("give it with retired: true")


def test_a_stage_is_retired_and_comes_back() -> None:
    without_proposal = tuple(retired(one) if one is PROPOSAL else one for one in DEFAULT_STAGES)
    given(defined).when(ChangePipeline(stages=without_proposal)).then(
        PipelineChanged(stages=without_proposal)
    )
    given(defined, PipelineChanged(stages=without_proposal)).when(
        ChangePipeline(stages=DEFAULT_STAGES)
    ).then(PipelineChanged(stages=DEFAULT_STAGES))


def test_the_won_stage_is_replaced_by_retiring_it() -> None:
    stages = (PROSPECTING, QUALIFICATION, PROPOSAL, NEGOTIATION, SECOND_WON, retired(WON), LOST)
    given(defined).when(ChangePipeline(stages=stages)).then(PipelineChanged(stages=stages))
    state = state_of(defined, PipelineChanged(stages=stages))
    assert isinstance(state, Pipeline)
    assert state.first(StageKind.WON) == SECOND_WON


def test_a_stage_stays_of_its_kind() -> None:
    swapped = (
        PROSPECTING,
        QUALIFICATION,
        PROPOSAL,
        replace(NEGOTIATION, kind=StageKind.WON, probability=100),
        replace(WON, kind=StageKind.OPEN),
        LOST,
    )
    given(defined).when(ChangePipeline(stages=swapped)).rejected("'negotiation' is open and stays")


def test_a_pipeline_keeps_a_name() -> None:
    given(defined).when(ChangePipeline(name=None)).rejected("name: a pipeline needs one")


# Putting away.


def test_a_pipeline_is_archived_and_restored() -> None:
    given(defined).when(ArchivePipeline()).then(archived)
    given(defined, archived).when(RestorePipeline()).then(PipelineRestored())


def test_archiving_and_restoring_twice_changes_nothing() -> None:
    given(defined, archived).when(ArchivePipeline()).nothing()
    given(defined).when(RestorePipeline()).nothing()


def test_an_archived_pipeline_is_restored_before_it_is_changed() -> None:
    given(defined, archived).when(ChangePipeline(name="Old")).rejected("Restore it first")


@pytest.mark.parametrize(
    "command", [DefinePipeline, ChangePipeline, ArchivePipeline, RestorePipeline]
)
def test_pipelines_are_for_administrators(command: type[Command]) -> None:
    assert command.ADMIN
