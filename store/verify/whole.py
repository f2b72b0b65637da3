"""What is verified of the log as a whole, each by one process."""

from typing import NamedTuple

from store.transparency.verifying import compare_tiles
from store.verify.bench import Bench
from store.verify.found import Verified
from store.verify.reads import Reads
from store.verify.receipts import compare_receipts

_WITHOUT_EVENT = (
    "SELECT p.position, p.category FROM personal_data p"
    " WHERE NOT EXISTS (SELECT FROM events e WHERE e.position = p.position)"
    " ORDER BY p.position, p.category"
)


class Tiles(NamedTuple):
    """The tiles of the tree, each against the one above it."""

    def run(self, bench: Bench) -> Verified:
        found = bench.found()
        compare_tiles(bench.other, bench.moment.integrated, found.tell)
        return found


class Strays(NamedTuple):
    """Personal data without an event."""

    def run(self, bench: Bench) -> Verified:
        found = bench.found()
        with bench.other.cursor("strays") as rows:
            rows.execute(_WITHOUT_EVENT)
            for position, category in rows:
                found.tell(position, f"A row of personal data ({category}) belongs to no event.")
        return found


class ReadLog(NamedTuple):
    """The entries of the read log against their seals."""

    def run(self, bench: Bench) -> Verified:
        found = bench.found()
        found.reads = Reads(bench.ranges, bench.other, found.tell).verify()
        return found


class Receipts(NamedTuple):
    """The receipts of commands against the log."""

    def run(self, bench: Bench) -> Verified:
        found = bench.found()
        found.receipts = compare_receipts(bench.other, found.tell)
        return found
