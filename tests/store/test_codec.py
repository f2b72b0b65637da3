"""What is stored of an event: a canonical body, and beside it rows that the body commits to."""

import hashlib
import json
import struct
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
import rfc8785
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.envelope import Envelope, Source
from domain.fields import ERASED, personal_fields
from domain.kernel import Aggregate, Event, replace
from store import codec
from store.codec import NewEvent, PersonalRow
from store.database import Database
from store.errors import EventTooLarge, Unrecordable
from store.event_log import Decision, EventLog
from store.keys import DataKey
from tests.domain.examples import EVENTS, IDS, models, states
from tests.dsl import id_of
from tests.store.deciding import decision, envelope
from tests.store.golden import example

quick = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
each_event = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)

LARGEST: Final = 2**53 - 1
_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
_KEYS = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=12)
_SCALARS = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | _TEXTS
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_KEYS, inner, max_size=5)
)


# The body.


@settings(max_examples=200, deadline=None)
@given(_VALUES)
def test_canonical_is_what_rfc_8785_says(value: Any) -> None:
    text = codec.canonical(value)
    assert text == rfc8785.dumps(value)
    assert orjson.loads(text) == value


@pytest.mark.parametrize("value", [LARGEST + 1, -LARGEST - 1, 2**64, "\ud800", "\0", "\\\0", b""])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    for held in (value, [value], {"key": value}):
        with pytest.raises(Unrecordable):
            codec.canonical(held)


def test_what_only_looks_like_nul_is_none() -> None:
    for text in ("\\u0000", "\\\\u0000", "u0000", "\\\\\\u0000"):
        assert orjson.loads(codec.canonical(text)) == text


envelopes = st.builds(
    lambda on_behalf_of, correlation, causation, source, reason: envelope(
        on_behalf_of=on_behalf_of,
        correlation_id=correlation,
        causation_id=causation,
        source=source,
        reason=reason,
    ),
    *[st.none() | st.sampled_from(IDS)] * 3,
    models(Source).filter(lambda source: source.row is None or abs(source.row) <= LARGEST),
    st.none() | _TEXTS,
)


@each_event
def test_every_event_comes_back_as_it_was_decided(kind: type[Event]) -> None:
    @quick
    @given(models(kind), states(kind.AGGREGATE), envelopes)
    def law(event: Event, state: Aggregate, around: Envelope) -> None:
        new = NewEvent(IDS[0], 3, event, state, "C-7")
        row, rows, keys = _sealed(new, around)
        body = row["body"]
        if all(key.isascii() for key in _keys_of(json.loads(body))):
            assert rfc8785.dumps(json.loads(body)) == body.encode()
        read = _unsealed(body, rows, keys)
        assert read.event == event
        assert read.event.given() == event.given()
        assert type(read.event) is kind
        assert (read.stream, read.version, read.number) == (IDS[0], 3, "C-7")
        assert (read.actor, read.occurred_at) == (around.actor, around.occurred_at)
        source = around.source
        told = {"reason": around.reason, "file": source.file, "address": source.address}
        assert {n: v for n, v in read.trace.items() if v} == {n: v for n, v in told.items() if v}
        _nothing_personal_in(row["body"], new, around)

    law()


@each_event
def test_every_personal_field_reads_as_erased_when_its_row_or_its_key_is_gone(
    kind: type[Event],
) -> None:
    event = example(kind)
    new = NewEvent(IDS[0], 1, event, event.evolve(kind.AGGREGATE()))
    row, rows, keys = _sealed(new, envelope(reason="a reason"))
    for gone in (_unsealed(row["body"], [], keys), _unsealed(row["body"], rows, {})):
        for name, value in gone.event.given().items():
            if name in personal_fields(kind):
                assert value is ERASED
            else:
                assert value == event.given()[name]
        assert gone.event.given().keys() == event.given().keys()
        assert gone.trace == {"reason": ERASED}
    for row_of_one in rows:
        without = _unsealed(row["body"], [one for one in rows if one is not row_of_one], keys)
        erased = {name for name, value in without.event.given().items() if value is ERASED}
        assert erased or row_of_one.category == "trace"
        marks = personal_fields(kind)
        assert {marks[name].category for name in erased} <= {row_of_one.category}


def test_an_erased_value_that_is_written_again_stays_out_of_the_body() -> None:
    """An event may carry on what was erased before, as merging and unmerging do."""
    for kind in EVENTS:
        personal = personal_fields(kind)
        event = kind.of({**example(kind).given(), **dict.fromkeys(personal, ERASED)})
        row, rows, keys = _sealed(NewEvent(IDS[0], 1, event, kind.AGGREGATE()), envelope())
        assert rows == []
        read = _unsealed(row["body"], rows, keys).event.given()
        assert not personal.keys() & read.keys()


# Commitments.


