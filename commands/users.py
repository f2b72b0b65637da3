"""What may be done with users. Only administrators may do it."""

from collections.abc import Iterator
from datetime import datetime

from commands.kernel import Command, Records, Rejected, changes, opened
from commands.records import check_above, check_record, check_required, need_active_user
from domain.fields import Personal
from domain.kernel import Event
from domain.users import (
    Status,
    User,
    UserActivated,
    UserChanged,
    UserDeactivated,
    UserDetails,
    UserInvited,
    UserReactivated,
)
from domain.values import Email, Line


def _check_links(command: UserDetails, records: Records) -> None:
    check_record(command, User, records)
    if command.manager_id is not None:
        check_above(User, command.manager_id, "manager_id", records)
        need_active_user(records, command.manager_id, "manager_id")


class InviteUser(UserDetails, Command, to=User, opens=True, admin=True):
    """Invite a colleague to work with Kept."""

    name: Personal[Line, "identity"]
    email: Personal[Email, "contact"]

    def decide(self, user: User, now: datetime, records: Records) -> Iterator[Event]:
        _check_links(self, records)
        yield opened(self, UserInvited)


class ActivateUser(Command, to=User, admin=True):
    """Activate an invited user, who can then sign in and own records."""

    def decide(self, user: User, now: datetime) -> Iterator[Event]:
        if user.status is Status.DEACTIVATED:
            raise Rejected("This user was deactivated. Reactivate them instead.")
        if not user.is_active:
            yield UserActivated()


class ChangeUser(UserDetails, Command, to=User, admin=True):
    """Change fields of a user; a field that is not given stays, null clears it."""

    def decide(self, user: User, now: datetime, records: Records) -> Iterator[Event]:
        check_required(self, "name", "email")
        _check_links(self, records)
        yield from changes(self, user, UserChanged)


class DeactivateUser(Command, to=User, admin=True):
    """Deactivate a user who left 停用; history keeps pointing at them."""

    def decide(self, user: User, now: datetime) -> Iterator[Event]:
        if user.status is not Status.DEACTIVATED:
            yield UserDeactivated()


class ReactivateUser(Command, to=User, admin=True):
    """Let a deactivated user work with Kept again."""

    def decide(self, user: User, now: datetime) -> Iterator[Event]:
        if user.status is Status.INVITED:
            raise Rejected("This user was never active. Activate them instead.")
        if not user.is_active:
            yield UserReactivated()
