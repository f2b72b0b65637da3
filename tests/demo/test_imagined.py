"""The demo before it is told: believable, in two languages, and the same every time."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import phonenumbers
import pytest

from api.demo import Demo, imagine
from api.demo.calendar import CLOSES, OPENS, SATURDAY, WEEKS
from api.demo.people import COLLEAGUES, zone_of
from api.demo.story import Act
from api.demo.texts import texts
from commands.consents import ConfirmConsent, RefuseConsent, RequestConsent, WithdrawConsent
from commands.contacts import (
    LinkContact,
    MarkContactLeft,
    MergeContact,
    RestrictContact,
    UnrestrictContact,
)
from commands.custom_fields import RetireCustomField
from commands.customers import (
    ActivateCustomer,
    AssignCustomer,
    ChangeCustomer,
    ClaimCustomer,
    FollowUpCustomer,
    LockCustomer,
    LoseCustomer,
    MarkCustomerDormant,
    MergeCustomer,
    RegisterCustomer,
    ReleaseCustomer,
)
from commands.opportunities import (
    LoseOpportunity,
    MoveOpportunity,
    ReopenOpportunity,
    SetOpportunityLines,
    WinOpportunity,
)
from commands.products import DeactivateProduct, SetProductPrice
from commands.recipients import RecordDisclosure
from commands.retention_schedules import ProposeRetentionSchedule, PutRetentionScheduleInForce
from commands.subject_requests import FulfilSubjectRequest
from commands.tickets import (
    CloseTicket,
    CreateFollowUpTicket,
    EscalateTicket,
    HoldTicket,
    MarkTicketDuplicate,
    MergeTicket,
    RejectTicket,
    ResolveTicket,
    ResumeTicket,
)
from commands.users import DeactivateUser
from domain.customers import Kind
from domain.envelope import SYSTEM

UNTIL = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo() -> Demo:
    """All of it: some seconds, so once."""
    return imagine(False, UNTIL)


def acts(demo: Demo) -> Iterator[Act]:
    for story in (demo.founded, demo.last, *demo.stories):
        yield from story


def commands_of(demo: Demo, *fields: str) -> Iterator[dict[str, Any]]:
    """What the commands that have one of these fields give."""
    for act in acts(demo):
        given = act.command.given()
        if given.keys() & {*fields}:
            yield given


def test_the_company_is_as_large_as_promised(demo: Demo) -> None:
    assert demo.opened() == {
        "users": 26,
        "teams": 9,
        "products": 12,
        "customers": 2088,
        "contacts": 3350,
        "opportunities": 2069,
        "tickets": 2076,
        "sla_policies": 1,
        "consents": 966,
        "orders": 1071,
        "recipients": 3,
        "retention_schedules": 3,
        "subject_requests": 11,
    }


def test_the_same_moment_gives_the_same_company() -> None:
    one, other = (imagine(True, UNTIL) for _ in range(2))
    assert [*acts(one)] == [*acts(other)]
    later = imagine(True, UNTIL + timedelta(days=3))
    assert [*acts(one)] != [*acts(later)]


def test_it_covers_eighteen_months_and_ends_at_the_moment(demo: Demo) -> None:
    times = [act.at for act in acts(demo)]
    assert timedelta(weeks=WEEKS - 1) < max(times) - min(times) <= timedelta(weeks=WEEKS)
    assert max(act.entered for act in acts(demo)) <= UNTIL
    assert all(act.at <= act.entered for act in acts(demo))
    by_month = Counter((at.year, at.month) for at in times)
    assert len(by_month) == 19
    full = [count for month, count in by_month.items() if month not in (min(by_month), (2026, 11))]
    assert min(full) > 500


def test_people_work_in_working_hours(demo: Demo) -> None:
    staff = demo.company.staff
    zones = {staff.ids[one.mail]: zone_of(one) for one in COLLEAGUES}
    by_people = [act for act in acts(demo) if act.envelope.actor != SYSTEM]
    odd = 0
    for act in by_people:
        local = act.at.astimezone(zones[act.envelope.actor])
        in_time = OPENS <= local.hour <= CLOSES and local.weekday() < SATURDAY
        odd += not in_time
    assert len(by_people) > 30_000
    assert odd / len(by_people) < 0.08, "some work abroad or late, most do not"


def test_half_of_it_is_chinese(demo: Demo) -> None:
    names = [act.command.name for act in acts(demo) if isinstance(act.command, RegisterCustomer)]
    chinese = sum(not str(name).isascii() for name in names)
    assert 0.4 < chinese / len(names) < 0.6
    kinds = Counter(one["kind"] for one in commands_of(demo, "kind") if "kind" in one)
    assert kinds[Kind.PERSON] > 150


def test_both_languages_say_the_same_things() -> None:
    english, chinese = texts("europe").model_dump(), texts("east").model_dump()

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        return len(value) if isinstance(value, tuple) else None

    assert shape(english) == shape(chinese)


def test_nobody_real_is_reached(demo: Demo) -> None:
    for given in commands_of(demo, "emails", "email", "website"):
        for email in (*given.get("emails", ()), given.get("email") or "a@example.com"):
            domain = email.rpartition("@")[2]
            assert domain.endswith(("example.com", "example.org", "example.net")), email
        assert ".example.com" in given.get("website", ".example.com")
    for given in commands_of(demo, "phones"):
        for phone in given["phones"]:
            assert phonenumbers.is_possible_number(phonenumbers.parse(phone))


def test_addresses_are_given_once(demo: Demo) -> None:
    taken = Counter(
        (act.command.TO.AGGREGATE, email)
        for act in acts(demo)
        if act.command.OPENS
        for email in act.command.given().get("emails", ())
    )
    assert max(taken.values()) == 1


def test_it_shows_what_kept_keeps(demo: Demo) -> None:
    everything = [*acts(demo)]
    assert sum(act.envelope.reason is not None for act in everything) > 2_000
    assert sum(act.envelope.causation_id is not None for act in everything) > 10_000
    assert sum(act.entered - act.at > timedelta(days=1) for act in everything) > 80
    sources = Counter(act.envelope.source.kind for act in everything)
    assert {"api", "import", "rule", "system"} <= sources.keys()
    handover = demo.company.handover
    assert sum(act.envelope.correlation_id == handover for act in everything) > 50
    assert len({act.envelope.actor for act in everything}) > 20


def test_a_name_was_changed_and_changed_back(demo: Demo) -> None:
    by_customer = defaultdict(list)
    for act in acts(demo):
        if isinstance(act.command, RegisterCustomer | ChangeCustomer) and act.command.name:
            by_customer[act.stream].append(act)
    back = [
        (b.at, c.at)
        for told in by_customer.values()
        if len(told) == 3
        for (_, b), (_, c) in [[*pairwise(told)]]
        if told[0].command.given()["name"] == c.command.given()["name"]
    ]
    assert len(back) > 20
    assert all(timedelta(0) < c - b < timedelta(minutes=2) for b, c in back)


def test_every_lifecycle_is_gone_through(demo: Demo) -> None:
    used = {type(act.command) for act in acts(demo)}
    assert used >= {
        *(ActivateCustomer, MarkCustomerDormant, LoseCustomer, MergeCustomer),
        *(ReleaseCustomer, ClaimCustomer, AssignCustomer, LockCustomer, FollowUpCustomer),
        *(LinkContact, MergeContact, MarkContactLeft, RestrictContact, UnrestrictContact),
        *(MoveOpportunity, SetOpportunityLines, WinOpportunity, LoseOpportunity),
        *(ReopenOpportunity, HoldTicket, ResumeTicket, EscalateTicket, RejectTicket, MergeTicket),
        *(MarkTicketDuplicate, ResolveTicket, CloseTicket, CreateFollowUpTicket),
        *(SetProductPrice, DeactivateProduct, RetireCustomField, DeactivateUser),
        *(RequestConsent, ConfirmConsent, WithdrawConsent, RefuseConsent, RecordDisclosure),
        *(ProposeRetentionSchedule, PutRetentionScheduleInForce, FulfilSubjectRequest),
    }
