"""Values in words: money, dates, choices, links and lists, in English and Chinese."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID

from babel.numbers import get_currency_precision

from domain import AGGREGATES
from domain.kernel import bare_type
from domain.products import Rate
from domain.values import Percent
from projections.words.kernel import Both, Language, Values
from projections.words.shared import ROLES, YES_NO

EMPTY: Final = Both("empty", "空")
ERASED_WORD: Final = Both("erased", "已擦除")
HIDDEN: Final = Both("hidden", "不可见")
LONGEST: Final = 200
"""Characters of a text that a sentence shows; the fact itself holds all of it."""

_MONTHS: Final = (
    "January February March April May June July August September October November December"
).split()
_PERCENT: Final = frozenset({"probability", "tax_rate", "discount"})
"""Fields whose numbers are shares: of type :data:`Percent` or :data:`Rate`."""
assert Percent and Rate  # noqa: S101  named above

_PEOPLE: Final = ("owner_id", "assignee_id", "manager_id", "author_user_id")
_OWN: Final = (
    "parent_id merged_into_id absorbed absorbed_id duplicate_of_id follows_up_id split_from_id"
    " into_id from_id"
).split()
"""Fields that point at records of the same kind."""
_NESTED: Final = ("customer_id", "contact_id", "product_id")
"""Links inside the items of a list, such as the lines of a deal."""


@cache
def kinds(aggregate: str) -> Mapping[str, Any]:
    """The bare type of every field of a kind of record and of its events."""
    found: dict[str, Any] = {}
    for one in AGGREGATES:
        if one.AGGREGATE == aggregate:
            for model in (*one.EVENTS.values(), one):
                for name, field in model.model_fields.items():
                    found[name] = bare_type(field.annotation)
    return found


@cache
def target(aggregate: str, field: str) -> str | None:
    """The plural of the records that a link field points at; None if it is no link that we know."""
    if field in _OWN:
        return aggregate
    if field in _PEOPLE:
        return "users"
    named = {f"{one.__name__.lower()}_id": one.AGGREGATE for one in AGGREGATES}
    ends = (plural for name, plural in named.items() if field == name or field.endswith(f"_{name}"))
    return next(ends, None)


def links(aggregate: str, field: str, value: Any) -> Iterator[tuple[str, UUID]]:
    """The records that a value points at, as plural and id."""
    if isinstance(value, Mapping):
        for name in _NESTED:
            yield from links(aggregate, name, value.get(name))
    elif isinstance(value, list):
        for item in value:
            yield from links(aggregate, field, item)
    elif isinstance(value, str) and (plural := target(aggregate, field)):
        yield plural, UUID(value)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says values of one field in one language."""

    language: Language
    kind: Any
    field: str
    names: Mapping[str, str]
    """Of the records that values point at, by id."""
    words: Values

    def say(self, value: Any) -> str:
        """The value in words; ``value`` is JSON, as the gate gives it."""
        if value is None or value in ("", [], {}):
            return self._of(EMPTY)
        if isinstance(value, bool):
            return self._of(YES_NO[value])
        if isinstance(value, Mapping):
            return self._composite(value)
        if isinstance(value, list):
            return self.several(value)
        text = str(value)
        if text in self.words:
            return self._of(self.words[text])
        if self.field in _PERCENT:
            return f"{_number(text)} %"
        return self._simple(text)

    def several(self, values: Sequence[Any]) -> str:
        """Some values, one after the other."""
        unnamed = [v for v in values if self._is_link(v) and v not in self.names]
        if len(unnamed) == len(values) and len(values) > 1:
            return str(len(values))
        return (", " if self.language == "en" else "、").join(self.say(one) for one in values)

    def _is_link(self, value: Any) -> bool:
        return isinstance(value, str) and self.kind in (UUID, tuple[UUID, ...])

    def _of(self, pair: Both) -> str:
        return pair.en if self.language == "en" else pair.zh

    def _simple(self, text: str) -> str:
        if self.kind is date:
            return day(date.fromisoformat(text), self.language)
        if self.kind is datetime:
            return moment(datetime.fromisoformat(text), self.language)
        if self._is_link(text):
            return self.names.get(text, text)
        if self.kind in (int, Decimal):
            return _number(text)
        if self.kind in (str, tuple[str, ...]) or self.kind is Any:
            return f"“{text if len(text) <= LONGEST else text[:LONGEST] + '…'}”"
        return text.replace("_", " ")

    def _composite(self, value: Mapping[str, Any]) -> str:
        """A value with parts, by the parts that it has."""
        if "amount" in value:
            return money(value)
        if "product_id" in value:
            return self._line(value)
        if "valid_from" in value:
            since = day(date.fromisoformat(value["valid_from"]), self.language)
            price = money(value["price"])
            return f"{price} from {since}" if self.language == "en" else f"{since}起 {price}"
        if "label" in value:
            return str(
                value["label"] if self.language == "en" else value["label_zh"] or value["label"]
            )
        for name in ("customer_id", "contact_id"):
            if name in value:
                who = self.names.get(value[name], value[name])
                role = value.get("role")
                return f"{who} ({self._of(ROLES[role])})" if role else who
        parts = [part for part in value.values() if part]
        if all(isinstance(part, str) for part in parts):
            return ", ".join(parts) or self._of(EMPTY)
        return self.several(parts)

    def _line(self, line: Mapping[str, Any]) -> str:
        product = self.names.get(line["product_id"], line["product_id"])
        said = f"{_number(line['quantity'])} × {product}"
        said += (
            f" at {money(line['unit_price'])}"
            if self.language == "en"
            else f"，单价 {money(line['unit_price'])}"
        )
        discount = Decimal(line.get("discount") or 0)
        if not discount:
            return said
        return said + (
            f" less {_number(discount)} %"
            if self.language == "en"
            else f"，折扣 {_number(discount)} %"
        )


def money(value: Mapping[str, Any]) -> str:
    """``EUR 10,000.00``, with as many decimals as the currency has, or more if the amount does."""
    amount = Decimal(value["amount"]).normalize()
    exponent = amount.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return (
        f"{value['currency']} {amount:,.{max(places, get_currency_precision(value['currency']))}f}"
    )


def day(value: date, language: Language) -> str:
    """``2 March 2026``, ``2026年3月2日``."""
    if language == "en":
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


def moment(value: datetime, language: Language) -> str:
    """The day and the minute, in UTC."""
    utc = value.astimezone(UTC)
    return f"{day(utc.date(), language)} {utc:%H:%M} UTC"


def _number(value: Any) -> str:
    number = Decimal(str(value)).normalize()
    return f"{number:,f}"
