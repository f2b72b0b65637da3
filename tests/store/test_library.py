"""The eventsourcing library over our log: its own test cases, and what we do with it."""

import threading
from collections.abc import Iterator
from typing import Any
from unittest import TestCase
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    IntegrityError,
    Notification,
    NotSupportedError,
    OperationalError,
    StoredEvent,
)
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)
from uuid_utils.compat import uuid7

from domain.contacts import Contact
from domain.customers import Customer, CustomerChanged, CustomerRegistered, Kind
from domain.erasure import PersonalDataErased
from domain.fields import ERASED
from domain.kernel import Event, fold
from store import subscription
from store.application import Held, LogApplication
from store.codec import NewEvent, canonical
from store.database import Database
from store.errors import EventTooLarge, LogFull, SubjectErased
from store.event_log import EventLog
from store.mapper import DecidedEvent, LogEntry, decided
from store.recorder import LogRecorder
from store.states import StateCache
from tests.dsl import id_of
from tests.store.conftest import Opener
from tests.store.deciding import (
    WAIT,
    decision,
    envelope,
    fresh_tenant,
    held_up,
    in_threads,
    let_go,
    new_log,
    registered,
    renamed,
    stored,
)
from tests.store.opaque import OpaqueAggregateRecorder, OpaqueRecorder

ONE, TWO = id_of("customer one"), id_of("customer two")


# The recorder test cases that the library ships.


class _OnOurLog(TestCase):
    """Each test has a log of its own."""

    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> Iterator[None]:
        self.log = new_log(database, fresh_tenant(database))
        yield
        positions = [one.id for one in OpaqueRecorder(self.log).select_notifications(None, 100_000)]
        assert positions == [*range(1, len(positions) + 1)]
        self.log.close()
        let_go(database, self.log.tenant)


class TestAggregateRecorder(_OnOurLog, AggregateRecorderTestCase):
    def create_recorder(self) -> OpaqueAggregateRecorder:
        return OpaqueAggregateRecorder(self.log)


class TestApplicationRecorder(_OnOurLog, ApplicationRecorderTestCase[OpaqueRecorder]):
    def create_recorder(self) -> OpaqueRecorder:
        return OpaqueRecorder(self.log)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()

    def new_originator_id(self) -> UUID:
        return uuid4()


class TestNonInterleaving(_OnOurLog, NonInterleavingNotificationIDsBaseCase):
    insert_num = 300

    def create_recorder(self) -> OpaqueRecorder:
        return OpaqueRecorder(self.log)


# Our own events through the library's application.


@pytest.fixture
def application(log: EventLog) -> LogApplication:
    return LogApplication(log)


def customer(stream: UUID, *events: Any, at: int = 0, state: Any = None) -> list[DecidedEvent]:
    """Events of one command, ready to be saved."""
    state = state or Customer()
    news = []
    for version, event in enumerate(events, at + 1):
        state = event.evolve(state)
        news.append(NewEvent(stream, version, event, state))
    return decided(envelope(), *news)


REGISTERED = CustomerRegistered(name="Acme", kind=Kind.PERSON, emails=("wf@example.com",))


def test_what_is_saved_is_loaded_by_the_repository(
    application: LogApplication, log: EventLog
) -> None:
    changed = CustomerChanged(note="诗", name="B")
    recordings = application.save(*customer(ONE, REGISTERED, changed))
    assert [one.notification.id for one in recordings] == [1, 2]
    topics = [one.notification.topic for one in recordings]
    assert topics == ["CustomerRegistered", "CustomerChanged"]
    held = application.load(Customer, ONE)
    assert held == Held(fold(Customer(), [REGISTERED, changed]), 2)
    expected: list[Event] = [REGISTERED, changed]
    assert [one.event for one in log.load(ONE)] == expected
    assert log.append(renamed(ONE, at=2)).position == 3
    assert application.load(Customer, ONE).version == 3


def test_a_stored_events_state_is_the_canonical_body(
    application: LogApplication, log: EventLog
) -> None:
    application.save(*customer(ONE, REGISTERED))
    (entry,) = application.recorder.select_events(ONE)
    (body,) = (one.body for one in log.load(ONE))
    assert isinstance(entry, LogEntry)
    assert entry.state == canonical(body)
    assert b"Acme" not in entry.state
    assert (entry.id, entry.originator_version, entry.topic) == (1, 1, "CustomerRegistered")
    assert application.mapper.to_domain_event(entry).event == REGISTERED  # type: ignore[attr-defined]


