"""Backups of a tenant: its log, personal data and wrapped keys, as one encrypted file.

Logical, and taken from one moment while everybody works on. Read models are never in it, nor the
epoch key, under which the whole file is encrypted: it opens while that key lives, and is dark from
then on. A backup may continue an earlier one, and then holds only the entries since.

The file is a line of JSON in the clear, and then the tables, as :mod:`store.sealed_files` writes
them.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from store import durable_files, tenants
from store.database import Connection, Database
from store.epoch_keys import EpochKeys, derived
from store.errors import BackupError
from store.event_log import EventLog
from store.progress import Progress, untold
from store.randomness import random_bytes
from store.sealed_files import Opened, seal
from store.tenants import Tenant

FORMAT: Final = "kept-backup/1"
LONGEST_LINE: Final = 1 << 16
LENGTH_BYTES: Final = 4
SALT_BYTES: Final = 16
LOG: Final = ("events", "personal_data")
"""Grow by position: a backup that continues another holds what came since."""
WHOLE: Final = (
    *("unique_values", "command_receipts", "numbers", "api_keys"),
    *("suppressions", "suppressions_reached", "erasures", "erasure_streams"),
    *("tiles", "checkpoints", "timestamps", "signing_keys", "reads", "reads_expired"),
)
KEYS: Final = ("epochs", "hash_keys", "data_keys")
"""In the schema of the keys; whole as well, in the order of their references."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front of the frames, in the clear."""

    format: str
    tenant: str
    time_zone: str
    origin: str | None
    epoch: int
    made_at: str
    after: int
    """The position that it continues from; 0 if it is whole."""
    position: int
    """Up to which entry it goes."""
    migrations: tuple[str, ...]
    salt: str


def backup(
    log: EventLog,
    path: Path,
    now: datetime,
    after: int = 0,
    progress: Progress = untold,
) -> Header:
    """Write a backup; it is there whole, or not at all.

    Raises:
        BackupError: there is a file of this name, or the log does not go on from ``after``.
    """
    if path.exists():
        raise BackupError(f"There is already a file {path}. Choose another name.")
    with log.database.connect("owner", log.tenant.schema) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        header = _header(log, connection, now, after)
        draft = path.with_name(f".{path.name}.{random_bytes(4).hex()}")
        try:
            with draft.open("xb") as file:
                draft.chmod(0o600)
                line = orjson.dumps(asdict(header)) + b"\n"
                file.write(line)
                seal(file, line, _key(log, header), _tables(log, connection, header, progress))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    durable_files.sync(path.resolve().parent)
    return header


def read_header(path: Path) -> Header:
    """What a backup says of itself.

    Raises:
        BackupError: the file is none.
    """
    with path.open("rb") as file:
        return _parsed(file.readline(LONGEST_LINE), path)


def restore(
    database: Database,
    paths: Sequence[Path],
    epoch_keys: EpochKeys,
    progress: Progress = untold,
) -> Header:
    """Make the tenant of a whole backup and those that continue it; gives the last one's header.
    The read models are still to be folded.

    Raises:
        BackupError: a file is damaged, is not the next one, or is of another release.
        TenantError: the tenant is there already.
        WrongEpochKey: the epoch of a file is over, or its key is not here.
    """
    headers = [read_header(path) for path in paths]
    _check_chain(headers, paths)
    tenant = tenants.create(database, headers[-1].tenant, headers[-1].time_zone)
    try:
        with database.connect("owner", tenant.schema) as connection, connection.transaction():
            _check_release(connection, headers[-1], paths[-1])
            for header, path in zip(headers, paths, strict=True):
                key = epoch_keys.get(header.tenant, header.epoch)
                is_last = header is headers[-1]
                _load(connection, tenant, path, header, key, is_last, progress)
            connection.execute("UPDATE tenant SET origin = %s", [headers[-1].origin])
            # What was erased between two of the backups stands in the first of them only.
            connection.execute(
                f"DELETE FROM personal_data p USING {tenant.keys}.data_keys d"
                " WHERE d.key_id = p.key_id AND d.wrapped IS NULL".encode()
            )
    except BaseException:
        tenants.drop(database, tenant)
        raise
    return headers[-1]


