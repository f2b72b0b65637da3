"""Batches on their way to the database: one prepared statement, by libpq itself.

A cursor would look at each of the many parameters anew and let go of the interpreter several times,
and under load every time costs a wait for it. This lets go of it once, until the answer is there.
"""

import struct
from collections.abc import Sequence
from typing import Final

from psycopg import OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from store.batches import Integers, Octets, Texts, Uuids
from store.database import Connection

BOOLEAN: Final = 16
"""The type's number in PostgreSQL."""
TRUE: Final = b"\x01"
FALSE: Final = b"\x00"
_NUMBER: Final = struct.Struct("!q")


class Prepared:
    """A statement of parameters in binary, whose answer is rows of big integers."""

    def __init__(self, name: str, query: str, types: Sequence[int]) -> None:
        self._name, self._query, self._types = name.encode(), query, types
        self._binary = [Format.BINARY] * len(types)

    def prepare(self, connection: Connection) -> None:
        """Let this connection take it.

        Raises:
            psycopg.Error: as :meth:`execute` does.
        """
        marks = ", ".join(f"${n}" for n in range(1, len(self._types) + 1))
        query = self._query.format(marks).encode()
        _check(connection.pgconn, connection.pgconn.prepare(self._name, query, self._types))

    def execute(self, connection: Connection, values: Sequence[bytes]) -> list[tuple[int, ...]]:
        """Carry it out; gives the rows of its answer.

        Raises:
            psycopg.Error: whatever a cursor would raise; OperationalError if the connection was
                lost.
        """
        pgconn = connection.pgconn
        result = pgconn.exec_prepared(self._name, values, self._binary, Format.BINARY)
        _check(pgconn, result)
        columns = range(result.nfields)
        return [
            tuple(_NUMBER.unpack(result.get_value(row, column) or b"")[0] for column in columns)
            for row in range(result.ntuples)
        ]


APPEND_SET: Final = Prepared(
    "append_set",
    "SELECT before, recorded_us FROM append_set({})",
    [
        kind.ARRAY
        for kind in (
            *(Uuids, Integers),
            *(Uuids, Integers, Integers),
            *(Octets, Octets),
            *(Uuids, Integers, Texts, Texts),
            *(Integers, Uuids, Texts, Uuids),
            *(Octets, Octets, Octets, Uuids),
            *(Uuids, Uuids, Texts, Integers, Octets),
            *(Texts, Texts, Octets, Uuids),
        )
    ],
)
"""Its parameters line by line as ``append_set`` has them."""


def _check(pgconn: PGconn, result: PGresult) -> None:
    if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        return
    error = error_from_result(result)
    if error.sqlstate is None and pgconn.status != ConnStatus.OK:
        # The server did not say why, so libpq's own words have no class.
        raise OperationalError(str(error))
    raise error
