"""The steps of an erasure, as its request remembers them: decided by people, carried out by Kept.

None of them says anything about whom it was: what they hold outlives the person's keys.
"""

from datetime import date
from uuid import UUID

from domain.fields import Public
from domain.kernel import Event, replace
from domain.subject_requests import Duty, Status, SubjectRequest


class ErasureDecided(Event):
    """What goes and what the law has kept. From here on Kept does the rest by itself."""

    categories: Public[tuple[str, ...], "vocabulary"]
    duties: Public[tuple[Duty, ...], "vocabulary"] = ()

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(
            request, categories=self.categories, duties=self.duties, status=Status.DECIDED
        )


class ErasureFenced(Event):
    """Nothing can be written about them any more, in these categories."""

    subjects: Public[tuple[UUID, ...], "link"]
    commitments: Public[tuple[str, ...], "link"] = ()
    """To each of their names and addresses, which only they can open (:mod:`api.certificates`)."""
    epoch: Public[int | None, "figure"] = None
    """The one whose key their opening is derived from."""

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(
            request, subjects=self.subjects, commitments=self.commitments, status=Status.FENCED
        )


class ErasureDestroyed(Event):
    """Keys and rows are gone, and every record that held something says so."""

    destroyed_keys: Public[int, "figure"]
    destroyed_rows: Public[int, "figure"]
    touched_records: Public[int, "figure"]

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, **self.given(), status=Status.DESTROYED)


class ErasureSwept(Event):
    """No read model, index, statistic or earlier table holds a value of theirs."""

    rebuilt_at: Public[int, "figure"]
    left: Public[tuple[str, ...], "vocabulary"] = ()

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, **self.given(), status=Status.SWEPT)


class ErasureCertified(Event):
    """The last key that opened a copy from before is destroyed, and the time of all copies over."""

    dark_on: Public[date, "moment"]

    def evolve(self, request: SubjectRequest) -> SubjectRequest:
        return replace(request, dark_on=self.dark_on, status=Status.CERTIFIED)
