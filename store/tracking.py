"""Where each read model stands in the log, which rows are parked, and who holds the lease."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from store.database import Connection

LEASE: Final = "projection runner"


class Overtaken(Exception):
    """Another runner moved a position first; what was folded here is given up."""


class Model(Protocol):
    """A read model's name and version."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...


class Parked(Protocol):
    """A row that has to wait, and the event that it waits at."""

    @property
    def model(self) -> str: ...
    @property
    def stream(self) -> UUID: ...
    @property
    def position(self) -> int: ...
    @property
    def said(self) -> str: ...


class Tracking:
    """On one connection, in its schema and transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self) -> dict[tuple[str, int], tuple[int, str]]:
        """Position and shape of every table that was made, by (name, version)."""
        rows = self._connection.execute("SELECT name, version, position, shape FROM projections")
        return {(row[0], row[1]): (row[2], row[3]) for row in rows}

    def register(self, model: Model, position: int, shape: str) -> None:
        """A table was made, or made anew, folded up to ``position``."""
        self._connection.execute(
            "INSERT INTO projections (name, version, position, live, shape)"
            " VALUES (%s, %s, %s, true, %s)"
            " ON CONFLICT (name, version) DO UPDATE SET position = EXCLUDED.position,"
            " live = true, shape = EXCLUDED.shape",
            [model.name, model.version, position, shape],
        )

    def positions(self, models: Sequence[Model]) -> dict[str, int]:
        """Up to where each has folded, by name."""
        return self._positions(models, "")

    def locked(self, models: Sequence[Model]) -> dict[str, int]:
        """The same, and nobody else moves them until this transaction ends."""
        return self._positions(models, "FOR UPDATE OF projections")

    def lowest(self, models: Sequence[Model]) -> int:
        """Up to where all have folded."""
        return min(self.positions(models).values(), default=0)

    def advance(self, models: Sequence[Model], was: Mapping[str, int], now: int) -> None:
        """Move every position that is behind ``now``, by compare-and-set.

        Raises:
            Overtaken: one of them is not where it was read.
        """
        behind = [model for model in models if was[model.name] < now]
        moved = self._connection.execute(
            "UPDATE projections p SET position = %s"
            " FROM unnest(%s::text[], %s::integer[], %s::bigint[]) AS w (name, version, position)"
            " WHERE p.name = w.name AND p.version = w.version AND p.position = w.position",
            [
                now,
                [model.name for model in behind],
                [model.version for model in behind],
                [was[model.name] for model in behind],
            ],
        ).rowcount
        if moved != len(behind):
            raise Overtaken

    def lease(self, name: str) -> bool:
        """Take the lease until this session ends; False while another session has it."""
        row = self._connection.execute(
            "SELECT pg_try_advisory_lock(hashtext(%s), hashtext(current_schema()))", [name]
        ).fetchone()
        return bool(row and row[0])

    def wait_for_lease(self, name: str) -> None:
        """Take the lease as soon as no other session has it."""
        self._connection.execute(
            "SELECT pg_advisory_lock(hashtext(%s), hashtext(current_schema()))", [name]
        )

    def await_lease(self, name: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        """The same, asked for again and again: a statement that waits holds a snapshot, for whose
        end whoever swaps read models would wait. ``meanwhile()`` is called each time.
        """
        while not self.lease(name):
            meanwhile()
            time.sleep(0.1)

    def head(self) -> int:
        """The last position of the log that they follow."""
        row = self._connection.execute("SELECT max(position) FROM events").fetchone()
        return row[0] or 0 if row else 0

    def parked(self) -> set[tuple[str, UUID]]:
        """(read model, stream) of every row that waits."""
        return {
            (row[0], row[1])
            for row in self._connection.execute("SELECT projection, stream FROM parked")
        }

    def parked_rows(self) -> list[dict[str, Any]]:
        """Every row that waits: which, at what, why and since when."""
        rows = self._connection.execute(
            "SELECT projection, stream, position, error, parked_at FROM parked ORDER BY 1, 3"
        ).fetchall()
        names = ("model", "stream", "position", "error", "since")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def park(self, failures: Iterable[Parked]) -> None:
        """Let these rows wait."""
        for failure in failures:
            self._connection.execute(
                "INSERT INTO parked (projection, stream, position, error)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [failure.model, failure.stream, failure.position, failure.said],
            )

    def unpark(self, model: str, stream: UUID | None = None) -> None:
        """This row waits no more; without a stream, none of the read model's rows does."""
        self._connection.execute(
            "DELETE FROM parked WHERE projection = %s AND stream = coalesce(%s, stream)",
            [model, stream],
        )

    def _positions(self, models: Sequence[Model], lock: str) -> dict[str, int]:
        rows = self._connection.execute(
            "SELECT name, position FROM projections JOIN unnest(%s::text[], %s::integer[])"
            f" AS w (name, version) USING (name, version) ORDER BY name {lock}",
            [[model.name for model in models], [model.version for model in models]],
        )
        return {row[0]: row[1] for row in rows}
