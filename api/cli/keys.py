"""API keys. Each speaks for one user, who is the actor of all that is done with it."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from api.cli.shared import (
    Failure,
    Json,
    command_line_reader,
    opened_tenant,
    print_json,
    print_table,
    progress_bar,
    warn,
)

if TYPE_CHECKING:
    from api.services import Services

app = typer.Typer(help="API keys: each names its tenant, its user and its role.")
app.info.no_args_is_help = True
KEY_PARTS: Final = 4


class Role(StrEnum):
    """What a key may do."""

    ADMIN = "admin"
    SALES = "sales"
    SERVICE = "service"
    MARKETING = "marketing"
    AUDITOR = "auditor"
    ANALYST = "analyst"


@app.command("create")
def create(
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    user: Annotated[
        str | None, typer.Option(help="Whom it speaks for, by e-mail or id. Else a user is made.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the user that is made.")] = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown once, and only its hash is kept."""
    with opened_tenant(must_exist=False) as services:
        user_id = find_user(services, user, name) or make_user(services, role.value, user, name)
        key = services.api_keys.create(user_id, role.value)
    if as_json:
        key_id = key.split("_")[-2]
        print_json({"key": key, "key_id": key_id, "user_id": user_id, "role": role.value})
    else:
        typer.echo(key)
        warn("Keep this key: it cannot be shown again.")


@app.command("turn-epoch")
def turn_epoch(as_json: Json = False) -> None:
    """Begin a new epoch: live keys are wrapped anew, and the old key ends with the last backup."""
    from datetime import UTC, datetime

    with opened_tenant() as services, progress_bar() as progress:
        epochs = services.log.keys.epochs
        is_new = epochs.begin()
        wrapped = epochs.rewrap(progress)
        certified = services.erasures.keep_dark(datetime.now(UTC))
    shown = {"epoch": epochs.current, "keys_wrapped": wrapped, "certified": [*map(str, certified)]}
    if as_json:
        print_json(shown)
    else:
        begun = "has begun" if is_new else "was begun by another process"
        typer.echo(f"Epoch {epochs.current} {begun}; {wrapped:,} keys were wrapped anew.")
        warn("Escrow its key: without it no personal value can be read.")


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """List the keys, without their secrets."""
    from api.cli.models import catch_up

    with opened_tenant() as services:
        catch_up(services)
        reader = command_line_reader()
        keys: list[dict[str, Any]] = []
        for key in services.api_keys.every():
            user = services.gate.get(reader, "users", key["user_id"])
            keys.append({**key, "user": user and user["name"]})
    if as_json:
        print_json(keys)
        return
    headings = ("key id", "role", "user", "made", "revoked")
    columns = ("key_id", "role", "user", "created_at", "revoked_at")
    print_table(headings, [[key[one] for one in columns] for key in keys])


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="The key's id, or the whole key.")],
    as_json: Json = False,
) -> None:
    """Make a key useless."""
    parts = key.split("_")
    key_id = parts[-2] if len(parts) >= KEY_PARTS else key
    with opened_tenant() as services:
        if not services.api_keys.revoke(key_id):
            raise Failure(f"There is no live key {key_id}. See: kept keys list.")
    if as_json:
        print_json({"key_id": key_id, "revoked": True})
    else:
        typer.echo(f"Revoked {key_id}. It stops working within seconds.")


def find_user(services: "Services", user: str | None, name: str | None = None) -> UUID | None:
    """The active user of this e-mail or id; None where none is named, or one is to be made."""
    from domain.users import User

    if user is None:
        return None
    try:
        user_id: UUID | None = UUID(user)
    except ValueError:
        user_id = services.log.holder("users", "email", user.strip().casefold())
    if user_id is None and "@" in user and name is not None:
        return None
    found = None if user_id is None else services.dispatcher.state(User, user_id).state
    if not isinstance(found, User) or not found.name:
        raise Failure(f"There is no user {user}. Give another, or add --name to make one.")
    if not found.is_active:
        raise Failure(f"The user {user} is {found.status}. Activate them first, or give another.")
    return user_id


def make_user(services: "Services", role: str, email: str | None, name: str | None) -> UUID:
    """A user for a key. Without an address of their own they get one that reaches nobody."""
    import secrets

    from uuid_utils.compat import uuid7

    from commands.users import ActivateUser, InviteUser
    from domain.envelope import Source
    from domain.users import Role as UserRole

    user_id, source = uuid7(), Source(kind="command_line")
    invite = InviteUser(
        name=name or f"API key ({role})",
        email=email or f"key-{secrets.token_hex(6)}@kept.example",
        roles=(UserRole(role),),
    )
    services.issue(invite, user_id, source=source)
    services.issue(ActivateUser(), user_id, source=source)
    return user_id
