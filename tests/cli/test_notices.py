"""The notices that recipients are owed."""

from api.services import Services
from commands.contacts import RegisterContact
from commands.recipients import RecordDisclosure, RegisterRecipient
from commands.subject_requests import (
    FulfilSubjectRequest,
    IdentifySubject,
    ReceiveSubjectRequest,
    RecordNotice,
)
from domain.notices import Means, Outcome
from domain.recipients import Role
from domain.subject_requests import Kind, Method
from tests.cli.conftest import Kept


def test_they_are_listed_by_request_and_by_what_is_open(kept: Kept, services: Services) -> None:
    ada = services.issue(RegisterContact(family_name="Lovelace", given_name="Ada")).stream
    bank = RegisterRecipient(
        name="Blue Bank",
        role=Role.CONTROLLER,
        country="DE",
        notice_email="privacy@blue.example.com",
        categories=("identity",),
        purposes=("credit",),
    )
    to = services.issue(bank).stream
    given = RecordDisclosure(contact_ids=(ada,), categories=("identity",), purpose="credit")
    services.issue(given, to)
    asked = services.issue(ReceiveSubjectRequest(kind=Kind.RECTIFICATION, contact_id=ada)).stream
    services.issue(IdentifySubject(identified_by=Method.DOCUMENT), asked)
    services.issue(FulfilSubjectRequest(), asked)
    number = str(services.log.load(asked)[0].number)

    (owed,) = kept("notices", number, "--json").done().json
    assert (owed["request_id"], owed["status"], owed["means"]) == (str(asked), "open", None)
    assert owed["recipient"]["notice_email"] == "privacy@blue.example.com"
    assert "Blue Bank" in kept("notices", "--open").done().out
    services.issue(RecordNotice(recipient_id=to, outcome=Outcome.SENT, means=Means.EMAIL), asked)
    assert kept("notices", number, "--open", "--json").done().json == []
    assert kept("notices", "--open", "--json").done().json == []
    (told,) = kept("notices", "--json").done().json
    assert (told["status"], told["means"]) == ("sent", "email")
    kept("notices", "R-404").failed(2, "There is no record R-404")
