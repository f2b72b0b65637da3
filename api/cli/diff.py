"""What differs between two moments."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.shared import Failure, Json, Stated, command_line_reader, opened_tenant, print_table

if TYPE_CHECKING:
    from projections.differences import Difference
    from projections.kernel import Projection
    from projections.words.kernel import Language

Known = Annotated[str | None, typer.Option(help="By what was known then; now, if it is left out.")]


def diff(
    first: Annotated[str, typer.Argument(help="The end of this day, or this moment.")],
    second: Annotated[str, typer.Argument(help="The end of this day, or this moment.")],
    model: Annotated[str | None, typer.Option(help="Only of this read model.")] = None,
    first_known_at: Known = None,
    second_known_at: Known = None,
    chinese: Annotated[bool, typer.Option("--zh", help="In Chinese 中文.")] = False,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Show which records came, changed, were erased or went between two moments, field by field,
    with late entries where they happened.
    """
    from api.cli.asked import moment
    from projections.differences import Comparison
    from store.differences import Moment

    reader, models = command_line_reader(purpose), _models(model)
    with opened_tenant() as services:
        zone = services.tenant.zone
        one, other = (
            Moment(
                moment(at, zone, end_of_day=True),
                moment(known, zone, end_of_day=True) if known else None,
            )
            for at, known in ((first, first_known_at), (second, second_known_at))
        )
        found = Comparison(services.log, services.gate, reader, models).between(one, other)
        counts: Counter[tuple[str, str]] = Counter()
        if as_json:
            _write_json(found, counts)
        else:
            _print(found, counts, "zh" if chinese else "en")


def _models(name: str | None) -> "list[Projection]":
    from projections import PROJECTIONS

    known = {one.name: one for one in PROJECTIONS}
    if name is not None and name not in known:
        raise Failure(f"--model: there is no read model {name}. There are: {', '.join(known)}.")
    return [*PROJECTIONS] if name is None else [known[name]]


def _counted(
    found: "Iterator[Difference]", counts: Counter[tuple[str, str]]
) -> "Iterator[Difference]":
    for one in found:
        counts[(one.read_model, one.what)] += 1
        yield one


def _write_json(found: "Iterator[Difference]", counts: Counter[tuple[str, str]]) -> None:
    """One document, written as it comes: it may be longer than fits in memory."""
    import orjson

    with _list("differences"):
        for number, one in enumerate(_counted(found, counts)):
            sys.stdout.write(",\n    " if number else "\n    ")
            sys.stdout.write(orjson.dumps(asdict(one), default=str).decode())
    sums: dict[str, dict[str, int]] = {}
    for (name, what), count in sorted(counts.items()):
        sums.setdefault(name, {})[what] = count
    sys.stdout.write(f'  "counts": {orjson.dumps(sums).decode()}\n}}\n')


@contextmanager
def _list(name: str) -> Iterator[None]:
    sys.stdout.write(f'{{\n  "{name}": [')
    yield
    sys.stdout.write("\n  ],\n")


def _print(
    found: "Iterator[Difference]", counts: Counter[tuple[str, str]], language: "Language"
) -> None:
    from api.differing import in_words

    for one in _counted(found, counts):
        which = " ".join(str(part) for part in (one.number or one.id, *one.key))
        typer.echo(f"{one.read_model}  {which}  {one.what}")
        for change in one.changes:
            typer.echo(f"    {change['label'][language]}: {in_words(one, change, language)}")
    if counts:
        rows = [(name, what, count) for (name, what), count in sorted(counts.items())]
        print_table(("read model", "what", "records"), rows)
    else:
        typer.echo("Nothing differs.")
