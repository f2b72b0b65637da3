"""The stage of the records that are worth a look: acts at so many days before the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from api.demo.calendar import working
from api.demo.company import Company
from api.demo.story import Act, Story
from domain.envelope import SYSTEM

KEPT: Final = "kept"
"""Whoever acts when no colleague does."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A record that is worth a look, and why."""

    story: Story
    aggregate: str
    id: UUID
    why: Mapping[str, str]


class Scene:
    """Acts at so many days before the end, by colleagues by name."""

    def __init__(self, company: Company, story: Story) -> None:
        self.company, self.story = company, story

    def ago(self, days: float) -> datetime:
        """A working moment about so many days ago."""
        days += self.story.random.uniform(-0.15, 0.15)
        moment = self.company.calendar.until - timedelta(days=days)
        return working(moment, self.story.zone, self.story.random)

    def act(self, days: float | datetime, stream: UUID, command: Any, by: str, **more: Any) -> Act:
        """An act of a colleague, or of Kept itself."""
        at = days if isinstance(days, datetime) else self.ago(days)
        who = SYSTEM if by == KEPT else self.company.staff.ids[by]
        return self.story.act(at, stream, command, who, **more)

    def open(self, days: float | datetime, command: Any, by: str, **more: Any) -> Act:
        """An act that opens a record."""
        at = days if isinstance(days, datetime) else self.ago(days)
        who = SYSTEM if by == KEPT else self.company.staff.ids[by]
        return self.story.open(at, command, who, **more)
