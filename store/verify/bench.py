"""What a part of the log is verified with: connections that see one snapshot, keys, and what is
known of the log as a whole.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from store.database import Connection, Database, Role
from store.epoch_keys import EpochKeys
from store.event_log import EventLog
from store.keys import KeyStore
from store.tenants import Tenant
from store.verify.found import Verified
from store.verify.keys import Keyring

_IN_RANGES: Final = {
    # A plan that goes through a whole table would do so for each range.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    # The ranges are what is done at the same time.
    "max_parallel_workers_per_gather": "0",
}
"""How ranges are read."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The log at the moment at which it is verified."""

    snapshot: str
    """The id under which PostgreSQL lets others see it."""
    head: int
    """The last position; 0 if there is no entry."""
    integrated: int
    """How many entries are in the tree."""
    destroyed: bytes
    """A digest over which keys erasures destroyed."""
    most_faults: int


@dataclass(frozen=True, slots=True)
class Bench:
    """Of one worker, in its process."""

    tenant: Tenant
    keys: KeyStore
    keyring: Keyring
    ranges: Connection
    """Reads ranges of the log, by index."""
    other: Connection
    moment: Moment

    def found(self) -> Verified:
        """To be filled by a part of the work."""
        return Verified(self.moment.most_faults)


@dataclass(frozen=True)
class Setup:
    """From what another process makes its bench."""

    urls: Mapping[Role, str] = field(repr=False)
    tenant: Tenant
    epoch_keys: EpochKeys
    moment: Moment

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        """A bench with a database and a key store of its own."""
        database = Database(self.urls)
        keys = KeyStore(database, self.tenant, self.epoch_keys)
        try:
            with bench_of(database, self.tenant, keys, self.moment) as bench:
                yield bench
        finally:
            database.close()


def setup_of(log: EventLog, moment: Moment) -> Setup:
    """For the log's processes."""
    return Setup(dict(log.database.urls), log.tenant, log.keys.epochs.provider, moment)


@contextmanager
def bench_of(database: Database, tenant: Tenant, keys: KeyStore, moment: Moment) -> Iterator[Bench]:
    """A bench; what others append or erase meanwhile is not seen from it."""
    with (
        database.connect("writer", tenant.schema) as ranges,
        database.connect("writer", tenant.schema) as other,
    ):
        for connection in (ranges, other):
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(f"SET TRANSACTION SNAPSHOT '{moment.snapshot}'".encode())
        for setting, value in _IN_RANGES.items():
            ranges.execute(f"SET LOCAL {setting} = {value}".encode())
        yield Bench(tenant, keys, Keyring(keys.epochs), ranges, other, moment)
