"""Connections to PostgreSQL, one database role for each kind of work.

``owner`` migrates and nothing else; ``writer`` appends and reads the log; ``projector`` keeps the
read models; ``eraser`` destroys personal data and keys; ``reader`` is for people's SQL on the read
models' views.
"""

import hashlib
import hmac
import os
import select
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier
from psycopg.sql import Literal as SqlLiteral
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool

from store import embedded

set_json_loads(orjson.loads)  # 3 × faster than the standard library's, for read models' JSON

Role = Literal["owner", "writer", "projector", "eraser", "reader"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
Connection = psycopg.Connection[tuple[Any, ...]]

OUT_OF_REACH: Final = (psycopg.OperationalError, psycopg.InterfaceError)
"""What a read raises while the database cannot be reached; the doors answer that it should be tried
again.
"""
LockTimeout = psycopg.errors.LockNotAvailable
"""Others kept a lock for longer than one was ready to wait."""
_patience = threading.local()


class WouldWait(Exception):
    """The database would have to be asked, and this thread must not wait for it."""


class without_waiting:
    """In here this thread gets no connection: what is not in memory raises :class:`WouldWait`."""

    def __enter__(self) -> None:
        _patience.has_none = True

    def __exit__(self, *_: object) -> None:
        _patience.has_none = False


PATIENCE: Final = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "50000",
}
"""With a server that is cut off; the system's own would keep commits waiting for a quarter of an
hour. What a URL says about it goes before.
"""
POOL_SIZE: Final = 8
"""Connections of one role in one process; commits go over one of their own."""


def home() -> Path:
    """The directory of the embedded database and of the keys: ``KEPT_HOME``, or ``.kept`` here."""
    return Path(os.environ.get("KEPT_HOME") or ".kept").resolve()


@dataclass
class Database:
    """How to reach each role. Made by :func:`open_database`; give back with :meth:`close`."""

    urls: Mapping[Role, str] = field(repr=False)
    warnings: tuple[str, ...] = ()
    revive: Callable[[], object] | None = None
    """Starts a server again that is ours and has ended, such as the embedded one."""
    _pools: dict[tuple[Role, str], ConnectionPool[Connection]] = field(
        default_factory=dict, repr=False
    )
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def connect(self, role: Role, schema: str = "public", **options: Any) -> Connection:
        """A connection of its own, in autocommit."""
        _check_patience()
        conninfo = self._conninfo(role, schema)
        try:
            return psycopg.connect(conninfo, autocommit=True, **options)
        except psycopg.OperationalError:
            if self.revive is None:
                raise
            self.revive()
            return psycopg.connect(conninfo, autocommit=True, **options)

    async def connect_async(
        self, role: Role, schema: str = "public"
    ) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """The same, for the doors' event loop."""
        return await psycopg.AsyncConnection.connect(self._conninfo(role, schema), autocommit=True)

    @contextmanager
    def borrow(self, role: Role, schema: str) -> Iterator[Connection]:
        """A pooled connection in autocommit."""
        _check_patience()
        pool = self._pools.get((role, schema)) or self._pool(role, schema)
        with pool.connection() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        while self._pools:
            self._pools.popitem()[1].close()

    def _pool(self, role: Role, schema: str) -> ConnectionPool[Connection]:
        with self._opening:  # of two threads, one makes it
            pool = self._pools.get((role, schema))
            if pool is None:
                pool = self._pools[(role, schema)] = ConnectionPool(
                    self._conninfo(role, schema),
                    min_size=0,
                    max_size=POOL_SIZE,
                    kwargs={"autocommit": True},
                    check=_must_be_alive,
                    open=True,
                )
            return pool

    def _conninfo(self, role: Role, schema: str) -> str:
        options = f"-c search_path={schema} -c application_name=kept-{role}"
        if conninfo_to_dict(self.urls[role]).get("user") != login(role):
            options += f" -c role={login(role)}"
        return make_conninfo(
            "", **{**PATIENCE, **conninfo_to_dict(self.urls[role])}, options=options
        )


def _must_be_alive(connection: Connection) -> None:
    """A server has nothing to say to an idle connection, unless it takes leave."""
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    if readable.poll(0):
        connection.execute("")  # raises if that was it, and the pool takes another one


