"""One order of all events: dense positions whoever writes, and readers who miss nothing."""

import multiprocessing
import threading
from collections import defaultdict
from itertools import pairwise
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.customers import CustomerChanged
from store.database import Database
from store.event_log import EventLog
from store.recorder import LogRecorder
from store.tenants import Tenant
from tests.store.conftest import Opener
from tests.store.deciding import WAIT, decision, in_threads, registered, renamed, stored

WRITERS, EACH = 32, 12


def write(log: EventLog, stream: UUID, count: int = EACH) -> list[int]:
    """The positions of a customer's events, of which the last command has three."""
    positions = [log.append(registered(stream)).position]
    positions += [log.append(renamed(stream, n, f"{n}")).position for n in range(1, count - 1)]
    several = [CustomerChanged(name=f"{count - 1}", tags=(str(n),)) for n in range(3)]
    return [*positions, log.append(decision(stream, *several, at=count - 1)).position]


def test_positions_are_dense_under_32_writers_of_two_tenants(
    log: EventLog, neighbour: EventLog
) -> None:
    streams = [uuid7() for _ in range(WRITERS)]
    both = [(one, stream) for stream in streams for one in (log, neighbour)]
    results = in_threads(
        *(lambda one=one, stream=stream: write(one, stream) for one, stream in both)
    )
    for (one, stream), positions in zip(both, results, strict=True):
        assert positions == sorted(positions)
        assert one.load(stream)[-1].position == positions[-1]
    for one in (log, neighbour):
        events = stored(one)
        assert len(events) == WRITERS * (EACH + 2)
        versions: dict[UUID, list[int]] = defaultdict(list)
        for stream, version, _ in events:
            versions[stream].append(version)
        assert all(given == [*range(1, EACH + 3)] for given in versions.values())


def test_recorded_times_never_decrease_and_are_the_receipts(log: EventLog) -> None:
    receipts = [log.append(registered(uuid7())) for _ in range(20)]
    events = log.read(0, 100)
    assert [one.recorded_us for one in events] == [one.recorded_at for one in receipts]
    assert all(a.recorded_us <= b.recorded_us for a, b in pairwise(events))


def test_a_clock_that_goes_back_does_not_take_the_log_along(
    log: EventLog, database: Database
) -> None:
    log.append(registered(uuid7()))
    ahead = log.read(0, 1)[0].recorded_us + 3_600_000_000
    with database.connect("owner", log.tenant.schema) as owner:
        owner.execute(
            "INSERT INTO events SELECT 2, %s, 1, type, %s, body FROM events", [uuid7(), ahead]
        )
    assert log.append(registered(uuid7())).recorded_at == ahead


def test_a_tailing_reader_misses_nothing_and_sees_it_in_order(
    log: EventLog, open_log: Opener
) -> None:
    """Readers by position, by subscription and by another process's log, while many write."""
    others = [open_log(log.tenant), open_log(log.tenant)]
    total = 16 * (EACH + 2)
    subscription = LogRecorder(others[1]).subscribe(gt=0)

    def poll(reader: EventLog) -> list[int]:
        seen: list[int] = []
        while len(seen) < total:
            seen += [one.position for one in reader.read(seen[-1] if seen else 0, 7)]
        return seen

    def follow() -> list[int]:
        seen: list[int] = []
        with subscription:
            for notification in subscription:
                seen.append(notification.id)
                if len(seen) == total:
                    break
        return seen

    writers = [lambda n=n: write((log, others[0])[n % 2], uuid7()) for n in range(16)]
    watched = in_threads(lambda: poll(log), lambda: poll(others[0]), follow, *writers)[:3]
    assert watched == [[*range(1, total + 1)]] * 3


def test_numbers_are_unique_across_threads_and_processes(
    log: EventLog, open_log: Opener, neighbour: EventLog
) -> None:
    elsewhere = open_log(log.tenant)
    taken = in_threads(
        *(
            lambda n=n: [(log, elsewhere)[n % 2].numbers.next("customers") for _ in range(40)]
            for n in range(8)
        )
    )
    another = multiprocessing.get_context("spawn")
    with another.Pool(1) as pool:
        taken.append(pool.apply(number_elsewhere, (log.tenant, dict(log.database.urls))))
    numbers = [number for some in taken for number in some]
    assert len(numbers) == len(set(numbers)) == 8 * 40 + 100
    assert min(numbers) == 1
    assert neighbour.numbers.next("customers") == 1
    assert log.numbers.next("tickets") == 1


def number_elsewhere(tenant: Tenant, urls: dict[str, str]) -> list[int]:
    """Take numbers in a process of its own."""
    database = Database(urls)  # type: ignore[arg-type]
    log = EventLog(database, tenant, None)  # type: ignore[arg-type]
    numbers = [log.numbers.next("customers") for _ in range(100)]
    log.close()
    database.close()
    return numbers


def test_a_reader_is_woken_by_a_commit(log: EventLog) -> None:
    woken = threading.Event()
    positions: list[int] = []

    def listen(position: int) -> None:
        positions.append(position)
        woken.set()

    stop = log.on_commit(listen)
    log.append(registered(uuid7()))
    assert woken.wait(WAIT)
    stop()
    log.append(registered(uuid7()))
    assert positions == [1]
