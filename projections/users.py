"""The users: who acts, and who owns what."""

from domain.users import User
from projections.kernel import Projection, RecordRow, Serve


class UserRow(RecordRow, User):
    """A user and its header."""


users = Projection(
    "users",
    version=1,
    row=UserRow,
    serves=(
        Serve("number"),
        Serve("name"),
        Serve("name", ("status",)),
        Serve("name", ("team_id",)),
    ),
    search=("name", "email"),
).follows(User)
