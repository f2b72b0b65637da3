"""Whom data is given to: registered with what they may receive, and told of what becomes of it."""

from datetime import date, timedelta

import pytest

from commands.erasure_steps import RecordDestruction
from commands.kernel import At, Command
from commands.recipients import (
    MOST_SUBJECTS,
    ChangeRecipient,
    EndRecipient,
    RecordDisclosure,
    RegisterRecipient,
)
from commands.subject_requests import FulfilSubjectRequest, RecordNotice
from domain.contacts import ContactAbsorbed, ContactMerged, ContactRegistered
from domain.customers import CustomerRegistered, Kind
from domain.disclosures import DataDisclosed
from domain.erasure import ErasureBegun
from domain.erasure_steps import ErasureDecided, ErasureDestroyed, ErasureFenced
from domain.fields import CATEGORIES
from domain.notices import Means, Outcome
from domain.recipients import (
    DisclosureRecorded,
    RecipientChanged,
    RecipientEnded,
    RecipientRegistered,
    Role,
    Safeguard,
)
from domain.subject_requests import Kind as Asked
from domain.subject_requests import (
    Method,
    NoticeRecorded,
    NoticesOwed,
    SubjectIdentified,
    SubjectRequestFulfilled,
    SubjectRequestReceived,
)
from tests.dsl import NOW, THIS, TODAY, given, id_of, new_id, state_of

ADA, TWIN, ACME, PRINTER, BANK = map(id_of, ("ada", "twin", "acme", "printer", "bank"))
DUE = date(2026, 4, 2)
ALL = tuple(CATEGORIES)

ada = ContactRegistered(family_name="Lovelace")
acme = CustomerRegistered(name="Acme", kind=Kind.ORGANISATION)
registered = RecipientRegistered(
    name="Print & Post",
    role=Role.PROCESSOR,
    country="DE",
    categories=("identity", "contact"),
    purposes=("mailings",),
    contract_on=date(2024, 5, 1),
)
mailing = RecordDisclosure(contact_ids=(ADA,), categories=("contact",), purpose="mailings")
identified = SubjectIdentified(identified_by=Method.DOCUMENT)
owed = NoticesOwed(recipients=(PRINTER,), categories=ALL, due_on=DUE)


def disclosed(to: str, *categories: str, kind: str = "contacts") -> DataDisclosed:
    return DataDisclosed(
        aggregate=kind,
        recipient_id=id_of(to),
        disclosure_id=id_of("earlier"),
        categories=categories,
        purpose="mailings",
        disclosed_on=TODAY,
    )


def asked(kind: Asked) -> SubjectRequestReceived:
    return SubjectRequestReceived(kind=kind, contact_id=ADA, received_on=TODAY)


def test_a_recipient_is_registered_with_what_it_may_receive() -> None:
    given().when(RegisterRecipient.model_validate(registered.given())).then(registered)
    without = {**registered.given(), "contract_on": None}
    given().when(RegisterRecipient.model_validate(without)).rejected("contract_on: a processor")
    shoes = {**registered.given(), "categories": ("shoes",)}
    given().when(RegisterRecipient.model_validate(shoes)).rejected("shoes is no category")


def test_a_recipient_changes_and_stays_whole() -> None:
    change = ChangeRecipient(safeguards=(Safeguard.ADEQUACY,), country="CH")
    changed = RecipientChanged(safeguards=(Safeguard.ADEQUACY,), country="CH")
    given(registered).when(change).then(changed)
    given(registered, changed).when(change).nothing()
    given(registered).when(ChangeRecipient(name=None)).rejected("name: a recipient needs one")
    given(registered).when(ChangeRecipient(contract_on=None)).rejected("contract_on: a processor")
    own = ChangeRecipient(role=Role.CONTROLLER, contract_on=None)
    given(registered).when(own).then(RecipientChanged(role=Role.CONTROLLER, contract_on=None))


def test_a_recipient_ends_once() -> None:
    ended = RecipientEnded(ended_on=TODAY)
    given(registered).when(EndRecipient()).then(ended)
    given(registered, ended).when(EndRecipient()).rejected("ended on 2026-03-02")
    tomorrow = EndRecipient(ended_on=TODAY + timedelta(days=1))
    given(registered).when(tomorrow).rejected("ended_on: lies in the future")


def test_what_is_given_of_many_at_once_is_told_by_each_of_them() -> None:
    both = {**mailing.given(), "contact_ids": (ADA, ADA), "customer_ids": (ACME,)}
    given(registered).among({ADA: ada, ACME: acme}).when(
        RecordDisclosure.model_validate(both)
    ).then(
        recorded(2, TODAY),
        At(ADA, told("contacts", TODAY)),
        At(ACME, told("customers", TODAY)),
    )


def recorded(people: int, day: date) -> DisclosureRecorded:
    """What the recipient says of the mailing."""
    return DisclosureRecorded(
        disclosure_id=new_id(1),
        categories=("contact",),
        purpose="mailings",
        disclosed_on=day,
        people=people,
    )


def told(kind: str, day: date) -> DataDisclosed:
    """What each of those says to whom it was sent."""
    return DataDisclosed(
        aggregate=kind,
        recipient_id=THIS,
        disclosure_id=new_id(1),
        categories=("contact",),
        purpose="mailings",
        disclosed_on=day,
    )


