"""What differs between two moments, in both times, against each record folded by itself."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.services import Services, create_tenant
from commands.contacts import ChangeContact, RegisterContact
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.dispatcher import Order
from commands.kernel import Command
from commands.subject_requests import DecideErasure, IdentifySubject, ReceiveSubjectRequest
from domain.customers import Kind, Level
from domain.envelope import SYSTEM, Envelope, Source
from domain.subject_requests import Kind as RequestKind
from domain.subject_requests import Method, Status
from projections import PROJECTIONS
from projections.as_of import fold_as_of
from projections.contacts import contacts
from projections.customers import customers
from projections.differences import Comparison, Difference
from projections.kernel import Projection
from projections.readers import Reader
from store import differences
from store.database import Database
from store.differences import Moment
from store.read_entries import Asked, entries
from store.read_log import body_of

ADMIN, ANALYST = Reader(SYSTEM, "admin", "test"), Reader(SYSTEM, "analyst", "test")
DAYS = [datetime(2025, 3, day, 12, tzinfo=UTC) for day in range(1, 8)]


def at(services: Services, day: datetime, command: Command, record: UUID | None = None) -> UUID:
    """Issue a command as of a day in the past; gives its record."""
    envelope = Envelope(
        actor=SYSTEM, occurred_at=day, source=Source(kind="import"), command_id=uuid7()
    )
    return services.dispatcher.dispatch(Order(command, envelope, record)).stream


@pytest.fixture(scope="module")
def filled(database: Database) -> Iterator[Services]:
    """Customers and contacts whose changes were recorded in another order than they happened in."""
    create_tenant(database, "differing")
    with closing(Services.open(database, "differing")) as services:
        for n in range(6):
            days = [DAYS[(n + 2 * k) % 7] for k in range(3)]
            one = at(services, days[0], RegisterCustomer(name=f"客户 {n}", kind=Kind.ORGANISATION))
            at(services, days[1], ChangeCustomer(size=n, level=[*Level][n % 3]), one)
            at(services, days[2], ChangeCustomer(name=f"Renamed {n}"), one)
            who = at(services, days[1], RegisterContact(family_name=f"Li {n}"))
            at(services, days[0], ChangeContact(department=f"Sales {n}"), who)
        yield services


def compared(
    services: Services, first: Moment, second: Moment, reader: Reader = ADMIN
) -> list[Difference]:
    return [*Comparison(services.log, services.gate, reader, PROJECTIONS).between(first, second)]


def expected(services: Services, first: Moment, second: Moment) -> dict[UUID, tuple[str, set[str]]]:
    """What became of each record and which of its fields differ, each folded by itself."""
    found = {}
    for stream in {one.stream for one in services.log.read(0, 500)}:
        events = services.log.load(stream)
        kind = events[0].event.AGGREGATE.AGGREGATE
        model: Projection | None = {"customers": customers, "contacts": contacts}.get(kind)
        if model is None:
            continue
        was, now = (fold_as_of(model, events, *moment) for moment in (first, second))
        blank: Any = model.blank if was is None else was
        fields = {
            name
            for name in model.fields_of_aggregate
            if now is not None and getattr(blank, name) != getattr(now, name)
        }
        if was is not None and now is None:
            found[stream] = ("gone", fields)
        elif was is None and now is not None:
            found[stream] = ("created", fields)
        elif fields:
            found[stream] = ("changed", fields)
    return found


def test_every_pair_of_moments_differs_as_the_records_do(filled: Services) -> None:
    half = filled.log.head() // 2
    known = filled.log.at([half])[half].recorded_at
    moments = [Moment(DAYS[0]), Moment(DAYS[3]), Moment(DAYS[3], known), Moment(DAYS[6])]
    kinds = set()
    for first in moments:
        for second in moments:
            found = {
                one.id: (one.what, {change["field"] for change in one.changes})
                for one in compared(filled, first, second)
                if one.read_model in ("customers", "contacts")
            }
            assert found == expected(filled, first, second)
            kinds |= {what for what, _ in found.values()}
    assert kinds == {"created", "changed", "gone"}


def test_a_field_is_told_from_what_to_what_with_its_name_in_both_languages(
    filled: Services,
) -> None:
    one = at(filled, DAYS[0], RegisterCustomer(name="Wren", kind=Kind.ORGANISATION, size=3))
    at(filled, DAYS[2], ChangeCustomer(name="Wren & Moss"), one)
    own = {(found.id, found.read_model): found for found in _between(filled)}
    found = own[(one, "customers")]
    assert found.changes == [
        {
            "field": "name",
            "label": {"en": "name", "zh": "名称"},
            "from": "Wren",
            "to": "Wren & Moss",
        }
    ]
    assert (found.what, found.number is None) == ("changed", False)


def _between(services: Services, reader: Reader = ADMIN) -> list[Difference]:
    return compared(services, Moment(DAYS[1]), Moment(DAYS[5]), reader)


def test_whoever_may_not_see_personal_values_is_told_the_fields(filled: Services) -> None:
    seen = [change for one in _between(filled) for change in one.changes]
    masked = [change for one in _between(filled, ANALYST) for change in one.changes]
    assert [one["field"] for one in masked] == [one["field"] for one in seen]
    names = [one for one in masked if one["field"] in ("name", "family_name", "department")]
    assert names
    assert all(one["masked"] and "to" not in one for one in names)
    assert any(one["field"] == "size" and one["to"] is not None for one in masked)


def test_what_is_shown_of_people_is_in_the_read_log(filled: Services) -> None:
    def last() -> int:
        found, _ = entries(filled.log, Asked(), 1, None)
        return found[0].number if found else 0

    before = last()
    _between(filled, ANALYST)
    assert last() == before
    shown = _between(filled)
    found, _ = entries(filled.log, Asked(), 10, None)
    told = {body_of(one)["read_model"]: body_of(one) for one in found if one.number > before}
    assert told.keys() >= {"customers", "contacts"}
    assert "family_name" in told["contacts"]["fields"]
    records = {str(one.id) for one in shown if one.read_model == "contacts"}
    assert {*told["contacts"]["records"]} <= records


def test_what_was_erased_is_said_and_shows_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differences, "BATCH", 1)
    who = at(services, DAYS[0], RegisterContact(family_name="Lovelace", department="Engines"))
    at(services, DAYS[2], ChangeContact(family_name="Byron"), who)
    first, second = Moment(DAYS[1]), Moment(datetime.now(UTC))
    [before] = [one for one in compared(services, first, second) if one.read_model == "contacts"]
    assert (before.what, before.changes[0]["from"]) == ("changed", "Lovelace")
    erase(services, who)
    later = Moment(datetime.now(UTC))
    [after] = [one for one in compared(services, first, later) if one.read_model == "contacts"]
    assert after.what == "erased"
    told = str(after.changes)
    assert "Lovelace" not in told
    assert "Byron" not in told


def erase(services: Services, contact: UUID) -> None:
    """Carry out an erasure of everything about a contact."""
    asks = ReceiveSubjectRequest(kind=RequestKind.ERASURE, contact_id=contact)
    request = services.issue(asks).stream
    services.issue(IdentifySubject(identified_by=Method.DOCUMENT), request)
    services.issue(DecideErasure(), request)
    services.start_runner()
    [done] = services.erasures.carry_out(request)
    assert done.status is Status.FULFILLED
