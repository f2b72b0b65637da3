"""A set of commands on its way to the database: one prepared statement, by libpq itself.

A cursor would look at each of the 28 parameters anew and let go of the interpreter several times,
and under load every time costs a wait for it. This lets go of it once, until the answer is there.
"""

import struct
from collections.abc import Sequence
from typing import Final

from psycopg import OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from store.batches import Integers, Octets, Packed, Texts, Uuids
from store.database import Connection

_KINDS: Final[Sequence[type[Packed]]] = (
    *(Uuids, Integers),
    *(Uuids, Integers, Integers),
    *(Octets, Octets),
    *(Uuids, Integers, Texts, Texts),
    *(Integers, Uuids, Texts, Uuids),
    *(Octets, Octets, Octets, Uuids),
    *(Uuids, Uuids, Texts, Integers, Octets),
    *(Texts, Texts, Octets, Uuids),
)
"""Of the parameters of ``append_set``, line by line as it has them."""
_NAME: Final = b"append_set"
_MARKS: Final = ", ".join([f"${n}" for n in range(1, len(_KINDS) + 1)])
_STATEMENT: Final = f"SELECT before, recorded_us FROM append_set({_MARKS})".encode()
_BINARY: Final = [Format.BINARY] * len(_KINDS)
_NUMBER: Final = struct.Struct("!q")


def prepare(connection: Connection) -> None:
    """Let this connection take sets.

    Raises:
        psycopg.Error: as :func:`send` does.
    """
    pgconn = connection.pgconn
    _check(pgconn, pgconn.prepare(_NAME, _STATEMENT, [kind.ARRAY for kind in _KINDS]))


def send(connection: Connection, parameters: Sequence[Packed]) -> tuple[int, int] | None:
    """Store a set; gives the position before it and its time, or None if nothing was stored.

    Raises:
        psycopg.Error: whatever a cursor would raise; OperationalError if the connection was lost.
    """
    pgconn = connection.pgconn
    values = [one.data for one in parameters]
    result = pgconn.exec_prepared(_NAME, values, _BINARY, Format.BINARY)
    _check(pgconn, result)
    if not result.ntuples:
        return None
    before, recorded_us = (_NUMBER.unpack(result.get_value(0, n) or b"")[0] for n in (0, 1))
    return before, recorded_us


def _check(pgconn: PGconn, result: PGresult) -> None:
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return
    error = error_from_result(result)
    if error.sqlstate is None and pgconn.status != ConnStatus.OK:
        # The server did not say why, so libpq's own words have no class.
        raise OperationalError(str(error))
    raise error
