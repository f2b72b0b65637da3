"""Reading personal data: through which door, and for what (GDPR Art. 5(1)(b), PIPL Art. 6).

The words are closed, so that the read log can be asked by them and no text about anybody gets in.
"""

from enum import StrEnum
from typing import Final


class Door(StrEnum):
    """Where an answer left the house."""

    HTTP = "http"
    """A list, a search, a record or a history over HTTP."""
    FEED = "feed"
    """Events over HTTP, by cursor, long poll or stream."""
    AUDIT = "audit"
    """The audit trail as files."""
    CLI = "cli"
    """The command line."""


class Purpose(StrEnum):
    """What somebody reads personal data for."""

    SALES = "sales"
    SERVICE = "service"
    MARKETING = "marketing"
    ADMINISTRATION = "administration"
    ANALYTICS = "analytics"
    AUDIT = "audit"
    LEGAL_DUTY = "legal-duty"
    DATA_SUBJECT_REQUEST = "data-subject-request"
    SECURITY = "security"


_BY_ROLE: Final = {
    "sales": Purpose.SALES,
    "service": Purpose.SERVICE,
    "marketing": Purpose.MARKETING,
    "auditor": Purpose.AUDIT,
    "analyst": Purpose.ANALYTICS,
}


def purpose_of(role: str) -> Purpose:
    """What a role reads for, unless it says otherwise."""
    return _BY_ROLE.get(role, Purpose.ADMINISTRATION)
