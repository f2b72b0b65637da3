"""The limits that PostgreSQL itself sets: plain rows of the same size, on plain connections."""

from collections.abc import Callable, Iterable

from benchmarks.server import peer_connection


class RawRows:
    """As many connections as threads in autocommit, each inserting one plain row at a time."""

    def __init__(self, table: str, workers: int, size: int, rows: int = 0) -> None:
        """``rows`` is how many there are already."""
        self._connections = [peer_connection() for _ in range(workers)]
        first = self._connections[0]
        first.execute(
            f"CREATE TABLE {table} (id bigserial PRIMARY KEY, body text NOT NULL)".encode()
        )
        first.execute(
            f"INSERT INTO {table} (body) SELECT %s FROM generate_series(1, %s)".encode(),
            ["x" * size, rows],
        )
        first.execute(f"ANALYZE {table}".encode())
        self._insert = f"INSERT INTO {table} (body) VALUES (%s)".encode()
        self._body = "x" * size

    def work(self, worker: int, may_go_on: Callable[[], bool]) -> int:
        """Insert rows as long as it may; gives how many."""
        connection, done = self._connections[worker], 0
        while may_go_on():
            connection.execute(self._insert, [self._body])
            done += 1
        return done

    def close(self) -> None:
        """Give the connections back."""
        for connection in self._connections:
            connection.close()


class RawReads:
    """A plain copy of a read model's table, with the key and the one index that the reads use."""

    def __init__(self, table: str, like: str, columns: Iterable[str], sort: str) -> None:
        self._connection = peer_connection()
        listed = ", ".join(columns)
        for statement in (
            f"CREATE TABLE {table} AS SELECT {listed} FROM {like}",
            f"ALTER TABLE {table} ADD PRIMARY KEY (id)",
            f"CREATE INDEX ON {table} ({sort}, id)",
            f"ANALYZE {table}",
        ):
            self._connection.execute(statement.encode())
        self._one = f"SELECT * FROM {table} WHERE id = %s".encode()
        self._page = f"SELECT * FROM {table} ORDER BY {sort} DESC, id DESC LIMIT %s".encode()

    def one(self, record: object) -> object:
        """The row of one record."""
        return self._connection.execute(self._one, [record], prepare=True, binary=True).fetchone()

    def page(self, limit: int) -> object:
        """The first page of the list."""
        return self._connection.execute(self._page, [limit], prepare=True, binary=True).fetchall()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
