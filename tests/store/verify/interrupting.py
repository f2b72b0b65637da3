"""Logs in narrow ranges, and verifications that are interrupted between two of them."""

import os
from typing import NamedTuple

import pytest

from store.event_log import EventLog
from store.verify import GoesOn, Verified, streams, verify
from store.verify import positions as by_position
from store.verify.bench import Bench

NARROW = 256


def narrow(monkeypatch: pytest.MonkeyPatch, chunk: int = 16) -> None:
    """A log of some hundred entries has several ranges, and each of them several chunks."""
    monkeypatch.setattr(by_position, "WIDTH", NARROW)
    monkeypatch.setattr(streams, "WIDTH", 40)
    monkeypatch.setattr(streams, "CHUNK", chunk)


def interrupt(log: EventLog, share: float) -> None:
    """Verify so much of the log's streams, and no more."""

    def stop(what: str, done: int, of: int) -> None:
        if what == "entries" and done >= share * of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(log, stop)


def resumed(log: EventLog) -> tuple[Verified, list[GoesOn]]:
    """What the next verification finds, and what it says it goes on with."""
    said: list[GoesOn] = []
    return verify(log, goes_on=said.append), said


class Dies(NamedTuple):
    """A task at which its process dies."""

    def run(self, bench: Bench) -> None:
        os.kill(os.getpid(), 9)


class Fails(NamedTuple):
    """A task that the database refuses."""

    def run(self, bench: Bench) -> None:
        bench.other.execute("SELECT nothing")
