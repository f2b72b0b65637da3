"""The event log as a feed: by cursor, by long poll, or as server-sent events, without a gap.

A client goes on after the position that it has reached, so the server keeps nothing for it; of a
slow one no more than a page is in memory.
"""

from functools import partial
from typing import Final

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request

from api.feed_docs import describe_event, describe_feed
from api.filters import an_id, parameters, whole_number, wrong
from api.following import next_events, shown, while_connected
from api.parameters import SOURCES
from api.problems import Problem
from api.purposes import reader_of
from api.replies import Reply, json_reply
from api.routing import KeyedRoute, caller_of, header, segment
from api.sse import EventStream
from api.tailer import Filter
from domain.reading import Door

DEFAULT_LIMIT: Final = 100
MOST_LIMIT: Final = 1_000
MOST_WAIT: Final = 30
MOST_POSITION: Final = 2**62
PARAMETERS: Final = ("after", "limit", "wait", "type", "aggregate", "stream", "actor", "source")


def feeds(router: APIRouter) -> None:
    """Serve the events."""
    options = describe_feed(PARAMETERS)
    router.routes.append(KeyedRoute("/v1/events", events, methods=["GET"], **options))
    router.routes.append(
        KeyedRoute("/v1/events/{position}", event, methods=["GET"], **describe_event())
    )


async def events(request: Request) -> Reply | EventStream:
    """Events after a position: at once, as soon as there are some, or as they come."""
    caller = caller_of(request)
    caller.needs("read")
    reader = reader_of(request, Door.FEED)
    given = parameters(request, PARAMETERS)
    wanted = _filter(given)
    after = whole_number("after", given.get("after", "0"), 0, MOST_POSITION)
    limit = whole_number("limit", given.get("limit", str(DEFAULT_LIMIT)), 1, MOST_LIMIT)
    wait = whole_number("wait", given.get("wait", "0"), 0, MOST_WAIT)
    last_seen = header(request, b"last-event-id")
    if last_seen is not None:
        after = whole_number("Last-Event-ID", last_seen, 0, MOST_POSITION)
    if "text/event-stream" in (header(request, b"accept") or ""):
        keys = request.app.state.keys
        still = partial(keys.caller, request.scope["headers_by_name"].get(b"authorization"))
        return EventStream(caller, reader, wanted, after, still)
    following = next_events(caller, wanted, after, limit, wait)
    found = await (while_connected(request.receive, following) if wait else following)
    if found is None:
        raise Problem("malformed", "The client has left.")
    body = {
        "data": await shown(caller, reader, found.events),
        "next_after": found.reached,
        "is_at_head": found.is_at_head,
    }
    return json_reply(200, body)


async def event(request: Request) -> Reply:
    """The event at a position."""
    caller = caller_of(request)
    caller.needs("read")
    reader = reader_of(request, Door.FEED)
    position = whole_number("position", segment(request), 0, MOST_POSITION)
    found = await anyio.to_thread.run_sync(
        caller.served.services.log.at, [position], limiter=caller.served.reads
    )
    if position not in found:
        raise Problem("not-found", "There is no event at this position yet.")
    return json_reply(200, (await shown(caller, reader, [found[position]]))[0])


def _filter(given: dict[str, str]) -> Filter:
    ids = {name: str(an_id(name, given[name])) for name in ("stream", "actor") if name in given}
    words = {name: given[name] for name in ("type", "aggregate") if name in given}
    source = given.get("source")
    if source is not None and source not in SOURCES:
        raise wrong("source", f"is none of the choices. Give one of: {', '.join(SOURCES)}.")
    return Filter(**ids, **words, source=source)
