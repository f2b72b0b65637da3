"""Imports into tenants of their own, and the real input that nobody here wrote."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from api.cli.shared import command_line_reader
from api.imports.intake import Intake
from api.imports.maven_crm import import_maven_crm
from api.imports.report import Note, Report
from api.services import Services, create_tenant
from domain.envelope import Recorded
from store.database import Database
from store.lists import Query
from store.progress import untold
from store.sql_reader import ask

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
ZONE = ZoneInfo("America/New_York")
"""Of the Maven set's days."""
Row = dict[str, str]


def real(name: str) -> Path:
    """Real input; the test is skipped where it is not at hand."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{name}, which is not here")
    return path


class Notes(Report):
    """A report that also remembers every note."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Note] = []

    def add(self, note: Note) -> None:
        super().add(note)
        self.notes.append(note)

    def of(self, outcome: str) -> dict[int, str]:
        """The reasons of an outcome by line."""
        return {note.line: note.reason for note in self.notes if note.outcome == outcome}


Run = Callable[[Intake], None]


def run_import(services: Services, client: str, run: Run, workers: int = 8) -> tuple[Intake, Notes]:
    """One run of an import in this process."""
    notes = Notes()
    intake = Intake(services, client, notes, untold, workers=workers)
    run(intake)
    return intake, notes


@contextmanager
def own_tenant(database: Database, name: str, zone: str = "UTC") -> Iterator[Services]:
    """A tenant for the tests of a module."""
    create_tenant(database, name, zone)
    with closing(Services.open(database, name)) as services:
        yield services


def process(tenant: str, *arguments: str) -> "subprocess.Popen[str]":
    """``kept import …`` in a process of its own."""
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from api.cli import main; main()",
            *("--tenant", tenant, "import", *arguments),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_after(services: Services, events: int, *arguments: str) -> bool:
    """Run an import and ``kill -9`` it once so many events are in the log; False if it was done."""
    running = process(services.tenant.name, *arguments)
    while services.log.head() < events and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    return running.returncode == -signal.SIGKILL


def events_of(services: Services, batch: int = 5_000) -> Iterator[Recorded]:
    """Every event of the log."""
    after = 0
    while found := services.log.read(after, batch):
        yield from found
        after = found[-1].position


@dataclass
class Maven:
    """The files, and what was made of them."""

    directory: Path
    services: Services
    notes: Notes
    rows: dict[str, Row]
    """Of the pipeline, by opportunity."""
    events: dict[UUID, list[Recorded]]
    deals: dict[str, UUID]
    """The records, by opportunity."""

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        return ask(self.services.database, self.services.tenant, query, 1_000).rows

    def names(self, model: str, field: str = "name") -> dict[str, str]:
        """The names of a read model's rows, by id."""
        found: dict[str, str] = {}
        query = Query(sort="number", limit=200)
        while True:
            answer = self.services.gate.page(command_line_reader(), model, query)
            found |= {one["id"]: one[field] for one in answer.items}
            if answer.next_cursor is None:
                return found
            query = Query(sort="number", limit=200, cursor=answer.next_cursor)


def lines(path: Path) -> list[Row]:
    with path.open(newline="") as text:
        return [*csv.DictReader(text)]


@pytest.fixture(scope="session")
def maven(database: Database) -> Iterator[Maven]:
    """The set in a tenant of its own, taken in once a process."""
    directory = real("maven-crm")
    with own_tenant(database, "maven", str(ZONE)) as services:
        _, notes = run_import(services, "maven-crm", lambda one: import_maven_crm(one, directory))
        events: dict[UUID, list[Recorded]] = defaultdict(list)
        deals: dict[str, UUID] = {}
        for recorded in events_of(services):
            events[recorded.stream].append(recorded)
            if recorded.type == "OpportunityOpened":
                deals[getattr(recorded.event, "external_id", "")] = recorded.stream
        services.runner.catch_up()
        rows = {row["opportunity_id"]: row for row in lines(directory / "sales_pipeline.csv")}
        yield Maven(directory, services, notes, rows, events, deals)