def _header(log: EventLog, connection: Connection, now: datetime, after: int) -> Header:
    row = connection.execute(
        "SELECT coalesce((SELECT max(position) FROM events), 0), (SELECT origin FROM tenant),"
        " (SELECT array_agg(name ORDER BY name) FROM migrations)"
    ).fetchone()
    position, origin, migrations = row or (0, None, [])
    if after > position:
        raise BackupError(f"The log ends at {position:,}, so nothing continues from {after:,}.")
    return Header(
        FORMAT,
        log.tenant.name,
        str(log.tenant.zone),
        origin,
        log.keys.epochs.current,
        now.astimezone(UTC).isoformat(timespec="seconds"),
        after,
        position,
        tuple(migrations),
        random_bytes(SALT_BYTES).hex(),
    )


def _tables(
    log: EventLog, connection: Connection, header: Header, progress: Progress
) -> Iterator[bytes]:
    """Each table: its name, and the lengths and bytes of what COPY gives, ended by a zero."""
    copies = [(one, f"SELECT * FROM {one} WHERE position > {header.after}") for one in LOG]
    copies += [(one, f"SELECT * FROM {one}") for one in WHOLE]
    copies += [(one, f"SELECT * FROM {log.tenant.keys}.{one}") for one in KEYS]
    for done, (name, query) in enumerate(copies):
        progress("backup", done, len(copies))
        yield len(name).to_bytes(LENGTH_BYTES) + name.encode()
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode()) as copy,
        ):
            for block in copy:
                yield len(block).to_bytes(LENGTH_BYTES) + bytes(block)
        yield (0).to_bytes(LENGTH_BYTES)
    progress("backup", len(copies), len(copies))


def _load(
    connection: Connection,
    tenant: Tenant,
    path: Path,
    header: Header,
    key: bytes,
    is_last: bool,
    progress: Progress,
) -> None:
    with path.open("rb") as file:
        line = file.readline(LONGEST_LINE)
        stream = Opened(file, line, _derived(key, header), path)
        done, tables = 0, len(LOG) + len(WHOLE) + len(KEYS)
        while (length := int.from_bytes(stream.take(LENGTH_BYTES))) > 0:
            name = stream.take(length).decode()
            if name not in (*LOG, *WHOLE, *KEYS):
                raise BackupError(f"{path} holds a table {name}, which this release does not know.")
            _load_table(connection, tenant, name, stream, is_wanted=is_last or name in LOG)
            done += 1
            progress("restore", done, tables)
        if done != tables:
            raise BackupError(f"{path} holds {done} tables instead of {tables}.")


def _load_table(
    connection: Connection, tenant: Tenant, name: str, stream: Opened, is_wanted: bool
) -> None:
    target = f"{tenant.keys}.{name}" if name in KEYS else name
    if not is_wanted:  # a later backup has it whole
        while length := int.from_bytes(stream.take(LENGTH_BYTES)):
            stream.take(length)
        return
    if name not in LOG:
        connection.execute(f"DELETE FROM {target}".encode())  # what a new tenant begins with
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)".encode()) as copy,
    ):
        while length := int.from_bytes(stream.take(LENGTH_BYTES)):
            copy.write(stream.take(length))


def _check_chain(headers: Sequence[Header], paths: Sequence[Path]) -> None:
    before: Header | None = None
    for header, path in zip(headers, paths, strict=True):
        expected = 0 if before is None else before.position
        if header.after != expected:
            what = f"continues from {header.after:,}" if header.after else "is whole"
            raise BackupError(
                f"{path} {what}, where {expected:,} is wanted. Give the whole backup first, "
                "then each that continues the one before."
            )
        if before is not None and header.tenant != before.tenant:
            raise BackupError(f"{path} is of the tenant {header.tenant}, not {before.tenant}.")
        before = header


def _check_release(connection: Connection, header: Header, path: Path) -> None:
    known = tuple(row[0] for row in connection.execute("SELECT name FROM migrations ORDER BY name"))
    if known != header.migrations:
        raise BackupError(
            f"{path} was made by another release of Kept. Restore it with that one, then upgrade."
        )


def _parsed(line: bytes, path: Path) -> Header:
    try:
        said: dict[str, Any] = orjson.loads(line)
        header = Header(**{**said, "migrations": tuple(said["migrations"])})
    except (orjson.JSONDecodeError, TypeError, KeyError):
        raise BackupError(f"{path} is no backup of Kept.") from None
    if header.format != FORMAT:
        raise BackupError(f"{path} has the format {header.format}, which this release cannot read.")
    return header


def _key(log: EventLog, header: Header) -> bytes:
    return derived(log.keys.epochs.secret("backups"), f"backup {header.salt}")


def _derived(epoch_key: bytes, header: Header) -> bytes:
    return derived(derived(epoch_key, "backups"), f"backup {header.salt}")
