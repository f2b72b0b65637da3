"""What decides on retention, asked of the read models and the key store for many records at once:
each question is one statement that an index serves. Ids, moments and numbers only.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from store.database import Connection
from store.event_log import EventLog
from store.read_models import Table

Ids = Sequence[UUID]


class Held(NamedTuple):
    """That something is stored of a category."""

    renewed_at: datetime | None
    """Since when again, if it was erased before."""


class Expiry:
    """On one connection of one tenant."""

    def __init__(self, log: EventLog, connection: Connection) -> None:
        self._keys, self._connection = log.tenant.keys, connection

    def held(self, subjects: Ids, category: str) -> dict[UUID, Held]:
        """Those of whom something is stored in a category, which is those with a key that wraps."""
        rows = self._ask(
            "SELECT subject, max(created_at) FILTER (WHERE destroyed_at IS NULL AND"
            f" fenced_at IS NULL), bool_or(renewable) FROM {self._keys}.data_keys"
            " WHERE subject = ANY(%s) AND category = %s GROUP BY subject",
            [[*subjects], category],
        )
        return {row[0]: Held(row[1] if row[2] else None) for row in rows if row[1] is not None}

    def latest(self, table: Table, whose: str, moment: str, ids: Ids) -> dict[UUID, datetime]:
        """The latest moment in a table, by the column that says whose a row is."""
        rows = self._ask(
            "SELECT w.id, t.at FROM unnest(%s::uuid[]) w (id) CROSS JOIN LATERAL"
            f' (SELECT "{moment}" AS at FROM {table.table} WHERE "{whose}" = w.id'
            f' AND "{moment}" IS NOT NULL ORDER BY "{whose}" DESC, "{moment}" DESC LIMIT 1) t',
            [[*ids]],
        )
        return dict(rows)

    def having(self, table: Table, whose: str, statuses: Sequence[str], ids: Ids) -> set[UUID]:
        """Those with a row of one of these statuses."""
        rows = self._ask(
            "SELECT w.id FROM unnest(%s::uuid[]) w (id) WHERE EXISTS (SELECT FROM"
            f' {table.table} t WHERE t."{whose}" = w.id AND t.status = ANY(%s))',
            [[*ids], [*statuses]],
        )
        return {row[0] for row in rows}

    def asked(self, requests: Table, whose: str, ended: Sequence[str], ids: Ids) -> dict[UUID, str]:
        """Those who asked about their own data and wait for the answer, with a request's number."""
        rows = self._ask(
            f'SELECT "{whose}", min(number) FROM {requests.table} WHERE "{whose}" = ANY(%s)'
            f' AND NOT status = ANY(%s) AND schedule_id IS NULL GROUP BY "{whose}"',
            [[*ids], [*ended]],
        )
        return dict(rows)

    def holds(self, holds: Table, whose: str, day: date, ids: Ids) -> dict[UUID, tuple[str, Any]]:
        """The law and the last day of the hold that keeps each of them for longest."""
        rows = self._ask(
            f'SELECT DISTINCT ON ("{whose}") "{whose}", law, expires_on FROM {holds.table}'
            f" WHERE \"{whose}\" = ANY(%s) AND status = 'in_force'"
            " AND (expires_on IS NULL OR expires_on >= %s)"
            f' ORDER BY "{whose}", expires_on DESC NULLS FIRST, id',
            [[*ids], day],
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def restricted(self, lifetimes: Table, ids: Ids) -> set[UUID]:
        """Those who asked that their data is only stored."""
        rows = self._ask(
            f"SELECT id FROM {lifetimes.table} WHERE id = ANY(%s) AND restricted", [[*ids]]
        )
        return {row[0] for row in rows}

    def reviewed(self, reviews: Table, category: str, day: date, ids: Ids) -> dict[UUID, date]:
        """Until when somebody who looked keeps each of them."""
        rows = self._ask(
            f"SELECT record_id, max(kept_until) FROM {reviews.table} WHERE record_id = ANY(%s)"
            " AND category = %s AND kept_until >= %s GROUP BY record_id",
            [[*ids], category, day],
        )
        return dict(rows)

    def same_people(self, lifetimes: Table, ids: Ids) -> dict[UUID, set[UUID]]:
        """With each record all those that merging has made one person of them."""
        links: dict[UUID, set[UUID]] = {}
        ahead = {*ids}
        while ahead:  # a step for each merge of a merge, not for each record
            rows = self._ask(
                f"SELECT id, absorbed, merged_into_id FROM {lifetimes.table} WHERE id = ANY(%s)",
                [[*ahead]],
            )
            found = {row[0]: {*(row[1] or ()), row[2]} - {None} for row in rows}
            links |= {one: found.get(one, set()) for one in ahead}
            ahead = {one for others in found.values() for one in others} - links.keys()
        return {one: _reached(one, links) for one in ids}

    def _ask(self, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode(), values, binary=True).fetchall()


def _reached(first: UUID, links: Mapping[UUID, set[UUID]]) -> set[UUID]:
    found: set[UUID] = set()
    ahead = {first}
    while ahead:
        found |= ahead
        ahead = {other for one in ahead for other in links[one]} - found
    return found
