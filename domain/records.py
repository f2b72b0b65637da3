"""What every record has: owner, team, tags, custom fields, an id elsewhere, and being archived."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import Field, StringConstraints

from domain.fields import Erased, Personal, Public
from domain.kernel import Aggregate, Model, Value, replace
from domain.values import CustomValues, Email, Phone, Tag

T = TypeVar("T")

MERGED_FIELDS = ("custom", "custom_personal")
"""Fields of which a change touches only the keys it gives; None takes a key away."""


class RecordDetails(Value):
    """The fields that every record has. In a change, a field that is not given stays as it is."""

    owner_id: Public[UUID | None, "link"] = None
    team_id: Public[UUID | None, "link"] = None
    tags: Personal[tuple[Tag, ...], "profile"] = Field(default=(), max_length=50)
    custom: Public[CustomValues, "vocabulary"] = Field(default_factory=dict, max_length=100)
    custom_personal: Personal[CustomValues, "profile"] = Field(default_factory=dict, max_length=100)
    source_system: Public[
        Annotated[str, StringConstraints(min_length=1, max_length=60)] | None, "vocabulary"
    ] = None
    external_id: Personal[
        Annotated[str, StringConstraints(min_length=1, max_length=200)] | None, "identity"
    ] = None


class Received(Value):
    """What a recipient was given of somebody, all disclosures together."""

    recipient_id: Public[UUID, "link"]
    categories: Public[tuple[str, ...], "vocabulary"]


class Record(RecordDetails, Aggregate):
    """The state that every aggregate has."""

    CLAIMED: ClassVar[tuple[str, ...]] = ("source_system", "external_id")

    archived: Public[bool, "switch"] = False
    erased: Public[bool, "switch"] = False
    """已擦除: whom it stands for was erased, or is being: nothing is recorded of them again."""

    legal_holds: Public[tuple[UUID, ...], "link"] = ()
    """The legal holds on whom it stands for."""

    recipients: Public[tuple[Received, ...], "link"] = ()
    """Who was given data of whom it stands for."""

    @property
    def is_gone(self) -> bool:
        """Whether it is no longer worked with: archived, erased, or merged into another, where its
        kind can be.
        """
        return self.archived or self.erased or getattr(self, "merged_into_id", None) is not None

    def barred(self) -> str | None:
        """Why no other record may newly point at this one, and the remedy; None where any may."""
        if self.erased:
            return "was erased. Choose another."
        if self.legal_holds:
            return "may only be stored while a legal hold lasts. Choose another."
        return "is archived. Restore it first, or choose another." if self.archived else None

    def claims(self) -> Iterable[tuple[str, str]]:
        """The id in another system belongs to one record only."""
        if self.source_system and self.external_id:
            yield "external_id", f"{self.source_system}\n{self.external_id}"


class Brought(Value):
    """What a record brought to the one it was merged into, and takes along when it is unmerged."""

    emails: Personal[tuple[Email, ...], "contact"] = ()
    phones: Personal[tuple[Phone, ...], "contact"] = ()


def with_details(state: Model, details: Value) -> Model:
    """The state with the given fields of ``details``; custom fields are merged key by key."""
    changes: dict[str, Any] = details.given()
    for name in MERGED_FIELDS:
        if name in changes:
            changes[name] = merge_custom(getattr(state, name), changes[name])
    return replace(state, **changes)


def merge_custom(held: CustomValues | Erased, given: CustomValues | Erased) -> CustomValues:
    """Custom values after a change that gives some of them; None takes one away."""
    before = {} if isinstance(held, Erased) else held
    if isinstance(given, Erased):
        return before
    merged = {**before, **given}
    return {key: value for key, value in merged.items() if value is not None}


def brought_by(absorbed_id: UUID, brought: Mapping[UUID, Model] | Erased, nothing: Model) -> Model:
    """What that record brought, as far as it is still known."""
    return nothing if isinstance(brought, Erased) else brought.get(absorbed_id, nothing)


def without(held: Sequence[T], gone: Sequence[T]) -> tuple[T, ...]:
    """Those that are held and not gone; either may be erased."""
    return tuple(one for one in held if isinstance(gone, Erased) or one not in gone)
