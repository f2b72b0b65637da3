"""The API as clients meet it: one real server for the run, and a fresh tenant for each test."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from queue import Queue
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from api.app import Kept, create_app
from api.server import Server, configuration
from api.services import Services, create_tenant
from api.tenancy import Options
from store.api_keys import Role
from store.database import Database
from store.tenants import Tenant

_numbers = count(1)


@dataclass
class Running:
    """A server in a thread of this process."""

    url: str
    app: Kept
    server: Server
    thread: threading.Thread
    loop: asyncio.AbstractEventLoop

    def shut(self, tenant: str) -> None:
        """Give back the connections of a tenant that no test uses any more."""
        shutting = self.app.state.tenancy.shut(tenant)
        asyncio.run_coroutine_threadsafe(shutting, self.loop).result(30)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()


def run_server(database: Database, options: Options | None = None) -> Running:
    """Serve on a free port, ready when this returns."""
    app = create_app(database, options)
    ready: Queue[asyncio.AbstractEventLoop] = Queue()
    server = Server(
        configuration(app, "127.0.0.1", 0), app, lambda: ready.put(asyncio.get_running_loop())
    )
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    loop = ready.get(timeout=60)
    port = server.servers[0].sockets[0].getsockname()[1]
    return Running(f"http://127.0.0.1:{port}", app, server, thread, loop)


@pytest.fixture(scope="session")
def running(database: Database) -> Iterator[Running]:
    """One server for all tests; each test has a tenant of its own."""
    server = run_server(database)
    yield server
    server.stop()


class Api:
    """One tenant over HTTP, with a client for each role."""

    def __init__(self, url: str, services: Services) -> None:
        self.url, self.services = url, services
        self.clients: dict[str, httpx2.Client] = {}
        self.users: dict[str, UUID] = {}
        self._lock = threading.Lock()

    def key(self, role: Role, user: UUID | None = None) -> str:
        """A new key."""
        self.users[role] = user or uuid4()
        return self.services.api_keys.create(self.users[role], role)

    def client(self, role: Role) -> httpx2.Client:
        """The client that speaks with a key of this role."""
        with self._lock:
            if role not in self.clients:
                self.clients[role] = httpx2.Client(
                    base_url=self.url,
                    headers={"Authorization": f"Bearer {self.key(role)}"},
                    timeout=60,
                    limits=httpx2.Limits(max_connections=200),
                )
            return self.clients[role]

    @property
    def admin(self) -> httpx2.Client:
        return self.client("admin")

    @property
    def sales(self) -> httpx2.Client:
        return self.client("sales")

    @property
    def analyst(self) -> httpx2.Client:
        return self.client("analyst")

    def customer(self, name: str = "星河科技", **fields: Any) -> dict[str, Any]:
        """Register a customer; gives the receipt."""
        body = {"name": name, "kind": "organisation", **fields}
        answer = self.sales.post("/v1/customers", json=body)
        assert answer.status_code == 201, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    @staticmethod
    def id_of(receipt: dict[str, Any]) -> UUID:
        return UUID(receipt["stream"])

    def get(
        self, path: str, receipt: dict[str, Any] | None = None, role: Role = "sales"
    ) -> dict[str, Any]:
        """What is there, once the read models have seen what this receipt is of."""
        headers = {} if receipt is None else {"Kept-Min-Position": str(receipt["position"])}
        answer = self.client(role).get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    @staticmethod
    def refused(
        answer: httpx2.Response, status: int, kind: str, part: str, field: str | None = None
    ) -> dict[str, Any]:
        """The problem, checked to be one that says so."""
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
        problem: dict[str, Any] = answer.json()
        assert problem["type"] == f"urn:kept:problem:{kind}"
        assert problem["status"] == status
        assert part in problem["detail"]
        assert problem["title"]
        if field is not None:
            assert field in [one["field"] for one in problem["errors"]]
        return problem

    def close(self) -> None:
        for client in self.clients.values():
            client.close()


@pytest.fixture
def api(running: Running, database: Database, tenant: Tenant) -> Iterator[Api]:
    """A fresh tenant over HTTP."""
    yield from _opened(running, database, tenant.name)


@pytest.fixture(scope="module")
def shared(running: Running, database: Database) -> Iterator[Api]:
    """One tenant for all tests of a module, which do not mind what others leave in it."""
    name = f"shared_{next(_numbers)}"
    create_tenant(database, name, "Asia/Shanghai")
    yield from _opened(running, database, name)


def _opened(running: Running, database: Database, tenant: str) -> Iterator[Api]:
    services = Services.open(database, tenant)
    opened = Api(running.url, services)
    yield opened
    opened.close()
    services.close()
    running.shut(tenant)
