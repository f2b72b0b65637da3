"""The history in words, in English and Chinese: the table of contents of what can be told."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from projections.words import (
    contacts,
    custom_fields,
    customers,
    opportunities,
    pipelines,
    products,
    teams,
    tickets,
    users,
)
from projections.words.facts import sentence
from projections.words.kernel import LANGUAGES, Both, Words
from projections.words.links import links

__all__ = ["NAMED_BY", "WORDS", "links_of", "words"]

WORDS: Final[Mapping[str, Words]] = {
    "users": users.WORDS,
    "teams": teams.WORDS,
    "custom_fields": custom_fields.WORDS,
    "customers": customers.WORDS,
    "contacts": contacts.WORDS,
    "products": products.WORDS,
    "pipelines": pipelines.WORDS,
    "opportunities": opportunities.WORDS,
    "tickets": tickets.WORDS,
}
NAMED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": ("family_name", "given_name"),
    "tickets": ("number",),
}
"""The fields by which a sentence names records; ``name`` for every other kind."""
_NO_WORDS: Final = Words(Both("record", "记录"), {}, {})


def words(fact: Mapping[str, Any], names: Mapping[str, str] | None = None) -> dict[str, str]:
    """One sentence a language for a fact of the history.

    ``names`` gives the names of the records that values point at, by id; others show their id.
    """
    own = WORDS.get(fact["aggregate"], _NO_WORDS)
    return {language: sentence(fact, own, names or {}, language) for language in LANGUAGES}


def links_of(fact: Mapping[str, Any]) -> Iterator[tuple[str, UUID]]:
    """The records that a fact's values point at, as plural and id: what ``names`` may hold."""
    for side in ("from", "to"):
        yield from links(fact["aggregate"], fact["field"], fact.get(side))
