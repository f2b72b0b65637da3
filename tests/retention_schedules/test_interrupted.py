"""Retention that is broken off, shared by processes or undone: in the end it is done, once."""

import threading
from contextlib import suppress
from pkgutil import resolve_name
from typing import Any

import pytest

from api.services import Services
from commands.contacts import (
    ChangeContact,
)
from commands.dispatcher import Contended
from domain.fields import ERASED
from domain.subject_requests import Status
from store import ledger
from store.verify import verify
from tests.retention_schedules.conftest import House, in_days
from tests.store.deciding import WAIT

STEPS = (
    "api.retaining.Retention._open",
    "api.erasing.Eraser.fence",
    "api.erasing.ledger.write",
    "api.erasing.Eraser.destroy",
    "api.erasing.Eraser.release",
    "api.erasing.Eraser.touched",
    "api.erasing.Erasures._fold_anew",
)


class Crash(BaseException):
    """Nothing catches it, as nothing catches a power cut."""


def crash_after(step: str, patching: pytest.MonkeyPatch) -> None:
    """Let a step be done once, and no further."""
    real: Any = resolve_name(step)

    def crashing(*given: Any, **named: Any) -> None:
        real(*given, **named)
        raise Crash

    patching.setattr(step, crashing)


def test_killed_after_every_step_it_is_done_once_and_what_came_later_stays(
    house: House, elsewhere: Services
) -> None:
    """What is written from the fence on lies under the next key, in this process and in others."""
    services, ada = house.services, house.ids["ada"]
    elsewhere.issue(ChangeContact(note="before"), ada, reason="before")
    house.schedule()
    for number, step in enumerate(STEPS):
        with pytest.MonkeyPatch.context() as patching:
            crash_after(step, patching)
            with pytest.raises(Crash):
                house.retain()
        services.dispatcher.forget()  # as a new process begins
        elsewhere.issue(ChangeContact(note=str(number)), ada, reason=f"after {number}")
    [done] = house.retain()
    assert (done.status, done.destroyed_keys, done.destroyed_rows) == (Status.FULFILLED, 1, 3)
    said = [one.trace["reason"] for one in services.log.load(ada) if one.trace]
    assert said == [*[ERASED] * 3, *(f"after {number}" for number in range(1, len(STEPS)))]
    assert verify(services.log).faults == []


MOST_WRITTEN = 200
"""However slow the machine is, the writer leaves the others a chance at last."""


def insist(services: Services) -> None:
    """Until nobody has written to the record while it is decided on."""
    while True:
        with suppress(Contended):
            services.erasures.retain(in_days(31))
            return


def test_two_processes_and_a_writer_at_once(house: House, elsewhere: Services) -> None:
    """It is done once, and nobody who writes about her is ever refused."""
    services, ada = house.services, house.ids["ada"]
    house.schedule()
    services.start_runner()
    elsewhere.start_runner()
    written = 0
    threads = [threading.Thread(target=insist, args=[one]) for one in (services, elsewhere)]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        if written < MOST_WRITTEN:
            services.issue(ChangeContact(note=str(written)), ada, reason=str(written))
            written += 1
        else:
            threads[0].join()
            threads[1].join()
    house.retain()
    services.runner.wait_for(services.log.head(), WAIT)
    [request] = services.erasures.turning.requests(Status.FULFILLED)
    kinds = [one.type for one in services.log.load(request)]
    assert len(kinds) == len({*kinds}) == 5
    said = [one.trace["reason"] for one in services.log.load(ada) if one.trace]
    kept = said[said.count(ERASED) :]
    assert said[0] is ERASED
    assert kept == [str(number) for number in range(written - len(kept), written)]
    assert verify(services.log).faults == []


def test_a_database_that_was_put_back_is_erased_again_but_for_what_came_later(
    house: House,
) -> None:
    services, tenant, ada = house.services, house.services.tenant, house.ids["ada"]
    with services.database.connect("owner", tenant.schema) as owner:
        keys = owner.execute(f"SELECT * FROM {tenant.keys}.data_keys").fetchall()
        rows = owner.execute("SELECT * FROM personal_data").fetchall()
    house.schedule()
    house.retain()
    assert ledger.undone(services.database, tenant) == []
    with services.database.connect("owner", tenant.schema) as owner:
        owner.execute("DELETE FROM personal_data")
        owner.execute(f"DELETE FROM {tenant.keys}.data_keys")
        marks = ", ".join(["%s"] * len(keys[0]))
        for key in keys:
            owner.execute(f"INSERT INTO {tenant.keys}.data_keys VALUES ({marks})".encode(), key)
        for row in rows:
            owner.execute("INSERT INTO personal_data VALUES (%s,%s,%s,%s,%s,%s,%s)", row)
        owner.execute("DELETE FROM erasures")
    assert len(ledger.undone(services.database, tenant)) == 1
    again = Services.open(services.database, tenant.name)
    try:
        assert ledger.undone(services.database, tenant) == []
        assert again.log.load(ada)[0].trace == {"reason": ERASED}
        again.issue(ChangeContact(note="n"), ada, reason="She came back")
    finally:
        again.close()
    assert ledger.undone(services.database, tenant) == []
