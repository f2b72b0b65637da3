"""Rows that the runner wrote last, so that it need not read them back."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from projections.folding import Key
from projections.kernel import Row

SIZE: Final = 20_000
"""Rows kept; when there are more, all are forgotten."""


class RowCache:
    """Believed only while nobody else has written: at the position that its owner left itself."""

    def __init__(self) -> None:
        self._position = -1
        self._rows: dict[tuple[str, Key], Row] = {}

    def at(self, position: int) -> None:
        """A batch begins here; what was kept at another position is no longer true."""
        if position != self._position:
            self._rows.clear()
            self._position = -1

    def take(self, model: str, keys: Iterable[Key]) -> tuple[dict[Key, Row], list[Key]]:
        """The rows that are kept of these keys, and the keys of the others."""
        found: dict[Key, Row] = {}
        missing: list[Key] = []
        for key in keys:
            row = self._rows.get((model, key))
            if row is None:
                missing.append(key)
            else:
                found[key] = row
        return found, missing

    def keep(
        self,
        position: int,
        written: Iterable[tuple[str, Key, Row | None]],
        parked: set[tuple[str, UUID]],
    ) -> None:
        """A batch was committed up to ``position``. Parked rows are written by others meanwhile."""
        if len(self._rows) > SIZE:
            self._rows.clear()
        for model, key, row in written:
            if row is None:
                self._rows.pop((model, key), None)
            else:
                self._rows[(model, key)] = row
        if parked:
            for model, key in [one for one in self._rows if (one[0], one[1][0]) in parked]:
                del self._rows[(model, key)]
        self._position = position
