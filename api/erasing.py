"""Carrying out an erasure: fence, destroy, sweep, each recorded as an event when it is done.

Whoever decided it need not wait: the server goes on with whatever is under way, and after a crash,
wherever it happened, each step is done again from its beginning, which changes nothing that was
done. One process does it at a time.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from api.answering.who import records_of
from api.envelopes import system_envelope
from commands.dispatcher import Order
from commands.kernel import Command
from commands.subject_requests import (
    MARKED_AT_ONCE,
    FenceErasure,
    MarkErased,
    RecordDestruction,
    RecordSweep,
)
from domain.envelope import SYSTEM
from domain.subject_requests import UNDER_WAY, Status, SubjectRequest
from projections import DERIVED, PROJECTIONS
from projections.gate import Reader
from projections.kernel import ReadModel
from projections.rebuild import rebuild
from projections.tables import table_of
from store import ledger, read_models
from store.erasing import Eraser
from store.event_log import Idempotency, Receipt
from store.lists import Query
from store.swapping import drop_former

if TYPE_CHECKING:
    from api.services import Services

POLL: Final = 2.0
"""Seconds between two looks for erasures that were decided."""
LOOK: Final = 0.5
MODELS: Final[tuple[ReadModel, ...]] = (*PROJECTIONS, *DERIVED)
_ITSELF: Final = Reader(SYSTEM, "admin", "erasure")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""

log = logging.getLogger(__name__)


class Erasures:
    """Those of one tenant. :meth:`start` carries out what is decided until :meth:`close`, or
    :meth:`carry_out` one.
    """

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._eraser = Eraser(services.log)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Carry out what is decided, in a thread of this process."""
        self._thread = threading.Thread(target=self._run, name="kept-erasures", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the step in hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def pending(self) -> list[UUID]:
        """The requests whose erasure was decided and is not done."""
        found: list[UUID] = []
        for status in UNDER_WAY:
            query = Query({"status": status.value}, sort="due_on")
            page = self._services.gate.page(_ITSELF, "subject_requests", query)
            found += [UUID(row["id"]) for row in page.items]
        return found

    def carry_out(
        self, *request_ids: UUID, progress: Progress = lambda what, done, of: None
    ) -> list[SubjectRequest]:
        """Take every step that is left of these, the last of them for all at once; gives the
        requests as they stand then, which is where they stood if another process is at it.
        """
        steps = {Status.DECIDED: self._fence, Status.FENCED: self._destroy}
        schema = self._services.tenant.schema
        with self._services.database.connect("projector", schema) as connection:
            if self._eraser.leads(connection):
                for one in request_ids:
                    while (request := self._request(one)).status in steps:
                        steps[request.status](one, request, progress)
                self._sweep(request_ids, progress)
        return [self._request(one) for one in request_ids]

    def repeat(self, progress: Progress = lambda what, done, of: None) -> int:
        """Destroy again what the ledger outside the database says was erased, where the database
        is one from before; gives how many erasures that were. To be done before anything is served.
        """
        tenant = self._services.tenant
        undone = ledger.undone(self._services.database, tenant)
        for one in undone:
            request, subjects = UUID(one["request"]), [UUID(who) for who in one["subjects"]]
            self._eraser.fence(request, subjects, one["categories"])
            while not self._eraser.destroy(request, subjects, one["categories"], self._heard()):
                pass
            self._eraser.release(request)
        if undone:
            self._forget()
            self._fold_anew(progress)
        return len(undone)

    def _run(self) -> None:
        while not self._stopping.wait(POLL):
            try:
                if pending := self.pending():
                    self.carry_out(*pending)
            except Exception as failed:  # the next look takes the step again
                log.warning("the erasures start over: %s", type(failed).__name__)

    def _fence(self, request_id: UUID, request: SubjectRequest, progress: Progress) -> None:
        progress("fence", 0, 1)
        known = {*records_of(self._services.dispatcher, request)}
        self._eraser.fence(request_id, known, request.categories)
        self._issue(FenceErasure(), request_id)
        merged_meanwhile = {*self._request(request_id).subjects} - known
        if merged_meanwhile:  # and from the event on nobody is merged with them any more
            self._eraser.fence(request_id, merged_meanwhile, request.categories)
        progress("fence", 1, 1)

    def _destroy(self, request_id: UUID, request: SubjectRequest, progress: Progress) -> None:
        # Again: whoever was merged at the last moment may have come in before a crash.
        self._eraser.fence(request_id, request.subjects, request.categories)
        subjects, categories = [*request.subjects], [*request.categories]
        now = datetime.now(UTC).isoformat()
        ledger.write(self._services.tenant, request_id, subjects, categories, now)
        while not self._eraser.destroy(request_id, subjects, categories, self._heard()):
            pass
        self._forget()
        self._eraser.release(request_id)
        touched = self._eraser.touched(request_id)
        for start in range(0, len(touched), MARKED_AT_ONCE):
            some = touched[start : start + MARKED_AT_ONCE]
            marks = MarkErased(
                kinds=tuple(one.kind.AGGREGATE for one in some),
                streams=tuple(one.stream for one in some),
            )
            once = Idempotency("erasure", f"{request_id}/{start}", marks.model_dump_json())
            self._issue(marks, request_id, once)
            progress("mark records", start + len(some), len(touched))
        keys, rows = self._eraser.destroyed(request_id)
        done = RecordDestruction(
            destroyed_keys=keys, destroyed_rows=rows, touched_records=len(touched)
        )
        self._issue(done, request_id)

    def _sweep(self, request_ids: Sequence[UUID], progress: Progress) -> None:
        left = [one for one in request_ids if self._request(one).status is Status.DESTROYED]
        if not left:
            return
        position = self._services.log.head()
        self._services.start_runner()
        while not self._services.runner.wait_for(position, LOOK):
            if self._stopping.is_set():
                return
        self._fold_anew(progress)
        for one in left:
            self._issue(RecordSweep(rebuilt_at=position), one)

    def _fold_anew(self, progress: Progress) -> None:
        """PostgreSQL leaves the bytes of a changed row in its pages; a new table has none."""
        rebuild(self._services.log, PROJECTIONS, DERIVED, MODELS, progress)
        with self._services.database.connect("projector", self._services.tenant.schema) as one:
            for model in MODELS:
                drop_former(one, table_of(model))
        for refused in self._eraser.scrub():
            log.warning("after an erasure: %s", refused)

    def _forget(self) -> None:
        self._services.forgetting.look()
        self._services.dispatcher.forget()
        self._services.log.keys.forget()
        read_models.forget()

    def _heard(self) -> int:
        """Up to where addresses remember who refused contact."""
        return self._services.suppressions.catch_up()

    def _request(self, request_id: UUID) -> SubjectRequest:
        state = self._services.dispatcher.state(SubjectRequest, request_id).state
        assert isinstance(state, SubjectRequest)  # noqa: S101  the dispatcher gives what it is asked
        return state

    def _issue(
        self, command: Command, request_id: UUID, idempotency: Idempotency | None = None
    ) -> Receipt:
        envelope = system_envelope(correlation_id=request_id)
        order = Order(command, envelope, request_id, idempotency=idempotency)
        return self._services.dispatcher.dispatch(order)
