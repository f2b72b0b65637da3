"""Whom a request or a hold is about: a contact, customer or user, and who was merged with them."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from commands.kernel import Records, Rejected
from domain.contacts import Contact
from domain.customers import Customer
from domain.deadlines import MONTHS
from domain.fields import CATEGORIES
from domain.kernel import Event
from domain.legal_holds import LegalHold
from domain.periods import months_after
from domain.subject_requests import NoticesOwed, SubjectRequest
from domain.users import User

SUBJECTS: Final[dict[str, type[Contact | Customer | User]]] = {
    "contact_id": Contact,
    "customer_id": Customer,
    "user_id": User,
}
"""The kinds of records that stand for somebody, by the field that names one."""

OF_KIND: Final = {kind.AGGREGATE: kind for kind in SUBJECTS.values()}
"""The same, by their plural."""

Person = Contact | Customer | User


class Names(Protocol):
    """What names somebody by one of three fields."""

    @property
    def contact_id(self) -> UUID | None: ...
    @property
    def customer_id(self) -> UUID | None: ...
    @property
    def user_id(self) -> UUID | None: ...


def check_categories(categories: Iterable[str], field: str) -> None:
    """They are categories of personal data that there are.

    Raises:
        Rejected: one is none.
    """
    for one in categories:
        if one not in CATEGORIES:
            raise Rejected(
                f"{field}: {one} is no category. Give one of: {', '.join(CATEGORIES)}.",
                field=field,
            )


def named_subject(names: Names, records: Records) -> tuple[UUID, Person, str]:
    """The one record that is named: its id, its state and the field.

    Raises:
        Rejected: none is named, or several, or one that does not exist.
    """
    named = [field for field in SUBJECTS if getattr(names, field) is not None]
    if len(named) != 1:
        raise Rejected(
            "contact_id: it is about one contact, customer or user. Give one of contact_id, "
            "customer_id and user_id.",
            field="contact_id",
        )
    field = named[0]
    stream: UUID = getattr(names, field)
    found = records.get(SUBJECTS[field], stream)
    if found is None:
        noun = SUBJECTS[field].NOUN
        raise Rejected(
            f"{field}: there is no {noun} {stream}. Give the id of an existing {noun}.",
            field=field,
            type="unknown-reference",
        )
    return stream, found, field


def same_person(names: Names, records: Records) -> dict[UUID, Person]:
    """The records that stand for whoever is named: merging has made one person of them."""
    first, _, field = named_subject(names, records)
    found: dict[UUID, Any] = {}
    ahead = [first]
    while ahead:
        stream = ahead.pop(0)
        record = None if stream in found else records.get(SUBJECTS[field], stream)
        if record is not None:
            found[stream] = record
            ahead += getattr(record, "absorbed", ())
            into = getattr(record, "merged_into_id", None)
            ahead += [into] if into is not None else []
    return found


def recipients_of(people: Iterable[Person], categories: Iterable[str]) -> tuple[UUID, ...]:
    """Who was given something of theirs in these categories, each once. Whether they still receive
    anything does not matter: what they have they have.
    """
    wanted = {*categories}
    return tuple(
        {
            received.recipient_id: None
            for person in people
            for received in person.recipients
            if not wanted.isdisjoint(received.categories)
        }
    )


def check_no_hold(people: dict[UUID, Person], records: Records, today: date) -> None:
    """Nothing of theirs may be destroyed while a legal hold is in force.

    Raises:
        Rejected: one is; the sentence names its law.
    """
    for person in people.values():
        for one in person.legal_holds:
            hold = records.get(LegalHold, one)
            if hold is not None and hold.holds_on(today):
                until = f" until {hold.expires_on}" if hold.expires_on else ""
                raise Rejected(
                    f"A legal hold ({hold.law}) has their data kept{until}. Lift it first, or tell "
                    "them that the erasure waits for its end.",
                    type="held",
                )


def owed_notices(
    request: SubjectRequest, categories: Collection[str], now: datetime, records: Records
) -> Iterator[Event]:
    """Who was given something of these categories is to be told."""
    owed = recipients_of(same_person(request, records).values(), categories)
    if owed:
        due_on = months_after(now.date(), MONTHS)
        yield NoticesOwed(recipients=owed, categories=tuple(categories), due_on=due_on)
