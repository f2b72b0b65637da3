"""Who asks, and whether they may be answered: an identified request, and their records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from commands.kernel import NotFound, Rejected
from commands.subjects import same_person
from domain.records import Record
from domain.subject_requests import Kind, Status, SubjectRequest

if TYPE_CHECKING:
    from api.services import Services

ANSWERED: Final = (Kind.ACCESS, Kind.PORTABILITY)


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks: their request, and the records that stand for them."""

    request_id: UUID
    request: SubjectRequest
    people: Mapping[UUID, Record]
    """By id. Several, where they were merged; all of one kind."""

    @property
    def kind(self) -> type[Record]:
        """Of the records that stand for them."""
        return type(next(iter(self.people.values())))


def asker(services: "Services", request_id: UUID) -> Asker:
    """Whose request this is.

    Raises:
        NotFound: there is no such request.
        Rejected: it asks for something else, has ended, or nobody made sure who they are (GDPR Art.
            12(6)): somebody else's data would go out.
    """
    held = services.dispatcher.state(SubjectRequest, request_id)
    request = held.state
    if not held.version or not isinstance(request, SubjectRequest):
        raise NotFound("There is no such request. Check the id.")
    if request.kind not in ANSWERED:
        raise Rejected(
            f"This request asks for {request.kind}. Open one that asks for access or portability."
        )
    if not request.is_open:
        raise Rejected(f"This request is already {request.status}. Open a new one.", type="ended")
    if request.status is not Status.IDENTIFIED:
        raise Rejected("Nobody has made sure who they are. Record that first.")
    people = same_person(request, services.dispatcher.records())
    if not people:
        raise NotFound("Whom the request is about has no record any more.")
    return Asker(request_id, request, people)
