"""Rows as the database sends them: binary COPY, taken apart here and not by a general loader.

A row is the number of its fields (2 bytes), and for each its length (4 bytes, -1 for NULL) and its
bytes; numbers are big endian. So two rows are the same if their bytes are.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from psycopg import Error, OperationalError
from psycopg.errors import error_from_result

from store.database import Connection

_PREAMBLE: Final = 19
"""Bytes in front of the first row: a signature of 11, flags, and the length of an extension."""
_TRAILER: Final = b"\xff\xff"
_FIELDS: Final = 2
_LENGTH: Final = 4


def raw_rows(connection: Connection, query: str) -> Iterator[bytes]:
    """The rows of a query as they come, without holding them all. Values stand in the query: COPY
    takes no parameters.
    """
    take = connection.pgconn.get_copy_data
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode()) as copy,
    ):
        skip = _PREAMBLE
        for block in copy:  # which waits for the database
            row, skip = bytes(block[skip:]), 0
            # What has come is taken at once: to ask psycopg for each row takes five times as long.
            while row != _TRAILER:
                yield row
                size, data = take(1)
                if size < 0:
                    raise _failure(connection)
                if not size:
                    break
                row = bytes(data)


def _failure(connection: Connection) -> Error:
    """What ended a COPY before its end."""
    result = connection.pgconn.get_result()
    while connection.pgconn.get_result():  # until the connection is ready again
        pass
    return error_from_result(result) if result else OperationalError("a COPY ended unexpectedly")


def fields(row: bytes, at: int = _FIELDS) -> list[bytes]:
    """The fields from a place of the row on; NULL is empty."""
    found, end = [], len(row)
    while at < end:
        length = int.from_bytes(row[at : at + _LENGTH], signed=True)
        at += _LENGTH
        if length < 0:
            found.append(b"")
        else:
            found.append(row[at : at + length])
            at += length
    return found


def digest_of(connection: Connection, query: str) -> bytes:
    """SHA-256 over the rows of a query."""
    digest = hashlib.sha256()
    for row in raw_rows(connection, query):
        digest.update(row)
    return digest.digest()
