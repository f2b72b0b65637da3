"""Fill a tenant's log with the fixed mix of :mod:`benchmarks.population`, fast: sealed by the
codec as any event is, and copied straight into the tables as their owner, instead of issued as
commands.

The log is valid: positions and versions dense, times not decreasing, every personal value under
a wrapped key and committed to, unique values and human numbers taken.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from api.services import Services, system_envelope
from benchmarks.lives import Act
from benchmarks.population import Company, Story
from benchmarks.words import Pen
from commands.users import ActivateUser, InviteUser
from domain.contacts import Contact
from domain.customers import Customer
from domain.envelope import Envelope, Source
from domain.kernel import replace
from store import codec
from store.codec import NewEvent
from store.event_log import Claim
from store.keys import DataKey

MONTHS = timedelta(days=18 * 30)
CHUNK = 20_000
"""Events that are copied at once."""
USERS = 24
UNDER_WAY = 0.03
"""Records under way at once, as a share of all events: a record's events spread over weeks."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def fill(services: Services, events: int, seed: int = 1) -> None:
    """Bring the log to so many events, users and pipeline included."""
    users = [_user(services, number) for number in range(USERS)]
    _Writer(services, users, events, Pen(seed)).run()


def _user(services: Services, number: int) -> UUID:
    begun = datetime.now(UTC) - MONTHS
    receipt = services.issue(
        InviteUser(name=f"Colleague 同事 {number}", email=f"colleague-{number}@kept.example.com"),
        occurred_at=begun,
    )
    services.issue(ActivateUser(), receipt.stream, occurred_at=begun)
    return receipt.stream


class _Writer:
    def __init__(self, services: Services, users: Sequence[UUID], events: int, pen: Pen) -> None:
        self._services, self._pen, self._until = services, pen, events
        self._position = services.log.head()
        self._began = datetime.now(UTC)
        self._company = Company(pen, users)
        pen.now = self._began
        self._step = MONTHS / max(events - self._position, 1)
        self._under_way = max(round(events * UNDER_WAY), 20)
        self._keys: dict[tuple[UUID, str], DataKey] = {}
        self._numbers: Counter[str] = Counter()
        self._rows: dict[str, list[str]] = {name: [] for name in _COLUMNS}
        self._copying: Future[None] | None = None

    def run(self) -> None:
        with (
            self._services.database.connect("owner", self._services.tenant.schema) as connection,
            ThreadPoolExecutor(1) as self._copier,
        ):
            self._connection = connection
            last = connection.execute("SELECT max(recorded_at) FROM events").fetchone()
            self._recorded = last[0] if last else 0
            self._tell()
            self._flush()
        with self._services.database.connect("owner", self._services.tenant.schema) as connection:
            for aggregate, count in self._numbers.items():
                connection.execute(
                    "INSERT INTO numbers VALUES (%s, %s) ON CONFLICT (aggregate)"
                    " DO UPDATE SET next = EXCLUDED.next",
                    [aggregate, count + 1],
                )
            connection.execute("ANALYZE")

    def _tell(self) -> None:
        """The next act of any of the stories under way, until there are enough events."""
        active: list[Story] = []
        while self._position < self._until:
            if len(active) < self._under_way:
                active.append(self._company.story())
            at = self._pen.randrange(len(active))
            act = next(active[at].acts, None)
            if act is None:
                active[at] = active[-1]
                active.pop()
            else:
                self._write(active[at], act)
            if len(self._rows["events"]) >= CHUNK:
                self._flush()

    def _write(self, story: Story, act: Act) -> None:
        envelope = self._envelope()
        header = codec.header(envelope)
        for event in act[: self._until - self._position]:
            self._position += 1
            self._recorded += 1
            story.version += 1
            new = NewEvent(story.stream, story.version, event, story.state, self._number(story))
            parts = codec.take_apart(new, envelope)
            row, secrets = codec.seal(parts, header, self._keys_of(codec.subjects([parts])), 1)
            self._put("events", row | {"position": self._position, "recorded_at": self._recorded})
            for secret in secrets:
                self._put("personal_data", secret | {"position": self._position})
            if story.version == 1 and isinstance(story.state, Customer | Contact):
                self._claim(story, event)

    def _envelope(self) -> Envelope:
        """What happened at this place of the log happened so long ago; it was recorded just now."""
        left = self._until - self._position
        self._pen.now = self._began - self._step * left
        return replace(
            _ENVELOPE,
            actor=self._pen.choice(self._company.users),
            occurred_at=self._pen.now,
            source=self._pen.choice(_SOURCES),
            command_id=uuid7(),
        )

    def _number(self, story: Story) -> str | None:
        if story.version > 1:
            return None
        kind = story.aggregate
        self._numbers[kind.AGGREGATE] += 1
        return f"{kind.PREFIX}-{self._numbers[kind.AGGREGATE]}"

    def _keys_of(self, pairs: set[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], DataKey]:
        for pair in pairs:
            if pair not in self._keys:
                key = self._keys[pair] = self._services.log.keys.make(*pair)
                assert key.new is not None
                self._put("data_keys", key.new)
        return self._keys

    def _claim(self, story: Story, event: Any) -> None:
        kind = story.aggregate.AGGREGATE
        for email in event.emails:
            claim = Claim(kind, "emails", email.casefold(), story.stream)
            hashed = self._services.log.keys.value_hash(claim.aggregate, claim.field, claim.value)
            self._put(
                "unique_values",
                {
                    "aggregate": kind,
                    "field": claim.field,
                    "value_hash": hashed.hex(),
                    "stream": story.stream,
                },
            )

    def _put(self, table: str, values: Mapping[str, Any]) -> None:
        cells = [_CELLS.get(name, str)(values[name]) for name in _COLUMNS[table]]
        self._rows[table].append("\t".join(cells))

    def _flush(self) -> None:
        """Copy what is ready while the next chunk is made."""
        if self._copying is not None:
            self._copying.result()
        rows = {table: "\n".join([*lines, ""]) for table, lines in self._rows.items()}
        for lines in self._rows.values():
            lines.clear()
        self._copying = self._copier.submit(self._copy, rows)

    def _copy(self, rows: Mapping[str, str]) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for table, lines in rows.items():
                names = ", ".join(_COLUMNS[table])
                place = f"{self._services.tenant.keys}.{table}" if table == "data_keys" else table
                with cursor.copy(f"COPY {place} ({names}) FROM STDIN".encode()) as copy:
                    copy.write(lines)


_ENVELOPE = system_envelope()
_SOURCES = [
    Source(kind="api", client="bench", address=f"10.0.7.{number}" if number % 2 else None)
    for number in range(250)
]
_CELLS: dict[str, Callable[[Any], str]] = dict.fromkeys(
    ("nonce", "blind", "ciphertext", "wrapped", "value_hash"), r"\\x{}".format
) | {"body": lambda body: body.translate(_ESCAPES)}
_COLUMNS = {
    "data_keys": ("key_id", "subject", "category", "epoch", "wrapped"),
    "events": ("position", "stream", "version", "type", "recorded_at", "body"),
    "personal_data": ("position", "subject", "category", "key_id", "nonce", "blind", "ciphertext"),
    "unique_values": ("aggregate", "field", "value_hash", "stream"),
}
