"""bench imports: the Online Retail set taken in, against its very events appended in bulk.

The import reads the file, mends and checks it, looks every record up, decides each command and
waits for its outcome. The peer has the decisions of an import ready made, and only stores them:
encrypted, numbered, durable, as many at once as the log's queue takes.
"""

import gzip
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest.mock import patch
from zoneinfo import ZoneInfo

from api.cli.shared import Failure
from api.imports.intake import Intake
from api.imports.online_retail import CLIENT, import_online_retail
from api.imports.report import Report
from api.services import Services, create_tenant
from benchmarks.kernel import PAIRS, Bar, interleaved, ratio, result
from benchmarks.server import environment, fresh_database
from store.database import Database
from store.event_log import Decision, EventLog, Receipt
from store.keys import DataKey
from store.progress import untold

FILE: Final = Path("shared/data/online-retail/onlineretail.csv.gz")
"""Beside the checkout."""
LINES: Final = 50_000
"""Of 541,909."""
AT_ONCE: Final = 2_000
ZONE: Final = ZoneInfo("Europe/London")


def run(pairs: int = PAIRS, scale: float = 1.0) -> dict[str, Any]:
    """Measure; ``scale`` changes the number of lines, 11 takes in the whole file."""
    lines = max(round(LINES * scale), 100)
    with fresh_database() as database, TemporaryDirectory() as folder:
        tenants = Tenants(database, _slice(Path(folder), lines))
        decisions = tenants.decided()
        events = sum(len(one.events) for one in decisions)
        sides = {
            "import": lambda: events / tenants.imported(),
            "append": lambda: events / tenants.appended(decisions, events),
        }
        measured = interleaved(sides, pairs, warm_up=False)
        facts = environment()
    name = "import ÷ appending the same events in bulk"
    bar = Bar(at_least=0.3)
    return result(
        "imports",
        facts,
        [ratio(name, measured["import"], measured["append"], bar, "events/s")],
        [f"{lines:,} lines, {len(decisions):,} commands, {events:,} events; no read models."],
    )


class Tenants:
    """A fresh one for each measurement."""

    def __init__(self, database: Database, file: Path) -> None:
        self._database, self._file = database, file
        self._numbers = count()

    def decided(self) -> list[Decision]:
        """All that an import of the file stores, in order."""
        with self._fresh() as services, _told() as told:
            self._take_in(services)
        return [decision for _, decision in sorted(told, key=lambda one: one[0])]

    def imported(self) -> float:
        """Seconds that taking in the file takes."""
        with self._fresh() as services:
            began = time.perf_counter()
            self._take_in(services)
            return time.perf_counter() - began

    def _take_in(self, services: Services) -> None:
        intake = Intake(services, CLIENT, Report(), untold)
        import_online_retail(intake, self._file, ZONE)
        assert intake.commands

    def appended(self, decisions: list[Decision], events: int) -> float:
        """Seconds that storing them takes."""
        keys: dict[Any, DataKey] = {}
        with self._fresh() as services:
            log, before = services.log, services.log.head()
            began = time.perf_counter()
            rest = iter(decisions)
            while some := [*islice(rest, AT_ONCE)]:
                sent = [(one, *log.submit(one, keys)) for one in some]
                for one in sent:
                    log.receive(*one)
            seconds = time.perf_counter() - began
            assert log.head() - before == events
            return seconds

    @contextmanager
    def _fresh(self) -> Iterator[Services]:
        name = f"retail{next(self._numbers)}"
        create_tenant(self._database, name, str(ZONE))
        with closing(Services.open(self._database, name)) as services:
            yield services


@contextmanager
def _told() -> Iterator[list[tuple[int, Decision]]]:
    """What is stored meanwhile, with its position."""
    found: list[tuple[int, Decision]] = []
    receive = EventLog.receive

    def noting(log: EventLog, decision: Decision, *on_its_way: Any) -> Receipt:
        receipt = receive(log, decision, *on_its_way)
        found.append((receipt.position, decision))
        return receipt

    with patch.object(EventLog, "receive", noting):
        yield found


def _slice(folder: Path, lines: int) -> Path:
    """The first lines of the file."""
    whole = Path(__file__).parents[2] / FILE
    if not whole.exists():
        raise Failure(f"There is no ../{FILE} beside the checkout, which this benchmark takes in.")
    path = folder / "slice.csv"
    with gzip.open(whole, "rt", encoding="utf-8", newline="") as text:
        path.write_text("".join(islice(text, lines + 1)), "utf-8")
    return path
