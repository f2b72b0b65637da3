"""Who is asking, and what their role may do. Rights proper come later; until then a role does."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from api.problems import Problem
from api.tenancy import Served, Tenancy
from commands.kernel import Command
from domain.saved_figures import SavedFigure
from domain.users import Status, User
from projections.readers import Reader
from store.api_keys import Access, Role, tenant_of

Right = Literal["read", "save", "issue", "administer", "backdate", "act_for", "audit"]

_WORK: Final[frozenset[Right]] = frozenset({"read", "save", "issue"})
_LOOK: Final[frozenset[Right]] = frozenset({"read"})
RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    "admin": _WORK | {"administer", "backdate", "act_for", "audit"},
    "sales": _WORK,
    "service": _WORK,
    "marketing": _WORK,
    "auditor": _LOOK | {"audit"},
    "analyst": _LOOK | {"save"},
}
_DOING: Final[dict[Right, str]] = {
    "read": "read",
    "save": "save figures",
    "issue": "issue commands",
    "administer": "do this, which is for administrators",
    "backdate": "say that something occurred earlier (Kept-Occurred-At)",
    "act_for": "act for somebody else (Kept-On-Behalf-Of)",
    "audit": "read the read log",
}
BELIEVED_SECONDS: Final = 1.0
"""How long a key that was checked is believed without asking :mod:`store.api_keys`, which itself
asks the database every few seconds only."""
MOST_BELIEVED: Final = 10_000
LONGEST_KEY: Final = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose key it is, and the tenant that it opens."""

    access: Access
    served: Served
    reader: Reader

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return self.served.services.tenant.zone

    def needs(self, right: Right) -> None:
        """Only go on with this right.

        Raises:
            Problem: the role does not have it.
        """
        role = self.access.role
        if right not in RIGHTS[role]:
            able = ", ".join(one for one, rights in RIGHTS.items() if right in rights)
            raise Problem(
                "forbidden",
                f"The role {role} may not {_DOING[right]}. Use a key of one of these: {able}.",
            )

    def may_issue(self, command: type[Command]) -> None:
        """Only go on if the role may issue this command.

        Raises:
            Problem: it may not.
        """
        if command.TO is SavedFigure:  # a question, and nothing that the company does
            self.needs("save")
        else:
            self.needs("administer" if command.ADMIN else "issue")


class KeyRing:
    """Checks API keys. One that was found good is believed for some seconds."""

    def __init__(self, tenancy: Tenancy) -> None:
        self._tenancy = tenancy
        self._believed: dict[bytes, tuple[float, Caller]] = {}

    async def caller(self, authorization: bytes | None) -> Caller:
        """Who sends this ``Authorization`` header.

        Raises:
            Problem: nobody whom we know.
        """
        if authorization is None:
            raise _unauthenticated("This route needs an API key.")
        found = self._believed.get(authorization)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        caller = await self._check(authorization)
        if len(self._believed) >= MOST_BELIEVED:
            self._believed.clear()
        self._believed[authorization] = (time.monotonic() + BELIEVED_SECONDS, caller)
        return caller

    async def _check(self, authorization: bytes) -> Caller:
        scheme, _, key = authorization.partition(b" ")
        text = key.strip().decode("ascii", "replace")
        tenant = tenant_of(text) if len(text) <= LONGEST_KEY and text.isprintable() else None
        if scheme.lower() != b"bearer" or tenant is None:
            raise _unauthenticated("The Authorization header holds no API key of Kept.")
        served = await self._tenancy.served(tenant)
        access = None if served is None else await asyncio.to_thread(_known, served, text)
        if served is None or access is None:
            self._believed.pop(authorization, None)
            raise _unauthenticated("This API key is unknown or was revoked.")
        reader = Reader(access.user_id, access.role, access.key_id)
        return Caller(access, served, reader)


def _known(served: Served, text: str) -> Access | None:
    """Whom the key speaks for; nobody if its user has left."""
    access = served.services.api_keys.check(text)
    if access is None:
        return None
    user = served.services.dispatcher.state(User, access.user_id).state
    left = isinstance(user, User) and user.status is Status.DEACTIVATED
    return None if left else access


def _unauthenticated(sentence: str) -> Problem:
    return Problem(
        "unauthenticated",
        f"{sentence} Send one as Authorization: Bearer kept_…, made with: kept keys create.",
        headers={"WWW-Authenticate": 'Bearer realm="kept"'},
    )
