"""What the commands share: the tenant they work with, how they report, how they show progress."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from store.progress import Progress, untold

if TYPE_CHECKING:
    from api.services import Services
    from projections.readers import Reader
    from store.database import Database

T = TypeVar("T")
Json = Annotated[bool, typer.Option("--json", help="Report as JSON, for programs.")]


class AnswerLanguage(StrEnum):
    """Of what is read by people."""

    EN = "en"
    ZH = "zh"


Language = Annotated[AnswerLanguage, typer.Option(help="Of the PDF.")]
Labels = Annotated[AnswerLanguage, typer.Option("--language", help="Of labels.")]
Stated = Annotated[
    str | None,
    typer.Option("--purpose", help="What it is read for, which the read log says: audit, …"),
]

INTERRUPTED: Final = 130
SHOW_EVERY: Final = 0.1
"""Seconds between two changes of a progress bar."""


class Failure(Exception):
    """Says in a sentence why the command failed and what to do. ``code`` 2: as it was asked for, it
    cannot be done; 1: it was tried and did not succeed."""

    def __init__(self, sentence: str, code: int = 2) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass
class Settings:
    """What was given before the command."""

    tenant: str = "default"


settings = Settings()


def warn(sentence: str) -> None:
    """Tell people, not programs."""
    typer.echo(f"kept: {sentence}", err=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(value, default=str, option=options).decode())
    sys.stdout.flush()


def print_table(headings: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
    """A table for people; for a pipe, its lines with tabs between the cells."""
    shown = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (headings, *shown):
            typer.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for line in shown:
        table.add_row(*(Text(cell) for cell in line))
    Console().print(table)


@contextmanager
def opened_database(must_exist: bool = False) -> Iterator["Database"]:
    """The database; made with its default tenant where there is none, unless it must exist."""
    import os

    from api.services import open_default
    from store.database import home

    if must_exist and not os.environ.get("KEPT_DATABASE_URL") and not home().is_dir():
        raise Failure(
            f"There is no database in {home()}. Run kept demo or kept serve here, or set KEPT_HOME."
        )
    database = open_default()
    try:
        for sentence in database.warnings:
            warn(sentence)
        yield database
    finally:
        database.close()


@contextmanager
def opened_tenant(must_exist: bool = True) -> Iterator["Services"]:
    """The tenant that the command works with."""
    from api.services import Services

    with opened_database(must_exist) as database:
        services = Services.open(database, settings.tenant)
        try:
            yield services
        finally:
            services.close()


def command_line_reader(purpose: str | None = None) -> "Reader":
    """Who reads here: an administrator, for whoever reaches the database can read all of it.

    Raises:
        Failure: the purpose is none that there is.
    """
    from domain.envelope import SYSTEM
    from domain.reading import Door, Purpose
    from projections.readers import Reader

    try:
        stated = None if purpose is None else Purpose(purpose)
    except ValueError:
        choices = ", ".join(one.value for one in Purpose)
        raise Failure(f"There is no purpose {purpose}. Give one of: {choices}.") from None
    return Reader(SYSTEM, "admin", "command line", Door.CLI, stated)


def write_files(
    table: T, paths: Iterable[Path] | None, writers: Mapping[str, Callable[[T, Path], None]]
) -> None:
    """Write a table to files of the kinds that their names say.

    Raises:
        Failure: there is no writer for one.
    """
    for path in paths or ():
        write = writers.get(path.suffix.removeprefix("."))
        if write is None:
            raise Failure(f"--output: no such kind of file. Name it {' or '.join(writers)}.")
        write(table, path)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on standard error with rate and time left. Where that is no terminal, nothing."""
    if not sys.stderr.isatty():
        yield untold
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None, rate="")
        began = shown = time.monotonic()
        before = ""

        def show(what: str, done: int, of: int) -> None:
            nonlocal began, shown, before
            now = time.monotonic()
            if what == before and done < of and now - shown < SHOW_EVERY:
                return
            if what != before:
                bars.reset(task)
                began, before = now, what
            shown = now
            rate = f"{done / (now - began):,.0f}/s" if now - began > 1 else ""
            bars.update(task, description=what, completed=done, total=of, rate=rate)

        yield show
