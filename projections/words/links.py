"""Which records a field points at, so that a sentence can name them."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final
from uuid import UUID

from domain import AGGREGATES
from domain.erasure import OF_EVERY_KIND
from domain.kernel import bare_type

_PEOPLE: Final = frozenset(
    {
        "owner_id",
        "assignee_id",
        "manager_id",
        "author_user_id",
        "approved_by_id",
        "saved_by_id",
        "written_by",
    }
)
_OWN: Final = frozenset(
    {
        "parent_id",
        "merged_into_id",
        "absorbed",
        "absorbed_id",
        "duplicate_of_id",
        "follows_up_id",
        "split_from_id",
        "into_id",
        "from_id",
        "revises_id",
        "superseded_by_id",
    }
)
"""Fields that point at records of the same kind."""
_NAMED_OTHERWISE: Final = {
    "request_id": "subject_requests",
    "hold_id": "legal_holds",
    "schedule_id": "retention_schedules",
    "sla_policy_id": "sla_policies",
    "legal_holds": "legal_holds",
    "notices_owed": "recipients",
    "recipients": "recipients",
}
_NESTED: Final = ("customer_id", "contact_id", "product_id", "recipient_id")
"""Links inside the items of a list, such as the lines of a deal."""


@cache
def kinds(aggregate: str) -> Mapping[str, Any]:
    """The bare type of every field of a kind of record and of its events."""
    found: dict[str, Any] = {}
    for one in AGGREGATES:
        if one.AGGREGATE == aggregate:  # noqa: SIM300  a class variable, not a constant
            for model in (*OF_EVERY_KIND.values(), *one.EVENTS.values(), one):
                for name, field in model.model_fields.items():
                    found[name] = bare_type(field.annotation)
    return found


@cache
def target(aggregate: str, field: str) -> str | None:
    """The plural of the records that a link field points at; None if it is no link that we know."""
    if field in _OWN:
        return aggregate
    if field in _PEOPLE:
        return "users"
    if field in _NAMED_OTHERWISE:
        return _NAMED_OTHERWISE[field]
    named = {f"{one.NOUN.lower().replace(' ', '_')}_id": one.AGGREGATE for one in AGGREGATES}
    ends = (plural for name, plural in named.items() if field == name or field.endswith(f"_{name}"))
    return next(ends, None)


def links(aggregate: str, field: str, value: Any) -> Iterator[tuple[str, UUID]]:
    """The records that a value points at, as plural and id."""
    if isinstance(value, Mapping):
        for name in _NESTED:
            yield from links(aggregate, name, value.get(name))
    elif isinstance(value, list):
        for item in value:
            yield from links(aggregate, field, item)
    elif isinstance(value, str) and (plural := target(aggregate, field)):
        yield plural, UUID(value)
