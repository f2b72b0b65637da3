"""The envelope of what Kept does by itself."""

from datetime import UTC, datetime
from typing import Any

from uuid_utils.compat import uuid7

from domain.envelope import SYSTEM, Envelope, Source


def system_envelope(**given: Any) -> Envelope:
    """The envelope of what Kept does by itself, now."""
    defaults = {
        "actor": SYSTEM,
        "occurred_at": datetime.now(UTC),
        "source": Source(kind="system"),
        "command_id": uuid7(),
    }
    return Envelope(**{**defaults, **given})
