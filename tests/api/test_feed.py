"""The feed: every event once and in order, however one asks, and whoever writes meanwhile."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.api.conftest import Api

SSE = {"Accept": "text/event-stream"}
WRITERS = 8
EACH = 25


def positions(events: list[dict[str, Any]]) -> list[int]:
    return [one["position"] for one in events]


def streamed(client: httpx2.Client, path: str, **headers: str) -> Iterator[tuple[str, Any]]:
    """Id and data of each message; comments and ids alone have no data."""
    with client.stream("GET", path, headers=SSE | headers) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Cache-Control"] == "no-store"
        fields: dict[str, str] = {}
        for line in stream.iter_lines():
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
            else:
                yield fields.get("id", ""), json.loads(fields["data"]) if "data" in fields else None
                fields = {}


def test_a_page_goes_on_after_a_position(api: Api) -> None:
    receipts = [api.customer(f"number {n}") for n in range(5)]
    seen: list[int] = []
    after, is_at_head = 0, False
    while not is_at_head:
        page = api.get(f"/v1/events?after={after}&limit=2")
        seen += positions(page["data"])
        after, is_at_head = page["next_after"], page["is_at_head"]
    assert seen == [*range(1, receipts[-1]["position"] + 1)]
    page = api.get(f"/v1/events?after={after}")
    assert (page["data"], page["next_after"]) == ([], after)


def test_an_event_says_all_about_itself(api: Api) -> None:
    receipt = api.customer("星河", level="A")
    event = api.get(f"/v1/events/{receipt['position']}")
    assert event["type"] == "CustomerRegistered"
    assert event["data"] == {"name": "星河", "kind": "organisation", "level": "A"}
    assert (event["stream"], event["version"]) == (receipt["stream"], 1)
    assert (event["aggregate"], event["number"][:2]) == ("customers", "C-")
    assert event["actor"] == str(api.users["sales"])
    assert event["source"]["kind"] == "api"
    assert event == api.get(f"/v1/events?after={receipt['position'] - 1}")["data"][0]
    api.refused(api.sales.get("/v1/events/999999"), 404, "not-found", "no event")
    api.refused(api.sales.get("/v1/events/x"), 422, "validation", "position")


def test_a_feed_is_filtered(api: Api) -> None:
    one, other = api.customer("one"), api.customer("other")
    last = api.admin.post(f"/v1/customers/{one['stream']}/archive").json()

    def of(query: str) -> list[int]:
        page = api.get(f"/v1/events?{query}")
        assert page["next_after"] == last["position"]
        return positions(page["data"])

    assert of(f"stream={one['stream']}") == [one["position"], last["position"]]
    assert of(f"stream={one['stream']}&type=CustomerArchived") == [last["position"]]
    assert of("type=CustomerRegistered") == [one["position"], other["position"]]
    assert of(f"actor={api.users['admin']}") == [last["position"]]
    assert of("aggregate=pipelines") == [1]
    assert of("source=api") == [one["position"], other["position"], last["position"]]
    assert of("source=import") == []
    assert of(f"actor={uuid4()}") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=-1", "after"),
        ("after=x", "after"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("wait=31", "wait"),
        ("stream=7", "stream"),
        ("source=dragon", "source"),
        ("type=%00", "type"),
    ],
)
def test_parameters_have_a_form(shared: Api, query: str, field: str) -> None:
    shared.refused(shared.sales.get(f"/v1/events?{query}"), 422, "validation", field, field)


def test_a_long_poll_ends_with_the_first_event(api: Api) -> None:
    head = api.customer()["position"]
    with ThreadPoolExecutor(3) as crowd:
        began = time.monotonic()
        any_event = crowd.submit(api.get, f"/v1/events?after={head}&wait=30")
        changes = crowd.submit(api.get, f"/v1/events?after={head}&wait=30&type=CustomerChanged")
        nothing = crowd.submit(api.get, f"/v1/events?after={head}&wait=1&type=TicketOpened")
        time.sleep(0.5)
        registered = api.customer()
        assert positions(any_event.result()["data"]) == [registered["position"]]
        assert not changes.done()
        path = f"/v1/customers/{registered['stream']}"
        changed = api.sales.patch(path, json={"level": "A"}).json()
        found = changes.result()
        assert positions(found["data"]) == [changed["position"]]
        assert time.monotonic() - began < 15
        late = nothing.result()
        assert (late["data"], late["is_at_head"]) == ([], True)
        assert late["next_after"] >= registered["position"]


def test_a_long_poll_reads_its_own_write(api: Api) -> None:
    after = api.customer()["position"]
    for _ in range(20):
        receipt = api.customer()
        page = api.get(f"/v1/events?after={after}&wait=10")
        assert positions(page["data"]) == [receipt["position"]]
        after = page["next_after"]


def test_a_stream_sends_what_was_and_what_comes(api: Api) -> None:
    was = api.customer()["position"]
    messages = streamed(api.sales, "/v1/events")
    assert next(messages) == ("0", None)
    assert [next(messages)[0] for _ in range(was)] == [str(one) for one in range(1, was + 1)]
    for _ in range(3):
        receipt = api.customer()
        identifier, event = next(messages)
        assert int(identifier) == event["position"] == receipt["position"]


def test_a_stream_goes_on_where_it_was_left(api: Api) -> None:
    receipts = [api.customer() for _ in range(3)]
    last_seen = {"Last-Event-ID": str(receipts[0]["position"])}
    messages = streamed(api.sales, "/v1/events?after=0", **last_seen)
    assert next(messages) == (str(receipts[0]["position"]), None)
    assert [next(messages)[1]["position"] for _ in range(2)] == positions(receipts[1:])


@pytest.mark.parametrize("how", ["cursor", "poll", "stream"])
def test_nothing_is_missed_while_many_write(api: Api, how: str) -> None:
    start = api.customer()["position"]
    wanted = WRITERS * EACH
    seen: list[int] = []

    def follow() -> None:
        if how == "stream":
            for _, event in streamed(api.sales, f"/v1/events?after={start}&aggregate=customers"):
                seen.extend([] if event is None else [event["position"]])
                if len(seen) >= wanted:
                    return
        after = start
        while len(seen) < wanted:
            wait = 5 if how == "poll" else 0
            page = api.get(f"/v1/events?after={after}&aggregate=customers&wait={wait}&limit=7")
            seen.extend(positions(page["data"]))
            after = page["next_after"]

    def write(writer: int) -> list[int]:
        return [api.customer(f"{writer} {n}")["position"] for n in range(EACH)]

    follower = threading.Thread(target=follow)
    follower.start()
    with ThreadPoolExecutor(WRITERS) as crowd:
        written = sorted(position for some in crowd.map(write, range(WRITERS)) for position in some)
    follower.join(60)
    assert seen == written


def test_who_reads_slowly_misses_nothing(api: Api) -> None:
    """Many events come while somebody waits and somebody is slow."""
    start = api.customer()["position"]
    waiting = threading.Thread(
        target=api.get, args=[f"/v1/events?after={start}&wait=30&type=TicketOpened"]
    )
    waiting.start()
    slow = streamed(api.sales, f"/v1/events?after={start}")
    next(slow)
    many = [{"key": f"f{n}", "label": "x", "type": "text"} for n in range(100)]
    for body in many:
        api.admin.post("/v1/custom-fields/customers", json=body)
    got = [next(slow)[1]["position"] for _ in many]
    assert got == [*range(start + 1, start + 1 + len(many))]
    api.sales.post("/v1/tickets", json={"subject": "x", "priority": "high"})
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_slow_reader_keeps_nobody_waiting(api: Api) -> None:
    """Somebody who opens a stream and never reads it holds up neither writers nor other readers."""
    start = api.customer()["position"]
    with api.sales.stream("GET", "/v1/events", headers=SSE) as asleep:
        assert asleep.status_code == 200
        for n in range(30):
            api.customer(f"number {n}", note="x" * 50_000)
        assert len(api.get(f"/v1/events?after={start}&limit=1000")["data"]) == 30
        assert api.get(f"/v1/events?after={start}&wait=5")["data"]
