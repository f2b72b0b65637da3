"""Retention from the command line: the plan, what is done of it, and what it says of processing."""

from datetime import UTC, datetime, timedelta

import pytest

from api.services import Services
from commands.contacts import RegisterContact
from commands.retention_schedules import ProposeRetentionSchedule, PutRetentionScheduleInForce
from domain.retention_schedules import Action, Kind, Trigger
from tests.cli.conftest import Kept
from tests.dsl import id_of


@pytest.fixture
def an_old_contact(services: Services) -> str:
    """Whose trace is due today, by the only schedule."""
    long_ago = datetime.now(UTC) - timedelta(days=40)
    ada = RegisterContact(family_name="Lovelace")
    contact = services.issue(ada, occurred_at=long_ago, reason="Ada called").stream
    schedule = ProposeRetentionSchedule(
        kind=Kind.CONTACTS,
        category="trace",
        trigger=Trigger.CREATED,
        duration="P30D",
        law="GDPR Art. 5(1)(e)",
        action=Action.ERASE,
    )
    stream = services.issue(schedule, actor=id_of("author")).stream
    services.issue(PutRetentionScheduleInForce(), stream, actor=id_of("approver"))
    return str(services.log.load(contact)[0].number)


def test_what_is_planned_is_done_and_said_of_processing(kept: Kept, an_old_contact: str) -> None:
    planned = kept("retention", "plan", "--json").done().json
    [item] = planned["items"]
    assert (item["number"], item["category"], item["action"]) == (an_old_contact, "trace", "erase")
    assert (item["duration"], item["law"], item["kept_by"]) == ("P30D", "GDPR Art. 5(1)(e)", [])
    assert planned["is_all"]
    shown = kept("retention", "plan").done().out
    assert f"{an_old_contact}\ttrace\t{item['due_on']}\terased\tRT-" in shown
    assert kept("retention", "plan", "--on", "2020-01-31", "--json").done().json["items"] == []
    kept("retention", "plan", "--on", "soon").failed(2, "soon is no day")

    done = kept("retention", "apply", "--json").done().json
    assert (done["erasures"], done["by_status"]) == (1, {"fulfilled": 1})
    assert (done["destroyed_keys"], done["destroyed_rows"]) == (1, 1)
    assert "0 categories were due" in kept("retention", "apply").done().out
    assert kept("retention", "plan", "--json").done().json["items"] == []

    said = {one["aggregate"]: one for one in kept("processing", "--json").done().json["activities"]}
    [limit] = said["contacts"]["retention"]["trace"]
    assert (limit["duration"], limit["law"]) == ("P30D", "GDPR Art. 5(1)(e)")
    assert said["products"]["retention"] == {}
    assert "kept for P30D from created, then erase" in kept("processing").done().out
