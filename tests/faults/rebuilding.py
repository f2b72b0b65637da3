"""A rebuild of all read models in a process of its own:
``python -m tests.faults.rebuilding TENANT WORKERS``.

It stops for ever in the middle, when some parts of the log are written and others are not, and
says so.
"""

import sys
import threading
from typing import Final

from api.services import Services
from projections import DERIVED, PROJECTIONS
from projections import rebuild as rebuilding
from projections.kernel import ReadModel
from store.database import open_database

MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
WIDTH: Final = 256
"""Events of a part, so that there are several for each worker."""
WRITTEN: Final = 2
"""Parts after which it stops."""


def main(tenant: str, workers: str) -> None:
    """Rebuild them until killed."""
    rebuilding.WIDTH, rebuilding.PARTS_A_WORKER = WIDTH, 1  # type: ignore[misc]
    log = Services.open(open_database(), tenant).log
    parts: list[int] = []

    def hold(what: str, done: int, of: int) -> None:
        parts.append(done)
        if len(parts) == WRITTEN:
            print("in the middle", flush=True)
            threading.Event().wait()

    rebuilding.rebuild(log, PROJECTIONS, DERIVED, MODELS, hold, workers=int(workers), afresh=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
