"""The command line, called as its users call it, in this process and on a fresh tenant."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from store.database import Database
from store.tenants import Tenant

ROOT = Path(__file__).parents[2]


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which holds one JSON document and nothing else."""
        return json.loads(self.out)

    def done(self) -> "Ran":
        """The same, checked to have succeeded."""
        assert self.code == 0, self.err
        return self

    def failed(self, code: int, part: str) -> "Ran":
        """The same, checked to have failed with one sentence and without a stack trace."""
        assert self.code == code, self.out + self.err
        assert part in self.err
        assert self.err.startswith("kept: ")
        assert "Traceback" not in self.err
        return self


Kept = Callable[..., Ran]


@pytest.fixture
def kept(database: Database, tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> Kept:
    """Runs a command on the fresh tenant."""

    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["--tenant", tenant.name, *map(str, arguments)])
        said = capsys.readouterr()
        code = end.value.code
        return Ran(code if isinstance(code, int) else 0, said.out, said.err)

    return run


def process(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """The command line in a process of its own, which Ctrl-C interrupts even where whoever runs the
    tests has it ignored, as a shell does for what it runs in the background.
    """
    heeded = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    return subprocess.Popen(
        [sys.executable, "-c", f"{heeded}; from api.cli import main; main()", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
