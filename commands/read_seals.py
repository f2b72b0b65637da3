"""What is done with the seals of the read log. Kept does it by itself; no door leads here."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from commands.kernel import Command, Records, Rejected
from domain.fields import Public
from domain.kernel import Event
from domain.read_seals import Days, Number, ReadSeal, ReadsExpired, ReadsSealed, Root, seal_id


class SealReads(Command, to=ReadSeal, opens=True, internal=True):
    """Seal the next reads: write the root over them into the event log."""

    first: Public[Number, "figure"]
    last: Public[Number, "figure"]
    root: Public[Root, "figure"]
    until: Public[AwareDatetime, "moment"]
    """When the last of them was read."""
    previous: Public[Number | None, "figure"] = None
    """The first read of the seal before; none before the very first one."""

    def decide(self, seal: ReadSeal, now: datetime, records: Records) -> Iterator[Event]:
        if records.own_id != seal_id(self.first):
            raise Rejected("first: this seal belongs elsewhere. Each range has a place of its own.")
        if self.last < self.first:
            raise Rejected("last: lies before the first read. Give the last read of the range.")
        if self.previous is None:
            follows = self.first == 1
        else:
            before = records.get(ReadSeal, seal_id(self.previous))
            follows = before is not None and before.last == self.first - 1
        if not follows:
            raise Rejected("previous: no seal ends where this one begins. Seal without a gap.")
        yield ReadsSealed(first=self.first, last=self.last, root=self.root, until=self.until)


class ExpireReads(Command, to=ReadSeal, internal=True):
    """Give up the reads of this seal, and all before them, for their time is over."""

    days: Public[Days, "figure"]
    """How long reads are kept."""

    def decide(self, seal: ReadSeal, now: datetime) -> Iterator[Event]:
        if seal.expired or seal.until is None or seal.last is None:
            return
        end = seal.until + timedelta(days=self.days)
        if now < end:
            raise Rejected(f"These reads are kept until {end:%Y-%m-%d}. Come back then.")
        yield ReadsExpired(last=seal.last, days=self.days)
