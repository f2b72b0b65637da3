"""verify while others append and sign, and what no single change of a row would show."""

import pytest

from store.event_log import EventLog
from store.transparency import retained
from store.transparency.notes import Signer
from store.verify import verify
from tests.store.deciding import in_threads
from tests.store.transparency.logs import (
    append,
    integrated,
    integrator_of,
    keys_of,
    notes,
    said,
    tamper,
)


def test_nothing_is_wrong_while_the_log_grows(log: EventLog) -> None:
    """What is kept outside is never ahead of what verify looks at."""
    integrated(log, 5)

    def grow() -> None:
        for _ in range(25):
            append(log, 3)
            integrator_of(log).catch_up()

    def look() -> list[str]:
        return [str(one) for _ in range(12) for one in verify(log).faults]

    assert in_threads(grow, look, look) == [None, [], []]


def test_entries_that_are_not_in_the_tree_yet_are_no_fault(log: EventLog) -> None:
    integrated(log, 300)
    append(log, 300)
    assert verify(log).faults == []


def test_a_missing_entry_is_one_fault_and_those_after_it_are_none(log: EventLog) -> None:
    integrated(log, 20, 280)
    tamper(
        log,
        "DELETE FROM events WHERE position IN (10, 11, 40)",
        "DELETE FROM personal_data WHERE position IN (10, 11, 40)",
    )
    assert [str(one) for one in verify(log).faults] == [
        "12: No entry stands at 10 to 11, before this one.",
        "41: No entry stands at 40, before this one.",
    ]


def test_entries_that_are_missing_at_the_end_are_found(log: EventLog) -> None:
    integrated(log, 20, 280)
    tamper(
        log,
        "DELETE FROM events WHERE position > 290",
        "DELETE FROM personal_data WHERE position > 290",
    )
    sentences = [one.sentence for one in verify(log).faults]
    assert "A checkpoint is of 300 entries, but the log ends here." in sentences


def test_a_tree_that_was_emptied_is_found(log: EventLog) -> None:
    integrated(log, 20)
    tamper(log, "DELETE FROM checkpoints", "DELETE FROM tiles")
    assert [one.sentence for one in verify(log).faults] == [
        "The tree is of 0 entries, but the checkpoint kept outside the database of 20."
    ]


def test_two_histories_of_one_log_are_found(log: EventLog) -> None:
    """Everything in the database was made anew; only what is kept outside knows better."""
    integrated(log, 20)
    known = retained.kept(log.tenant)
    tamper(
        log,
        "UPDATE events SET recorded_at = recorded_at - 1",
        "DELETE FROM checkpoints",
        "DELETE FROM tiles",
    )
    retained._path(log.tenant).unlink()
    integrator_of(log).catch_up()
    assert verify(log).faults == []
    assert known is not None
    retained.keep(log.tenant, known)
    [fault] = verify(log).faults
    assert fault.sentence.startswith("The checkpoint kept outside the database of 20 entries has")


@pytest.mark.parametrize("number", [0, 1])
def test_of_two_signatures_neither_can_be_another(log: EventLog, number: int) -> None:
    integrated(log, 1)
    with log.database.connect("projector", log.tenant.schema) as connection:
        keys_of(log).add(connection)
    integrated(log, 1)
    line = notes(log)[-1].splitlines()[-2:][number]
    dash, name, signature = line.split(" ")
    for other in (
        f"{dash} {name[:-1]}x {signature}",
        f"{dash} {name} {'B' if signature[0] != 'B' else 'C'}{signature[1:]}",
        f"{dash} {name} {signature[:20]}{'B' if signature[20] != 'B' else 'C'}{signature[21:]}",
    ):
        tamper(log, f"UPDATE checkpoints SET note = replace(note, '{line}', '{other}')")
        assert "The checkpoint 2 " in verify(log).faults[0].sentence
        tamper(log, f"UPDATE checkpoints SET note = replace(note, '{other}', '{line}')")
    assert verify(log).faults == []


def test_the_signature_of_a_witness_is_no_fault(log: EventLog) -> None:
    integrated(log, 1)
    line = Signer.of("witness.example", b"1" * 32, 4).line(said(notes(log)[0]).text, 7)
    with log.database.connect("projector", log.tenant.schema) as connection:
        connection.execute("UPDATE checkpoints SET note = note || %s", [line])
    assert verify(log).faults == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET recorded_at = -1 WHERE position = 5",
        "UPDATE events SET recorded_at = 9223372036854775807 WHERE position = 5",
        "UPDATE events SET recorded_at = -9223372036854775808 WHERE position = 5",
        "UPDATE events SET position = 9223372036854775807 WHERE position = 5",
        "UPDATE events SET position = -5 WHERE position = 5",
        "UPDATE events SET position = 0 WHERE position = 5",
        "UPDATE checkpoints SET size = 9223372036854775807 WHERE number = 2",
        "UPDATE checkpoints SET size = -1, number = -1 WHERE number = 2",
        "UPDATE checkpoints SET note = '' WHERE number = 1",
        "UPDATE tiles SET level = 32767",
        "UPDATE tiles SET index = 9223372036854775807",
        "UPDATE events SET body = '[]' WHERE position = 5",
        "UPDATE events SET body = 'null' WHERE position = 5",
        'UPDATE events SET body = replace(body, \'"personal":{\', \'"personal":{"a":1,\')'
        " WHERE position = 5",
        "UPDATE events SET body = regexp_replace(body, '\"commitments\":\\[[^]]*\\]',"
        " '\"commitments\":[{}]') WHERE position = 5",
        "UPDATE events SET body = regexp_replace(body, '\"fields\":\\[[^]]*\\]',"
        " '\"fields\":[7]') WHERE position = 5",
        "UPDATE events SET body = replace(body, '\"personal\"', '\"parsonel\"')",
        "UPDATE events SET body = replace(body, '\"actor\"', '\"agtor\"')",
        "UPDATE personal_data SET nonce = '', blind = ''",
        "UPDATE personal_data SET ciphertext = ''",
    ],
)
def test_nothing_that_can_be_stored_makes_it_stumble(log: EventLog, change: str) -> None:
    integrated(log, 7, 3)
    tamper(log, change)
    assert verify(log).fault_count > 0
