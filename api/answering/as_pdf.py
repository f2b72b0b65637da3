"""An access answer to be read, as PDF in English or Chinese."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from api.answering.as_json import head, lines
from api.answering.gathering import Gathered
from api.answering.recipients import OPEN
from api.answering.who import Asker
from api.answering.words import (
    ABOUT,
    HEADINGS,
    PUBLIC,
    RIGHTS,
    SENTENCES,
)
from api.answering.words import TITLE as TITLE_WORDS
from api.documents.pages import BODY, HEADING, ITEM, SMALL, SUBHEADING, TITLE, Pages, Style
from api.documents.words import BETWEEN, COLON, DOORS
from projections.words import WORDS, label
from projections.words.joining import filled
from projections.words.kernel import LANGUAGES, Both, Language
from projections.words.shared import CATEGORIES
from projections.words.values import day, moment
from store.progress import Progress, untold

REPORT_EVERY: Final = 200
"""Events."""
TOLD_OF_CONSENT: Final = ("channel", "lawful_basis", "status", "captured_at", "withdrawn_at")


def write_pdf(
    found: Gathered,
    asker: Asker,
    number: str | None,
    path: Path,
    language: Language,
    progress: Progress = untold,
) -> None:
    """Write the answer; what was gathered is read line by line."""
    title = TITLE_WORDS._asdict()[language]
    answer = head(found, asker, number)
    made_at = datetime.fromisoformat(answer["made_at"])
    with Pages(path, title, language, made_at) as pages:
        _Writer(pages, language).write(answer, found, progress)


class _Writer:
    """Says one answer in one language."""

    def __init__(self, pages: Pages, language: Language) -> None:
        self._pages, self._language = pages, language

    def write(self, answer: Mapping[str, Any], found: Gathered, progress: Progress) -> None:
        """All of it, in the order in which one reads it."""
        self._pages.write(self._in_language(TITLE_WORDS), TITLE)
        made = datetime.fromisoformat(answer["made_at"])
        self._say("made", BODY, day=moment(made, self._language))
        self._request(answer["request"])
        self._heading("who")
        for one in answer["who"]:
            self._pages.write(self._name(one), ITEM)
        self._heading("purposes")
        for one in answer["purposes"]:
            self._item(one["noun"], one["purpose"][self._language])
        self._permissions(answer)
        self._recipients(answer["recipients"])
        self._heading("records")
        for line in lines(found.records):
            self._record(line)
        self._heading("events")
        for done, line in enumerate(lines(found.events), start=1):
            self._event(line)
            if done % REPORT_EVERY == 0:
                progress("pages", done, len(found.positions))
        self._rest(answer)

    def _request(self, request: Mapping[str, Any]) -> None:
        self._heading("request")
        if request["number"]:
            self._pages.write(request["number"], ITEM)
        for name in ("kind", "received_on", "due_on", "identified_by", "request_note"):
            if request[name]:
                words = WORDS["subject_requests"].values.get(name, {}).get(request[name])
                said = self._in_language(words) if words else request[name]
                self._item(label("subject_requests", name, {}), said)

    def _permissions(self, answer: Mapping[str, Any]) -> None:
        self._heading("permissions")
        for one in answer["permissions"]:
            said = {name: word[self._language] for name, word in one["words"].items()}
            parts = [said[name] for name in TOLD_OF_CONSENT if name in said]
            self._pages.write(f"{one['number']} {said['purpose']}", SUBHEADING)
            self._pages.write(self._in_language(BETWEEN).join(parts), ITEM)
        if not answer["permissions"]:
            self._say("none", ITEM)
        self._heading("do_not_contact")
        refusals = answer["do_not_contact"]
        said_no = {*refusals["refused"]}
        for one in answer["permissions"]:
            if one["id"] in said_no:
                words = {name: word[self._language] for name, word in one["words"].items()}
                told = ("purpose", "channel", "withdrawal_reason", "withdrawn_at", "objected_at")
                parts = [words[name] for name in told if name in words]
                self._pages.write(self._in_language(BETWEEN).join(parts), ITEM)
        for one in refusals["remembered_by_addresses"]:
            word = WORDS["consents"].values["withdrawal_reason"][one["reason"]]
            since = moment(datetime.fromisoformat(one["since"]), self._language)
            self._say("remembered", ITEM, reason=self._in_language(word), day=since)
        for name in ("do_not_call", "restricted"):
            if refusals[name]:
                self._say(name, ITEM)
        if not any(refusals.values()):
            self._say("none", ITEM)

    def _recipients(self, recipients: list[dict[str, Any]]) -> None:
        self._heading("recipients")
        for one in recipients:
            self._pages.write(" ".join(filter(None, (one["number"], one["name"]))), SUBHEADING)
            for name, said in one["words"].items():
                self._item(label("recipients", name, {}), said[self._language])
            for given in one["disclosures"]:
                self._say(
                    "disclosed",
                    ITEM,
                    day=self._day(given["disclosed_on"]),
                    categories=self._categories(given["categories"]),
                    purpose=given["purpose"],
                    position=str(given["position"]),
                )
            for notice in one["notices"]:
                self._notice(notice)
        if not recipients:
            self._say("none", ITEM)

    def _notice(self, notice: Mapping[str, Any]) -> None:
        if notice["status"] == OPEN:
            self._say("notice_open", ITEM, day=self._day(notice["due_on"]))
            return
        values = WORDS["subject_requests"].values
        said = [values["outcome"][notice["status"]]]
        said += [values["means"][notice["means"]]] if notice["means"] else []
        outcome = self._in_language(BETWEEN).join(map(self._in_language, said))
        self._say("notice", ITEM, day=self._day(notice["noticed_on"]), outcome=outcome)

    def _categories(self, categories: list[str]) -> str:
        return self._in_language(BETWEEN).join(
            self._in_language(CATEGORIES[one]) for one in categories
        )

    def _record(self, line: Mapping[str, Any]) -> None:
        name = self._name(line)
        if not line["is_theirs_now"]:
            name = f"{name} {self._in_language(SENTENCES['no_longer'])}"
        self._pages.write(name, SUBHEADING)
        self._fields(line["fields"])

    def _event(self, line: Mapping[str, Any]) -> None:
        noun = self._in_language(WORDS[line["kind"]].noun)
        self._pages.write(
            f"{noun}{self._in_language(COLON)}{line['what'][self._language]}", SUBHEADING
        )
        source = line["source"]
        door = self._in_language(DOORS[source["kind"]])
        self._say(
            "circumstances",
            SMALL,
            occurred=self._moment(line["occurred_at"]),
            recorded=self._moment(line["recorded_at"]),
            who=line["actor_name"] or line["actor"],
            door=f"{door} ({source['client']})" if source.get("client") else door,
            position=str(line["position"]),
        )
        self._fields(line["fields"])
        if line["not_shown"]:
            names = self._in_language(BETWEEN).join(line["not_shown"])
            self._say("not_shown", SMALL, names=names)

    def _fields(self, fields: list[dict[str, Any]]) -> None:
        for one in fields:
            category = CATEGORIES.get(one["category"], PUBLIC)
            said = f"{one['words'][self._language]} [{self._in_language(category)}]"
            self._item(one["label"], said)

    def _rest(self, answer: Mapping[str, Any]) -> None:
        self._heading("mentions")
        self._say("mentions", BODY, count=str(len(answer["mentions"]["records"])))
        for one in answer["mentions"]["records"]:
            self._pages.write(f"{one['kind']} {one['number'] or one['id']}", ITEM)
        self._heading("reads")
        for one in answer["reads"]:
            said = (one["read_at"], one["role"], one["door"], one["purpose"], *one["fields"])
            self._pages.write(self._in_language(BETWEEN).join(said), ITEM)
        if not answer["reads"]:
            self._say("no_reads", ITEM)
        self._heading("about")
        for words in ABOUT.values():
            self._pages.write(self._in_language(words), BODY)
        self._heading("rights")
        for words in RIGHTS.values():
            self._pages.write(self._in_language(words), ITEM)
        self._heading("proof")
        self._say("proof", BODY)

    def _name(self, line: Mapping[str, Any]) -> str:
        noun = line["noun"][self._language]
        return " ".join(one for one in (noun, line["number"], line.get("name")) if one)

    def _item(self, named: Mapping[str, str] | Both, said: str) -> None:
        name = named[self._language] if isinstance(named, Mapping) else self._in_language(named)
        self._pages.write(f"{name}{self._in_language(COLON)}{said}", ITEM)

    def _heading(self, name: str) -> None:
        self._pages.write(self._in_language(HEADINGS[name]), HEADING)

    def _say(self, name: str, style: Style, **gaps: str) -> None:
        self._pages.write(filled(self._in_language(SENTENCES[name]), **gaps), style)

    def _day(self, text: str) -> str:
        return day(date.fromisoformat(text), self._language)

    def _moment(self, text: str) -> str:
        return moment(datetime.fromisoformat(text), self._language)

    def _in_language(self, words: Both) -> str:
        return words[LANGUAGES.index(self._language)]
