"""Nothing is public by type, on no floor."""

from typing import get_args

import pytest

from commands.kernel import COMMANDS
from domain import AGGREGATES
from domain.envelope import Envelope, Source
from domain.erasure import OF_EVERY_KIND
from domain.fields import PersonalMark, mark_of, personal_fields
from domain.kernel import Aggregate, Event
from projections import DERIVED, PROJECTIONS
from projections.kernel import ReadModel
from projections.readers import MASKED_ROLES
from projections.tables import table_of
from store.api_keys import ROLES, Role

MODELS: tuple[ReadModel, ...] = (*PROJECTIONS, *DERIVED)
EVENTS = [
    *OF_EVERY_KIND.values(),
    *(event for aggregate in AGGREGATES for event in aggregate.EVENTS.values()),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.__name__)
def test_every_field_of_an_event_is_personal_or_says_why_not(event: type[Event]) -> None:
    """What has no mark would be written into the log in the clear, for ever."""
    assert [name for name in event.model_fields if mark_of(event, name) is None] == []


@pytest.mark.parametrize("model", [Envelope, Source], ids=lambda one: one.__name__)
def test_every_field_of_the_envelope_is_marked_too(model: type[Envelope | Source]) -> None:
    """Reasons and file names tell of people as well as anything."""
    unmarked = {name for name in model.model_fields if mark_of(model, name) is None}
    assert unmarked <= {"source"}  # whose own fields are marked


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.name)
def test_every_column_is_personal_or_says_why_not(model: ReadModel) -> None:
    """By the mark the gate knows what to mask, and the view what to leave out."""
    assert [name for name in model.row.model_fields if mark_of(model.row, name) is None] == []


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda one: one.AGGREGATE)
def test_what_is_personal_in_a_fact_is_personal_wherever_it_is_kept(
    aggregate: type[Aggregate],
) -> None:
    """An event's personal field that the aggregate, a command or a row holds as public would go
    round the encryption, or past the gate.
    """
    personal = {name for event in aggregate.EVENTS.values() for name in personal_fields(event)}
    holders = [aggregate, *(one for one in COMMANDS.values() if one.TO is aggregate)]
    holders += [one.row for one in PROJECTIONS if one.aggregate is aggregate]
    for holder in holders:
        held = personal & holder.model_fields.keys()
        assert held == held & personal_fields(holder).keys(), holder.__name__


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.name)
def test_nobody_finds_out_by_searching_what_they_may_not_see(model: ReadModel) -> None:
    """Search texts are made of personal columns, so that the table marks neither they nor the grams
    as columns: no view and no answer can show them.
    """
    table = table_of(model)
    assert {*table.by_name} == {column.name for column in model.columns()}
    assert not {"search_text", "grams"} & {*table.by_name}
    assert all(name in model.row.model_fields for name in table.search)


def test_every_role_is_masked_or_not_by_decision() -> None:
    """A role that is added later is not thought of here, and must not see everything by default
    because of that: whoever adds one has to come by.
    """
    assert {*ROLES} == {*get_args(Role)}
    seeing = {"admin", "sales", "service", "marketing", "auditor"}
    assert {*ROLES} - seeing == MASKED_ROLES


def test_a_category_is_given_to_every_personal_field() -> None:
    """Each has a key of its own, so that marketing can be forgotten and an invoice kept."""
    for event in EVENTS:
        for mark in personal_fields(event).values():
            assert isinstance(mark, PersonalMark)
            assert mark.category
