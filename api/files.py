"""Answers that are files: made on disk in a thread, sent from there, and gone afterwards."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from api.access import Caller

TYPES: Final = {
    ".zip": "application/zip",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".pdf": "application/pdf",
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".parquet": "application/vnd.apache.parquet",
}


async def file_reply(caller: Caller, name: str, make: Callable[[Path], Any]) -> FileResponse:
    """The file of this name that ``make`` writes; it is never in memory as a whole."""
    folder = Path(tempfile.mkdtemp(prefix="kept-file-"))
    path = folder / name
    try:
        await anyio.to_thread.run_sync(make, path, limiter=caller.served.scans)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        media_type=TYPES[path.suffix],
        filename=name,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )
