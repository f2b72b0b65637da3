"""Imports into tenants of their own, and the real input that nobody here wrote."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from api.imports.intake import Intake
from api.imports.report import Note, Report
from api.services import Services, create_tenant
from domain.envelope import Recorded
from store.database import Database
from store.progress import untold

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


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
