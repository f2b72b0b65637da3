"""What the append answers, outcome by outcome, with a neighbour who holds the very same ids."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from domain.customers import CustomerActivated, CustomerChanged
from domain.fields import ERASED
from store.codec import NewEvent
from store.database import Database
from store.errors import (
    EventTooLarge,
    KeyReused,
    KeysRaced,
    SubjectErased,
    ValueTaken,
    VersionConflict,
)
from store.event_log import Decision, EventLog, Idempotency
from store.keys import DataKey
from tests.dsl import id_of
from tests.store.conftest import Opener
from tests.store.deciding import (
    claim,
    contents,
    decision,
    envelope,
    fresh_tenant,
    held_up,
    in_threads,
    let_go,
    names,
    new_log,
    registered,
    renamed,
    stored,
    until,
    waiting_for_lock,
)

ONE, TWO = id_of("customer one"), id_of("customer two")
MAIL, OTHER_MAIL = "wf@example.com", "王@例子.中国"


@pytest.fixture(scope="module")
def crowded(database: Database) -> Iterator[EventLog]:
    """A neighbour with the same streams, values, idempotency keys and data subjects."""
    log = new_log(database, fresh_tenant(database))
    log.append(registered(ONE, claims=(MAIL,), key="k1"))
    log.append(registered(TWO, claims=(OTHER_MAIL,), key="k2"))
    yield log
    log.close()
    let_go(database, log.tenant)


@pytest.fixture(autouse=True)
def _nothing_reaches_across(database: Database, crowded: EventLog) -> Iterator[None]:
    before = contents(database, crowded.tenant)
    yield
    assert contents(database, crowded.tenant) == before
    assert names(crowded, ONE) == ["Acme"]


def test_a_receipt_says_where_the_last_event_stands(log: EventLog) -> None:
    first = log.append(registered(ONE))
    both = log.append(
        decision(ONE, CustomerChanged(name="B"), CustomerActivated(), at=1),
    )
    assert (first.version, first.position, first.replayed) == (1, 1, False)
    assert (both.stream, both.version, both.position) == (ONE, 3, 3)
    assert both.recorded_at >= first.recorded_at
    assert both == log.last_receipt(ONE)
    assert log.last_receipt(TWO) is None


def test_a_changed_stream_is_a_conflict_and_nothing_is_stored(log: EventLog) -> None:
    log.append(registered(ONE))
    for stale in (registered(ONE), renamed(ONE, at=2), renamed(ONE, at=7)):
        with pytest.raises(VersionConflict) as conflict:
            log.append(stale)
        assert (conflict.value.stream, conflict.value.actual) == (ONE, 1)
        assert conflict.value.expected == stale.reads[ONE]
    assert len(stored(log)) == 1


def test_what_was_only_read_is_checked_too(log: EventLog) -> None:
    log.append(registered(TWO))
    with pytest.raises(VersionConflict) as conflict:
        log.append(registered(ONE, reads={TWO: 2}))
    assert (conflict.value.stream, conflict.value.expected, conflict.value.actual) == (TWO, 2, 1)
    assert log.append(registered(ONE, reads={TWO: 1})).position == 2


def test_a_value_is_taken_by_the_record_that_it_names(log: EventLog) -> None:
    log.append(registered(ONE, claims=(MAIL,)))
    with pytest.raises(ValueTaken) as taken:
        log.append(registered(TWO, claims=(OTHER_MAIL, MAIL)))
    assert (taken.value.aggregate, taken.value.field) == ("customers", "emails")
    assert taken.value.holder == ONE
    assert MAIL not in str(taken.value)
    assert log.holder("customers", "emails", OTHER_MAIL) is None
    assert log.append(registered(TWO, claims=(OTHER_MAIL,))).position == 2


def test_a_released_value_is_free(log: EventLog) -> None:
    log.append(registered(ONE, claims=(MAIL,)))
    log.append(renamed(ONE, at=1, releases=(MAIL,)))
    log.append(registered(TWO, claims=(MAIL,)))
    assert log.holder("customers", "emails", MAIL) == TWO


def test_two_records_swap_their_values_in_one_command(log: EventLog) -> None:
    log.append(registered(ONE, claims=(MAIL,)))
    log.append(registered(TWO, claims=(OTHER_MAIL,)))
    swap = _about_both("swapped")
    swap.claims = [claim(TWO, MAIL), claim(ONE, OTHER_MAIL)]
    swap.releases = [claim(ONE, MAIL), claim(TWO, OTHER_MAIL)]
    log.append(swap)
    held = log.holders("customers", "emails", [MAIL, OTHER_MAIL])
    assert held == {MAIL: TWO, OTHER_MAIL: ONE}


def test_somebody_elses_value_cannot_be_released(log: EventLog) -> None:
    log.append(registered(ONE, claims=(MAIL,)))
    with pytest.raises(ValueTaken):
        log.append(registered(TWO, claims=(MAIL,), releases=(MAIL,)))
    assert log.holder("customers", "emails", MAIL) == ONE


def test_two_records_of_one_command_cannot_hold_one_value(log: EventLog) -> None:
    log.append(registered(ONE))
    log.append(registered(TWO))
    both = _about_both("both")
    both.claims = [claim(ONE, MAIL), claim(TWO, MAIL)]
    with pytest.raises(ValueTaken):
        log.append(both)


@pytest.mark.parametrize("process", ["one", "two"])
def test_of_many_who_claim_a_value_at_once_one_gets_it(
    log: EventLog, open_log: Opener, process: str
) -> None:
    logs = [log, log if process == "one" else open_log(log.tenant)]
    results = in_threads(
        *(
            lambda n=n: logs[n % 2].append(registered(uuid7(), claims=(MAIL, f"{n}@example.com")))
            for n in range(16)
        )
    )
    winner = log.holder("customers", "emails", MAIL)
    refused = [one for one in results if isinstance(one, ValueTaken)]
    assert len(refused) == 15
    assert {one.holder for one in refused} == {winner}
    assert len(stored(log)) == 1


def test_the_same_request_again_gets_its_first_receipt(log: EventLog) -> None:
    first = log.append(registered(ONE, key="k1"))
    log.append(renamed(ONE, at=1))
    again = log.append(registered(ONE, key="k1"))
    assert again.replayed
    assert again._replace(replayed=False) == first
    asked = log.receipt_of(Idempotency("a client", "k1", "the request"))
    assert asked == again
    assert log.receipt_of(Idempotency("another client", "k1", "the request")) is None
    assert len(stored(log)) == 2


def test_one_idempotency_key_from_fifty_callers_is_one_event(log: EventLog) -> None:
    results = in_threads(*(lambda: log.append(registered(uuid7(), key="k1")) for _ in range(50)))
    assert len({one._replace(replayed=False) for one in results}) == 1
    assert [one.replayed for one in results].count(False) == 1
    assert len(stored(log)) == 1


def test_a_key_that_was_used_for_another_request_is_refused(log: EventLog) -> None:
    log.append(registered(ONE, key="k1"))
    with pytest.raises(KeyReused):
        log.append(registered(TWO, key="k1", request="another"))
    with pytest.raises(KeyReused):
        log.receipt_of(Idempotency("a client", "k1", "another"))
    assert len(stored(log)) == 1


def test_a_refused_request_leaves_its_key_unused(log: EventLog) -> None:
    log.append(registered(ONE))
    with pytest.raises(VersionConflict):
        log.append(registered(ONE, key="k1"))
    assert not log.append(renamed(ONE, at=1, key="k1", request="another")).replayed


def test_nothing_is_written_about_an_erased_subject(
    log: EventLog, open_log: Opener, database: Database
) -> None:
    elsewhere = open_log(log.tenant)
    log.append(registered(ONE, claims=(MAIL,)))
    elsewhere.load(ONE)
    erase(database, log, ONE)
    for writer in (log, elsewhere, log):  # by a key in memory, by another's, by none
        with pytest.raises(SubjectErased):
            writer.append(renamed(ONE, at=1))
        assert names(writer, ONE) == [ERASED]
    assert log.holder("customers", "emails", MAIL) is None
    assert log.append(decision(ONE, CustomerActivated(), at=1)).version == 2


def test_an_erasure_is_not_overtaken_by_what_was_decided_before(
    log: EventLog, database: Database
) -> None:
    log.append(registered(ONE))
    with held_up(database, log):
        waiting, keys = log.submit(late := renamed(ONE, at=1))
        with database.connect("owner", log.tenant.schema) as owner:
            keys_table = f"{log.tenant.keys}.data_keys"
            owner.execute(f"UPDATE {keys_table} SET wrapped = NULL, destroyed_at = now()".encode())
    with pytest.raises(SubjectErased):
        log.receive(late, waiting, keys)
    assert [one[2] for one in stored(log)] == ["CustomerRegistered", "CustomerRegistered"]


def test_an_erasure_is_not_overtaken_by_the_first_write_in_a_category(
    log: EventLog, database: Database
) -> None:
    """Which brings a key of its own, and so uses none that the erasure could have destroyed."""
    log.append(registered(ONE))
    with held_up(database, log):
        waiting, keys = log.submit(late := decision(ONE, CustomerChanged(note="n"), at=1))
        erasing = threading.Thread(target=erase, args=(database, log, ONE))
        with database.connect("owner", log.tenant.schema) as observer:
            erasing.start()
            until(lambda: waiting_for_lock(observer) == 2)
    erasing.join()
    with pytest.raises(SubjectErased):
        log.receive(late, waiting, keys)
    with pytest.raises(SubjectErased):
        log.append(late)
    assert names(log, ONE) == [ERASED]


def test_one_category_can_be_erased_by_itself(log: EventLog, database: Database) -> None:
    log.append(registered(ONE))
    log.append(decision(ONE, CustomerChanged(name="B", note="n", tags=("t",)), at=1))
    erase(database, log, ONE, "content")
    last = log.load(ONE)[-1].event
    assert isinstance(last, CustomerChanged)
    assert (last.name, last.note, last.tags) == ("B", ERASED, ("t",))
    assert log.append(renamed(ONE, at=2)).version == 3


def test_a_key_that_another_process_brought_first_is_used_instead(
    log: EventLog, open_log: Opener
) -> None:
    elsewhere = open_log(log.tenant)
    log.append(decision(ONE, CustomerActivated()))
    elsewhere.append(renamed(ONE, at=1))
    late = renamed(ONE, at=2, claims=(MAIL,))
    late.born = frozenset({ONE})  # as if it had been looked up before the other was stored
    with pytest.raises(KeysRaced):
        log.append(late)
    assert log.holder("customers", "emails", MAIL) is None
    assert log.append(late).version == 3
    assert log.holder("customers", "emails", MAIL) == ONE
    assert names(elsewhere, ONE) == [None, "Acme & Co", "Acme & Co"]


def test_later_commands_of_a_batch_see_earlier_ones(log: EventLog, database: Database) -> None:
    orders = [
        registered(ONE, claims=(MAIL,), key="k1"),
        renamed(ONE, at=1, releases=(MAIL,)),
        registered(TWO, claims=(MAIL,)),
        registered(ONE, key="k1"),
        renamed(ONE, at=1),
        renamed(TWO, at=1, claims=(MAIL,)),
    ]
    outcomes = _as_one_batch(log, database, orders)
    positions = [getattr(one, "position", type(one)) for one in outcomes]
    assert positions == [2, 3, 4, 2, VersionConflict, 5]
    assert outcomes[3].replayed
    assert [one[0] for one in stored(log)[1:]] == [ONE, ONE, TWO, TWO]
    assert log.holder("customers", "emails", MAIL) == TWO


def test_of_two_in_a_batch_that_bring_a_key_the_first_one_does(
    log: EventLog, database: Database
) -> None:
    log.append(decision(ONE, CustomerActivated()))
    first, second = renamed(ONE, at=1), renamed(ONE, at=2)
    outcomes = _as_one_batch(log, database, [first, second], keys_ahead=False)
    assert outcomes[0].position == 3
    assert isinstance(outcomes[1], KeysRaced)
    assert log.append(second).position == 4


def test_commands_that_refuse_each_other_nothing_are_stored_as_they_came(
    log: EventLog, database: Database
) -> None:
    ids = [uuid7() for _ in range(20)]
    orders = [
        registered(one, f"name {n}", claims=(f"{n}@example.com",), key=f"key {n}")
        for n, one in enumerate(ids)
    ]
    outcomes = _as_one_batch(log, database, orders)
    assert [one.position for one in outcomes] == [*range(2, 22)]
    assert [one[0] for one in stored(log)[1:]] == ids
    assert [one.leaf_hash for one in outcomes] == [
        log.last_receipt(one).leaf_hash  # type: ignore[union-attr]
        for one in ids
    ]
    assert [names(log, one)[0] for one in ids] == [f"name {n}" for n in range(20)]
    assert [log.append(one).position for one in orders] == [*range(2, 22)]  # replayed


def test_two_of_a_batch_that_claim_one_value_are_told_apart(
    log: EventLog, database: Database
) -> None:
    outcomes = _as_one_batch(
        log, database, [registered(ONE, claims=(MAIL,)), registered(TWO, claims=(MAIL,))]
    )
    assert outcomes[0].position == 2
    assert isinstance(outcomes[1], ValueTaken)
    assert outcomes[1].holder == ONE


def test_a_decision_is_stored_whole_or_not_at_all(log: EventLog) -> None:
    log.append(registered(ONE))
    log.append(registered(TWO))
    log.append(_about_both("both"))
    with pytest.raises(VersionConflict):
        log.append(_about_both("again"))
    assert names(log, ONE) == names(log, TWO) == ["Acme", "both"]


def test_a_change_too_large_for_a_log_entry_is_told_before_it_is_queued(log: EventLog) -> None:
    with pytest.raises(EventTooLarge, match=r"at most 65527 bytes\. Split it\."):
        log.append(decision(ONE, CustomerChanged.of({"industry": "x" * 65_600})))
    longest = CustomerChanged(note="诗" * 100_000)
    assert log.append(decision(ONE, longest)).position == 1
    assert log.load(ONE)[0].event == longest


def erase(database: Database, log: EventLog, subject: UUID, *categories: str) -> None:
    """Destroy keys and personal data as the eraser does."""
    with database.connect("eraser", log.tenant.schema) as eraser:
        eraser.execute("SELECT destroy_keys(%s, %s::text[])", [subject, [*categories] or None])
    log.keys.forget()


def _about_both(name: str) -> Decision:
    """A change of two customers, both at version 1, in one command."""
    made = renamed(ONE, 1, name)
    made.events.append(NewEvent(TWO, 2, made.events[0].event, made.events[0].state))
    return replace(made, reads={ONE: 1, TWO: 1}, envelope=envelope())


def _as_one_batch(
    log: EventLog, database: Database, orders: list[Decision], keys_ahead: bool = True
) -> list[Any]:
    ahead: dict[tuple[UUID, str], DataKey] = {}
    with held_up(database, log):
        sent = [log.submit(one, ahead if keys_ahead else None) for one in orders]
    outcomes: list[Any] = []
    for order, (waiting, keys) in zip(orders, sent, strict=True):
        try:
            outcomes.append(log.receive(order, waiting, keys))
        except Exception as refused:
            outcomes.append(refused)
    return outcomes
