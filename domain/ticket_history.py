"""The lifecycle of a ticket 工单, and what histories of other systems hold that it does not allow.

Real histories break any lifecycle: closed tickets become active, unheard-of states turn up.
Such a fact is recorded as it was, with the rule that it broke; nothing is bent to fit, nor dropped.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, StringConstraints

from domain.fields import Personal, Public
from domain.kernel import Value
from domain.values import Line


class Status(StrEnum):
    """New → Open → Pending 挂起 → Resolved 已解决 → Closed 关闭, or an end without an answer."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


class WaitingFor(StrEnum):
    """Who has to move before a pending ticket goes on."""

    CUSTOMER = "customer"
    THIRD_PARTY = "third_party"


IN_WORK: Final = frozenset({Status.NEW, Status.OPEN, Status.PENDING})
"""Somebody still has to do something."""
REOPENABLE: Final = frozenset({Status.RESOLVED, Status.REJECTED, Status.DUPLICATE})
"""It has ended, but may go on inside the window. Closed is final."""
REOPEN_DAYS: Final = 7

_NEXT: Final[Mapping[Status, frozenset[Status]]] = {
    Status.NEW: frozenset({Status.OPEN, Status.REJECTED, Status.DUPLICATE}),
    Status.OPEN: REOPENABLE | {Status.PENDING},
    Status.PENDING: REOPENABLE | {Status.OPEN},
    Status.RESOLVED: frozenset({Status.OPEN, Status.CLOSED}),
    Status.REJECTED: frozenset({Status.OPEN}),
    Status.DUPLICATE: frozenset({Status.OPEN}),
    Status.CLOSED: frozenset(),
}
"""What may follow upon each status."""


def end_of_window(now: datetime, days: int = REOPEN_DAYS) -> datetime:
    """Until when a ticket that ends now may be reopened."""
    return now + timedelta(days=days)


class BrokenRule(StrEnum):
    """Which of our rules a recorded history broke."""

    UNKNOWN_STATE = "unknown_state"
    """A state that is none of ours; the status stays what it was."""
    DID_NOT_START_NEW = "did_not_start_new"
    CLOSED_IS_FINAL = "closed_is_final"
    REOPENED_AFTER_WINDOW = "reopened_after_window"
    BACK_TO_NEW = "back_to_new"
    SKIPPED_OPEN = "skipped_open"
    SKIPPED_RESOLVED = "skipped_resolved"
    GAP_IN_HISTORY = "gap_in_history"
    """It came from another state than the one that we last heard of."""


def rule_broken_by(
    before: Status, after: Status, reopen_until: datetime | None, now: datetime
) -> BrokenRule | None:
    """The gravest rule that going from one status to another breaks; None where it may."""
    if after is before:
        return None
    if before is Status.CLOSED:
        return BrokenRule.CLOSED_IS_FINAL
    if (
        before in REOPENABLE
        and after in IN_WORK
        and reopen_until is not None
        and now > reopen_until
    ):
        return BrokenRule.REOPENED_AFTER_WINDOW
    if after in _NEXT[before]:
        return None
    if after is Status.NEW:
        return BrokenRule.BACK_TO_NEW
    return BrokenRule.SKIPPED_RESOLVED if after is Status.CLOSED else BrokenRule.SKIPPED_OPEN


SourceWord = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""A word as the other system has it, such as a state: ``Awaiting Vendor``, ``-100``."""
Sequence = Annotated[int, Field(ge=0, lt=2**53)]
"""The other system's count of changes of one ticket; later ones have higher numbers."""


class SourceOutcome(Value):
    """How it ended, as the other system tells it."""

    resolution_code: Public[Line | None, "vocabulary"] = None
    made_sla: Public[bool | None, "switch"] = None
    """What the other system says of its own service levels; ours are judged by our policies."""
    source_active: Public[bool | None, "switch"] = None
    source_resolved_by: Personal[Line | None, "identity"] = None
    source_resolved_at: Public[AwareDatetime | None, "moment"] = None
    source_closed_at: Public[AwareDatetime | None, "moment"] = None


class SourceDetails(SourceOutcome):
    """What the other system says beyond a ticket's own fields, kept as it stood there.

    People are given as that system names them, be they contacts and users here or not. Colleagues
    among them stand in text about several people, which lies under the ticket's subject and is
    found by search.
    """

    source_caller: Personal[Line | None, "identity"] = None
    source_opened_by: Personal[Line | None, "identity"] = None
    source_created_by: Personal[Line | None, "identity"] = None
    source_assignee: Personal[Line | None, "identity"] = None
    source_opened_at: Public[AwareDatetime | None, "moment"] = None
    source_created_at: Public[AwareDatetime | None, "moment"] = None
    source_reassignments: Public[int | None, "figure"] = None
    priority_confirmed: Public[bool | None, "switch"] = None
    knowledge: Public[bool | None, "switch"] = None
    """An article was used or is to be written."""
    notify: Public[Line | None, "vocabulary"] = None
