"""The audit trail to be read, as PDF in English or Chinese: a row a change, and their proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from api.audit.facts import Asked
from api.audit.formats import Writer
from api.audit.words import COLUMNS, WORDS
from api.documents.pages import BODY, HEADING, ITEM, LANDSCAPE, SMALL, TITLE, Pages
from api.documents.tables import Column, Table
from api.documents.words import COLON, DOORS
from commands.kernel import Rejected
from domain.envelope import SYSTEM
from projections.words import sides
from projections.words.kernel import LANGUAGES, Both, Language
from store.transparency.notes import Checkpoint

MOST_ROWS: Final = 50_000
"""Some 2,500 pages; until the file is saved they take 75 MiB."""
MARGIN: Final = 40.0
"""Points."""
WIDTHS: Final = {
    "position": 44.0,
    "occurred_at": 92.0,
    "actor": 78.0,
    "number": 58.0,
    "label": 88.0,
    "change": 226.0,
    "reason": 100.0,
    "source": 76.0,
}
"""Of the columns, by share."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands before the rows: who asked for what, when and for what purpose."""

    tenant: str
    made_at: datetime
    made_by: str
    """The name of whoever asked, and their role."""
    purpose: str
    asked: Asked
    names: Mapping[str, str]
    """Of the records that are asked for, by id."""
    language: Language = "en"


class PdfWriter(Writer):
    """Draws each row as it comes; of a full page only the drawing is kept.

    Raises:
        Rejected: there are more than :data:`MOST_ROWS`.
    """

    def __init__(self, path: Path, cover: Cover) -> None:
        self._cover, self._index = cover, LANGUAGES.index(cover.language)
        title = f"{self._say('title')} {cover.tenant}"
        self._pages = Pages(path, title, cover.language, cover.made_at, LANDSCAPE, MARGIN)
        columns = [Column(COLUMNS[name][self._index], share) for name, share in WIDTHS.items()]
        self._table = Table(self._pages, columns)
        self._rows = 0
        self._pages.__enter__()
        self._front()

    def write(self, fact: Mapping[str, Any]) -> None:
        """One row."""
        if self._rows == MOST_ROWS:
            raise Rejected(
                f"format: a PDF holds at most {MOST_ROWS:,} changes, and there are more. Narrow "
                "them by since and until, or leave pdf out.",
                field="format",
                type="too-long",
            )
        language = self._cover.language
        self._rows += 1
        was, now = sides(fact, language)
        door = DOORS[fact["source"]][self._index]
        cells = {
            "position": str(fact["position"]),
            "occurred_at": f"{_second(fact['occurred_at'])}\n{_second(fact['recorded_at'])}",
            "actor": _who(fact),
            "number": fact["number"] or fact["id"],
            "label": fact["label"][language],
            "change": f"{was} → {now}" if was or now else "",
            "reason": fact.get("reason") or "",
            "source": f"{door}\n{fact['client']}" if fact.get("client") else door,
        }
        self._table.row([cells[name] for name in WIDTHS])

    def prove(self, checkpoint: Checkpoint) -> None:
        """How many rows there are, and under which checkpoint they are proved."""
        self._pages.needs(HEADING.size * 12)
        self._pages.write(self._say("proof"), HEADING)
        self._pages.write(self._say("rows").format(count=f"{self._rows:,}"))
        self._pages.write(self._say("proved"), BODY)
        _, size, root = checkpoint.text.splitlines()
        for name, said in (("origin", checkpoint.origin), ("size", size), ("root", root)):
            self._item(name, said)
        self._pages.write(self._say("check"), BODY)

    def close(self, is_whole: bool) -> None:
        if is_whole:
            self._pages.__exit__(None, None, None)

    def _front(self) -> None:
        cover = self._cover
        self._pages.write(self._say("title"), TITLE)
        self._item("tenant", cover.tenant)
        self._item("made_at", _second(cover.made_at.isoformat()))
        self._item("made_by", cover.made_by)
        self._item("purpose", cover.purpose)
        for name, bound in (("since", cover.asked.since), ("until", cover.asked.until)):
            self._item(name, _second(bound.isoformat()) if bound else self._say("all"))
        for name in ("id", "actor", "fields", "source"):
            self._item(name, self._filter(name))
        self._pages.write(self._say("times"), SMALL)
        self._pages.skip(HEADING.above)
        self._table.begin()

    def _filter(self, name: str) -> str:
        wanted = self._cover.asked.filters.get(name)
        if wanted is None:
            return self._say("all")
        if name == "source":
            return DOORS[wanted][self._index]
        return self._cover.names.get(str(wanted), str(wanted))

    def _item(self, name: str, said: str) -> None:
        self._pages.write(f"{self._say(name)}{self._in_language(COLON)}{said}", ITEM)

    def _say(self, name: str) -> str:
        return self._in_language(WORDS[name])

    def _in_language(self, words: Both) -> str:
        return words[self._index]


def _who(fact: Mapping[str, Any]) -> str:
    return "Kept" if fact["actor"] == str(SYSTEM) else fact["actor_name"] or fact["actor"]


def _second(moment: str) -> str:
    """``2026-03-02 09:30:00``, in UTC."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
