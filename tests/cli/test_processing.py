"""The record of processing activities, with those whom data is given to."""

from api.services import Services
from commands.recipients import EndRecipient, RegisterRecipient
from domain.recipients import Role, Safeguard
from tests.cli.conftest import Kept


def test_it_names_what_is_processed_and_who_receives_it(kept: Kept, services: Services) -> None:
    bank = RegisterRecipient(
        name="Blue Bank",
        role=Role.CONTROLLER,
        country="CN",
        safeguards=(Safeguard.STANDARD_CONTRACT,),
        categories=("identity",),
        purposes=("credit",),
    )
    services.issue(EndRecipient(), services.issue(bank).stream)
    told = kept("processing", "--json").done().json
    (recipient,) = told["recipients"]
    assert (recipient["name"], recipient["country"], recipient["status"]) == (
        "Blue Bank",
        "CN",
        "ended",
    )
    assert recipient["safeguards"] == ["standard_contract"]
    assert {"customers", "recipients"} <= {one["aggregate"] for one in told["activities"]}
    text = kept("processing").done().out
    assert "  name: Blue Bank\n  role: controller\n  country: CN\n" in text
    assert "  categories: identity\n  purposes: credit\n" in text
