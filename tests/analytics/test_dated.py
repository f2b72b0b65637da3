"""Figures as of a date are those of a company in which nothing has happened since."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from api.services import Services, create_tenant
from commands.kernel import Command
from projections.analytics import DEFINITIONS
from projections.analytics.engine import Analytics
from projections.analytics.kernel import Asked, Definition, UnknownFigure
from store.database import Database
from store.dated_copies import CopyGone, drop
from tests.analytics.world import World, at

DAY = date(2026, 3, 7)
"""Deals and tickets of the small company stand midway on it."""
NIGHT = datetime(2026, 3, 7, 15, 59, 59, 999_999, tzinfo=UTC)
"""Its end, in Shanghai."""
QUESTIONS = (("month",), ("owner_id",))


class Early(World):
    """The same company, to which nothing happened after that day."""

    def did(self, day: int, command: Command, stream: UUID | None = None, hour: int = 12) -> UUID:
        if at(day, hour) > NIGHT:
            return stream or UUID(int=0)
        return super().did(day, command, stream, hour)


@pytest.fixture(scope="module")
def early(database: Database) -> Iterator[World]:
    create_tenant(database, "early", "Asia/Shanghai")
    with closing(Services.open(database, "early")) as services:
        yield Early(services)


@pytest.fixture(scope="module")
def dated(world: World) -> Iterator[Analytics]:
    """The whole company, as of that day."""
    services = world.services
    services.dating.copy(NIGHT)
    services.dating.make()
    copy = services.dating.copy(NIGHT)
    assert copy.made_at is not None
    yield services.figures(copy)
    drop(services.database, services.tenant, copy.name)
    with pytest.raises(CopyGone):
        services.figures(copy).groups(DEFINITIONS["win_rate"], Asked(DAY), copy.head)


def told(world: World, analytics: Analytics, definition: Definition, asked: Asked) -> list[Any]:
    """The figures, in the words of either company."""
    known = {str(world.anna): "Anna", str(world.product): "Pump"}
    groups = analytics.groups(definition, asked, 1)
    found = [
        ({name: known.get(str(value), value) for name, value in one.by.items()}, one.figures)
        for one in groups
    ]
    return sorted(map(repr, found))


@pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=[*DEFINITIONS])
def test_figures_as_of_a_day_know_nothing_of_later(
    world: World, early: World, dated: Analytics, definition: Definition
) -> None:
    for by in (definition.by, *QUESTIONS):
        try:
            asked = definition.checked(Asked(DAY, by=by))
        except UnknownFigure:
            continue
        assert told(world, dated, definition, asked) == told(
            early, early.services.analytics, definition, asked
        ), by


def test_the_day_makes_a_difference(world: World, dated: Analytics) -> None:
    for name in ("open_deals", "ticket_volume", "loss_reasons"):
        definition, asked = DEFINITIONS[name], Asked(DAY)
        live = told(world, world.services.analytics, definition, asked)
        assert told(world, dated, definition, asked) != live, name
