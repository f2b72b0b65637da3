"""The server as a process: under pressure, beside others, and when it is told to stop."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.services import Services
from api.tenancy import Options
from store.database import Database
from store.tenants import Tenant
from tests.api.conftest import Api, run_server

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from api.server import serve
from store.database import open_database
database = open_database()
serve("127.0.0.1", int(sys.argv[1]), database, on_ready=lambda: print("ready", flush=True))
"""


@pytest.fixture
def narrow(database: Database, tenant: Tenant) -> Iterator[Api]:
    """A server that takes on no more than three commands at once."""
    running = run_server(database, Options(max_waiting=3))
    services = Services.open(database, tenant.name)
    api = Api(running.url, services)
    yield api
    api.close()
    services.close()
    running.stop()


def test_who_comes_when_the_queue_is_full_is_told_to_come_back(narrow: Api) -> None:
    def register(number: int) -> tuple[int, Any]:
        body = {"name": f"number {number}", "kind": "person"}
        answer = narrow.sales.post("/v1/customers", json=body)
        if answer.status_code == 503:
            narrow.refused(answer, 503, "busy", "Try again in a second")
            assert int(answer.headers["Retry-After"]) > 0
        return answer.status_code, answer.json()

    narrow.customer()
    with ThreadPoolExecutor(60) as crowd:
        outcomes = [*crowd.map(register, range(300))]
    statuses = Counter(status for status, _ in outcomes)
    assert statuses.keys() == {201, 503}
    stored = {str(one.stream): one.position for one in narrow.services.log.read(0, 1000)}
    for status, receipt in outcomes:
        if status == 201:
            assert stored[receipt["stream"]] == receipt["position"]
    registered = [one for one in narrow.services.log.read(0, 1000) if one.version == 1]
    assert len(registered) == 2 + statuses[201]


def test_reads_and_feeds_go_on_when_another_process_keeps_the_read_models(
    database: Database, tenant: Tenant
) -> None:
    running = run_server(database, Options(run_projections=False))
    services = Services.open(database, tenant.name)
    services.start_runner()
    api = Api(running.url, services)
    try:
        receipt = api.customer("elsewhere")
        assert api.get(f"/v1/customers/{receipt['stream']}", receipt)["name"] == "elsewhere"
        page = api.get(f"/v1/events?after={receipt['position']}&wait=1")
        assert page["is_at_head"]
    finally:
        api.close()
        services.close()
        running.stop()


def test_read_models_that_nobody_keeps_are_not_waited_for_for_ever(
    database: Database, tenant: Tenant
) -> None:
    running = run_server(database, Options(run_projections=False))
    services = Services.open(database, tenant.name)
    api = Api(running.url, services)
    try:
        receipt = api.customer()
        headers = {"Kept-Min-Position": str(receipt["position"])}
        began = time.monotonic()
        answer = api.sales.get("/v1/customers", headers=headers)
        problem = api.refused(answer, 503, "behind", "Try again in a second")
        assert time.monotonic() - began < 10
        assert answer.headers["Retry-After"] == "1"
        assert problem["position"] < receipt["position"]
    finally:
        api.close()
        services.close()
        running.stop()


def test_what_another_process_writes_comes_through_the_feed(api: Api) -> None:
    from commands.customers import RegisterCustomer  # noqa: PLC0415

    head = api.customer()["position"]
    with ThreadPoolExecutor(1) as one:
        waiting = one.submit(api.get, f"/v1/events?after={head}&wait=20")
        time.sleep(0.3)
        elsewhere = api.services.issue(RegisterCustomer(name="x", kind="person"))  # type: ignore[arg-type]
        assert waiting.result()["data"][0]["position"] == elsewhere.position


@pytest.fixture
def process(database: Database) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``kept serve`` in a process of its own, on the same database."""
    import socket  # noqa: PLC0415

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    started = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    yield started, f"http://127.0.0.1:{port}"
    started.kill()
    started.communicate()


@pytest.mark.faults
def test_a_server_that_is_told_to_stop_finishes_and_lets_everybody_go(
    process: tuple[subprocess.Popen[str], str], services: Services
) -> None:
    server, url = process
    api = Api(url, services)
    api.customer()
    ended = threading.Event()
    receipts: list[dict[str, Any]] = []

    def listen() -> None:
        headers = {"Accept": "text/event-stream"}
        with api.sales.stream("GET", "/v1/events", headers=headers) as stream:
            for _ in stream.iter_lines():
                pass
        ended.set()

    def poll() -> None:
        api.sales.get("/v1/events?after=999999&wait=30")

    def write() -> None:
        while True:
            try:
                receipts.append(api.customer())
            except httpx2.TransportError:
                return

    crowd = [threading.Thread(target=work) for work in (listen, poll, write, write)]
    for one in crowd:
        one.start()
    time.sleep(1)
    server.send_signal(signal.SIGTERM)
    began = time.monotonic()
    _, said = server.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert server.returncode == -signal.SIGTERM
    for one in crowd:
        one.join(30)
    assert ended.is_set()
    assert "Traceback" not in said
    stored = {one.position for one in services.log.read(0, 100_000)}
    assert receipts
    assert {receipt["position"] for receipt in receipts} <= stored
    api.close()
