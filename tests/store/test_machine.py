"""The log against a plain model: whatever is done to both, they answer the same."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.customers import CustomerActivated, CustomerChanged, Level
from domain.fields import ERASED, personal_fields
from domain.kernel import Event
from domain.kernel import replace as changed
from store.database import Database
from store.errors import KeyReused, StoreError, SubjectErased, ValueTaken, VersionConflict
from store.event_log import Decision, Receipt
from tests.dsl import id_of
from tests.store.deciding import decision, fresh_tenant, let_go, new_log

STREAMS = [id_of(f"customer {n}") for n in range(4)]
MAILS = ["a@example.com", "b@example.com", "王@例子.中国"]
TEXTS = st.sampled_from(["王芳", "Fang", "F"])

facts = st.one_of(
    st.builds(CustomerChanged, name=TEXTS),
    st.builds(CustomerChanged, note=TEXTS, level=st.sampled_from(Level)),
    st.builds(CustomerChanged, level=st.sampled_from(Level)),
    st.just(CustomerActivated()),
)
mails = st.lists(st.sampled_from(MAILS), unique=True, max_size=2).map(tuple)
keys = st.none() | st.sampled_from(["key 1", "key 2"])


@dataclass
class Model:
    """An event log as one would explain it."""

    events: list[tuple[UUID, int, Event]] = field(default_factory=list)
    holders: dict[str, UUID] = field(default_factory=dict)
    receipts: dict[str, tuple[str, Receipt]] = field(default_factory=dict)
    commands: dict[UUID, Receipt] = field(default_factory=dict)
    erased: set[UUID] = field(default_factory=set)

    def version(self, stream: UUID) -> int:
        return sum(1 for one, _, _ in self.events if one == stream)

    def append(self, wanted: Decision, answer: Receipt | StoreError) -> None:
        """Check an answer, and do what it says was done."""
        refusal = self._refusal(wanted)
        if refusal is not None:
            assert type(answer) is type(refusal)
            assert answer.__dict__ == refusal.__dict__
            return
        assert isinstance(answer, Receipt), answer
        known = self._known(wanted)
        if known is not None:
            assert answer == known._replace(replayed=True)
            return
        for new in wanted.events:
            self.events.append((new.stream, new.version, new.event))
        assert not answer.replayed
        assert (answer.stream, answer.position) == (wanted.stream, len(self.events))
        assert answer.version == self.version(wanted.stream)
        self.holders = {m: s for m, s in self.holders.items() if (m, s) not in _of(wanted.releases)}
        self.holders |= dict(_of(wanted.claims))
        self.commands[wanted.envelope.command_id] = answer
        if wanted.idempotency is not None:
            self.receipts[wanted.idempotency.key] = wanted.idempotency.request, answer

    def _known(self, wanted: Decision) -> Receipt | None:
        by_key = wanted.idempotency and self.receipts.get(wanted.idempotency.key)
        return by_key[1] if by_key else self.commands.get(wanted.envelope.command_id)

    def _refusal(self, wanted: Decision) -> StoreError | None:
        stream = wanted.stream
        gone = stream in self.erased and any(_personal(new.event) for new in wanted.events)
        if gone and not wanted.born:
            return SubjectErased()  # its keys are looked for before anything is sent
        by_key = wanted.idempotency and self.receipts.get(wanted.idempotency.key)
        if wanted.idempotency is not None and by_key:
            return None if by_key[0] == wanted.idempotency.request else KeyReused()
        if wanted.envelope.command_id in self.commands:
            return None
        if self.version(stream) != wanted.reads[stream]:
            return VersionConflict(stream, wanted.reads[stream], self.version(stream))
        for mail, holder in _of(wanted.claims):
            other = self.holders.get(mail, holder)
            if other != holder:
                return ValueTaken("customers", "emails", other)
        return SubjectErased() if gone else None

    def loaded(self) -> list[tuple[UUID, int, Event]]:
        """The events as they read now."""
        return [(s, v, _erased(e) if s in self.erased else e) for s, v, e in self.events]


def _of(claims: Any) -> list[tuple[str, UUID]]:
    return [(one.value, one.stream) for one in claims]


def _personal(event: Event) -> set[str]:
    return personal_fields(type(event)).keys() & event.given().keys()


def _erased(event: Event) -> Event:
    return changed(event, **dict.fromkeys(_personal(event), ERASED))


class LogMachine(RuleBasedStateMachine):
    """Two processes on one tenant, and the model."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        tenant = fresh_tenant(database)
        self.logs = [new_log(database, tenant), new_log(database, tenant)]
        self.model = Model()
        self.sent: list[Decision] = []

    def teardown(self) -> None:
        for log in self.logs:
            log.close()
        let_go(self.database, self.logs[0].tenant)

    def made(self, drawn: dict[str, Any]) -> Decision:
        stream = STREAMS[drawn["stream"]]
        at = max(0, self.model.version(stream) + drawn["stale"])
        given = {name: drawn[name] for name in ("claims", "releases", "key", "request")}
        made = decision(stream, *drawn["events"], at=at, **given)
        # A dispatcher never sends a value that a command releases and claims at once.
        made.releases = [one for one in made.releases if one not in [*made.claims]]
        self.sent.append(made)
        return made

    orders = st.fixed_dictionaries(
        {
            "stream": st.integers(0, len(STREAMS) - 1),
            "events": st.lists(facts, min_size=1, max_size=3),
            "stale": st.sampled_from([0, 0, 0, 0, -1, 1]),
            "claims": mails,
            "releases": mails,
            "key": keys,
            "request": st.sampled_from(["one", "one", "another"]),
        }
    )
    process = st.integers(0, 1)

    @rule(order=orders, process=process)
    def append(self, order: dict[str, Any], process: int) -> None:
        wanted = self.made(order)
        self.model.append(wanted, _outcome(lambda: self.logs[process].append(wanted)))

    @rule(orders=st.lists(orders, min_size=2, max_size=6), process=process)
    def append_several(self, orders: list[dict[str, Any]], process: int) -> None:
        """Queued without waiting, about different records: most of them become one batch."""
        by_stream = {order["stream"]: order for order in orders}
        log, sent = self.logs[process], []
        for order in by_stream.values():
            wanted = self.made(order)
            sent.append((wanted, _outcome(lambda one=wanted: log.submit(one))))  # type: ignore[misc]
        for wanted, waiting in sent:
            if isinstance(waiting, StoreError):
                self.model.append(wanted, waiting)
            else:
                answer = _outcome(lambda w=wanted, k=waiting: log.receive(w, *k))  # type: ignore[misc]
                self.model.append(wanted, answer)

    @rule(data=st.data(), process=process)
    def send_again(self, data: st.DataObject, process: int) -> None:
        """As after a lost connection, or by a client who did not hear the answer."""
        if self.sent:
            wanted = data.draw(st.sampled_from(self.sent))
            self.model.append(wanted, _outcome(lambda: self.logs[process].append(wanted)))

    @rule(stream=st.sampled_from(STREAMS))
    def erase(self, stream: UUID) -> None:
        with self.database.connect("eraser", self.logs[0].tenant.schema) as eraser:
            eraser.execute("SELECT destroy_keys(%s, NULL)", [stream])
        for log in self.logs:
            log.keys.forget()
        self.model.erased.add(stream)
        self.model.holders = {m: s for m, s in self.model.holders.items() if s != stream}

    @rule(after=st.integers(0, 12), limit=st.integers(1, 8), process=process)
    def read(self, after: int, limit: int, process: int) -> None:
        found = self.logs[process].read(after, limit)
        assert [one.position for one in found] == [
            *range(after + 1, min(after + limit, len(self.model.events)) + 1)
        ]
        expected = self.model.loaded()[after : after + limit]
        assert [(one.stream, one.version, one.event) for one in found] == expected

    @rule(stream=st.sampled_from(STREAMS), process=process)
    def load(self, stream: UUID, process: int) -> None:
        expected = [(v, e) for s, v, e in self.model.loaded() if s == stream]
        found = self.logs[process].load(stream)
        assert [(one.version, one.event) for one in found] == expected
        assert [one.event.given() for one in found] == [event.given() for _, event in expected]

    @invariant()
    def what_is_held_is_what_was_claimed(self) -> None:
        assert self.logs[0].holders("customers", "emails", MAILS) == self.model.holders
        assert self.logs[1].head() == len(self.model.events)


def _outcome(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except StoreError as refused:
        return refused


def test_the_log_is_the_model(database: Database) -> None:
    machine: Any = lambda: LogMachine(database)  # noqa: E731
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            # Without shrinking: each try is a new tenant, and the run has to end in a minute.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
