"""Seals of the read log: each range once, without a gap, and kept for its time."""

from datetime import datetime, timedelta

import pytest

from commands.kernel import COMMANDS
from commands.read_seals import ExpireReads, SealReads
from domain.read_seals import ReadSeal, ReadsExpired, ReadsSealed, seal_id
from tests.dsl import NOW, given

ROOT, OTHER = "0a" * 32, "1b" * 32
YESTERDAY = NOW - timedelta(days=1)

first = ReadsSealed(first=1, last=7, root=ROOT, until=YESTERDAY)


def sealing(last: int = 7, previous: int | None = None, until: datetime = YESTERDAY) -> SealReads:
    return SealReads(
        first=1 if previous is None else 8, last=last, root=ROOT, until=until, previous=previous
    )


def test_the_first_reads_are_sealed() -> None:
    given().at(seal_id(1)).when(sealing()).then(first)


def test_a_seal_follows_the_one_before() -> None:
    given().at(seal_id(8)).among({seal_id(1): first}).when(sealing(12, previous=1)).then(
        ReadsSealed(first=8, last=12, root=ROOT, until=YESTERDAY)
    )


def test_no_read_is_left_out_or_sealed_twice() -> None:
    short = ReadsSealed(first=1, last=6, root=OTHER, until=YESTERDAY)
    given().at(seal_id(8)).among({seal_id(1): short}).when(sealing(12, previous=1)).rejected(
        "no seal ends where this one begins"
    )
    given().at(seal_id(8)).when(sealing(12, previous=1)).rejected("no seal ends where")
    later = SealReads(first=8, last=12, root=ROOT, until=YESTERDAY)
    given().at(seal_id(8)).when(later).rejected("no seal ends where")


def test_each_range_has_a_stream_of_its_own() -> None:
    """So that of two who seal at once only one can."""
    given().at(seal_id(2)).when(sealing()).rejected("this seal belongs elsewhere")
    assert len({seal_id(number) for number in range(1, 100)}) == 99


def test_a_range_is_not_empty() -> None:
    given().at(seal_id(8)).among({seal_id(1): first}).when(sealing(7, previous=1)).rejected(
        "lies before the first read"
    )


def test_reads_have_the_time_of_the_database_which_may_be_ahead() -> None:
    soon = NOW + timedelta(seconds=1)
    given().at(seal_id(1)).when(sealing(until=soon)).then(
        ReadsSealed(first=1, last=7, root=ROOT, until=soon)
    )


def test_reads_expire_when_their_time_is_over_and_not_before() -> None:
    given(first).when(ExpireReads(days=1)).then(ReadsExpired(last=7, days=1))
    given(first).when(ExpireReads(days=2)).rejected("are kept until 2026-03-03")
    given(first, ReadsExpired(last=7, days=1)).when(ExpireReads(days=1)).nothing()


@pytest.mark.parametrize("wrong", ["", "0a", "0A" * 32, f"{ROOT}\n"])
def test_a_root_is_32_bytes_in_hex(wrong: str) -> None:
    with pytest.raises(ValueError, match="root"):
        SealReads(first=1, last=1, root=wrong, until=NOW)


def test_no_door_leads_to_them() -> None:
    assert all(command.TO is not ReadSeal for command in COMMANDS.values())
