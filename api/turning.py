"""What time does by itself: epochs turn over, copies go dark, legal holds and consents end."""

import os
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from commands.consents import ExpireConsent
from commands.erasure_steps import CertifyErasure
from commands.kernel import Rejected
from commands.legal_holds import LapseLegalHold
from domain.subject_requests import Kind, Status
from projections.readers import KEPT
from store import places
from store.lists import Query
from store.progress import Progress, untold

if TYPE_CHECKING:
    from api.services import Services

A_DAY: Final = timedelta(days=1)
"""An epoch lasts so long at least, whatever is erased in it."""
LONGEST_EPOCH: Final = timedelta(days=30)
BACKUP_DAYS: Final = 35
"""For so long a backup opens, unless ``KEPT_BACKUP_DAYS`` says otherwise."""


class Turning:
    """Of one tenant. What is late is done late, and nothing is done twice."""

    def __init__(self, services: "Services") -> None:
        self._services = services

    def requests(self, status: Status, kind: Kind = Kind.ERASURE) -> list[UUID]:
        """The requests of a kind and status, by when they are due."""
        wanted = {"kind": kind.value, "status": status.value}
        return self._found("subject_requests", Query(wanted, sort="due_on"))

    def keep_dark(self, now: datetime, progress: Progress = untold) -> list[UUID]:
        """Turn the epochs over, and certify the erasures of which no copy opens any more; gives
        those that were certified now.
        """
        epochs = self._services.log.keys.epochs
        fulfilled = self.requests(Status.FULFILLED, Kind.ERASURE)
        destroyed = {one: self._destroyed_at(one) for one in fulfilled}
        age = now - epochs.began()
        is_wanted = age > A_DAY and any(at >= epochs.began() for at in destroyed.values())
        if age > LONGEST_EPOCH or is_wanted:
            epochs.begin()
        epochs.rewrap(progress)
        epochs.end(now - timedelta(days=backup_days()))
        certified = []
        copies = timedelta(days=max(places.copies().values(), default=0))
        for one, at in destroyed.items():
            dark = epochs.dark_since(at)
            if dark is not None and now >= max(dark, at + copies):
                certify = CertifyErasure(dark_on=max(dark, at + copies).date())
                self._services.issue(certify, one, correlation_id=one)
                certified.append(one)
        return certified

    def lapse_holds(self, now: datetime) -> None:
        """Lift the legal holds whose time is over."""
        last = now.astimezone(self._services.tenant.zone).date() - A_DAY
        query = Query({"status": "in_force"}, sort="expires_on", until=last)
        for one in self._found("legal_holds", query):
            self._services.issue(LapseLegalHold(), one)

    def expire_consents(self, now: datetime) -> int:
        """Record of the consents whose time is over that it is; gives of how many."""
        done = 0
        for status, end in (("granted", "valid_until"), ("pending", "confirm_by")):
            for one in self._found("consents", Query({"status": status}, sort=end, until=now)):
                with suppress(Rejected):  # renewed or confirmed, and the read model is behind
                    self._services.issue(ExpireConsent(), one)
                    done += 1
        return done

    def _found(self, name: str, query: Query) -> list[UUID]:
        return [*self._services.gate.find_all(KEPT, name, query)]

    def _destroyed_at(self, request_id: UUID) -> datetime:
        events = self._services.log.load(request_id)
        return next(one.recorded_at for one in events if one.type == "ErasureDestroyed")


def backup_days() -> int:
    """For how many days a backup is to open: ``KEPT_BACKUP_DAYS``.

    Raises:
        WrongCopies: it is no number of days.
    """
    given = os.environ.get("KEPT_BACKUP_DAYS", str(BACKUP_DAYS))
    if not given.isdecimal() or int(given) > places.MOST_DAYS:
        raise places.WrongCopies(
            f"KEPT_BACKUP_DAYS: {given!r} is no number of days. Write one, as 35."
        )
    return int(given)