def test_saving_at_a_version_that_is_taken_is_an_integrity_error(
    application: LogApplication, log: EventLog
) -> None:
    application.save(*customer(ONE, REGISTERED))
    for at in (0, 2):
        with pytest.raises(IntegrityError):
            application.save(*customer(ONE, CustomerChanged(name="B"), at=at))
    both = [*customer(TWO, REGISTERED), *customer(ONE, CustomerChanged(name="B"), at=5)]
    with pytest.raises(IntegrityError):
        application.save(*both)
    assert len(stored(log)) == 1


def test_saving_about_an_erased_subject_fails(application: LogApplication, log: EventLog) -> None:
    application.save(*customer(ONE, REGISTERED))
    with log.database.connect("eraser", log.tenant.schema) as eraser:
        eraser.execute("SELECT destroy_keys(%s, NULL)", [ONE])
    change = CustomerChanged(name="B")
    with pytest.raises(IntegrityError):  # by a key that is still in memory
        application.save(*customer(ONE, change, at=1))
    with pytest.raises(SubjectErased):
        application.save(*customer(ONE, change, at=1))
    state: Any = application.load(Customer, ONE).state
    assert state.name is ERASED
    assert state.emails is ERASED


def test_the_librarys_errors_stand_for_ours(
    open_log: Opener, log: EventLog, database: Database
) -> None:
    full = open_log(log.tenant, max_waiting=0)
    with pytest.raises(OperationalError) as error:
        LogApplication(full).save(*customer(ONE, REGISTERED))
    assert isinstance(error.value.__cause__, LogFull)
    long = customer(ONE, CustomerChanged.of({"industry": "x" * 65_600}))
    with pytest.raises(EventTooLarge):
        LogApplication(log).save(*long)


def test_nothing_that_the_environment_says_changes_how_the_log_is_read(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PERSISTENCE_MODULE": "eventsourcing.popo",
        "CIPHER_KEY": "secret",
        "COMPRESSOR_TOPIC": "zlib",
        "MAPPER_TOPIC": "eventsourcing.persistence:Mapper",
        "IS_SNAPSHOTTING_ENABLED": "y",
        "AGGREGATE_CACHE_MAXSIZE": "10",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
    }.items():
        monkeypatch.setenv(name, value)
    application = LogApplication(log)
    application.save(*customer(ONE, REGISTERED))
    assert application.load(Customer, ONE).version == 1
    assert application.repository.cache is None


def test_what_the_log_does_not_keep_by_the_library_says_so(application: LogApplication) -> None:
    for part in ("aggregate_recorder", "tracking_recorder", "process_recorder"):
        with pytest.raises(NotSupportedError, match=r"\.$"):
            getattr(application.factory, part)()


def test_a_known_state_goes_on_from_where_it_is(log: EventLog) -> None:
    log.append(registered(ONE))
    # Not what the log holds: so that it shows which of the two was folded.
    known = _known(Held(Customer(name="known"), 1))
    application = LogApplication(log, known)
    assert application.load(Customer, ONE) == known.get(ONE)
    log.append(renamed(ONE, at=1, name="newer"))
    assert application.load(Customer, ONE) == Held(Customer(name="newer"), 2)
    early = application.repository.get(ONE, version=1, projector_func=_names)
    assert early == ["known"]
    known.drop(ONE)
    assert application.repository.get(ONE, version=1, projector_func=_names) == ["Acme"]


def test_a_state_that_holds_what_was_erased_since_is_folded_from_its_beginning(
    log: EventLog,
) -> None:
    log.append(registered(ONE))
    known = _known(Held(Customer(name="known"), 1))
    marked = PersonalDataErased(aggregate="customers", request_id=TWO, categories=("identity",))
    log.append(decision(ONE, marked, at=1))
    application = LogApplication(log, known)
    held = application.load(Customer, ONE)
    assert isinstance(held.state, Customer)
    assert (held.state.name, held.version) == ("Acme", 2)
    assert known.get(ONE) is None


def _known(*held: Held) -> StateCache:
    known = StateCache(10)
    for one in held:
        known.put(ONE, one)
    return known


def _names(_: Any, events: Any) -> Any:
    folded: list[Any] = [one.state if isinstance(one, Held) else one.event for one in events]
    return [one.name for one in folded]