def test_every_commitment_and_every_leaf_is_recomputed_from_the_rows(
    log: EventLog, database: Database
) -> None:
    """With nothing of ours: SHA-256 over parts that each have their length before them."""
    receipts = [log.append(_about(kind, number)) for number, kind in enumerate(EVENTS)]
    with database.connect("writer", log.tenant.schema) as writer:
        events = writer.execute(
            "SELECT position, recorded_at, stream, version, type, body"
            " FROM events ORDER BY position"
        ).fetchall()
        rows = writer.execute(
            "SELECT position, blind, nonce, subject, category, ciphertext FROM personal_data"
        ).fetchall()
    committed: dict[int, set[str]] = {}
    for position, blind, nonce, subject, category, ciphertext in rows:
        parts = (blind, nonce, subject.bytes, category.encode(), ciphertext)
        hashed = hashlib.sha256(b"".join(struct.pack(">I", len(one)) + one for one in parts))
        committed.setdefault(position, set()).add(hashed.hexdigest())
    assert len(events) == len(EVENTS)
    for (position, recorded, stream, version, name, text), receipt in zip(
        events, receipts, strict=True
    ):
        body = json.loads(text)
        assert (UUID(body["stream"]), body["version"], body["type"]) == (stream, version, name)
        told = body.get("personal", {}).get("commitments", [])
        assert len(told) == len({*told})
        assert {*told} == committed.get(position, set())
        leaf = hashlib.sha256(b"\0" + struct.pack(">Q", recorded) + text.encode()).hexdigest()
        assert (receipt.position, receipt.leaf_hash) == (position, leaf)


def test_two_writings_of_one_value_have_nothing_in_common(
    log: EventLog, database: Database
) -> None:
    """Or one could tell from the log alone who has the same name, erased or not."""
    kind = EVENTS[0]
    log.append(_about(kind, 1))
    log.append(_about(kind, 2))
    with database.connect("writer", log.tenant.schema) as writer:
        rows = writer.execute("SELECT nonce, blind, ciphertext FROM personal_data").fetchall()
    for column in zip(*rows, strict=True):
        assert len({*column}) == len(rows)


# Every event through the database.


def test_every_event_is_stored_loaded_and_erased(log: EventLog, database: Database) -> None:
    for number, kind in enumerate(EVENTS):
        log.append(_about(kind, number))
    for number, (kind, read) in enumerate(zip(EVENTS, log.read(0, len(EVENTS)), strict=True)):
        assert read.event == example(kind), kind
        assert read.stream == id_of(f"record {number}")
    with database.connect("eraser", log.tenant.schema) as eraser:
        subjects = eraser.execute("SELECT DISTINCT subject FROM personal_data").fetchall()
        for (subject,) in subjects:
            eraser.execute("SELECT destroy_keys(%s, NULL)", [subject])
    log.keys.forget()
    for kind, read in zip(EVENTS, log.read(0, len(EVENTS)), strict=True):
        for name, value in read.event.given().items():
            public = name not in personal_fields(kind)
            assert value == example(kind).given()[name] if public else value is ERASED, (kind, name)


@pytest.mark.parametrize("size", [codec.MAX_BODY, codec.MAX_BODY + 1])
def test_a_body_has_its_bound(size: int) -> None:
    kind = next(one for one in EVENTS if one.__name__ == "CustomerChanged")
    new = NewEvent(IDS[0], 1, kind.of({"industry": ""}), kind.AGGREGATE())
    around = envelope()
    spare = size - len(_sealed(new, around)[0]["body"])
    new.event = kind.of({"industry": "x" * spare})
    if size > codec.MAX_BODY:
        with pytest.raises(EventTooLarge, match=f"{size} of at most"):
            _sealed(new, around)
    else:
        assert len(_sealed(new, around)[0]["body"]) == size


def _about(kind: type[Event], number: int) -> Decision:
    event = example(kind)
    made = decision(id_of(f"record {number}"), reason="a reason")
    state = event.evolve(kind.AGGREGATE())
    made.events.append(NewEvent(made.stream, 1, event, state))
    made.born = frozenset()  # several are about one person
    return made


def _sealed(
    new: NewEvent, around: Envelope
) -> tuple[dict[str, Any], list[PersonalRow], dict[str, DataKey]]:
    """The event's row, its personal rows and the keys that open them, without a key store."""
    try:
        parts = codec.take_apart(new, around)
        keys = {pair: _key(*pair) for pair in codec.subjects([parts])}
        row, rows = codec.seal(parts, codec.header(around), keys, 1)
    except Unrecordable:
        assume(False)
    personal = [
        PersonalRow(
            str(one["subject"]),
            one["category"],
            str(one["key_id"]),
            bytes.fromhex(one["nonce"]),
            bytes.fromhex(one["ciphertext"]),
        )
        for one in rows
    ]
    return row, personal, {str(key.key_id): key for key in keys.values()}


def _key(subject: UUID, category: str) -> DataKey:
    return DataKey(uuid7(), subject, category, AESGCM(AESGCM.generate_key(256)))


def _unsealed(body: str, rows: list[PersonalRow], keys: dict[str, DataKey]) -> Any:
    return codec.unseal(7, 1_700_000_000_000_000, body, rows, keys)


def _keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value}.union(*map(_keys_of, value.values()))
    return set().union(*map(_keys_of, value)) if isinstance(value, list) else set()


def _nothing_personal_in(body: str, new: NewEvent, around: Envelope) -> None:
    """A personal text of some length does not occur in the body, under whatever name, unless it is
    what stands there without it too.
    """
    event = new.event
    names = personal_fields(type(event))
    values = event.given()
    texts = {name: values[name] for name in names if isinstance(values.get(name), str)}
    bare = replace(event, **dict.fromkeys(texts))
    twin = NewEvent(new.stream, new.version, bare, new.state, new.number)
    without = _sealed(twin, around)[0]["body"]
    public = {str(value) for name, value in values.items() if name not in names}
    for text in {*texts.values()} - public:
        stored = json.dumps(text, ensure_ascii=False)[1:-1]
        assert len(text) <= 8 or stored not in body or stored in without
