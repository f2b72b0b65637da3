"""Users 用户: the colleagues who work with Kept. History points at them by id, for ever."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from domain.fields import Personal, Public
from domain.kernel import Event, replace
from domain.records import Record, RecordDetails, with_details
from domain.values import Email, Language, Line, TimeZone


class Role(StrEnum):
    """What a user may do, roughly; the doors turn it into rights."""

    ADMIN = "admin"
    SALES = "sales"
    SERVICE = "service"
    MARKETING = "marketing"
    AUDITOR = "auditor"
    ANALYST = "analyst"


class Status(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


def _each_once(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(sorted(set(roles)))


class UserDetails(RecordDetails):
    """The fields of a user that people fill in."""

    name: Personal[Line | None, "identity"] = None
    email: Personal[Email | None, "contact"] = None
    manager_id: Public[UUID | None, "link"] = None
    roles: Public[Annotated[tuple[Role, ...], AfterValidator(_each_once)], "vocabulary"] = Field(
        default=(), max_length=6
    )
    """Public: who had which rights must stay provable, and names nobody once the name is gone."""
    locale: Personal[Language | None, "profile"] = None
    """How dates and numbers are written, such as ``zh-Hans-CN``."""
    language: Personal[Language | None, "profile"] = None
    time_zone: Personal[TimeZone | None, "profile"] = None


class User(UserDetails, Record):
    AGGREGATE: ClassVar[str] = "users"
    PREFIX: ClassVar[str] = "U"
    PURPOSE: ClassVar[str] = "Letting colleagues work with Kept, and proving who did what."
    PEOPLE: ClassVar[str] = "colleagues"
    CLAIMED: ClassVar[tuple[str, ...]] = (*Record.CLAIMED, "email")

    status: Public[Status, "vocabulary"] = Status.INVITED

    @property
    def is_active(self) -> bool:
        return self.status is Status.ACTIVE

    def claims(self) -> Iterable[tuple[str, str]]:
        yield from super().claims()
        if self.email:
            yield "email", self.email.casefold()


class UserInvited(UserDetails, Event):
    name: Personal[str, "identity"]
    email: Personal[str, "contact"]

    def evolve(self, user: User) -> User:
        return with_details(user, self)


class UserChanged(UserDetails, Event):
    """Holds only the fields that changed; null clears a field."""

    def evolve(self, user: User) -> User:
        return with_details(user, self)


class UserActivated(Event):
    def evolve(self, user: User) -> User:
        return replace(user, status=Status.ACTIVE)


class UserDeactivated(Event):
    """Signs in no longer and owns nothing new; what the user did stays theirs."""

    def evolve(self, user: User) -> User:
        return replace(user, status=Status.DEACTIVATED)


class UserReactivated(Event):
    def evolve(self, user: User) -> User:
        return replace(user, status=Status.ACTIVE)