def _check_patience() -> None:
    if getattr(_patience, "has_none", False):
        raise WouldWait


def place_of(url: str) -> str:
    """Where a database is, without whom it lets in: ``localhost:5432/kept``."""
    given = conninfo_to_dict(url)
    host, port = given.get("host") or "localhost", given.get("port") or 5432
    return f"{host}:{port}/{given.get('dbname') or ''}"


def login(role: Role) -> str:
    """The role's name in the cluster."""
    return f"kept_{role}"


def open_database(directory: Path | None = None) -> Database:
    """The database of ``KEPT_DATABASE_URL`` (and ``KEPT_WRITER_URL`` …), or else the embedded one.

    Raises:
        EmbeddedError: the embedded database cannot run here.
        psycopg.OperationalError: the server does not answer.
    """
    url = os.environ.get("KEPT_DATABASE_URL")
    if not url:
        place = directory or home()
        database = _embedded(embedded.start(place))
        database.revive = lambda: embedded.start(place)
        return database
    _create_roles(url, passwords={})
    urls: dict[Role, str] = {
        role: os.environ.get(f"KEPT_{role.upper()}_URL", url) for role in ROLES
    }
    shared = [role for role in ROLES if role != "owner" and urls[role] == url]
    warnings = (
        (
            f"One URL serves the roles {', '.join(shared)}: whoever holds it can step out of its "
            f"role and change the log. Set KEPT_{'_URL, KEPT_'.join(shared).upper()}_URL.",
        )
        if shared
        else ()
    )
    return Database(urls, warnings)


def _embedded(server: embedded.Server) -> Database:
    """Every role logs in by itself, with a password that follows from the server's own."""
    passwords: dict[Role, str] = {
        role: hmac.new(server.password.encode(), role.encode(), hashlib.sha256).hexdigest()
        for role in ROLES
    }
    _create_roles(server.url(), passwords)
    urls: dict[Role, str] = {
        role: make_conninfo(server.url(), user=login(role), password=passwords[role])
        for role in ROLES
    }
    database = Database(urls)
    try:
        database.connect("owner").close()
    except psycopg.OperationalError:  # a home that lost its password has got another
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for role in ROLES:
                _let_in(connection, login(role), passwords[role])
    return database


def _create_roles(url: str, passwords: Mapping[Role, str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        known = {
            row[0]
            for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^kept_'")
        }
        if not known >= {login(role) for role in ROLES}:
            with connection.transaction():
                # Two processes may set up one cluster at once.
                connection.execute("SELECT pg_advisory_xact_lock(hashtext('kept roles'))")
                for role in ROLES:
                    _create_role(connection, login(role), passwords.get(role))
        _let_owner_create(connection)


def _let_owner_create(connection: Connection) -> None:
    """Roles belong to the cluster, the right to make tenants to each database in it."""
    owner = login("owner")
    row = connection.execute(
        "SELECT has_database_privilege(%s, current_database(), 'CREATE')", [owner]
    ).fetchone()
    if row is not None and not row[0]:
        database = Identifier(connection.info.dbname)
        connection.execute(
            SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, Identifier(owner))
        )


def _let_in(connection: Connection, name: str, password: str) -> None:
    connection.execute(
        SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(Identifier(name), SqlLiteral(password))
    )


def _create_role(connection: Connection, name: str, password: str | None) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
        return
    role = Identifier(name)
    connection.execute(SQL("CREATE ROLE {}").format(role))
    connection.execute(SQL("GRANT {} TO CURRENT_USER").format(role))
    if password is not None:
        _let_in(connection, name, password)
    if name == login("projector"):
        # To see that no open snapshot is older than a rebuilt table; without it a swap waits less.
        with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute(SQL("GRANT pg_read_all_stats TO {}").format(role))
    if name == login("owner"):
        # To rewrite the statistics of the planner after an erasure, and to let go of dropped files.
        for right in ("pg_maintain", "pg_checkpoint"):
            with suppress(psycopg.errors.Error), connection.transaction():
                connection.execute(SQL("GRANT {} TO {}").format(Identifier(right), role))
    if name == login("reader"):
        connection.execute(SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role))
        connection.execute(SQL("ALTER ROLE {} SET statement_timeout = '60s'").format(role))
