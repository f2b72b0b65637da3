"""Every place that can hold personal data: what lies there, and what an erasure does to it.

A test fails on a table or file that is not listed. Copies that others make (archives of the
write-ahead log, physical copies, replicas) are named by ``KEPT_COPIES``, with the days for which
each is kept; so are exports with personal fields, which are not made otherwise.
"""

import os
import re
from dataclasses import dataclass
from typing import Final

from store.errors import StoreError

COPIES: Final = "KEPT_COPIES"
MOST_DAYS: Final = 3_650


class WrongCopies(StoreError):
    """``KEPT_COPIES`` cannot be read; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies, by the names of its tables or files."""

    name: str
    what: str
    erased: str
    """What an erasure does there."""
    tables: tuple[str, ...] = ()
    """Patterns of tables in the tenant's schemas."""
    schemas: tuple[str, ...] = ()
    """Patterns of further schemas of a tenant, all tables in them."""
    files: tuple[str, ...] = ()
    """Patterns of files below ``KEPT_HOME``."""
    is_dark_later: bool = False
    """Whether what was there can be read with a key that lives on for a while."""


PLACES: Final = (
    Place(
        "log",
        "Entries with public fields, and commitments that say nothing once their rows are gone",
        "Nothing is to be erased there.",
        tables=("events", "append_lock"),
    ),
    Place(
        "personal data",
        "Personal fields, encrypted",
        "Rows are deleted; without their keys, what a file may still hold is noise.",
        tables=("personal_data",),
        is_dark_later=True,
    ),
    Place(
        "data keys",
        "Keys of persons and categories, wrapped by the epoch key",
        "Wrapped keys are deleted; the epoch key, once destroyed, reaches every copy.",
        tables=("data_keys", "epochs", "hash_keys"),
        is_dark_later=True,
    ),
    Place(
        "keyed hashes",
        "Unique values and idempotency keys, hashed under keys that the epoch wraps",
        "Those of their records are deleted.",
        tables=("unique_values", "command_receipts"),
    ),
    Place(
        "read log",
        "Who read whose data: ids, names of fields, and purposes",
        "Kept, as the proof of who knew; it names nobody once the records it points at are erased.",
        tables=("reads", "reads_expired", "read_lock"),
    ),
    Place(
        "suppressions",
        "Addresses at which somebody said no, hashed under a key that the epoch wraps",
        "Kept, so that nobody who comes back by an import is contacted.",
        tables=("suppressions", "suppressions_reached"),
    ),
    Place(
        "read models",
        "Values in the clear, with indexes and search columns",
        "Folded anew into new tables without them; the former tables are dropped.",
        tables=(r"[a-z_]+_v\d+", r"[a-z_]+_v\d+_former", r"[a-z_]+_draft_v\d+"),
    ),
    Place(
        "dated copies",
        "Read models as they were at a date, each copy in a schema of its own",
        "Every copy is dropped; whoever needs it makes it anew.",
        schemas=(r"asof_[a-z0-9_]+\$[a-z0-9_]+",),
    ),
    Place(
        "statistics",
        "Samples of columns, for the planner of queries",
        "Made anew, and the table that held them is rewritten.",
        tables=("pg_statistic",),
    ),
    Place(
        "transparency log",
        "Hashes and signatures",
        "Nothing is to be erased there.",
        tables=("tiles", "checkpoints", "timestamps", "signing_keys"),
        files=(r"checkpoints/.*", r"signing/.*", r"witness/.*", r"verify/.*"),
    ),
    Place(
        "management",
        "Ids, positions and names of models",
        "Nothing is to be erased there.",
        tables=(
            *("tenant", "numbers", "api_keys", "projections", "parked", "migrations"),
            *("erasures", "erasure_streams", "rebuild_begun", "rebuild_parts"),
            "dated_copies",
        ),
    ),
    Place(
        "ledger of erasures",
        "Ids of requests and records, outside the database",
        "Written by an erasure, so that a database that is put back is erased again.",
        files=(r"erasures/.*",),
    ),
    Place(
        "memory of processes",
        "Keys, states and words that were used of late",
        "Forgotten within seconds by every process.",
    ),
    Place(
        "write-ahead log",
        "What changed of late, read models in the clear",
        "Overwritten by the database as it goes on; never part of a logical backup.",
        files=(r"postgres/pg_wal/.*",),
        is_dark_later=True,
    ),
    Place(
        "files of the database",
        "The tables above; its own messages, without values",
        "As the tables above.",
        files=(r"postgres/.*", r"postgres\..*", r"postgres-.*", r"supervisor.*", r".*\.lock"),
    ),
    Place(
        "exports",
        "Log and read models as Parquet, in folders of whoever makes them",
        "Without personal fields, unless KEPT_COPIES names the folder: then it goes with its days.",
    ),
    Place(
        "snapshots",
        "Figures by the numbers of records, without names, in KEPT_SNAPSHOTS",
        "Nothing is to be erased there.",
        files=(r"snapshots/.*",),
    ),
    Place(
        "keys outside the database",
        "Epoch keys and signing keys",
        "Destroyed when their time is over.",
        files=(r"epochs/.*",),
    ),
)


def place_of_table(table: str) -> Place | None:
    """Where a table of a tenant belongs; None if nobody has thought of it."""
    return _first(table, "tables")


def place_of_schema(schema: str) -> Place | None:
    """Where a schema beside those of a tenant belongs; None if nobody has thought of it."""
    return _first(schema, "schemas")


def place_of_file(path: str) -> Place | None:
    """Where a file belongs, by its path below ``KEPT_HOME``; None if nobody has thought of it."""
    return _first(path, "files")


def copies() -> dict[str, int]:
    """The copies that others make, and for how many days each is kept: ``KEPT_COPIES`` is
    ``wal-archive=14,replica=1``.

    Raises:
        WrongCopies: it is written otherwise.
    """
    found: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in os.environ.get(COPIES, "").split(","))):
        name, _, days = item.partition("=")
        if not (name and days.isdecimal() and int(days) <= MOST_DAYS):
            raise WrongCopies(
                f"{COPIES}: {item!r} is no copy. Write a name and its days, as wal-archive=14."
            )
        found[name] = int(days)
    return found


def _first(name: str, kind: str) -> Place | None:
    return next(
        (one for one in PLACES if any(re.fullmatch(p, name) for p in getattr(one, kind))), None
    )
