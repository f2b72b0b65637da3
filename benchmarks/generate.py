"""Fill a tenant's log with the fixed mix of :mod:`benchmarks.population`, fast: sealed by the
codec as any event is, and copied straight into the tables as their owner, instead of issued as
commands.

The log is valid: positions and versions dense, times not decreasing, every personal value under
a wrapped key and committed to, unique values and human numbers taken.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from api.envelopes import system_envelope
from api.services import Services
from benchmarks.copied import Copied
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
USERS = 24
UNDER_WAY = 0.03
"""Records under way at once, as a share of all events: a record's events spread over weeks."""


def fill(services: Services, events: int, seed: int = 1) -> None:
    """Bring the log to so many events, users and pipeline included.

    The read models are left empty, as if they stood at the end of the log: rebuild them, which is
    faster than following it.
    """
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

    def run(self) -> None:
        database, tenant = self._services.database, self._services.tenant
        last = self._services.log.read(self._position - 1, 1)
        self._recorded = last[0].recorded_us
        with Copied(database, tenant) as self._tables:
            self._tell()
        with database.connect("owner", tenant.schema) as connection:
            for aggregate, count in self._numbers.items():
                connection.execute(
                    "INSERT INTO numbers VALUES (%s, %s) ON CONFLICT (aggregate)"
                    " DO UPDATE SET next = EXCLUDED.next",
                    [aggregate, count + 1],
                )
            connection.execute("ANALYZE")
        with database.connect("projector", tenant.schema) as connection:
            connection.execute("UPDATE projections SET position = %s", [self._position])

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
            self._tables.put(
                "events", row | {"position": self._position, "recorded_at": self._recorded}
            )
            for secret in secrets:
                self._tables.put("personal_data", secret | {"position": self._position})
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
                self._tables.put("data_keys", key.new)
        return self._keys

    def _claim(self, story: Story, event: Any) -> None:
        kind = story.aggregate.AGGREGATE
        for email in event.emails:
            claim = Claim(kind, "emails", email.casefold(), story.stream)
            hashed = self._services.log.keys.value_hash(claim.aggregate, claim.field, claim.value)
            self._tables.put(
                "unique_values",
                {
                    "aggregate": kind,
                    "field": claim.field,
                    "value_hash": hashed.hex(),
                    "stream": story.stream,
                },
            )


_ENVELOPE = system_envelope()
_SOURCES = [
    Source(kind="api", client="bench", address=f"10.0.7.{number}" if number % 2 else None)
    for number in range(250)
]
