"""A projection runner in a process of its own: ``python -m tests.faults.following TENANT [HOLD]``.

With HOLD it stops for ever in the middle of its first batch, after the first table was written and
before the positions are moved, and says so.
"""

import sys
import threading
from typing import Any, Final

from api.services import Services
from domain.customers import CustomerChanged, CustomerRegistered
from domain.envelope import Recorded
from domain.fields import Public
from domain.kernel import Event, replace
from projections import DERIVED, PROJECTIONS
from projections.kernel import Projection, Row
from projections.runner import Runner
from store.database import Connection, open_database


class TallyRow(Row):
    """How often a step was taken for a customer."""

    count: Public[int, "figure"] = 0


tally = Projection("tally", 1, TallyRow)


@tally.on(CustomerRegistered, CustomerChanged)
def add_one(row: TallyRow, event: Event, recorded: Recorded) -> TallyRow:
    """Not what a good step does: it shows an event that is folded twice."""
    return replace(row, count=row.count + 1)


TALLIED: Final = (*PROJECTIONS, tally)


class Held(Runner):
    """Stops in the middle of a batch."""

    def _write(self, connection: Connection, *arguments: Any) -> Any:
        super()._write(connection, *arguments)
        print("in the middle", flush=True)
        threading.Event().wait()


def main(tenant: str, hold: str = "") -> None:
    """Follow the log until killed."""
    log = Services.open(open_database(), tenant).log
    runner = (Held if hold else Runner)(log, TALLIED, DERIVED)
    runner.on_progress(lambda position: print(f"at {position}", flush=True))
    print("following", flush=True)
    runner.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