def test_who_got_which_categories_is_known_of_everybody() -> None:
    several = (disclosed("printer", "contact"), disclosed("bank", "identity"))
    held = state_of(ada, *several, disclosed("printer", "identity", "contact"))
    received = {one.recipient_id: one.categories for one in held.recipients}  # type: ignore[attr-defined]
    assert received == {PRINTER: ("contact", "identity"), BANK: ("identity",)}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"contact_ids": ()}, "contact_ids: give 1 to 500 people"),
        ({"contact_ids": (id_of("nobody"),)}, "contact_ids: there is no contact"),
        ({"categories": ("profile",)}, "categories: profile is not what this recipient"),
        ({"purpose": "gossip"}, "purpose: is not what this recipient is registered for"),
        ({"disclosed_on": TODAY + timedelta(days=1)}, "disclosed_on: lies in the future"),
    ],
)
def test_what_may_not_be_given_is_refused(changes: dict[str, object], part: str) -> None:
    wrong = RecordDisclosure.model_validate({**mailing.given(), **changes})
    given(registered).among({ADA: ada}).when(wrong).rejected(part)


def test_more_than_a_command_holds_is_recorded_in_parts() -> None:
    many = {id_of(f"contact {n}"): ada for n in range(MOST_SUBJECTS)}
    full = RecordDisclosure.model_validate({**mailing.given(), "contact_ids": [*many]})
    given(registered).among({**many, ACME: acme}).when(
        RecordDisclosure.model_validate({**full.given(), "customer_ids": [ACME]})
    ).rejected("give 1 to 500 people")


def test_whoever_was_erased_or_has_ended_has_no_more_disclosures() -> None:
    barred = [ada, ErasureBegun(aggregate="contacts", request_id=TWIN)]
    given(registered).among({ADA: barred}).when(mailing).rejected("was erased")
    ended = RecipientEnded(ended_on=TODAY - timedelta(days=1))
    given(registered, ended).among({ADA: ada}).when(mailing).rejected("ended on 2026-03-01")
    yesterday = TODAY - timedelta(days=1)
    late = RecordDisclosure.model_validate({**mailing.given(), "disclosed_on": yesterday})
    given(registered, ended).among({ADA: ada}).when(late).then(
        recorded(1, yesterday), At(ADA, told("contacts", yesterday))
    )


@pytest.mark.parametrize("kind", [Asked.RECTIFICATION, Asked.RESTRICTION])
def test_recipients_are_owed_a_notice_of_a_correction_or_restriction(kind: Asked) -> None:
    told = [ada, disclosed("printer", "contact"), disclosed("bank", "identity")]
    case = given(asked(kind), identified).among({ADA: told})
    case.when(FulfilSubjectRequest()).then(
        SubjectRequestFulfilled(),
        NoticesOwed(recipients=(PRINTER, BANK), categories=ALL, due_on=DUE),
    )
    given(asked(kind), identified).among({ADA: told}).when(
        FulfilSubjectRequest(concerned=("identity",))
    ).then(
        SubjectRequestFulfilled(),
        NoticesOwed(recipients=(BANK,), categories=("identity",), due_on=DUE),
    )
    given(asked(kind), identified).among({ADA: told}).when(
        FulfilSubjectRequest(concerned=("shoes",))
    ).rejected("shoes is no category")


def test_nothing_is_owed_where_nothing_was_given_or_nothing_changed() -> None:
    given(asked(Asked.RECTIFICATION), identified).among({ADA: ada}).when(
        FulfilSubjectRequest()
    ).then(SubjectRequestFulfilled())
    given(asked(Asked.ACCESS), identified).among(
        {ADA: [ada, disclosed("printer", "contact")]}
    ).when(FulfilSubjectRequest()).then(SubjectRequestFulfilled())


def test_recipients_of_what_is_erased_are_owed_a_notice_however_the_person_was_merged() -> None:
    merged = [ada, disclosed("printer", "contact"), ContactMerged(merged_into_id=TWIN)]
    into = [ada, ContactAbsorbed(absorbed_id=ADA), disclosed("bank", "content")]
    so_far = (
        asked(Asked.ERASURE),
        identified,
        ErasureDecided(categories=("contact", "identity")),
        ErasureFenced(subjects=(ADA, TWIN)),
    )
    done = RecordDestruction(destroyed_keys=2, destroyed_rows=3, touched_records=2)
    given(*so_far).among({ADA: merged, TWIN: into}).when(done).then(
        ErasureDestroyed.of(done.given()),
        NoticesOwed(recipients=(PRINTER,), categories=("contact", "identity"), due_on=DUE),
    )


sent = RecordNotice(recipient_id=PRINTER, outcome=Outcome.SENT, means=Means.EMAIL)


def test_a_notice_is_recorded_once() -> None:
    closed = (asked(Asked.RECTIFICATION), identified, SubjectRequestFulfilled(), owed)
    noticed = NoticeRecorded(
        recipient_id=PRINTER, outcome=Outcome.SENT, means=Means.EMAIL, noticed_on=TODAY
    )
    given(*closed).when(sent).then(noticed)
    given(*closed, noticed).when(sent).rejected("no notice to them is open", type="not-owed")


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (RecordNotice(recipient_id=BANK, outcome=Outcome.SENT, means=Means.POST), "is open on"),
        (RecordNotice(recipient_id=PRINTER, outcome=Outcome.SENT), "means: say by which"),
        (
            RecordNotice(recipient_id=PRINTER, outcome=Outcome.IMPOSSIBLE),
            "why it is impossible",
        ),
        (
            RecordNotice.model_validate({**sent.given(), "noticed_on": NOW.date() + timedelta(1)}),
            "noticed_on: lies in the future",
        ),
    ],
)
def test_a_notice_says_how_or_why_not(command: Command, part: str) -> None:
    closed = (asked(Asked.RECTIFICATION), identified, SubjectRequestFulfilled(), owed)
    given(*closed).when(command).rejected(part)
