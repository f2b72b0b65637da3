"""``kept sla report``: what was promised, what became of it, and what the source said."""

from datetime import UTC, datetime, timedelta

from api.services import Services
from commands.sla_policies import DefineSlaPolicy
from commands.ticket_history import RecordTicket, RecordTicketTransition
from commands.tickets import OpenTicket
from domain.sla_policies import DEFAULT_SLA_POLICY
from domain.ticket_history import Status
from domain.tickets import Priority
from tests.cli.conftest import Kept

LONG_AGO = datetime(2016, 2, 29, 9, 0, tzinfo=UTC)


def record(services: Services, began: datetime, hours: int, made_sla: bool) -> None:
    """A ticket of another system that was resolved after so many hours."""
    ticket = services.issue(
        RecordTicket(source_state="New", status=Status.NEW, priority=Priority.HIGH),
        occurred_at=began,
    ).stream
    ended = RecordTicketTransition(
        source_state="Resolved", status=Status.RESOLVED, sequence=1, made_sla=made_sla
    )
    services.issue(ended, ticket, occurred_at=began + timedelta(hours=hours))


def test_the_report_says_what_both_say_and_why_they_differ(services: Services, kept: Kept) -> None:
    later = LONG_AGO + timedelta(days=30)
    record(services, LONG_AGO, 9, made_sla=False)
    services.issue(DefineSlaPolicy(name="Usual"), DEFAULT_SLA_POLICY, occurred_at=later)
    record(services, later, 3, made_sla=True)
    record(services, later, 5, made_sla=False)
    record(services, later, 5, made_sla=True)
    services.issue(OpenTicket(subject="Fire", priority=Priority.HIGH), occurred_at=later)

    report = kept("sla", "report", "--at", "2016-04-30", "--json").done().json
    assert (report["tickets"], report["overdue"]) == (5, 1)
    assert report["outcomes"]["resolution"] == {"due": 1, "paused": 0, "met": 1, "missed": 2}
    compared = {
        (one["recorded"], one["ours"], one["because"]): one["tickets"] for one in report["compared"]
    }
    assert compared == {
        ("nothing", "not missed", None): 1,
        ("met", "not missed", None): 1,
        ("met", "missed", "other_target"): 1,
        ("missed", "missed", None): 1,
        ("missed", "not missed", "no_policy"): 1,
    }
    said = kept("sla", "report").done().out
    assert "Missed by the recorded word: 2" in said
    assert "Missed by our own judgement: 2" in said
    assert "no policy" in said


def test_without_tickets_the_report_is_empty(kept: Kept) -> None:
    report = kept("sla", "report", "--json").done().json
    assert (report["tickets"], report["overdue"], report["compared"]) == (0, 0, [])
    kept("sla", "report", "--at", "someday").failed(2, "is no time")
