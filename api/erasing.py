"""Carrying out an erasure: fence, destroy, sweep, each recorded as an event when it is done.

Whoever decided it need not wait: the server goes on with whatever is under way, and after a crash,
wherever it happened, each step is done again from its beginning, which changes nothing that was
done. One process does it at a time.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api.certificates import commitments
from api.envelopes import system_envelope
from api.retaining import Retention
from api.turning import Turning
from commands.dispatcher import Order
from commands.erasure_steps import (
    MARKED_AT_ONCE,
    FenceErasure,
    Marked,
    MarkErased,
    RecordDestruction,
    RecordSweep,
)
from commands.kernel import Command, Records, Rejected
from commands.retention_erasures import DropRetention
from commands.subjects import check_no_hold, same_person
from domain.subject_requests import UNDER_WAY, Status, SubjectRequest
from projections import DERIVED, PROJECTIONS
from projections.kernel import ReadModel
from projections.rebuild import rebuild
from projections.tables import table_of
from store import dated_copies, ledger
from store.erasing import Eraser, Erasure
from store.event_log import Idempotency, Receipt
from store.progress import Progress, untold
from store.recurring import Recurring
from store.swapping import drop_former

if TYPE_CHECKING:
    from api.services import Services

POLL: Final = 2.0
"""Seconds between two looks for erasures that were decided."""
LOOK: Final = 0.5
HOUR: Final = 3_600.0
"""Seconds between two looks at the epochs."""
MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)


class Erasures:
    """Those of one tenant. :meth:`start` carries out what is decided until :meth:`close`, or
    :meth:`carry_out` one.
    """

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._eraser = Eraser(services.log)
        self.turning, self.retention = Turning(services), Retention(services)
        self._recurring = Recurring("erasures", self._look)
        self._kept_dark_at = -HOUR

    def start(self) -> None:
        """Carry out what is decided, in a thread of this process."""
        self._recurring.start(POLL)

    def close(self) -> None:
        """Stop after the step in hand."""
        self._recurring.close()

    def pending(self) -> list[UUID]:
        """The requests whose erasure was decided and is not done."""
        return [one for status in UNDER_WAY for one in self.turning.requests(status)]

    def carry_out(self, *request_ids: UUID, progress: Progress = untold) -> list[SubjectRequest]:
        """Take every step that is left of these, the last of them for all at once; gives the
        requests as they stand then, which is where they stood if another process is at it.
        """
        steps = {Status.DECIDED: self._fence, Status.FENCED: self._destroy}
        schema = self._services.tenant.schema
        with self._services.database.connect("projector", schema) as connection:
            if self._eraser.leads(connection):
                for one in request_ids:
                    with suppress(Rejected):  # a legal hold came in between: it waits for its end
                        while (request := self._request(one)).status in steps:
                            steps[request.status](one, request, progress)
                self._sweep(request_ids, progress)
        return [self._request(one) for one in request_ids]

    def retain(self, now: datetime, progress: Progress = untold) -> list[SubjectRequest]:
        """Erase what is due by the retention schedules and that nothing keeps, and go on with what
        was under way of that, all swept together; gives the requests as they stand then.
        """
        opened = self.retention.open_due(now)
        under_way = [one for one in self.pending() if not self._request(one).is_for_good]
        return self.carry_out(*dict.fromkeys((*under_way, *opened)), progress=progress)

    def repeat(self, progress: Progress = untold) -> int:
        """Destroy again what the ledger outside the database says was erased, where the database
        is one from before; gives how many erasures that were. To be done before anything is served.
        """
        database, tenant = self._services.database, self._services.tenant
        if not (ledger.undone(database, tenant) or self._eraser.unfolded()):
            return 0
        with database.connect("projector", tenant.schema) as connection:
            self._eraser.wait_to_lead(connection)
            undone = ledger.undone(database, tenant)  # another process may have been first
            for one in undone:
                subjects = [UUID(who) for who in one["subjects"]]
                erasure = Erasure(
                    UUID(one["request"]), subjects, one["categories"], "keys" not in one
                )
                self._eraser.fence(erasure)
                self._eraser.mark_unfolded([erasure.request], True)
                self._destroy_all(erasure)
            if unfolded := self._eraser.unfolded():
                self._fold_anew(progress)
                self._eraser.mark_unfolded(unfolded, False)
        return len(undone)

    def _look(self) -> None:
        if pending := self.pending():
            self.carry_out(*pending)
        if time.monotonic() - self._kept_dark_at >= HOUR:
            self._kept_dark_at = time.monotonic()
            self.turning.lapse_holds(datetime.now(UTC))
            self.turning.expire_consents(datetime.now(UTC))
            self.turning.keep_dark(datetime.now(UTC))
            self.retain(datetime.now(UTC))

    def _fence(self, request_id: UUID, request: SubjectRequest, progress: Progress) -> None:
        progress("fence", 0, 1)
        if not request.is_for_good:
            self._fence_retention(request_id)
            return
        people = self._same_person(request)
        known = {*people}
        check_no_hold(people, self._records(), datetime.now(self._services.tenant.zone).date())
        self._eraser.fence(Erasure(request_id, [*known], request.categories, for_good=True))
        keys = self._services.log.keys
        epoch = keys.epochs.current
        said = commitments(keys.opening(request_id, epoch), people.values())
        self._issue(FenceErasure(commitments=said, epoch=epoch), request_id)
        merged_meanwhile = {*self._request(request_id).subjects} - known
        if merged_meanwhile:  # and from the event on nobody is merged with them any more
            late = Erasure(request_id, [*merged_meanwhile], request.categories, for_good=True)
            self._eraser.fence(late)
        progress("fence", 1, 1)

    def _fence_retention(self, request_id: UUID) -> None:
        """Of the one record, and only if that is still wanted; nobody is barred, and nobody is
        named, for nobody asked.
        """
        self._issue(DropRetention(), request_id)
        request = self._request(request_id)
        if request.status is Status.DECIDED and request.subject_id is not None:
            subjects = [request.subject_id]
            self._eraser.fence(Erasure(request_id, subjects, request.categories, for_good=False))
            epoch = self._services.log.keys.epochs.current
            self._issue(FenceErasure(commitments=(), epoch=epoch), request_id)

    def _destroy(self, request_id: UUID, request: SubjectRequest, progress: Progress) -> None:
        subjects, categories = request.subjects, request.categories
        erasure = Erasure(request_id, subjects, categories, request.is_for_good)
        # Again: whoever was merged at the last moment may have come in before a crash.
        self._eraser.fence(erasure)
        keys = None if request.is_for_good else self._eraser.set_apart(erasure)
        now = datetime.now(UTC).isoformat()
        ledger.write(self._services.tenant, request_id, subjects, categories, now, keys)
        self._destroy_all(erasure)
        touched = self._eraser.touched(request_id)
        for start in range(0, len(touched), MARKED_AT_ONCE):
            some = touched[start : start + MARKED_AT_ONCE]
            marks = MarkErased(
                records=tuple(Marked(kind=one.kind.AGGREGATE, stream=one.stream) for one in some)
            )
            once = Idempotency("erasure", f"{request_id}/{start}", marks.model_dump_json())
            self._issue(marks, request_id, once)
            progress("mark records", start + len(some), len(touched))
        destroyed, rows = self._eraser.destroyed(request_id)
        done = RecordDestruction(
            destroyed_keys=destroyed, destroyed_rows=rows, touched_records=len(touched)
        )
        self._issue(done, request_id)

    def _destroy_all(self, erasure: Erasure) -> None:
        """Keys, rows, what is in memory, and the keyed hashes of what stood there."""
        heard = self._services.suppressions.catch_up  # addresses remember who refused contact
        while not self._eraser.destroy(erasure, heard()):
            pass
        self._services.forgetting.forget()
        self._eraser.release(erasure.request, erasure.for_good)

    def _sweep(self, request_ids: Sequence[UUID], progress: Progress) -> None:
        left = [one for one in request_ids if self._request(one).status is Status.DESTROYED]
        if not left:
            return
        position = self._services.log.head()
        self._services.start_runner()
        while not self._services.runner.wait_for(position, LOOK):
            if self._recurring.is_closing:
                return
        unswept = self._fold_anew(progress)
        for one in left:
            self._issue(RecordSweep(rebuilt_at=position, left=unswept), one)

    def _fold_anew(self, progress: Progress) -> tuple[str, ...]:
        """PostgreSQL leaves the bytes of a changed row in its pages; a new table has none. Gives
        the places that it does not let us sweep.
        """
        dated_copies.drop_all(self._services.database, self._services.tenant)
        # What another rebuild left in its drafts may hold them too.
        rebuild(self._services.log, PROJECTIONS, DERIVED, MODELS, progress, afresh=True)
        with self._services.database.connect("projector", self._services.tenant.schema) as one:
            for model in MODELS:
                drop_former(one, table_of(model))
        return self._eraser.scrub()

    def _request(self, request_id: UUID) -> SubjectRequest:
        state = self._services.dispatcher.state(SubjectRequest, request_id).state
        assert isinstance(state, SubjectRequest)  # noqa: S101  the dispatcher gives what it is asked
        return state

    def _same_person(self, request: SubjectRequest) -> dict[UUID, Any]:
        return {**same_person(request, self._records())}

    def _records(self) -> Records:
        return self._services.dispatcher.records()

    def _issue(
        self, command: Command, request_id: UUID, idempotency: Idempotency | None = None
    ) -> Receipt:
        envelope = system_envelope(correlation_id=request_id)
        order = Order(command, envelope, request_id, idempotency=idempotency)
        return self._services.dispatcher.dispatch(order)
