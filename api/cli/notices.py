"""The notices that recipients of somebody's data are owed (GDPR Art. 19)."""

from typing import Annotated, Any

import typer

from api.cli.shared import Json, Stated, command_line_reader, opened_tenant, print_json, print_table


def notices(
    request: Annotated[
        str | None, typer.Argument(help="Of this request, by number (R-7) or id; else of all.")
    ] = None,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only those that are still to be given.")
    ] = False,
    purpose: Stated = None,
    as_json: Json = False,
) -> None:
    """Show which recipients are to be told of a correction, a restriction or an erasure, and what
    they were told. POST /v1/subject-requests/{id}/notices records that one was.
    """
    from api.cli.asked import record_of
    from api.cli.models import catch_up
    from store.lists import Query

    reader = command_line_reader(purpose)
    with opened_tenant() as services:
        catch_up(services)
        filters = {"status": "open"} if only_open else {}
        if request is not None:
            filters = {"request_id": str(record_of(services, request))}
        found = services.gate.items(reader, "notices", Query(filters, sort="due_on"))
        wanted = [one for one in found if one["status"] == "open" or not only_open]
        recipients = {
            one["id"]: one
            for one in services.gate.items(reader, "recipients", Query(sort="number"))
        }
    shown = [_shown(one, recipients[one["recipient_id"]]) for one in wanted]
    if as_json:
        print_json(shown)
        return
    headings = ("request", "recipient", "name", "categories", "due", "status", "told")
    print_table(headings, [_line(one) for one in shown])


def _shown(notice: dict[str, Any], recipient: dict[str, Any]) -> dict[str, Any]:
    told = {name: recipient[name] for name in ("number", "name", "notice_contact", "notice_email")}
    return {**notice, "recipient": told}


def _line(one: dict[str, Any]) -> tuple[Any, ...]:
    told = " by ".join(str(part) for part in (one["noticed_on"], one["means"]) if part)
    recipient, categories = one["recipient"], ", ".join(one["categories"])
    return (
        *(one["request_id"], recipient["number"], recipient["name"], categories),
        *(one["due_on"], one["status"], told),
    )
