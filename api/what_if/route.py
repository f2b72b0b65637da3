"""What-ifs over HTTP: the body is a rule, the answer is the report.

An answer comes in the request, within a time: kept for later it would have to be written
somewhere. What takes longer is asked for on the command line.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.analytics.asking import language_of
from api.analytics.files import TABLES
from api.bodies import json_body
from api.files import file_reply
from api.filters import form_in, parameters, wrong
from api.problems import busy
from api.purposes import reader_of
from api.replies import json_reply
from api.routing import KeyedRoute, caller_of
from api.what_if.asking import period_of, trial_of
from api.what_if.docs import describe_what_if
from api.what_if.showing import Shown, shown
from projections.what_if import WHAT_IFS
from projections.what_if.kernel import WhatIf
from projections.what_if.replay import replay

PATH: Final = "/v1/what-if"
MOST_SECONDS: Final = 60.0
"""For which a request replays."""
WORKERS: Final = 2
"""Processes that share a long log; whoever serves commands meanwhile needs the others."""
COMMON: Final = ("from", "to", "language", "format", "sheet")


def what_ifs(router: APIRouter) -> None:
    """Serve them."""
    for one in WHAT_IFS.values():
        path = f"{PATH}/{one.name}"
        router.routes.append(
            KeyedRoute(path, _answering(one), methods=["POST"], **describe_what_if(one, path))
        )


def _answering(what_if: WhatIf) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        caller = caller_of(request)
        caller.needs("read")
        given = parameters(request, COMMON)
        form, language = form_in(given, TABLES), language_of(given)
        sheet = what_if.sheet(given.get("sheet", what_if.sheets[0].name))
        if sheet is None:
            names = ", ".join(one.name for one in what_if.sheets)
            raise wrong("sheet", f"is none of this report. Give one of: {names}.")
        services, reader = caller.served.services, reader_of(request)
        period = period_of(services, given.get("from"), given.get("to"))
        body = await json_body(request)
        if not caller.served.replays.available_tokens:
            raise busy("Another what-if is under way. Try again when it is done.", 5)

        def work() -> Shown:
            trial = trial_of(services, what_if.name, body, period)
            report = replay(services.log, trial, workers=WORKERS, seconds=MOST_SECONDS)
            return shown(report, services.gate, reader, language)

        found = await caller.served.recording.in_thread(caller.served.replays, work)
        headers = {"Kept-Position": str(found.report.position)}
        if form == "json":
            return json_reply(200, found.as_json(), headers)
        write, table = TABLES[form], found.table(sheet)
        return await file_reply(caller, f"{what_if.name}.{form}", lambda path: write(table, path))

    return answer
