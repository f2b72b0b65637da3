"""A record of another system as an import sees it: the commands that it takes, row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from api.imports.report import Note, Outcome
from commands.kernel import Command
from domain.envelope import Recorded

C = TypeVar("C", bound=Command)


class Step(NamedTuple):
    """One command of a record, from one row, at the time at which it was so."""

    line: int
    at: datetime
    command: Command
    fact: str = ""
    """The event by which one sees that this step was taken; unused where sequences tell it."""


@dataclass(slots=True)
class Item:
    """One record of the other system, with everything that its rows say, in order."""

    file: str
    external_id: str
    lines: Sequence[int]
    steps: list[Step] = field(default_factory=list)
    """All of them, the first of which opens the record."""
    notes: list[Note] = field(default_factory=list)

    def note(self, line: int, outcome: Outcome, reason: str) -> None:
        """Remember something for the report."""
        self.notes.append(Note(self.file, line, self.external_id, outcome, reason))

    def add(
        self, line: int, at: datetime, kind: type[C], values: Mapping[str, Any], fact: str = ""
    ) -> C | None:
        """Plan a command. A value that does not fit its field is left out and noted; where the
        command cannot be without it, the row is not taken. Gives the command that was planned."""
        given = dict(values)
        try:
            command = kind.model_validate(given)
        except ValidationError as wrong:
            for name, problem in _problems(wrong):
                if name not in given or kind.model_fields[name].is_required():
                    self.note(line, "not_taken", f"{name}: {problem}")
                    return None
                del given[name]
                self.note(line, "mended", f"{name}: {problem} It was left out.")
            return self.add(line, at, kind, given, fact)
        self.steps.append(Step(line, at, command, fact))
        return command


def _problems(wrong: ValidationError) -> list[tuple[str, str]]:
    """The first problem of each field, as a sentence without the value (it may be personal)."""
    found: dict[str, str] = {}
    for error in wrong.errors(include_url=False, include_input=False):
        name = str(error["loc"][0]) if error["loc"] else ""
        found.setdefault(name, error["msg"].rstrip(".") + ".")
    return [*found.items()]


def missing_facts(item: Item, past: Sequence[Recorded], client: str) -> list[Step]:
    """The steps of which the record has no event yet that this import recorded.

    So a deal that somebody reopened since is not won again by another run over the same file.
    """
    if not past:
        return item.steps
    done = {one.type for one in past if one.body["source"].get("client") == client}
    return [step for step in item.steps[1:] if step.fact not in done]
