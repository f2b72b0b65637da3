"""A TCP proxy before PostgreSQL that loses connections at a chosen step."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from store.database import Connection, Database, Role

Step = Literal["request", "answer", "client"]


class _Behind(Database):
    """Commits go through the proxy; reads, which take their connections from the pool, do not."""

    behind: Database

    def connect(self, role: Role, schema: str = "public", **options: Any) -> Connection:
        return self.behind.connect(role, schema, **options)


class Proxy:
    """``lose_next`` cuts the connection once: before the next request arrives (``request``), after
    it was answered and before the answer is delivered (``answer``), or on the client's side only,
    so that the server goes on with the request (``client``).
    """

    def __init__(self, database: Database) -> None:
        target = conninfo_to_dict(database.urls["writer"])
        self._target = (str(target["host"]), int(target["port"] or 0))
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, port = self._listener.getsockname()
        behind = make_conninfo(database.urls["writer"], host=host, port=port)
        self.database = _Behind(database.urls)
        self.database.behind = Database({**database.urls, "writer": behind})
        self.lost = 0
        self._step: Step | None = None
        self._skip = 0
        self._before_close: Callable[[], None] = lambda: None
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()
        self.refuse()

    def lose_next(
        self, step: Step, before_close: Callable[[], None] = lambda: None, skip: int = 0
    ) -> None:
        """Cut at this step, after ``before_close`` has returned; let it pass ``skip`` times."""
        self._before_close, self._step, self._skip = before_close, step, skip

    def refuse(self) -> None:
        """From now on there is no server here, and whoever is connected is cut off."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            _close(one)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                for pump in (self._requests, self._answers):
                    thread = threading.Thread(target=pump, args=(client, server), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                if self._takes("request"):
                    break
                server.sendall(data)
                if self._takes("client"):
                    _close(client)
                    return
        _close(client, server)

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if self._takes("answer"):
                    break
                client.sendall(data)
        _close(client, server)

    def _takes(self, step: Step) -> bool:
        if self._step != step:
            return False
        if self._skip:
            self._skip -= 1
            return False
        self._step = None
        self._before_close()
        self.lost += 1
        return True


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
