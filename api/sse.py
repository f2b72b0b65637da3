"""Server-sent events (WHATWG): each has its position as id, so that clients can resume."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import anyio
import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.access import Caller
from api.following import next_events, shown, while_connected
from api.problems import Problem
from api.tailer import Filter
from projections.readers import Reader
from store.database import OUT_OF_REACH
from store.read_log import ReadNotRecorded

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment says that the stream lives, and how far it is."""
RECHECK: Final = 15.0
"""Seconds after which the key is looked at again: it may have been revoked."""
PAGE: Final = 100
RETRY: Final = 2.0
"""Seconds after which a client comes back, and after which a lost database is asked again."""
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream(Response):
    """Sends events until the client leaves or the server stops. A slow client gets them later."""

    def __init__(
        self,
        caller: Caller,
        reader: Reader,
        wanted: Filter,
        after: int,
        still_known: Callable[[], Awaitable[Any]],
    ) -> None:
        self.status_code = 200
        self.background = None
        self._caller, self._reader, self._wanted = caller, reader, wanted
        self._after, self._still_known = after, still_known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await while_connected(receive, self._send_on(send))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_on(self, send: Send) -> None:
        await _say(send, b"retry: %d\nid: %d\n\n" % (RETRY * 1000, self._after))
        said = checked = time.monotonic()
        while not self._caller.served.tailer.is_stopped:
            try:
                text = await self._text()
                now = time.monotonic()
                if now - checked >= RECHECK:
                    await self._still_known()
                    checked = now
            except (*OUT_OF_REACH, ReadNotRecorded):
                await anyio.sleep(RETRY)
                continue
            except Problem:
                return  # the key was revoked
            if text or now - said >= HEARTBEAT:
                # An id without data moves Last-Event-ID on, so a filtered stream resumes close by.
                await _say(send, text or b": here\nid: %d\n\n" % self._after)
                said = now

    async def _text(self) -> bytes:
        found = await next_events(self._caller, self._wanted, self._after, PAGE, HEARTBEAT)
        events = await shown(self._caller, self._reader, found.events)
        self._after = found.reached  # not before, or those that could not be recorded were lost
        return b"".join(
            b"id: %d\ndata: %s\n\n" % (event["position"], orjson.dumps(event)) for event in events
        )


async def _say(send: Send, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})
