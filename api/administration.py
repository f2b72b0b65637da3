"""What administrators look after: users, teams and custom fields. And the history of everything,
what seals the log of reads, and rows that wait.
"""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request

from api.commands import accepts
from api.dated_copies import serves_dated_copies
from api.differing import serves_differences
from api.parked import serves_parked
from api.problems import Problem
from api.reads import reads, reads_history
from api.routing import segment
from commands.custom_fields import (
    ChangeCustomField,
    DeclareCustomField,
    RestoreCustomField,
    RetireCustomField,
)
from commands.teams import ArchiveTeam, ChangeTeam, CreateTeam, RestoreTeam
from commands.users import ActivateUser, ChangeUser, DeactivateUser, InviteUser, ReactivateUser
from domain import AGGREGATES
from domain.custom_fields import custom_fields_id
from domain.records import Record
from projections.custom_fields import custom_fields
from projections.read_seals import read_seals
from projections.skipped_events import skipped_events
from projections.teams import teams
from projections.users import users

router = APIRouter()

KINDS = {
    one.AGGREGATE: custom_fields_id(one.AGGREGATE) for one in AGGREGATES if issubclass(one, Record)
}
"""The kinds of records that can have custom fields, and where each keeps its definitions."""


def fields_of(request: Request) -> UUID:
    """The stream of the custom fields of the kind in the path.

    Raises:
        Problem: there is no such kind.
    """
    found = KINDS.get(segment(request))
    if found is None:
        raise Problem(
            "not-found", f"There is no such kind of record. Give one of: {', '.join(KINDS)}."
        )
    return found


accepts(router, "/users", InviteUser)
accepts(router, "/users/{id}", ChangeUser, method="PATCH")
accepts(router, "/users/{id}/activate", ActivateUser)
accepts(router, "/users/{id}/deactivate", DeactivateUser)
accepts(router, "/users/{id}/reactivate", ReactivateUser)
reads(router, users)

accepts(router, "/teams", CreateTeam)
accepts(router, "/teams/{id}", ChangeTeam, method="PATCH")
accepts(router, "/teams/{id}/archive", ArchiveTeam)
accepts(router, "/teams/{id}/restore", RestoreTeam)
reads(router, teams)

accepts(router, "/custom-fields/{kind}", DeclareCustomField, address=fields_of)
accepts(router, "/custom-fields/{kind}", ChangeCustomField, method="PATCH", address=fields_of)
accepts(router, "/custom-fields/{kind}/retire", RetireCustomField, address=fields_of)
accepts(router, "/custom-fields/{kind}/restore", RestoreCustomField, address=fields_of)
reads(router, custom_fields, place="{kind}", address=fields_of)

reads(router, read_seals)
reads(router, skipped_events)
serves_parked(router)
serves_dated_copies(router)
serves_differences(router)
reads_history(router)
