"""Customers one by one: their RFM segments, what is expected of them, and all that is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.shared import (
    AnswerLanguage,
    Failure,
    Json,
    Labels,
    Stated,
    command_line_reader,
    opened_tenant,
    print_json,
    print_table,
    progress_bar,
    warn,
    write_files,
)

if TYPE_CHECKING:
    from api.analytics.customer_tables import CustomerTable, Tables
    from api.services import Services

app = typer.Typer(help="Customers one by one: segments, lifetime values, profiles.")
app.info.no_args_is_help = True

Until = Annotated[str | None, typer.Option("--to", help="The last day that counts; else today.")]
Output = Annotated[
    list[Path] | None, typer.Option(help="Write all of them to this .csv or .xlsx file.")
]


@app.command("segments")
def segments(
    until: Until = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Only with this, as segment=champions.")
    ] = None,
    output: Output = None,
    language: Labels = AnswerLanguage.EN,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """List customers with their RFM scores and segments 客户分层."""
    from api.analytics.asking import asked_of, now_in
    from api.cli.analytics import given_of
    from projections.analytics.segments import CUSTOMER_SEGMENTS

    given = given_of({"to": until}, [], where)
    with _tables(language, purpose) as (services, tables):
        asked = asked_of(CUSTOMER_SEGMENTS, given, now_in(services.tenant.zone))
        found = tables.all_scores(asked) if output else tables.scores(asked, None)
    _show(found, output, as_json, {})


@app.command("lifetime-value")
def lifetime_value(
    until: Until = None,
    held: Annotated[int, typer.Option(help="Days held back to test the model on.")] = 90,
    months: Annotated[int, typer.Option(help="Months whose value counts.")] = 12,
    discount: Annotated[int, typer.Option(help="Discount a year, in percent.")] = 10,
    output: Output = None,
    language: Labels = AnswerLanguage.EN,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Train the models of what customers will buy, say how they did on the past, and list who is
    worth most.
    """
    from api.analytics.asking import model_asked, now_in
    from api.analytics.predicting import stated

    given = {"held": str(held), "months": str(months), "discount": str(discount)}
    given |= {"to": until} if until else {}
    with _tables(language, purpose) as (services, tables), progress_bar() as progress:
        asked = model_asked(given, now_in(services.tenant.zone))
        position = services.gate.position()
        model = services.predicting.model(asked, position, progress)
        if output:
            found = tables.all_expected(asked, position)
        else:
            found = tables.expected(asked, position, None)
        said = stated(model, position)
    if not as_json:
        _state(said)
    _show(found, output, as_json, {"model": said})


@app.command("profile")
def profile(
    customer: Annotated[str, typer.Argument(help="By number such as C-12, or id.")],
    language: Labels = AnswerLanguage.EN,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Show all that is known of a customer 客户画像."""
    from api.analytics.asking import now_in
    from api.analytics.profile import Profiles
    from api.cli.asked import record_of
    from projections.analytics.kernel import Asked

    with _tables(language, purpose) as (services, tables):
        record = record_of(services, customer)
        asked = Asked(now_in(services.tenant.zone).date())
        found = Profiles(tables).of(record, asked, services.gate.position())
    if found is None:
        raise Failure("There is no such customer. Give its id, or its number such as C-12.")
    if as_json:
        print_json(found)
        return
    print_table(("what", "is known"), _lines(found, language.value))


def _lines(found: dict[str, Any], language: str) -> Iterator[tuple[str, Any]]:
    """A profile in lines."""
    record, bought = found["customer"], found["bought"]
    yield "customer", f"{record.get('number')} {record.get('name') or ''}"
    yield "stage", record["stage"]
    yield "owner", found["owner"] and found["owner"]["name"]
    for one in found["contacts"]:
        yield "contact", f"{one['name']} ({one['role'] or '-'})"
    for status, sums in found["deals"].items():
        for one in sums:
            yield f"{status} deals", f"{one['deals']}: {one['amount']} {one['currency']}"
    if bought is not None:
        scores = "".join(str(bought[f"{one}_score"]) for one in _SCORES)
        yield "orders", f"{bought['orders']}, the last {bought['recency']} days ago"
        yield "segment", f"{bought['segment_label']} ({scores})"
        for one in bought["worth"]:
            yield "bought", f"{one['value']} {one['currency']}"
    for name, value in (found["expected"] or {}).items():
        yield name, value
    for name, value in found["tickets"].items():
        yield name, value
    for one in found["consents"]:
        yield "consent", f"{one['purpose']}, {one['channel']}: {one['status']}"
    yield "last follow-up", found["follow_up"]["last_on"]
    yield "next follow-up", found["follow_up"]["next_on"]
    for one in found["changes"]:
        yield one["occurred_at"], one["words"][language]


_SCORES = ("recency", "frequency", "monetary")


@contextmanager
def _tables(language: AnswerLanguage, purpose: str | None) -> "Iterator[tuple[Services, Tables]]":
    from api.analytics.customer_tables import Tables
    from api.cli.models import catch_up

    reader = command_line_reader(purpose)
    with opened_tenant() as services:
        catch_up(services)
        yield (
            services,
            Tables(services.analytics, services.predicting, services.gate, reader, language.value),
        )


def _show(
    found: "CustomerTable", output: list[Path] | None, as_json: bool, more: dict[str, Any]
) -> None:
    from api.analytics.files import TABLES

    write_files(found, output, TABLES)
    if as_json:
        print_json({**more, "data": found.as_json()})
    elif not output:
        print_table(found.headings(), found.rows())
        if found.next_after:
            warn("There are more customers. Write all of them with --output FILE.csv.")


def _state(said: dict[str, Any]) -> None:
    """What a model was trained on, and how it did, in a few lines."""
    parts = [said["purchases"], *said["value"]]
    for part in parts:
        named = ", ".join(f"{name} {one}" for name, one in part["parameters"].items())
        about = f" in {part['currency']}" if "currency" in part else ""
        typer.echo(
            f"{part['model']}{about} of {part['customers']:,} customers up to {said['to']}: "
            f"{named}; log-likelihood {part['log_likelihood']}."
        )
        if part["trouble"]:
            warn(part["trouble"])
    tested = said["back_test"]
    if tested is None:
        warn("Too few customers had bought again before the days held back, so it is not tested.")
        return
    typer.echo(
        f"Trained up to {tested['to']}, tested on the {tested['held']} days after it: "
        f"{tested['actual_purchases']:,} purchases of {tested['customers']:,} customers."
    )
    names = ("purchases", "mean_absolute_error", "root_mean_square_error")
    rows = [[which, *(tested[which][name] for name in names)] for which in _WHICH]
    print_table(("expected by", *names), rows)
    rows = [[one["customers"], one["predicted"], one["actual"]] for one in tested["deciles"]]
    print_table(("customers", "predicted each", "actual each"), rows)


_WHICH = ("model", "same_as_before")
