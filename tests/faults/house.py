"""A home of its own with ``kept serve`` in it, and clients who write down every receipt."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg

from store import embedded

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = "from api.cli import main; main()"
PATIENCE: Final = 60.0
"""Seconds for which something that has to come by itself is waited for."""


def until(is_so: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for what other processes do; nothing tells when they have done it."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.01)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class House:
    """A ``KEPT_HOME``, its processes and its database."""

    home: Path
    port: int = field(default_factory=free_port)
    server: "subprocess.Popen[bytes] | None" = None

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("KEPT_")}
        return {**own, "KEPT_HOME": str(self.home), "PYTHONPATH": str(ROOT)}

    @property
    def said(self) -> Path:
        """What the servers wrote on standard output and error, one after another."""
        return self.home / "said.log"

    def run(self, *arguments: str) -> Any:
        """A command of the command line that reports as JSON."""
        done = subprocess.run(
            [sys.executable, "-c", KEPT, *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start_server(self) -> None:
        """``kept serve``, without waiting until it answers."""
        with self.said.open("ab") as said:
            self.server = subprocess.Popen(
                [sys.executable, "-c", KEPT, "serve", "--port", str(self.port)],
                env=self.environment,
                stdout=said,
                stderr=said,
            )

    def kill_server(self) -> None:
        """``kill -9``, and start it again at once."""
        assert self.server is not None
        self.server.kill()
        self.server.wait()
        self.start_server()

    def kill_postmaster(self) -> None:
        """``kill -9`` of PostgreSQL. Whoever uses it has to cope."""
        pid = embedded.status(self.home)["pid"]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End the server and the database."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait(PATIENCE)
        embedded.stop(self.home)

    def connect(self, schema: str = "kept_default") -> "psycopg.Connection[tuple[Any, ...]]":
        """As the superuser, who sees everything."""
        url = embedded.start(self.home).url()
        return psycopg.connect(url, autocommit=True, options=f"-c search_path={schema}")


@dataclass(frozen=True)
class Acknowledged:
    """A command that was answered with a receipt."""

    key: str
    kind: str
    stream: UUID
    version: int
    position: int
    leaf_hash: str


class Client:
    """Registers customers and changes them, and sends each command again under its key until it is
    answered. Says when an answer was neither a receipt nor a request to come back later."""

    def __init__(self, port: int, api_key: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._connection: HTTPConnection | None = None
        self._stopping = threading.Event()
        self.acknowledged: list[Acknowledged] = []
        self.retries = 0
        self.surprises: list[str] = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def stop(self) -> None:
        """Let what is on its way be answered, then stop."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        turn = 0
        customer: UUID | None = None
        while not self._stopping.is_set() and not self.surprises:
            turn += 1
            if customer is None or turn % 3 == 0:
                body = {"name": f"Customer {uuid4()}", "kind": "organisation"}
                customer = self._issue("POST", "/v1/customers", body, "CustomerRegistered")
            else:
                path, body = f"/v1/customers/{customer}", {"note": f"note {uuid4()}"}
                self._issue("PATCH", path, body, "CustomerChanged")
        self._hang_up()

    def _issue(self, method: str, path: str, body: dict[str, Any], kind: str) -> UUID | None:
        key = str(uuid4())
        while True:
            try:
                status, answer = self._send(method, path, body, key)
            except (OSError, HTTPException):
                self._hang_up()
                status, answer = 503, b""
            if status in (200, 201):
                receipt = json.loads(answer)
                stream = UUID(receipt["stream"])
                numbers = receipt["version"], receipt["position"], receipt["leaf_hash"]
                self.acknowledged.append(Acknowledged(key, kind, stream, *numbers))
                return stream
            if status != 503:
                self.surprises.append(f"{method} {path}: {status} {answer.decode()}")
                return None
            self.retries += 1
            time.sleep(0.02)

    def _send(self, method: str, path: str, body: dict[str, Any], key: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        headers = {**self._headers, "Idempotency-Key": key}
        self._connection.request(method, path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
