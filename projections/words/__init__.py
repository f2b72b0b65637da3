"""The history in words, in English and Chinese: the table of contents of what can be told."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from projections.words import (
    consents,
    contacts,
    custom_fields,
    customers,
    legal_holds,
    opportunities,
    orders,
    pipelines,
    products,
    quotes,
    read_seals,
    recipients,
    retention_schedules,
    saved_figures,
    skipped_events,
    sla_policies,
    subject_requests,
    teams,
    tickets,
    users,
)
from projections.words.facts import label_of, sentence
from projections.words.facts import sides as sides_in
from projections.words.kernel import LANGUAGES, Both, Language, Words
from projections.words.links import links

__all__ = ["WORDS", "label", "links_of", "name_of", "sides", "words"]

WORDS: Final[Mapping[str, Words]] = {
    "users": users.WORDS,
    "teams": teams.WORDS,
    "custom_fields": custom_fields.WORDS,
    "read_seals": read_seals.WORDS,
    "customers": customers.WORDS,
    "contacts": contacts.WORDS,
    "consents": consents.WORDS,
    "products": products.WORDS,
    "pipelines": pipelines.WORDS,
    "opportunities": opportunities.WORDS,
    "quotes": quotes.WORDS,
    "orders": orders.WORDS,
    "sla_policies": sla_policies.WORDS,
    "tickets": tickets.WORDS,
    "subject_requests": subject_requests.WORDS,
    "legal_holds": legal_holds.WORDS,
    "recipients": recipients.WORDS,
    "retention_schedules": retention_schedules.WORDS,
    "saved_figures": saved_figures.WORDS,
    "skipped_events": skipped_events.WORDS,
}
_NO_WORDS: Final = Words(Both("record", "记录"), {}, {})


def words(fact: Mapping[str, Any], names: Mapping[str, str] | None = None) -> dict[str, str]:
    """One sentence a language for a fact of the history.

    ``names`` gives the names of the records that values point at, by id; others show their id.
    """
    own = WORDS.get(fact["aggregate"], _NO_WORDS)
    return {language: sentence(fact, own, names or {}, language) for language in LANGUAGES}


def sides(fact: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """From and to of a fact in words, each by itself."""
    return sides_in(fact, WORDS.get(fact["aggregate"], _NO_WORDS), language)


def links_of(fact: Mapping[str, Any]) -> Iterator[tuple[str, UUID]]:
    """The records that a fact's values point at, as plural and id: what ``names`` may hold."""
    for side in ("from", "to"):
        yield from links(fact["aggregate"], fact["field"], fact.get(side))


def label(aggregate: str, field: str, declared: Mapping[str, Any]) -> dict[str, str]:
    """What a field is called; ``declared`` gives the definitions of custom fields, by key."""
    custom = declared.get(field.partition(".")[2])
    if custom is not None:
        return {"en": custom["label"], "zh": custom.get("label_zh") or custom["label"]}
    return label_of(WORDS.get(aggregate, _NO_WORDS), field)._asdict()


def name_of(record: Mapping[str, Any]) -> str | None:
    """How a sentence names a record, by those of its fields that may be seen."""
    family, given = record.get("family_name"), record.get("given_name")
    if family and given:
        return f"{given} {family}" if given.isascii() else f"{family}{given}"
    found = family or given or record.get("name") or record.get("number")
    return None if found is None else str(found)
