"""An erasure while others write about the same person, and while a runner is in its batch."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from api.services import Services
from commands.contacts import ChangeContact, RegisterContact
from commands.kernel import Rejected
from commands.subject_requests import DecideErasure, IdentifySubject, ReceiveSubjectRequest
from commands.tickets import AddTicketNote, OpenTicket
from domain.subject_requests import Kind, Method, Status
from domain.tickets import Priority
from projections import DERIVED, PROJECTIONS
from projections.rebuild import rebuild
from projections.runner import Runner
from store.errors import SubjectErased
from store.verify import verify
from tests.store.deciding import WAIT, until
from tests.subject_requests.test_carrying_out import everything_stored

SIGN = "c0ffee"
"""Occurs in everything that is written about whoever is erased."""


@pytest.fixture
def elsewhere(services: Services) -> Iterator[Services]:
    """Another process, with keys and states of its own in memory."""
    opened = Services.open(services.database, services.tenant.name)
    yield opened
    opened.close()


def decided(services: Services, contact: UUID) -> UUID:
    asked = services.issue(ReceiveSubjectRequest(kind=Kind.ERASURE, contact_id=contact)).stream
    services.issue(IdentifySubject(identified_by=Method.DOCUMENT), asked)
    services.issue(DecideErasure(), asked)
    return asked


def test_writers_with_keys_in_memory_are_refused_loudly(
    services: Services, elsewhere: Services
) -> None:
    """Four of them write until they are refused; nothing that they wrote is left."""
    contact = services.issue(RegisterContact(family_name=f"{SIGN} 0")).stream
    ticket = services.issue(
        OpenTicket(subject=f"{SIGN} 1", priority=Priority.LOW, contact_id=contact)
    ).stream
    request = decided(services, contact)
    written, refusals = [0] * 4, [BaseException()] * 4
    begun = threading.Barrier(5)

    def write(number: int, house: Services) -> None:
        try:
            while True:
                text = f"{SIGN} {number} {written[number]}"
                if number % 2:
                    house.issue(ChangeContact(note=text), contact)
                else:
                    house.issue(AddTicketNote(body=text), ticket)
                written[number] += 1
                if written[number] == 3:
                    begun.wait(WAIT)
        except (Rejected, SubjectErased) as refused:
            refusals[number] = refused

    threads = [
        threading.Thread(target=write, args=[number, house])
        for number, house in enumerate((services, services, elsewhere, elsewhere))
    ]
    for one in threads:
        one.start()
    begun.wait(WAIT)
    services.start_runner()
    [done] = services.erasures.carry_out(request)
    for one in threads:
        one.join(WAIT)
        assert not one.is_alive()
    assert done.status is Status.FULFILLED
    assert all(isinstance(one, Rejected | SubjectErased) for one in refusals)
    assert done.destroyed_rows >= 2 + sum(written)
    assert SIGN not in everything_stored(services)
    assert verify(services.log, workers=2).faults == []


def test_a_runner_in_the_middle_of_a_batch_leaves_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read and folded values that are destroyed before it writes them."""
    contact = services.issue(RegisterContact(family_name=f"{SIGN} 0", note=f"{SIGN} 1")).stream
    request = decided(services, contact)
    reached, go_on = threading.Event(), threading.Event()
    write = Runner._write

    def slowly(self: Runner, connection: Any, *rest: Any) -> Any:
        reached.set()
        assert go_on.wait(WAIT)
        return write(self, connection, *rest)

    monkeypatch.setattr(Runner, "_write", slowly)
    services.start_runner()
    assert reached.wait(WAIT)
    carrying = threading.Thread(target=services.erasures.carry_out, args=[request])
    carrying.start()
    until(lambda: services.erasures._request(request).status is Status.DESTROYED)
    go_on.set()
    carrying.join(WAIT)
    assert not carrying.is_alive()
    assert services.erasures._request(request).status is Status.FULFILLED
    assert SIGN not in everything_stored(services)


def test_a_rebuild_that_began_before_leaves_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has copied the values; then they are destroyed, and only then does it swap."""
    from projections import rebuild as module  # noqa: PLC0415

    contact = services.issue(RegisterContact(family_name=f"{SIGN} 0")).stream
    request = decided(services, contact)
    services.runner.catch_up()
    services.runner.close()
    reached, go_on = threading.Event(), threading.Event()
    index = module.Rebuild.index

    def slowly(self: Any) -> None:
        if not reached.is_set():
            reached.set()
            assert go_on.wait(WAIT)
        index(self)

    monkeypatch.setattr(module.Rebuild, "index", slowly)
    models = (*PROJECTIONS, *DERIVED)
    rebuilding = threading.Thread(target=rebuild, args=[services.log, PROJECTIONS, DERIVED, models])
    rebuilding.start()
    assert reached.wait(WAIT)
    carrying = threading.Thread(target=services.erasures.carry_out, args=[request])
    carrying.start()
    until(lambda: services.erasures._request(request).status is Status.DESTROYED)
    go_on.set()
    rebuilding.join(WAIT)
    carrying.join(WAIT)
    assert services.erasures._request(request).status is Status.FULFILLED
    assert SIGN not in everything_stored(services)


def test_two_at_once_do_it_once(services: Services, elsewhere: Services) -> None:
    contact = services.issue(RegisterContact(family_name=f"{SIGN} 0")).stream
    request = decided(services, contact)
    threads = [
        threading.Thread(target=house.erasures.carry_out, args=[request])
        for house in (services, elsewhere)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(WAIT)
    assert services.erasures._request(request).status is Status.FULFILLED
    kinds = [one.type for one in services.log.load(request)]
    assert kinds.count("ErasureDestroyed") == kinds.count("ErasureSwept") == 1


def test_the_server_does_it_by_itself(services: Services) -> None:
    contact = services.issue(RegisterContact(family_name=f"{SIGN} 0")).stream
    request = decided(services, contact)
    services.start_runner()
    services.erasures.start()
    until(lambda: services.erasures._request(request).status is Status.FULFILLED)
    until(lambda: services.erasures.pending() == [])  # the read model follows


def test_other_processes_forget_what_they_remember(services: Services, elsewhere: Services) -> None:
    contact = services.issue(RegisterContact(family_name=f"{SIGN} 0")).stream
    elsewhere.issue(ChangeContact(note=f"{SIGN} 1"), contact)
    elsewhere.forgetting.start()
    kept = elsewhere.dispatcher._states.get(contact)
    assert kept is not None
    services.erasures.carry_out(decided(services, contact))
    until(lambda: elsewhere.dispatcher._states.get(contact) is None)
    assert not elsewhere.log.keys._by_subject
