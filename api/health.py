"""Whether the process is alive and ready: the only routes without a key, so they name nobody."""

import asyncio
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request

from api.replies import Reply, json_reply
from api.tenancy import Tenancy
from store import tenants

router = APIRouter(tags=["health"])
PATIENCE: Final = 2.0
"""Seconds for which the database may take to answer."""


@router.get("/health/live", summary="Alive?")
async def live(request: Request) -> Reply:
    """The process answers. If it does not, start it anew."""
    return json_reply(200, {"status": "alive"})


@router.get("/health/ready", summary="Ready?", responses={503: {"description": "Not now."}})
async def ready(request: Request) -> Reply:
    """The database answers, and the read models are kept current. If not, send nobody here."""
    tenancy: Tenancy = request.app.state.tenancy
    checks = {"database": await _database(tenancy), "projections": _projections(tenancy)}
    is_ready = all(checks.values())
    words = {name: "ok" if good else "failing" for name, good in checks.items()}
    return json_reply(
        200 if is_ready else 503, {"status": "ready" if is_ready else "not ready", "checks": words}
    )


async def _database(tenancy: Tenancy) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.to_thread(tenants.names, tenancy.database)
    except Exception:
        return False
    return True


def _projections(tenancy: Tenancy) -> bool:
    if not tenancy.options.run_projections:
        return True  # another process does it
    return all(served.services.is_running for served in tenancy.open.values())
