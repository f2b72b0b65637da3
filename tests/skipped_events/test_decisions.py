"""Skipped events: a read model goes on without one, and each is skipped once."""

import pytest
from pydantic import ValidationError

from commands.kernel import COMMANDS
from commands.skipped_events import SkipEvent
from domain.skipped_events import EventSkipped
from tests.dsl import given, id_of

RECORD = id_of("record")

skip = SkipEvent(read_model="customers", position=7, record_id=RECORD)
skipped = EventSkipped(read_model="customers", position=7, record_id=RECORD)


def test_an_event_is_skipped_for_one_read_model() -> None:
    given().when(skip).then(skipped)
    for_history = SkipEvent(read_model="history", position=7, record_id=RECORD)
    given(skipped).when(for_history).then(
        EventSkipped(read_model="history", position=7, record_id=RECORD)
    )


def test_an_event_is_skipped_once() -> None:
    given(skipped).when(skip).rejected("is skipped already. Fold the row anew")


def test_what_is_no_read_model_or_position_is_refused() -> None:
    for read_model, position in (("", 7), ("customers; --", 7), ("customers", 0)):
        with pytest.raises(ValidationError):
            SkipEvent(read_model=read_model, position=position, record_id=RECORD)


def test_only_whoever_looked_whether_it_waits_issues_it() -> None:
    assert "SkipEvent" not in COMMANDS
