"""The dispatcher: load, decide, append. What was decided on an old state is decided again.

States are kept in a cache and used without asking whether they are still current: the append checks
the version of every stream that was read, so an acceptance is always sound; a rejection is
confirmed on freshly read states.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from commands.kernel import At, Command, NotFound, Records, Rejected
from domain.envelope import SYSTEM, Envelope
from domain.erasure import PersonalDataErased
from domain.fields import ERASED
from domain.kernel import Aggregate, Event
from store.application import Held, LogApplication
from store.codec import NewEvent
from store.database import WouldWait, without_waiting
from store.errors import (
    KeysRaced,
    LogFull,
    StoreError,
    SubjectErased,
    ValueTaken,
    VersionConflict,
)
from store.event_log import Claim, Decision, EventLog, Idempotency, Receipt
from store.group_commit import Waiting
from store.keys import DataKey
from store.states import StateCache
from store.suppressions import Suppressions

ATTEMPTS: Final = 20
"""Decisions of one command before it is given up as contended; each lost race is another's success.
"""
CACHED_STATES: Final = 20_000
WELL_KNOWN: Final = 5
"""The version of UUIDs that :func:`domain.kernel.well_known` makes; no other record has one."""
_UNASKED: Final = without_waiting()


class Contended(StoreError):
    """The record changed faster than the command could be decided; nothing was stored."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("This record is being changed by many at once. Try again in a second.")


class Order(NamedTuple):
    """A command on its way: whom it is for, in which envelope, under which conditions."""

    command: Command
    envelope: Envelope
    stream: UUID | None = None
    """None for a command that opens a record with an id of the dispatcher's."""
    expected_version: int | None = None
    """``If-Match``: the version that the caller saw."""
    idempotency: Idempotency | None = None


@dataclass(slots=True)
class Attempt:
    """One try at deciding: what it read, and the states after it."""

    stream: UUID
    reads: dict[UUID, Held] = field(default_factory=dict)
    after: dict[UUID, Held] = field(default_factory=dict)
    ahead: Mapping[UUID, Held] = field(default_factory=dict)
    """States that commands on their way will leave."""
    opened: set[UUID] = field(default_factory=set)
    """Ids that were made for it, so that nothing can be there yet."""
    events: list[NewEvent] = field(default_factory=list)


class Sent(NamedTuple):
    """A decision on its way into the log."""

    attempt: Attempt
    decision: Decision
    waiting: Waiting
    keys: list[DataKey]


