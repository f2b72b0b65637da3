"""A witness as a small server, for customers to run elsewhere."""

import asyncio
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from store.transparency.witness import MOST_BYTES, Answer, Witness

TOO_LARGE: Final = Answer(413, f"A request has at most {MOST_BYTES} bytes.\n")


def create_witness(witness: Witness) -> Starlette:
    """The application: ``POST /add-checkpoint``, and its verifier key at ``/``."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for block in request.stream():
            body += block
            if len(body) > MOST_BYTES:
                return _reply(TOO_LARGE)
        text = body.decode("utf-8", "replace")
        return _reply(await asyncio.to_thread(witness.add_checkpoint, text))

    async def vkey(request: Request) -> Response:
        return _reply(Answer(200, f"{witness.signer.verifier.vkey}\n"))

    return Starlette(
        routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"]), Route("/", vkey)]
    )


def serve(witness: Witness, host: str, port: int) -> None:
    """Serve until a signal says stop."""
    app = create_witness(witness)
    uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning")


def _reply(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.media)
