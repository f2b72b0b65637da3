"""What may be done with recipients: who they are, and what they were given."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from commands.kernel import At, Command, Records, Rejected, changes, opened
from commands.records import check_not_erased, check_record, check_required
from commands.subjects import SUBJECTS, check_categories
from domain.disclosures import DataDisclosed
from domain.fields import Personal, Public
from domain.kernel import Event
from domain.recipients import (
    Categories,
    DisclosureRecorded,
    Purposes,
    Recipient,
    RecipientChanged,
    RecipientDetails,
    RecipientEnded,
    RecipientRegistered,
    Role,
    Status,
)
from domain.values import Country, Key, Line

MOST_SUBJECTS: Final = 500
"""Whose data is given at once; a longer list is recorded in parts."""
Subjects = Annotated[tuple[UUID, ...], Field(max_length=MOST_SUBJECTS)]


def _must_be_active(recipient: Recipient) -> None:
    if recipient.status is not Status.ACTIVE:
        raise Rejected(
            f"This recipient ended on {recipient.ended_on}. Register them anew.", type="ended"
        )


def _check_contract(role: Role | None, contract_on: date | None) -> None:
    if role is Role.PROCESSOR and contract_on is None:
        raise Rejected(
            "contract_on: a processor works under a contract (GDPR Art. 28(3)). Give its day.",
            field="contract_on",
        )


def _check_day(day: date, field: str, now: datetime) -> None:
    if day > now.date():
        raise Rejected(
            f"{field}: lies in the future. Give a day up to today.",
            field=field,
        )


class RegisterRecipient(RecipientDetails, Command, to=Recipient, opens=True, admin=True):
    """Register whom the company gives personal data to."""

    name: Personal[Line, "identity"]
    role: Public[Role, "vocabulary"]
    country: Public[Country, "vocabulary"]
    categories: Public[Categories, "vocabulary"]
    purposes: Public[Purposes, "vocabulary"]

    def decide(self, recipient: Recipient, now: datetime, records: Records) -> Iterator[Event]:
        check_record(self, Recipient, records)
        check_categories(self.categories, "categories")
        _check_contract(self.role, self.contract_on)
        yield opened(self, RecipientRegistered)


class ChangeRecipient(RecipientDetails, Command, to=Recipient, admin=True):
    """Change fields of a recipient; a field that is not given stays, null clears it."""

    def decide(self, recipient: Recipient, now: datetime, records: Records) -> Iterator[Event]:
        check_required(self, "name", "role", "country", "categories", "purposes")
        check_record(self, Recipient, records)
        check_categories(self.categories or (), "categories")
        after = {"role": recipient.role, "contract_on": recipient.contract_on, **self.given()}
        _check_contract(after["role"], after["contract_on"])
        yield from changes(self, recipient, RecipientChanged)


class EndRecipient(Command, to=Recipient, admin=True):
    """Record that they receive nothing more."""

    ended_on: Public[date | None, "moment"] = None
    """Today, where none is given."""

    def decide(self, recipient: Recipient, now: datetime) -> Iterator[Event]:
        _must_be_active(recipient)
        ended_on = self.ended_on or now.date()
        _check_day(ended_on, "ended_on", now)
        yield RecipientEnded(ended_on=ended_on)


class RecordDisclosure(Command, to=Recipient):
    """Record that data of up to 500 people was given to this recipient, all at once."""

    contact_ids: Public[Subjects, "link"] = ()
    customer_ids: Public[Subjects, "link"] = ()
    user_ids: Public[Subjects, "link"] = ()
    categories: Public[Categories, "vocabulary"]
    purpose: Public[Key, "vocabulary"]
    disclosed_on: Public[date | None, "moment"] = None
    """Today, where none is given."""

    def decide(self, recipient: Recipient, now: datetime, records: Records) -> Iterator[Event | At]:
        disclosed_on = self.disclosed_on or now.date()
        _check_day(disclosed_on, "disclosed_on", now)
        self._check_allowed(recipient, disclosed_on)
        people = [*self._people(records)]
        if not 0 < len(people) <= MOST_SUBJECTS:
            raise Rejected(
                f"contact_ids: give 1 to {MOST_SUBJECTS} people by contact_ids, customer_ids and "
                "user_ids together.",
                field="contact_ids",
            )
        what = {
            "disclosure_id": records.new_id(),
            "categories": self.categories,
            "purpose": self.purpose,
            "disclosed_on": disclosed_on,
        }
        yield DisclosureRecorded.of({**what, "people": len(people)})
        to = {**what, "recipient_id": records.own_id}
        for kind, stream in people:
            yield At(stream, DataDisclosed.of({**to, "aggregate": kind}))

    def _check_allowed(self, recipient: Recipient, disclosed_on: date) -> None:
        """They get what they are registered for.

        Raises:
            Rejected: another category or purpose, or after their end.
        """
        if recipient.ended_on is not None and disclosed_on > recipient.ended_on:
            raise Rejected(
                f"disclosed_on: this recipient ended on {recipient.ended_on}. Give a day up to "
                "then, or register them anew.",
                field="disclosed_on",
                type="ended",
            )
        check_categories(self.categories, "categories")
        for one in self.categories:
            if one not in (recipient.categories or ()):
                raise Rejected(
                    f"categories: {one} is not what this recipient is registered for. Leave it "
                    "out, or change the recipient first.",
                    field="categories",
                )
        if self.purpose not in (recipient.purposes or ()):
            raise Rejected(
                "purpose: is not what this recipient is registered for. Give one of its "
                "purposes, or change the recipient first.",
                field="purpose",
            )

    def _people(self, records: Records) -> Iterator[tuple[str, UUID]]:
        """Each once, by kind and id.

        Raises:
            Rejected: one does not exist, or was erased.
        """
        for field, kind in SUBJECTS.items():
            named: tuple[UUID, ...] = getattr(self, f"{field}s")
            for stream in dict.fromkeys(named):
                found = records.get(kind, stream)
                if found is None:
                    noun = kind.NOUN
                    raise Rejected(
                        f"{field}s: there is no {noun} {stream}. Give ids of existing {noun}s.",
                        field=f"{field}s",
                        type="unknown-reference",
                    )
                check_not_erased(found)
                yield kind.AGGREGATE, stream
