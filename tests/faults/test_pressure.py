"""Many who wait, and more work than can be done: nobody is slowed down, and nothing is lost."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest

from api.services import Services
from api.tenancy import Options
from benchmarks import feed
from store import embedded
from store.database import Database, home
from store.tenants import Tenant
from tests.api.conftest import Api, run_server
from tests.faults.house import House, until

TOLERANCE = 3.0
"""On whatever machine the tests run, beside whatever runs there. The number itself, at most 1.2, is
measured by ``kept bench feed``."""
PAIRS = 5
MOST_WAITING = 40
CROWD = 120


@pytest.fixture
def house(tmp_path: Any) -> Iterator[House]:
    house = House(tmp_path / "home")
    yield house
    house.close()


def test_five_hundred_idle_feeds_leave_commands_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "SETTLE_SECONDS", 0.3)
    key = house.run("keys", "create", "--role", "admin")["key"]
    house.start_server()
    base = f"http://127.0.0.1:{house.port}"
    with httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {key}"}) as client:
        until(lambda: is_ready(client), "the server is ready")
        body = {"name": "Somebody", "kind": "person"}
        bystander, *records = (
            client.post("/v1/customers", json=body).json()["stream"]
            for _ in range(1 + feed.CLIENTS)
        )

        def stretch(feeds: int) -> float:
            return feed.percentile(
                feed.Stretch(house.port, key, tuple(records), bystander, feeds, 0.6)
            )

        stretch(feed.FEEDS)
        ratios = [stretch(feed.FEEDS) / stretch(0) for _ in range(PAIRS)]
        assert median(ratios) < TOLERANCE, ratios
        assert asyncio.run(woken(house.port, key, bystander, client)) == feed.FEEDS


def is_ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/health/ready").is_success
    except httpx2.TransportError:
        return False


async def woken(port: int, key: str, record: str, client: httpx2.Client) -> int:
    """How many of as many feeds that wait for a record's events are told of the next one."""
    path = f"/v1/customers/{record}"
    before = client.patch(path, json={"note": "before"}).json()["position"]

    async def one(number: int) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        kind = "text/event-stream" if number % 2 else "application/json"
        query = f"/v1/events?after={before}&wait=30&stream={record}"
        head = f"GET {query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\naccept: {kind}"
        writer.write(f"{head}\r\n\r\n".encode())
        there.release()
        seen = b""
        while b'"note":"woken"' not in seen:
            more = await reader.read(65_536)
            if not more:
                return False
            seen += more
        writer.close()
        return True

    there = asyncio.Semaphore(0)
    feeds = [asyncio.create_task(one(n)) for n in range(feed.FEEDS)]
    for _ in feeds:
        await there.acquire()
    await asyncio.to_thread(client.patch, path, json={"note": "woken"})
    async with asyncio.timeout(60):
        return sum(await asyncio.gather(*feeds))


@pytest.fixture
def narrow(database: Database, tenant: Tenant) -> Iterator[Api]:
    """A server with a short queue."""
    running = run_server(database, Options(max_waiting=MOST_WAITING))
    services = Services.open(database, tenant.name)
    api = Api(running.url, services)
    yield api
    api.close()
    services.close()
    running.stop()


def test_a_full_queue_is_told_at_once_and_nothing_is_lost(narrow: Api) -> None:
    """Nothing can be stored while the lock of the append is held, so that the queue fills up."""
    narrow.customer("first")
    keys = [str(uuid4()) for _ in range(CROWD)]

    def register(key: str) -> tuple[int, Any]:
        body = {"name": f"customer {key}", "kind": "person"}
        answer = narrow.sales.post("/v1/customers", json=body, headers={"Idempotency-Key": key})
        if answer.status_code == 503:
            narrow.refused(answer, 503, "busy", "Try again in a second")
            assert int(answer.headers["Retry-After"]) > 0
        return answer.status_code, answer.json()

    options = f"-c search_path={narrow.services.tenant.schema}"
    url = embedded.start(home()).url()
    with ThreadPoolExecutor(CROWD) as crowd, psycopg.connect(url, options=options) as superuser:
        superuser.execute("LOCK TABLE append_lock IN EXCLUSIVE MODE")
        asked = [crowd.submit(register, key) for key in keys]
        refused = CROWD - MOST_WAITING
        until(lambda: sum(one.done() for one in asked) == refused, "the others are turned away")
        assert {one.result()[0] for one in asked if one.done()} == {503}
        superuser.rollback()
        outcomes = [one.result() for one in asked]
        assert Counter(status for status, _ in outcomes) == {201: MOST_WAITING, 503: refused}
    again = [register(key) for key in keys]
    assert {status for status, _ in again} == {201}
    for before, after in zip(outcomes, again, strict=True):
        assert before[0] == 503 or before[1] == after[1]
    stored = [one for one in narrow.services.log.read(0, 1_000) if one.type == "CustomerRegistered"]
    assert len(stored) == 1 + CROWD
    positions = {str(one.stream): one.position for one in stored}
    assert all(positions[answer["stream"]] == answer["position"] for _, answer in again)
