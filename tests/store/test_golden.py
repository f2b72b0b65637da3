"""What was ever stored loads, for ever, to the value that it stands for."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from domain.fields import ERASED, Personal, Public, personal_fields
from domain.kernel import Aggregate, Event, event_type, replace
from store import codec
from tests.store.golden import EVENTS, FOLDER, example, path_of, shown, text_of

FILES = sorted(FOLDER.glob("*.json"))


class Sample(Aggregate):
    """An aggregate of this test's own."""

    AGGREGATE: ClassVar[str] = "samples"

    given_name: Personal[str, "identity"] = ""
    family_name: Personal[str, "identity"] = ""
    priority: Public[str, "vocabulary"] = "normal"


class SampleRenamed(Event):
    """Had one name and a numbered priority in its first schema."""

    SCHEMA: ClassVar[int] = 2

    given_name: Personal[str, "identity"]
    family_name: Personal[str, "identity"] = ""
    priority: Public[str, "vocabulary"] = "normal"

    def evolve(self, sample: Sample) -> Sample:
        return replace(sample, **self.given())

    @classmethod
    def upcast(cls, data: dict[str, Any], schema: int) -> dict[str, Any]:
        if schema < 2:
            name = data.pop("name")
            given, _, family = name.partition(" ")
            data |= {"given_name": given, "family_name": family}
            if name is ERASED:
                data |= {"given_name": ERASED, "family_name": ERASED}
            if "priority" in data:
                data["priority"] = ("low", "normal", "high")[data["priority"]]
        return data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_event_loads_to_its_value(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    kind = event_type(golden["event"])
    assert path == path_of(kind, golden["schema"])
    event = _load(golden, golden["stored"])
    assert type(event) is kind
    assert {name: shown(value) for name, value in event.given().items()} == golden["loads_to"]
    assert type(event.evolve(kind.AGGREGATE())) is kind.AGGREGATE


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_event_of_which_all_is_erased_still_loads(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    kind = event_type(golden["event"])
    before = getattr(kind, "PERSONAL_BEFORE", {})
    personal = {*personal_fields(kind), *before}
    stored = {n: ERASED if n in personal else v for n, v in golden["stored"].items()}
    event = _load(golden, stored)
    given = event.given()
    assert all(value is ERASED for name, value in given.items() if name in personal_fields(kind))
    assert type(event.evolve(kind.AGGREGATE())) is kind.AGGREGATE


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_every_event_has_a_golden_file_of_its_schema(event: type[Event]) -> None:
    assert path_of(event).exists(), "write it with: python -m tests.store.golden"
    for schema in range(1, event.SCHEMA):
        assert path_of(event, schema).exists(), "an older shape is still in somebody's log"


def test_every_golden_file_is_of_an_event() -> None:
    assert {path.stem.partition(".")[0] for path in FILES} == {
        *(event.__name__ for event in EVENTS),
        SampleRenamed.__name__,
    }


def test_the_golden_files_are_as_the_script_writes_them() -> None:
    """Of today's schemas: whoever changes a shape without a new schema sees it here."""
    changed = [
        path_of(event).name
        for event in EVENTS
        if json.loads(path_of(event).read_text("utf-8"))["stored"].keys()
        - json.loads(text_of(example(event)))["stored"].keys()
    ]
    assert changed == [], "a field that was stored is gone; give the event a new SCHEMA"


def test_an_older_shape_is_brought_up_to_todays() -> None:
    old = json.loads(path_of(SampleRenamed, 1).read_text("utf-8"))
    assert _load(old, old["stored"]) == SampleRenamed(
        given_name="Wang", family_name="Fang", priority="high"
    )
    todays = json.loads(path_of(SampleRenamed).read_text("utf-8"))
    assert _load(todays, todays["stored"]) == SampleRenamed(given_name="Fang", family_name="Wang")


SampleRenamed.PERSONAL_BEFORE = {"name"}  # type: ignore[attr-defined]


def _load(golden: dict[str, Any], stored: dict[str, Any]) -> Event:
    """As the log does; what is erased is named in the body and has no row."""
    public = {name: value for name, value in stored.items() if value is not ERASED}
    body = {
        "stream": "00000000-0000-0000-0000-000000000000",
        "version": 1,
        "type": golden["event"],
        "schema": golden["schema"],
        "data": public,
        "personal": {"fields": sorted(stored.keys() - public.keys()), "commitments": []},
    }
    return codec.unseal(1, 0, codec.canonical(body), (), {}).event
