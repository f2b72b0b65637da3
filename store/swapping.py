"""Putting a read model's draft in the live table's place, while readers are at work."""

from store.database import Connection
from store.read_models import Table, run


def lock_out_readers(connection: Connection, table: Table) -> None:
    """Let nobody read a read model until this transaction ends; the view first and then its table,
    as SQL users lock them, or the two would wait for each other.
    """
    row = run(connection, "SELECT to_regclass(%s)", [table.name]).fetchone()
    if row is not None and row[0] is not None:
        run(connection, f"LOCK TABLE {table.name} IN ACCESS EXCLUSIVE MODE")


def take_place(connection: Connection, draft: Table, table: Table) -> None:
    """Put a draft into the live table's place, which stays as ``…_former`` for the way back.

    The stable view is pointed at the new table before the former one goes, so that views of SQL
    users that depend on it live on.
    """
    leaving, former = f"{table.table}_leaving", f"{table.table}_former"
    row = run(connection, "SELECT to_regclass(%s)", [table.table]).fetchone()
    live = row is not None and row[0] is not None
    if live:
        _rename(connection, table.table, leaving)
    _rename(connection, draft.table, table.table)
    table.publish(connection)
    run(connection, f"DROP TABLE IF EXISTS {former}")
    if live:
        _rename(connection, leaving, former)


def drop_former(connection: Connection, table: Table) -> None:
    """Give up the way back, as when the former table holds what was erased since."""
    run(connection, f"DROP TABLE IF EXISTS {table.table}_former")


def _rename(connection: Connection, table: str, to: str) -> None:
    """Rename a table and its indexes, whose names begin with its own."""
    indexes = run(
        connection,
        "SELECT relname FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
        " WHERE indrelid = %s::regclass",
        [table],
    ).fetchall()
    run(connection, f"ALTER TABLE {table} RENAME TO {to}")
    for (name,) in indexes:
        if name.startswith(table):
            run(connection, f"ALTER INDEX {name} RENAME TO {to}{name.removeprefix(table)}")


def open_snapshots(connection: Connection, transaction: int) -> bool:
    """Whether a snapshot is still open that was taken before this transaction id."""
    row = run(
        connection,
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND age(backend_xmin) > age(%s::text::xid))",
        [str(transaction % 2**32)],
    ).fetchone()
    return bool(row and row[0])
