"""Reads of the read models: lists, searches, single records, their past and their history.

Everything passes the gate. What may be asked of a list follows from the indexes that its projection
declares.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request

from api.access import Caller
from api.bodies import json_body
from api.dated_copies import in_the_making
from api.filters import moment, parameters, whole_number, wrong
from api.lists import List
from api.problems import Problem, busy
from api.purposes import reader_of
from api.read_docs import describe_history, describe_list, describe_record, describe_search
from api.replies import Reply, etag, json_reply, version_of
from api.routing import KeyedRoute, caller_of, header, record_id
from projections.gate import Answer, Gate
from projections.history import history
from projections.kernel import ReadModel
from projections.readers import Reader
from store.dated_copies import DatedCopy
from store.lists import Query

T = TypeVar("T")
Address = Callable[[Request], UUID]
WAIT_SECONDS: Final = 2.0
"""How long a read waits for the read models at most."""
SOON: Final = 0.1
"""After so many seconds it is asked whether there is such a position at all."""
MOST_POSITION: Final = 2**63 - 1
MOMENTS: Final = ("as_of", "as_known_at")
HISTORY: Final = List(history, names={"record": "id", "field": "fields"}, newest_first=True)


class Whose(NamedTuple):
    """Which rows a caller sees, where not everybody sees all."""

    listed: Callable[[Request, Mapping[str, str]], dict[str, Any]]
    """By what a list is filtered beside what is asked for."""
    shown: Callable[[Request, Mapping[str, Any]], bool]
    """Whether they see a row."""


def reads(
    router: APIRouter,
    model: ReadModel,
    *,
    place: str = "{id}",
    address: Address = record_id,
    whose: Whose | None = None,
) -> None:
    """Serve a read model: list and search; of records each one too, its past and its history.
    Where not everybody sees all, without a search.
    """
    door = _Door(List(model), address, whose)
    path = f"/v1/{model.name.replace('_', '-')}"
    one = f"{path}/{place}"
    routes = [
        KeyedRoute(
            *(path, door.page),
            methods=["GET"],
            **describe_list(door.list, path, is_searched=whose is None),
        ),
    ]
    if whose is None:
        searched = describe_search(door.list, path)
        routes.append(KeyedRoute(f"{path}/search", door.search, methods=["POST"], **searched))
    if door.list.has_records:
        routes += [
            KeyedRoute(one, door.record, methods=["GET"], **describe_record(door.list, one)),
            KeyedRoute(
                f"{one}/history",
                door.history,
                methods=["GET"],
                **describe_history(HISTORY, one, door.list),
            ),
        ]
    router.routes += routes


def reads_history(router: APIRouter) -> None:
    """Serve the history of all records."""
    described = describe_history(HISTORY, "/v1/history")
    router.routes.append(KeyedRoute("/v1/history", whole_history, methods=["GET"], **described))


async def reading(request: Request, read: Callable[[Gate, Reader], T]) -> tuple[T, dict[str, str]]:
    """Run a read in a thread, once the read models are as far as the caller wants them.

    Raises:
        Problem: they are not that far in time, or the role may not read.
        ReadNotRecorded: it could not be recorded, so nothing is given out.
    """
    caller = caller_of(request)
    caller.needs("read")
    served, reader = caller.served, reader_of(request)
    wanted = (header(request, b"kept-min-position"), request.scope.get("min_position"))
    for position in wanted:
        if position is not None:
            await reach(caller, whole_number("Kept-Min-Position", position, 0, MOST_POSITION))

    def work() -> tuple[int, T]:
        # Asked before reading: everything up to there is in what is read.
        return served.progress.look(), read(served.services.gate, reader)

    reached, result = await served.recording.in_thread(served.reads, work)
    return result, {"Kept-Position": str(reached)}


async def reach(caller: Caller, position: int) -> None:
    """Wait until the read models are that far."""
    progress, log = caller.served.progress, caller.served.services.log
    if await progress.reach(position, SOON):
        return
    head = await anyio.to_thread.run_sync(log.head, limiter=caller.served.reads)
    if position > head:
        sentence = f"lies beyond the log, which ends at {head}. Give a receipt's position."
        raise wrong("Kept-Min-Position", sentence)
    if not await progress.reach(position, WAIT_SECONDS - SOON):
        raise busy(
            f"The read models are at position {progress.position}. Try again in a second.",
            type="behind",
            position=progress.position,
        )


async def whole_history(request: Request) -> Reply:
    """What was changed, of all records."""
    query = HISTORY.of_url(_given(request, HISTORY.known), caller_of(request).zone)
    return _page(*await reading(request, lambda gate, reader: gate.history(reader, query)))


class _Door:
    """Answers the reads of one read model."""

    def __init__(self, listed: List, address: Address, whose: Whose | None) -> None:
        self.list, self._address, self._whose = listed, address, whose
        self._name = listed.model.name

    async def page(self, request: Request) -> Reply:
        """One page of the list, now or as it was."""
        given = _given(request, (*self.list.known, *MOMENTS))
        moments = past(request, given)
        fixed = {} if self._whose is None else self._whose.listed(request, given)
        query = self.list.of_url(given, caller_of(request).zone, **fixed)
        return await self._page(request, query, moments)

    async def search(self, request: Request) -> Reply:
        """One page of the list, asked for in a body: personal values have no place in a URL."""
        moments = past(request, _given(request, ("min_position", *MOMENTS)))
        body = await json_body(request)
        query = self.list.of_body(body, caller_of(request).zone)
        return await self._page(request, query, moments)

    async def record(self, request: Request) -> Reply:
        """One record, now or as it was."""
        record, zone = self._address(request), caller_of(request).zone
        seen = header(request, b"if-none-match")
        moments = _moments(_given(request, (*MOMENTS, "min_position")), zone)

        def read(gate: Gate, reader: Reader) -> dict[str, Any] | None:
            if moments:
                found = gate.as_of(reader, self._name, record, **moments)
            else:
                found = gate.get(reader, self._name, record, unless_at=version_of(seen))
            is_theirs = found is None or self._whose is None or self._whose.shown(request, found)
            return found if is_theirs else None

        found, headers = await reading(request, read)
        if found is None:
            raise self._missing(" at that time" if moments else "")
        if not moments:
            headers["ETag"] = etag(found["version"])
            if seen == headers["ETag"]:
                return Reply(304, b"", [(b"etag", headers["ETag"].encode())])
        return json_reply(200, found, headers)

    async def history(self, request: Request) -> Reply:
        """What was changed of one record."""
        record = self._address(request)
        known = [name for name in HISTORY.known if name != "record"]
        query = HISTORY.of_url(_given(request, known), caller_of(request).zone, id=record)

        def read(gate: Gate, reader: Reader) -> Answer | None:
            answer = gate.history(reader, query)
            return answer if answer.items or gate.has(self._name, record) else None

        answer, headers = await reading(request, read)
        if answer is None:
            raise self._missing("")
        return _page(answer, headers)

    async def _page(self, request: Request, query: Query, moments: Mapping[str, datetime]) -> Reply:
        services = caller_of(request).served.services

        def read(gate: Gate, reader: Reader) -> Answer | DatedCopy:
            if not moments:
                return gate.page(reader, self._name, query)
            copy = services.dating.copy(**moments)
            return copy if copy.made_at is None else gate.page(reader, self._name, query, copy)

        answer, headers = await reading(request, read)
        if isinstance(answer, DatedCopy):
            return await in_the_making(request, answer)
        return _page(answer, headers)

    def _missing(self, when: str) -> Problem:
        return Problem("not-found", f"There is no such {self.list.noun}{when}. Check the id.")


def _given(request: Request, known: Iterable[str]) -> dict[str, str]:
    """The query's parameters, less the position to wait for, which is for :func:`reading`."""
    given = parameters(request, known)
    request.scope["min_position"] = given.pop("min_position", None)
    return given


def _moments(given: Mapping[str, str], zone: ZoneInfo) -> dict[str, datetime]:
    return {
        name: moment(name, given[name], zone, end_of_day=True) for name in MOMENTS if name in given
    }


def past(request: Request, given: dict[str, str]) -> dict[str, datetime]:
    """The moments that a list is asked for, taken out of what was given. It is read from a copy,
    so they have to be over.
    """
    found = _moments(given, caller_of(request).zone)
    for name, one in found.items():
        if one > datetime.now(UTC):
            raise wrong(name, "is not over yet. Leave it out for what is so now, or give a day.")
        del given[name]
    return found


def _page(answer: Answer, headers: dict[str, str]) -> Reply:
    body: dict[str, Any] = {"data": answer.items, "next_cursor": answer.next_cursor}
    if answer.count is not None:
        body["count"] = answer.count
    if answer.masked:
        body["masked"] = answer.masked
    return json_reply(200, body, headers)
