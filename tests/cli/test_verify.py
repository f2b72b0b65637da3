"""verify finds whatever somebody with all rights changed behind Kept's back."""

import signal
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from api.envelopes import system_envelope
from api.services import Services
from commands.customers import ChangeCustomer, RegisterCustomer
from commands.dispatcher import Order
from domain.customers import Kind
from store.database import Connection, Database
from store.event_log import Idempotency, Receipt
from tests.cli.conftest import Kept, process
from tests.store.deciding import until


@pytest.fixture
def customer(services: Services) -> Receipt:
    """Version 2 of a customer with personal data and an e-mail that nobody else may have."""
    register = RegisterCustomer(
        name="星河科技", kind=Kind.ORGANISATION, emails=("info@example.com",), note="Likes tea."
    )
    receipt = services.issue(register)
    return services.issue(ChangeCustomer(name="Galaxy"), receipt.stream)


@pytest.fixture
def intruder(database: Database, services: Services) -> Iterator[Connection]:
    """Somebody with every right, who switches off what holds others back."""
    with database.connect("owner", services.tenant.schema) as connection:
        connection.execute("ALTER TABLE events DISABLE TRIGGER ALL")
        yield connection


def test_nothing_is_wrong_with_a_log_of_ours(kept: Kept, customer: Receipt) -> None:
    report = kept("verify", "--json").done().json
    assert report["ok"] is True
    assert report["events"] == customer.position
    assert report["personal_rows"] > 2
    assert "nothing is wrong" in kept("verify").done().out


def test_what_was_erased_is_no_fault(
    kept: Kept, database: Database, services: Services, customer: Receipt
) -> None:
    with database.connect("eraser", services.tenant.schema) as connection:
        connection.execute("SELECT destroy_keys(%s, NULL)", [customer.stream])
    report = kept("verify", "--json").done().json
    assert report["ok"] is True
    assert report["erased_rows"] > 2


def test_a_read_model_that_is_not_what_the_log_says_is_named(
    kept: Kept, database: Database, services: Services, customer: Receipt
) -> None:
    services.runner.catch_up()
    done = kept("verify", "--projections").done()
    assert f"hold what the log says up to position {customer.position}." in done.out
    with database.connect("projector", services.tenant.schema) as connection:
        connection.execute("UPDATE customers_v1 SET size = 8 WHERE id = %s", [customer.stream])
        connection.execute("UPDATE projections SET shape = '' WHERE name = 'teams'")
    told = kept("verify", "--projections")
    assert told.code == 1
    assert f"customers: 1 record differs from the log ({customer.stream})." in told.out
    assert "teams: is not made as this release has it." in told.out
    report = kept("verify", "--projections", "--json")
    assert (report.code, report.json["ok"], report.json["position"]) == (
        1,
        False,
        customer.position,
    )


CHANGES = {
    "DELETE FROM events WHERE position = %(at)s - 1": "No entry stands at",
    "UPDATE events SET recorded_at = recorded_at - 10^9 WHERE position = %(at)s": "recorded before",
    "UPDATE events SET version = 7 WHERE position = %(at)s": "follows version 1",
    "UPDATE events SET type = 'CustomerLost' WHERE position = %(at)s": "The column type differs",
    "UPDATE events SET stream = %(other)s WHERE position = %(at)s": "The column stream differs",
    "UPDATE events SET body = replace(body, '{', '{ ') WHERE position = %(at)s": "canonical form",
    "UPDATE events SET body = 'nonsense' WHERE position = %(at)s": "not one of an event",
    "UPDATE events SET body = replace(body, 'Changed', 'Chainged') WHERE position = %(at)s": (
        "knows no event named"
    ),
    "DELETE FROM personal_data WHERE position = %(at)s": "is missing, and no erasure says why",
    "UPDATE personal_data SET ciphertext = ciphertext || '\\x00' WHERE position = %(at)s": (
        "does not open with its key"
    ),
    "UPDATE personal_data SET blind = '\\x00' WHERE position = %(at)s": "is not the one committed",
    "UPDATE personal_data SET category = 'profile' WHERE position = %(at)s": "another subject or",
    "UPDATE personal_data SET key_id = %(other)s WHERE position = %(at)s": "does not exist",
    "INSERT INTO personal_data SELECT position + 9, subject, category, key_id, nonce, blind,"
    " ciphertext FROM personal_data WHERE position = %(at)s": "belongs to no event",
    "DELETE FROM unique_values WHERE stream = %(stream)s": "that nobody holds",
    "UPDATE unique_values SET value_hash = '\\x00' WHERE stream = %(stream)s": "it does not have",
    "INSERT INTO unique_values VALUES ('customers', 'emails', '\\x01', %(other)s)": "which is none",
}