class Dispatcher:
    """Issues commands on one tenant's log. Thread-safe."""

    def __init__(self, log: EventLog, new_id: Callable[[], UUID] = uuid7) -> None:
        self._log, self._new_id = log, new_id
        self._states = StateCache(CACHED_STATES)
        self._application = LogApplication(log, self._states)
        self._suppressions = Suppressions(log)

    def dispatch(self, order: Order) -> Receipt:
        """Decide and store one command; returns when it is durable.

        Raises:
            Rejected: the business rules refuse it.
            VersionConflict: ``expected_version`` is not the record's version.
            Contended, or what :meth:`EventLog.append` raises.
        """
        try:
            return self._dispatch(order)
        except (Rejected, VersionConflict, ValueTaken, SubjectErased):
            # It may have been stored before, and be refused now because of that very success.
            earlier = order.idempotency and self._log.receipt_of(order.idempotency)
            if earlier:
                return earlier
            raise

    def send(self, order: Order) -> "Sent | None":
        """Decide by what is in memory, and queue; None where that does not do: then dispatch it.

        Never waits: for an event loop, which goes on when the outcome is there.

        Raises:
            LogFull: too many are waiting.
        """
        attempt = Attempt(order.stream or self._new_id())
        try:
            with _UNASKED:
                self._decide(attempt, order)
                if not attempt.events:
                    return None
                decision = self._decision(order, attempt)
                return Sent(attempt, decision, *self._log.submit(decision))
        except LogFull:
            raise
        except (WouldWait, Rejected, StoreError):
            return None

    def receive(self, sent: "Sent") -> Receipt:
        """The receipt of what was sent, or the error by which it was refused; waits for it."""
        receipt = self._log.receive(sent.decision, sent.waiting, sent.keys)
        self._remember(sent.attempt, receipt)
        return receipt

    def dispatch_all(self, orders: Sequence[Order]) -> list[Receipt | Rejected | StoreError]:
        """Several commands for one record, in order, without waiting for each.

        A command is decided on the state that the one before it will leave. One that does not go
        through so is issued by itself.
        """
        ahead: dict[UUID, Held] = {}
        keys_ahead: dict[tuple[UUID, str], DataKey] = {}
        sent = [self._send_ahead(order, ahead, keys_ahead) for order in orders]
        outcomes: list[Receipt | Rejected | StoreError] = []
        for order, on_its_way in zip(orders, sent, strict=True):
            try:
                if on_its_way is None:
                    outcomes.append(self.dispatch(order))
                else:
                    attempt, decision, waiting, keys = on_its_way
                    receipt = self._log.receive(decision, waiting, keys)
                    self._remember(attempt, receipt)
                    outcomes.append(receipt)
            except (VersionConflict, KeysRaced):
                outcomes.append(self._outcome(order))
            except (Rejected, StoreError) as refused:
                outcomes.append(refused)
        return outcomes

    def records(self) -> Records:
        """The records as decisions read them, for whoever only looks."""

        def load(kind: type[Aggregate], stream: UUID) -> Aggregate | None:
            held = self.state(kind, stream)
            return held.state if held.version else None

        return Records(load, self._new_id, SYSTEM)

    def forget(self) -> None:
        """Forget every state that is kept, as after an erasure."""
        self._states.forget()

    def state(self, aggregate: type[Aggregate], stream: UUID) -> Held:
        """A record's state as the log has it now; version 0 where it does not exist."""
        return self._load(aggregate, stream, refresh=True)

    def _dispatch(self, order: Order) -> Receipt:
        refresh = False
        stream = order.stream or self._new_id()
        for _ in range(ATTEMPTS):
            attempt = Attempt(stream)
            try:
                self._decide(attempt, order, refresh)
                if not attempt.events:
                    return self._unchanged(order, attempt)
                decision = self._decision(order, attempt)
                receipt = self._log.append(decision)
            except Rejected:
                if refresh or not attempt.reads:
                    raise
                refresh = True
            except VersionConflict as conflict:
                wanted = order.expected_version
                if (
                    wanted is not None
                    and conflict.stream == order.stream
                    and conflict.actual > wanted
                ):
                    raise
                if wanted is not None and refresh:
                    raise
                refresh = True
            except KeysRaced:
                continue
            else:
                self._remember(attempt, receipt)
                return receipt
        raise Contended

    def _outcome(self, order: Order) -> Receipt | Rejected | StoreError:
        try:
            return self.dispatch(order)
        except (Rejected, StoreError) as refused:
            return refused

    def _send_ahead(
        self,
        order: Order,
        ahead: dict[UUID, Held],
        keys_ahead: dict[tuple[UUID, str], DataKey],
    ) -> tuple[Attempt, Decision, Waiting, list[DataKey]] | None:
        attempt = Attempt(order.stream or self._new_id(), ahead=ahead)
        try:
            self._decide(attempt, order)
            if not attempt.events:
                return None
            decision = self._decision(order, attempt)
            waiting, keys = self._log.submit(decision, keys_ahead)
        except (Rejected, StoreError):
            return None
        ahead |= attempt.after
        return attempt, decision, waiting, keys

    def _decide(self, attempt: Attempt, order: Order, refresh: bool = False) -> None:
        """Let the command decide, and fold what it decided into the states after it."""
        command, target = order.command, type(order.command).TO
        # That an opened stream is new need not be looked up: the append checks it.
        unborn = order.stream is None or (command.OPENS is True and not refresh)
        own = Held(target(), 0) if unborn else self._held(attempt, target, attempt.stream, refresh)
        attempt.reads[attempt.stream] = own
        self._check_address(order, own)
        now = order.envelope.occurred_at.astimezone(self._log.tenant.zone)
        if type(command).READS:
            records = Records(
                lambda kind, stream: self._existing(attempt, kind, stream, refresh),
                lambda: self._open(attempt),
                attempt.stream,
                self._suppressions.remembered,
                order.envelope.actor,
            )
            decided = command.decide(own.state, now, records)
        else:
            decided = command.decide(own.state, now)
        for one in decided:
            stream, event = one if isinstance(one, At) else (attempt.stream, one)
            self._evolve(attempt, stream, event, refresh)

    def _open(self, attempt: Attempt) -> UUID:
        made = self._new_id()
        attempt.opened.add(made)
        return made

    def _check_address(self, order: Order, own: Held) -> None:
        command = type(order.command)
        if own.version == 0 and command.OPENS is False:
            raise NotFound(f"There is no {command.TO.NOUN} {order.stream}. Check the id.")
        if own.version > 0 and command.OPENS is True:
            raise Rejected(f"There is already a {command.TO.NOUN} {order.stream}.", type="exists")
        if order.expected_version is not None and order.expected_version != own.version:
            raise VersionConflict(
                order.stream or self._new_id(), order.expected_version, own.version
            )

    def _evolve(self, attempt: Attempt, stream: UUID, event: Event, refresh: bool) -> None:
        kind = event.AGGREGATE
        before = attempt.after.get(stream) or attempt.reads.get(stream)
        if before is None:
            is_new = stream in attempt.opened
            before = Held(kind(), 0) if is_new else self._held(attempt, kind, stream, refresh)
        after = Held(event.evolve(before.state), before.version + 1)
        attempt.after[stream] = after
        attempt.reads.setdefault(stream, before)
        number = None
        if after.version == 1 and kind.PREFIX:
            number = f"{kind.PREFIX}-{self._log.numbers.next(kind.AGGREGATE)}"
        attempt.events.append(NewEvent(stream, after.version, event, after.state, number))

    def _decision(self, order: Order, attempt: Attempt) -> Decision:
        claims: list[Claim] = []
        releases: list[Claim] = []
        for stream, after in attempt.after.items():
            was, now = attempt.reads[stream].state, after.state
            if _same_claims(was, now):
                continue
            held, wanted = {*was.claims()}, {*now.claims()}
            claims += _claims(stream, now, wanted - held)
            releases += _claims(stream, now, held - wanted)
        return Decision(
            envelope=order.envelope,
            stream=attempt.stream,
            reads={stream: held.version for stream, held in attempt.reads.items()},
            events=attempt.events,
            claims=claims,
            releases=releases,
            idempotency=order.idempotency,
            born=frozenset([s for s, held in attempt.reads.items() if held.version == 0]),
        )

    def _unchanged(self, order: Order, attempt: Attempt) -> Receipt:
        """Nothing is to be done: the request's first receipt, or that of the last event."""
        earlier = order.idempotency and self._log.receipt_of(order.idempotency)
        if earlier:
            return earlier
        last = self._log.last_receipt(attempt.stream)
        if last is None:
            raise NotFound(f"There is no record {order.stream}. Check the id.")
        return last

    def _existing(
        self, attempt: Attempt, kind: type[Aggregate], stream: UUID, refresh: bool
    ) -> Aggregate | None:
        held = self._held(attempt, kind, stream, refresh)
        attempt.reads[stream] = held
        return held.state if held.version else None

    def _held(self, attempt: Attempt, kind: type[Aggregate], stream: UUID, refresh: bool) -> Held:
        found = attempt.reads.get(stream) or attempt.ahead.get(stream)
        return found or self._load(kind, stream, refresh)

    def _load(self, kind: type[Aggregate], stream: UUID, refresh: bool) -> Held:
        held = self._states.get(stream)
        if held is None or refresh:
            held = self._application.load(kind, stream)
            # Of what exists once, such as a default that every ticket asks for, also that it does
            # not: the append would notice if it does by now.
            if held.version or stream.version == WELL_KNOWN:
                self._states.put(stream, held)
        return held if type(held.state) is kind else Held(kind(), 0)  # the id of something else

    def _remember(self, attempt: Attempt, receipt: Receipt) -> None:
        if not receipt.replayed:
            erased = {one.stream for one in attempt.events if type(one.event) is PersonalDataErased}
            for stream, held in attempt.after.items():
                if stream in erased:  # what it was folded from may hold what is gone
                    self._states.drop(stream)
                else:
                    self._states.put(stream, held)


def _same_claims(was: Aggregate, now: Aggregate) -> bool:
    for name in now.CLAIMED:  # noqa: SIM110  all() of a generator takes three times as long
        if getattr(was, name) is not getattr(now, name):
            return False
    return True


def _claims(stream: UUID, state: Aggregate, held: set[tuple[str, str]]) -> list[Claim]:
    kind = state.AGGREGATE
    return [Claim(kind, name, value, stream) for name, value in held if value is not ERASED]
