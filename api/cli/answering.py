"""Answers to people who ask about their own data."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.shared import (
    AnswerLanguage,
    Json,
    Language,
    command_line_reader,
    opened_tenant,
    print_json,
    progress_bar,
    warn,
)

Request = Annotated[str, typer.Argument(help="The request, by id or number such as R-12.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="The ZIP file to write.")]
CHECK: Final = "Check it with: kept verify --bundle"


def access(
    request: Request,
    output: Output,
    language: Language = AnswerLanguage.EN,
    as_json: Json = False,
) -> None:
    """Answer a request for access: all that is held about somebody, with proofs."""
    from api.answering.access import answer_access
    from api.cli.asked import record_of
    from api.cli.models import catch_up

    with opened_tenant() as services, progress_bar() as progress:
        catch_up(services)
        one, reader = record_of(services, request), command_line_reader()
        done = answer_access(services, reader, one, output, "zip", language.value, progress)
    if as_json:
        print_json({"file": str(output), **asdict(done)})
        return
    typer.echo(
        f"{done.events:,} events of {done.records:,} records are in {output}. {CHECK} {output}"
    )
    if done.mentions:
        more = "or more " if done.more_mentions else ""
        warn(
            f"{done.mentions:,} {more}records of others may mention them. They are listed under "
            "mentions and not included: look through them before you answer."
        )


def portable(request: Request, output: Output, as_json: Json = False) -> None:
    """Answer a request for portability: what somebody gave us, for kept import portable."""
    from api.answering.portable import answer_portable
    from api.cli.asked import record_of
    from api.cli.models import catch_up

    with opened_tenant() as services, progress_bar() as progress:
        catch_up(services)
        one, reader = record_of(services, request), command_line_reader()
        done = answer_portable(services, reader, one, output, progress)
    if as_json:
        print_json({"file": str(output), **asdict(done)})
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in done.rows.items())
    typer.echo(f"{kinds} are in {output}. {CHECK} {output}")