@pytest.mark.parametrize("change", CHANGES, ids=list(CHANGES.values()))
def test_every_change_is_found(
    kept: Kept, intruder: Connection, customer: Receipt, change: str
) -> None:
    values: dict[str, int | UUID] = {
        "at": customer.position,
        "stream": customer.stream,
        "other": uuid4(),
    }
    intruder.execute(change.encode(), values)
    report = kept("verify", "--json")
    assert report.code == 1
    assert report.json["ok"] is False
    assert any(CHANGES[change] in one["sentence"] for one in report.json["faults"])
    assert CHANGES[change] in kept("verify").out


def test_a_row_that_outlived_its_key_is_found(
    kept: Kept, services: Services, intruder: Connection, customer: Receipt
) -> None:
    intruder.execute(
        f"UPDATE {services.tenant.keys}.data_keys SET wrapped = NULL, destroyed_at = now()"
        " WHERE subject = %s AND category = 'contact'".encode(),
        [customer.stream],
    )
    report = kept("verify", "--json").json
    assert any("(contact) outlived its key" in one["sentence"] for one in report["faults"])


def test_as_many_faults_are_shown_as_are_wanted(
    kept: Kept, intruder: Connection, services: Services, customer: Receipt
) -> None:
    for size in range(9):
        services.issue(ChangeCustomer(size=size), customer.stream)
    intruder.execute("UPDATE events SET body = replace(body, '{', '{ ')")
    ran = kept("verify", "--most", "3", "--json")
    assert len(ran.json["faults"]) == 3
    assert ran.json["fault_count"] >= 11
    assert "more faults. Raise --most" in ran.err


RECEIPTS = {
    "UPDATE command_receipts SET receipt = receipt || '{\"position\": 9999}'": (
        "is of this entry, which is not there"
    ),
    'UPDATE command_receipts SET receipt = receipt || \'{"leaf_hash": "00"}\'': (
        "is of another entry than stands here"
    ),
    "UPDATE command_receipts SET receipt = receipt || '{\"recorded_at\": 1}'": (
        "is of another entry than stands here"
    ),
    "UPDATE command_receipts SET receipt = receipt || '{\"version\": 2}'": (
        "names another record or version"
    ),
    "UPDATE command_receipts SET receipt = receipt || jsonb_build_object('stream',"
    " gen_random_uuid())": "names another record or version",
    "UPDATE command_receipts SET receipt = '[]'": "is not one of ours",
    'UPDATE command_receipts SET receipt = receipt || \'{"position": "one"}\'': (
        "is not one of ours"
    ),
}


@pytest.mark.parametrize("change", RECEIPTS)
def test_a_receipt_that_was_changed_is_found(
    kept: Kept, services: Services, intruder: Connection, change: str
) -> None:
    register = RegisterCustomer(name="Acme", kind=Kind.ORGANISATION)
    idempotency = Idempotency("a client", "a key", "a request")
    services.dispatcher.dispatch(Order(register, system_envelope(), idempotency=idempotency))
    report = kept("verify", "--json").done().json
    assert report["receipts"] == 1
    assert intruder.execute(change.encode()).rowcount == 1
    [fault] = kept("verify", "--json").json["faults"]
    assert RECEIPTS[change] in fault["sentence"]


def test_a_log_under_another_name_is_found(
    kept: Kept, services: Services, intruder: Connection, customer: Receipt
) -> None:
    services.integrator.catch_up()
    kept("verify").done()
    intruder.execute("UPDATE tenant SET origin = 'elsewhere/log'")
    report = kept("verify", "--json").json
    assert "The log is named elsewhere/log, but a signing key kept.local/" in str(report["faults"])
    assert any("is of another log" in one["sentence"] for one in report["faults"])


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_whoever_ends_it_ends_all_of_it(
    services: Services, intruder: Connection, customer: Receipt, sign: signal.Signals
) -> None:
    def waiting() -> int:
        row = intruder.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'reads'::regclass"
        ).fetchone()
        return int(row[0]) if row else 0

    with intruder.transaction():
        intruder.execute("LOCK TABLE reads")  # in the middle of it everybody waits
        running = process("--tenant", services.tenant.name, "verify", "--workers", "2")
        until(lambda: waiting() or running.poll() is not None)
        running.send_signal(sign)
        out, err = running.communicate(timeout=60)
    assert running.returncode == (130 if sign == signal.SIGINT else -sign)
    assert (out, err) == ("", "kept: Interrupted.\n" if sign == signal.SIGINT else "")
    until(lambda: not workers_of(services))


def workers_of(services: Services) -> list[tuple[int, ...]]:
    """Connections that see a snapshot, as those who verify do."""
    with services.database.connect("projector", services.tenant.schema) as connection:
        return connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_xmin IS NOT NULL"
            " AND application_name = 'kept-writer'"
        ).fetchall()
