"""The record of processing activities (GDPR Art. 30, PIPL Art. 55 and 56), read off the aggregates
and the marks of their events' fields: it cannot say otherwise than the code does.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from domain.envelope import Envelope, Source
from domain.fields import CATEGORIES, PUBLIC_REASONS, PersonalMark, PublicMark, mark_of
from domain.kernel import Aggregate

SECURITY: Final = (
    "Personal values are encrypted (AES-256-GCM) under keys of the person and the category, apart "
    "from the log; the keys are wrapped by a key outside the database. The log proves every change "
    "and cannot be altered. Database roles hold who may read, write, project and erase; one gate "
    "serves, masks and records every read."
)
"""The technical measures (Art. 30(1)(g), Art. 32)."""


@dataclass(frozen=True, slots=True)
class Activity:
    """The processing of one kind of record."""

    aggregate: str
    purpose: str
    people: str
    """The categories of data subjects."""
    personal: dict[str, tuple[str, ...]]
    """Names of the personal fields, by category."""
    public: dict[str, tuple[str, ...]]
    """Names of the fields that stay in the log for ever, by the reason that each gives."""


def activities(aggregates: Iterable[type[Aggregate]]) -> list[Activity]:
    """One for each kind of record."""
    return [_activity(aggregate) for aggregate in aggregates]


def meanings(activity: Activity) -> dict[str, str]:
    """What the words for its categories and reasons stand for."""
    known = {**CATEGORIES, **PUBLIC_REASONS}
    return {name: known[name] for name in (*activity.personal, *activity.public)}


def _activity(aggregate: type[Aggregate]) -> Activity:
    personal: dict[str, set[str]] = defaultdict(set)
    public: dict[str, set[str]] = defaultdict(set)
    models: tuple[type[BaseModel], ...] = (*aggregate.EVENTS.values(), Envelope, Source)
    for model in models:
        for name in model.model_fields:
            mark = mark_of(model, name)
            if isinstance(mark, PersonalMark):
                personal[mark.category].add(name)
            elif isinstance(mark, PublicMark):
                public[mark.reason].add(name)
    return Activity(
        aggregate.AGGREGATE,
        aggregate.PURPOSE,
        aggregate.PEOPLE,
        {name: tuple(sorted(personal[name])) for name in CATEGORIES if personal[name]},
        {name: tuple(sorted(public[name])) for name in PUBLIC_REASONS if public[name]},
    )
