"""Every error as one sentence with what to do about it. Stack traces are for ``KEPT_DEBUG=1``."""

import os
import traceback
from typing import Any

from api.cli.shared import Failure

_ASKED_WRONGLY = {
    "TenantError",
    "Rejected",
    "NotFound",
    "Unserved",
    "BadCursor",
    "SqlRefused",
    "UnknownFigure",
    "ImportStopped",
    "DemoError",
    "Problem",
    "ProofError",
    "NoteError",
    "CopyError",
}
"""Errors of ours whose text tells whoever asked what to do differently."""
_FAILED = {"EmbeddedError", "StoreError", "MissingEpochKey"}
"""Errors of ours, and their kinds, whose text tells what went wrong and what to do."""


def explained(error: Exception) -> tuple[str, int]:
    """The sentence to print, and the exit code."""
    if os.environ.get("KEPT_DEBUG"):
        traceback.print_exception(error)
    kinds = type(error).__mro__
    names = {kind.__name__ for kind in kinds}
    if isinstance(error, Failure):
        return str(error), error.code
    if names & (_ASKED_WRONGLY | _FAILED):
        return str(error), 2 if names & _ASKED_WRONGLY else 1
    if "ValidationError" in names:
        return _of_input(error), 2
    if any(kind.__module__.startswith("psycopg") for kind in kinds):
        return _of_database(error), 1
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}. Check the path and who may use it.", 1
    return _unexpected(error), 1


def _unexpected(error: Exception) -> str:
    said = " ".join(str(error).split()) or "no reason was given"
    return (
        f"Something went wrong that Kept did not expect ({type(error).__name__}: {said}). "
        "Run it again with KEPT_DEBUG=1 to see where, and please report that."
    )


def _of_input(error: Any) -> str:
    """The first thing that does not fit, without its value, which may be personal."""
    first = error.errors(include_url=False, include_input=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    return f"{name}: {first['msg'].rstrip('.')}. Correct it and try again."


def _of_database(error: Exception) -> str:
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return f"The database did not do it ({said}). See whether it runs: kept status."