def test_the_id_of_something_else_is_no_record(log: EventLog) -> None:
    log.append(registered(ONE))
    for known in (_known(), _known(Held(Customer(name="known"), 1))):
        application = LogApplication(log, known)
        assert application.load(Contact, ONE) == Held(Contact(), 0)
        assert application.load(Customer, TWO) == Held(Customer(), 0)


# Selecting, as the library words it.


def test_selecting_by_version_and_position_counts_events_not_rows(log: EventLog) -> None:
    """An event may have several rows of personal data beside it."""
    several = CustomerChanged(name="B", note="n", tags=("t",), emails=("wf@example.com",))
    application = LogApplication(log)
    for stream in (ONE, TWO):
        application.save(*customer(stream, REGISTERED, several, several, several))
    recorder = LogRecorder(log)

    def versions(**bounds: Any) -> list[int]:
        return [one.originator_version for one in recorder.select_events(ONE, **bounds)]

    assert versions() == [1, 2, 3, 4]
    assert versions(gt=1, limit=2) == [2, 3]
    assert versions(lte=3, desc=True, limit=2) == [3, 2]
    assert versions(gt=2, lte=3) == [3]
    assert versions(gt=4) == []
    found = recorder.select_notifications(3, 3, topics=("CustomerChanged",))
    assert [one.id for one in found] == [3, 4, 6]
    assert all(_opened(log, one).event == several for one in found)
    assert recorder.max_notification_id() == 8


def _opened(log: EventLog, entry: StoredEvent) -> Any:
    return LogApplication(log).mapper.to_domain_event(entry)


# Subscriptions.


def test_a_subscription_gives_what_is_there_and_what_is_to_come(
    log: EventLog, open_log: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this process, woken at once, and of another that nobody told it about."""
    monkeypatch.setattr(subscription, "POLL", 0.05)
    elsewhere = open_log(log.tenant)
    log.append(registered(ONE))
    seen: list[Notification] = []
    arrived = threading.Semaphore(0)

    def follow() -> None:
        for one in reader:
            seen.append(one)
            arrived.release()

    with LogRecorder(log).subscribe(gt=0) as reader:
        thread = threading.Thread(target=follow)
        thread.start()
        assert arrived.acquire(timeout=WAIT)
        log.append(renamed(ONE, at=1))
        assert arrived.acquire(timeout=WAIT)
        elsewhere.append(renamed(ONE, at=2))
        assert arrived.acquire(timeout=WAIT)
    thread.join(WAIT)
    assert not thread.is_alive()
    assert [one.id for one in seen] == [1, 2, 3]
    assert len(log._listeners) == 0


def test_a_subscription_to_topics_does_not_read_again_what_it_passed_over(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "LIMIT", 3)
    log.append(registered(ONE))
    for version in range(1, 9):
        log.append(renamed(ONE, at=version))
    log.append(registered(TWO))
    recorder = LogRecorder(log)
    asked: list[int] = []
    select = recorder.select_notifications

    def watched(start: int, *rest: Any, **more: Any) -> Any:
        asked.append(start)
        return select(start, *rest, **more)

    monkeypatch.setattr(recorder, "select_notifications", watched)
    with recorder.subscribe(topics=["CustomerRegistered"]) as reader:
        assert [next(reader).id, next(reader).id] == [1, 10]
        log.append(registered(uuid7()))
        assert next(reader).id == 11
    assert asked[-1] >= 10


def test_a_subscription_outlives_the_connections_that_it_reads_by(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "POLL", 0.05)
    log.append(registered(ONE))
    with LogRecorder(log).subscribe(gt=0) as reader, log.database.connect("writer") as killer:
        assert next(reader).id == 1
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = current_user AND pid <> pg_backend_pid()"
        )
        log.append(renamed(ONE, at=1))
        assert next(reader).id == 2


def test_a_stopped_subscription_ends_for_whoever_waits_for_it(log: EventLog) -> None:
    reader = LogRecorder(log).subscribe()
    ended = in_threads(lambda: list(reader), reader.stop)
    assert ended == [[], None]
    with reader:
        assert list(reader) == []


def test_saving_waits_like_any_other_command(
    application: LogApplication, log: EventLog, database: Database
) -> None:
    with held_up(database, log):
        saving = threading.Thread(target=application.save, args=customer(ONE, REGISTERED))
        saving.start()
        log.submit(registered(TWO))
    saving.join(WAIT)
    assert len(stored(log)) == 3
