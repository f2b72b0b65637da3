"""One route a command: its body, its words and its errors come from the command itself."""

import asyncio
from collections.abc import Callable
from datetime import UTC
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request

from api.access import Caller
from api.bodies import json_body
from api.headers import envelope_of, expected_version, fingerprint, idempotency_key
from api.openapi import describe_command
from api.problems import Problem, version_mismatch
from api.replies import Header, Reply, etag
from api.routing import KeyedRoute, caller_of, record_id
from commands.dispatcher import Order
from commands.kernel import Command
from domain.envelope import Envelope, from_microseconds
from domain.users import User
from store.errors import VersionConflict
from store.event_log import Idempotency, Receipt

Address = Callable[[Request], UUID]
Prepare = Callable[[Any], Command]

_REPLAYED: Final[Header] = (b"idempotency-replayed", b"true")


def accepts(
    router: APIRouter,
    path: str,
    command: type[Command],
    *,
    method: str = "POST",
    address: Address = record_id,
    at: UUID | None = None,
    name: str | None = None,
    prepare: Prepare = lambda command: command,
) -> None:
    """Let a command be issued under a path. ``address`` reads the record's id off the request;
    ``at`` is the id of a record that is opened once in a tenant, and ``name`` tells that operation
    from the command's other one. ``prepare`` checks by what is shown, and adds to the command what
    only the door knows.
    """
    opens = "{" not in path
    if opens != (command.OPENS is True):
        raise TypeError(f"{command.__name__} and {path} disagree on whether a record is opened")
    door = _Door(command, f"/v1{path}", None if opens else address, at, prepare)
    options = describe_command(command, f"/v1{path}", method, name)
    router.routes.append(KeyedRoute(f"/v1{path}", door.issue, methods=[method], **options))


class _Door:
    """Takes one command in."""

    def __init__(
        self,
        command: type[Command],
        path: str,
        address: Address | None,
        at: UUID | None,
        prepare: Prepare,
    ) -> None:
        self._command, self._address, self._at = command, address, at
        self._prepare = prepare
        self._read = command.__pydantic_validator__.validate_json
        self._home = f"/v1/{path.split('/')[2]}/"

    async def issue(self, request: Request) -> Reply:
        """Read the command, issue it, and answer with its receipt."""
        caller = caller_of(request)
        caller.may_issue(self._command)
        target = self._at if self._address is None else self._address(request)
        version = self._expected(request)
        body = await json_body(request)
        order = Order(
            command=self._prepare(self._read(body, strict=True)),
            envelope=envelope_of(request, caller),
            stream=target,
            expected_version=version,
            idempotency=_idempotency(request, caller, body),
        )
        await _check_user(caller, order.envelope)
        try:
            receipt = await caller.served.issuer.issue(order)
        except VersionConflict as conflict:
            if version is None or conflict.stream != target:
                raise
            raise version_mismatch(conflict) from None
        return self._reply(receipt)

    def _expected(self, request: Request) -> int | None:
        version = expected_version(request)
        if version is not None and self._address is None:
            raise Problem.of_field(
                "invalid-header",
                "If-Match",
                "names a version, but this opens a record. Leave it out.",
            )
        return version

    def _reply(self, receipt: Receipt) -> Reply:
        headers: list[Header] = [(b"etag", etag(receipt.version).encode())]
        if self._address is None:
            headers.append((b"location", f"{self._home}{receipt.stream}".encode()))
        if receipt.replayed:
            headers.append(_REPLAYED)
        return Reply(201 if self._address is None else 200, receipt_json(receipt), headers)


def receipt_json(receipt: Receipt) -> bytes:
    """A receipt; nothing in it needs escaping."""
    recorded_at = from_microseconds(receipt.recorded_at).astimezone(UTC)
    return (
        f'{{"stream":"{receipt.stream}","version":{receipt.version},"position":{receipt.position},'
        f'"recorded_at":"{recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}","leaf_hash":"{receipt.leaf_hash}"}}'
    ).encode()


def _idempotency(request: Request, caller: Caller, body: bytes) -> Idempotency | None:
    key = idempotency_key(request)
    if key is None:
        return None
    return Idempotency(caller.access.key_id, key, fingerprint(request, body))


async def _check_user(caller: Caller, envelope: Envelope) -> None:
    user = envelope.on_behalf_of
    if user is None:
        return
    held = await asyncio.to_thread(caller.served.services.dispatcher.state, User, user)
    if held.version == 0:
        raise Problem.of_field(
            "invalid-header",
            "Kept-On-Behalf-Of",
            "is no user's id. Give the id of an existing user.",
        )
