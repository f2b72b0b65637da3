"""Figures as they were: the moments that are asked for, and the dated copy that has them."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

import anyio.to_thread
from starlette.requests import Request

from api.analytics.asking import now_in
from api.routing import caller_of
from store.dated_copies import DatedCopy


def now_at(moments: Mapping[str, datetime], zone: tzinfo) -> datetime:
    """When figures take it to be: the moment that they are as of, or the present one, where the
    tenant is. Nothing is known ahead, so of two moments the earlier one counts.
    """
    return min(moments.values()).astimezone(zone) if moments else now_in(zone)


async def copy_of(request: Request, moments: Mapping[str, datetime]) -> DatedCopy | None:
    """The dated copy of these moments, which may still be in the making; None of the present.

    Raises:
        Problem: the role may not read.
        TooManyCopies: it cannot be begun before others are whole.
    """
    caller = caller_of(request)
    caller.needs("read")
    if not moments:
        return None
    served = caller.served
    return await anyio.to_thread.run_sync(
        lambda: served.services.dating.copy(**moments), limiter=served.reads
    )
