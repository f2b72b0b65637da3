"""Whatever somebody with every right changes in what is stored, verify names it.

``KEPT_MUTATIONS=500`` makes so many of them.
"""

import os

import pytest
from uuid_utils.compat import uuid7

from store.event_log import EventLog
from store.verify import Fault, verify
from tests.store.deciding import registered, renamed
from tests.store.transparency.logs import append, integrated, integrator_of, intruder, keys_of
from tests.store.transparency.mutating import Mutation, mutate, restore, save

COUNT = int(os.environ.get("KEPT_MUTATIONS", "40"))
FIRST = int(os.environ.get("KEPT_MUTATIONS_FROM", "0"))


@pytest.fixture
def grown(log: EventLog) -> EventLog:
    """A log with a tree of two levels, six checkpoints, and two keys that signed the last ones."""
    integrated(log, 7, 93, 156)
    with log.database.connect("projector", log.tenant.schema) as connection:
        keys_of(log).add(connection)
    integrated(log, 1, 20)
    stream = uuid7()
    log.append(registered(stream))
    for version in range(1, 20):
        log.append(renamed(stream, at=version, name=f"Name {version}"))
    append(log, 9)
    assert integrator_of(log).catch_up() == 306
    return log


def test_every_change_of_what_is_stored_is_named(grown: EventLog) -> None:
    assert verify(grown).faults == []
    missed: list[str] = []
    with intruder(grown) as owner:
        save(owner)
        for seed in range(FIRST, FIRST + COUNT):
            mutation = mutate(owner, seed)
            try:
                found = verify(grown)
            except Exception as broken:
                missed.append(f"{seed}: {type(broken).__name__} {broken} after {mutation}")
            else:
                if not found.fault_count:
                    missed.append(f"{seed}: nothing was found of {mutation}")
                elif not _is_about(found.faults[0], mutation):
                    missed.append(f"{seed}: first {found.faults[0]!r} of {mutation}")
            restore(owner, mutation.table)
    assert not missed, "KEPT_MUTATIONS_FROM these seeds:\n" + "\n".join(missed)
    assert verify(grown).faults == []


def _is_about(fault: Fault, mutation: Mutation) -> bool:
    """Whether the first fault leads to the place."""
    if mutation.table in ("events", "personal_data"):
        near = {place + step for place in mutation.places for step in (-1, 0, 1)}
        return fault.position in near
    if mutation.table == "tiles":
        leaves = {
            row[1] * 256 + 1 + at
            for row in (*mutation.before, *mutation.after)
            if row[0] == 0
            for at in range(256)
        }
        return "tile" in fault.sentence or fault.position in leaves
    return "checkpoint" in fault.sentence.lower()
