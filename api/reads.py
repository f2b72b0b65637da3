"""Reads of the read models: lists, searches, single records, their past and their history.

Everything passes the gate. What may be asked of a list follows from the indexes that its projection declares.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request

from api.access import Caller
from api.filters import moment, parameters, whole_number
from api.lists import List
from api.problems import Problem, busy
from api.read_docs import HISTORY, describe_history, describe_list, describe_record, describe_search
from api.replies import Reply, etag, json_reply
from api.routing import KeyedRoute, caller_of, header, record_id
from projections.gate import Answer, Query
from projections.kernel import ReadModel

T = TypeVar("T")
WAIT_SECONDS = 2.0
"""How long a read waits for the read models at most."""
MOST_POSITION = 2**63 - 1


def reads(
    router: APIRouter,
    model: ReadModel,
    *,
    place: str = "{id}",
    address: Callable[[Request], UUID] = record_id,
) -> None:
    """Serve a read model: list and search; and of records also each one, as of any moment, and its history."""
    door = _Door(List(model), address)
    path = f"/v1/{model.name.replace('_', '-')}"
    one = f"{path}/{place}"
    add = router.routes.append
    add(KeyedRoute(path, door.page, methods=["GET"], **describe_list(door.list, path)))
    add(KeyedRoute(f"{path}/search", door.search, methods=["POST"], **describe_search(door.list, path)))
    if door.list.has_records:
        add(KeyedRoute(one, door.record, methods=["GET"], **describe_record(door.list, one)))
        add(
            KeyedRoute(
                f"{one}/history", door.history, methods=["GET"], **describe_history(door.list, one)
            )
        )


def reads_history(router: APIRouter, model: ReadModel) -> None:
    """Serve the history of all records."""
    door = _Door(List(model), record_id)
    router.routes.append(
        KeyedRoute("/v1/history", door.whole_history, methods=["GET"], **describe_list(door.list, "/v1/history"))
    )


async def reading(request: Request, caller: Caller, read: Callable[[], T]) -> tuple[T, dict[str, str]]:
    """Run a read in a thread, once the read models are as far as the caller wants them.

    Raises:
        Problem: they are not that far in time.
    """
    caller.needs("read")
    progress = caller.served.progress
    wanted = header(request, b"kept-min-position") or request.scope.get("min_position")
    if wanted is not None:
        position = whole_number("Kept-Min-Position", wanted, 0, MOST_POSITION)
        if not await progress.reach(position, WAIT_SECONDS):
            raise busy(
                f"The read models have reached position {progress.position}. Try again in a second.",
                type="behind",
                position=progress.position,
            )
    reached = progress.position
    result = await anyio.to_thread.run_sync(read, limiter=caller.served.reads)
    return result, {"Kept-Position": str(reached)}


class _Door:
    """Answers the reads of one read model."""

    def __init__(self, listed: List, address: Callable[[Request], UUID]) -> None:
        self.list, self._address = listed, address
        self._name = listed.model.name
        self._noun = listed.noun

    async def page(self, request: Request) -> Reply:
        """One page of the list."""
        caller = caller_of(request)
        query = self.list.of_url(self._given(request, self.list.in_url), caller.served.zone)
        gate = caller.served.services.gate
        answer, headers = await reading(
            request, caller, lambda: gate.page(caller.reader, self._name, query)
        )
        return _page(answer, headers)

    async def search(self, request: Request) -> Reply:
        """One page of the list, asked for in a body: personal values have no place in a URL."""
        caller = caller_of(request)
        self._given(request, {"min_position": {}})
        query = await self.list.of_body(request, caller.served.zone)
        gate = caller.served.services.gate
        answer, headers = await reading(
            request, caller, lambda: gate.page(caller.reader, self._name, query)
        )
        return _page(answer, headers)

    async def record(self, request: Request) -> Reply:
        """One record, now or as it was."""
        caller = caller_of(request)
        record, zone = self._address(request), caller.served.zone
        given = self._given(request, {"as_of": {}, "as_known_at": {}, "min_position": {}})
        moments = {
            name: moment(name, given[name], zone, end_of_day=True)
            for name in ("as_of", "as_known_at")
            if given.get(name)
        }
        gate = caller.served.services.gate
        found, headers = await reading(
            request,
            caller,
            (lambda: gate.as_of(caller.reader, self._name, record, **moments))
            if moments
            else (lambda: gate.get(caller.reader, self._name, record)),
        )
        if found is None:
            raise self._missing("then" if moments else "")
        if not moments:
            headers["ETag"] = etag(found["version"])
            if header(request, b"if-none-match") == headers["ETag"]:
                return Reply(304, b"", [(b"etag", headers["ETag"].encode())])
        return json_reply(200, found, headers)

    async def history(self, request: Request) -> Reply:
        """What was changed of one record."""
        caller = caller_of(request)
        record = self._address(request)
        query = HISTORY.of_url(
            self._given(request, HISTORY.in_url, but="record"), caller.served.zone, record
        )
        gate = caller.served.services.gate
        answer, headers = await reading(
            request, caller, lambda: _history_of(gate.history(caller.reader, query), record, caller, self._name)
        )
        if answer is None:
            raise self._missing("")
        return _page(answer, headers)

    async def whole_history(self, request: Request) -> Reply:
        """What was changed, of all records."""
        caller = caller_of(request)
        query = self.list.of_url(self._given(request, self.list.in_url), caller.served.zone)
        gate = caller.served.services.gate
        answer, headers = await reading(request, caller, lambda: gate.history(caller.reader, query))
        return _page(answer, headers)

    def _given(self, request: Request, known: dict[str, Any], but: str = "") -> dict[str, str]:
        given = parameters(request, {name: one for name, one in known.items() if name != but})
        request.scope["min_position"] = given.pop("min_position", None)
        return given

    def _missing(self, when: str) -> Problem:
        return Problem("not-found", f"There is no such {self._noun} {when}".rstrip() + ". Check the id.")
