"""The tenants that this process serves, each opened by the first request with a key of it."""

import asyncio
from dataclasses import dataclass
from typing import Final

from anyio import CapacityLimiter

from api.issuing import Issuer
from api.progress import Progress
from api.recording import Recording
from api.services import Services
from api.settling import Settling
from api.tailer import Tailer
from store import tenants
from store.database import Database

READERS: Final = 6
"""Reads at once in one tenant."""
SCANNERS: Final = 2
"""Feeds at once that look through the log: they are patient, and reads are not to wait for them."""

REPLAYS: Final = 1
"""What-ifs at once in one tenant: each goes through the whole log."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a process does beside answering requests, and how much it takes on."""

    run_projections: bool = True
    """Keep the read models current in a thread of this process."""
    open_log: bool = False
    """Show checkpoints and hashes of the transparency log to everybody; entries never."""
    max_waiting: int = 4_096
    """Commands on their way into one tenant's log; one more is answered by 503."""


@dataclass(frozen=True, slots=True)
class Served:
    """One tenant, open, with what the event loop needs of it."""

    services: Services
    issuer: Issuer
    progress: Progress
    tailer: Tailer
    recording: Recording
    reads: CapacityLimiter
    scans: CapacityLimiter
    replays: CapacityLimiter

    async def close(self) -> None:
        """Let go of those who wait, then let the last commits through."""
        await self.tailer.close()
        await self.progress.close()
        await asyncio.to_thread(self.services.close)


class Tenancy:
    """Opens tenants, each once, and closes them together."""

    def __init__(self, database: Database, options: Options) -> None:
        self.database, self.options = database, options
        self.open: dict[str, Served] = {}
        self._opening = asyncio.Lock()
        self._closed = False

    async def served(self, name: str) -> Served | None:
        """The tenant of this name; None if there is none."""
        found = self.open.get(name)
        if found is not None:
            return found
        async with self._opening:
            if name not in self.open and not self._closed and await self._exists(name):
                self.open[name] = await self._open(name)
            return self.open.get(name)

    async def shut(self, name: str) -> None:
        """Close one tenant; its next request opens it again."""
        async with self._opening:
            served = self.open.pop(name, None)
            if served is not None:
                await served.close()

    async def close(self) -> None:
        """Close every tenant; the database stays open."""
        self._closed = True
        for name in [*self.open]:
            await self.shut(name)

    def stop_waiting(self) -> None:
        """Let feeds and long polls end, so that a server can come to its own end."""
        for served in self.open.values():
            served.tailer.stop()

    async def _open(self, name: str) -> Served:
        services = await asyncio.to_thread(
            Services.open, self.database, name, max_waiting=self.options.max_waiting
        )
        loop = asyncio.get_running_loop()
        progress = Progress(services.runner, loop, follows=self.options.run_projections)
        try:
            await progress.start()
            if self.options.run_projections:
                await asyncio.to_thread(services.start_runner)
                services.erasures.start()
                services.dating.start()
                services.snapshots.start()
        except BaseException:  # the next request opens it anew
            await asyncio.to_thread(services.close)
            raise
        tailer = Tailer(services.log, loop)
        services.runner.on_progress(tailer.hear)  # it also hears of other processes' commits
        return Served(
            services,
            Issuer(services.dispatcher, loop, self.options.max_waiting),
            progress,
            tailer,
            Recording(services.read_log, Settling(loop)),
            CapacityLimiter(READERS),
            CapacityLimiter(SCANNERS),
            CapacityLimiter(REPLAYS),
        )

    async def _exists(self, name: str) -> bool:
        # Asked before any key is checked, so a made-up name must not open a pool of connections.
        return await asyncio.to_thread(tenants.exists, self.database, name)
