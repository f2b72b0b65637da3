"""Values in words: money, dates, choices, links and lists, in English and Chinese."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from babel.numbers import get_currency_precision

from projections.words.joining import filled
from projections.words.kernel import Both, Language, Values
from projections.words.service_levels import said
from projections.words.shared import CATEGORIES, ROLES, YES_NO

EMPTY: Final = Both("empty", "空")
ERASED: Final = Both("erased", "已擦除")
HIDDEN: Final = Both("hidden", "不可见")
LONGEST: Final = 200
"""Characters of a text that a sentence shows; the fact itself holds all of it."""
MOST_ITEMS: Final = 20
"""Items of a list that a sentence names; the fact itself has all of them."""

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_SHARES: Final = frozenset({"probability", "tax_rate"})
"""Fields whose numbers are percentages."""
_LINE: Final = Both("{quantity} × {product} at {price}", "{quantity} × {product}，单价 {price}")
_DISCOUNT: Final = Both("{line} less {discount} %", "{line}，折扣 {discount} %")
_TAXED: Final = Both("{line} plus {tax} % tax", "{line}，税率 {tax} %")
_DUE: Final = Both("{amount} by {day}", "{day}前 {amount}")
_PAID: Final = Both("{amount} on {day}", "{day} {amount}")
_RETURNED: Final = Both("{quantity} of line {line}", "第 {line} 行 {quantity} 件")
_AND_MORE: Final = Both("{items} and {more} more", "{items}等，另有 {more} 项")
_DATED: Final = Both("{price} from {day}", "{day}起 {price}")
_IN_ROLE: Final = Both("{who} ({role})", "{who}（{role}）")
_IN_ROLES: Final = frozenset({"role", "recipient_id"})
_WHO: Final = ("customer_id", "contact_id", "recipient_id")
_BETWEEN: Final = Both(", ", "、")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says the values of one field in one language. Values are JSON, as the gate gives them."""

    language: Language
    kind: Any
    """The bare type of the field; ``Any`` if it is unknown."""
    field: str
    names: Mapping[str, str]
    """Of the records that values point at, by id."""
    words: Values
    whole: bool = False
    """Texts as they are, not shortened and without quotation marks."""

    def say(self, value: Any) -> str:
        """The value in words."""
        if is_empty(value) or isinstance(value, bool):
            return self._in_language(YES_NO[value] if isinstance(value, bool) else EMPTY)
        if isinstance(value, Mapping):
            return self._composite(value)
        if isinstance(value, list):
            return self.several(value)
        return self._single(str(value))

    def several(self, values: Sequence[Any]) -> str:
        """Some values, one after the other; only how many, if they are ids that say nothing."""
        if len(values) > 1 and all(self._is_link(v) and v not in self.names for v in values):
            return str(len(values))
        named = values if self.whole else values[:MOST_ITEMS]
        items = self._in_language(_BETWEEN).join(self.say(one) for one in named)
        if len(named) == len(values):
            return items
        more = f"{len(values) - len(named):,}"
        return filled(self._in_language(_AND_MORE), items=items, more=more)

    def _in_language(self, pair: Both) -> str:
        return pair.en if self.language == "en" else pair.zh

    def _is_link(self, value: Any) -> bool:
        return isinstance(value, str) and self.kind in (UUID, tuple[UUID, ...])

    def _single(self, text: str) -> str:
        if text in self.words:
            return self._in_language(self.words[text])
        if self.kind in (date, tuple[date, ...]):
            return day(date.fromisoformat(text), self.language)
        if self.kind is datetime:
            return moment(datetime.fromisoformat(text), self.language)
        if self.kind in (int, Decimal):
            return f"{number(text)} %" if self.field in _SHARES else number(text)
        if self._is_link(text):
            return self.names.get(text, text)
        return text if self.whole else _quoted(text)

    def _composite(self, value: Mapping[str, Any]) -> str:
        """A value with parts, by the parts that it has."""
        for part, say in _OF_PARTS.items():
            if part in value:
                return say(self, value)
        if _IN_ROLES & value.keys():
            return self._person(value)
        if "label" in value:
            return self._in_language(Both(value["label"], value.get("label_zh") or value["label"]))
        return said(value, self.language) or self._parts(value)

    def _parts(self, value: Mapping[str, Any]) -> str:
        parts = [part for part in value.values() if not is_empty(part)]
        texts = all(isinstance(part, str) for part in parts)
        return ", ".join(parts) if texts else self.several(parts)

    def _person(self, link: Mapping[str, Any]) -> str:
        """Somebody, and what they decide or were given."""
        who = next(str(link[name]) for name in _WHO if name in link)
        named = self.names.get(who, who)
        if "recipient_id" in link:
            categories = (CATEGORIES.get(one, Both(one, one)) for one in link["categories"])
            said = self._in_language(_BETWEEN).join(map(self._in_language, categories))
        else:
            said = self._in_language(ROLES[link["role"]]) if link["role"] else ""
        return filled(self._in_language(_IN_ROLE), who=named, role=said) if said else named

    def _amount(self, part: Mapping[str, Any]) -> str:
        """Money; or what was paid on a day, or is due by one."""
        if "currency" in part:
            return money(part)
        form, on = (_DUE, part["due_on"]) if "due_on" in part else (_PAID, part["on"])
        said = day(date.fromisoformat(on), self.language)
        return filled(self._in_language(form), amount=money(part["amount"]), day=said)

    def _dated(self, price: Mapping[str, Any]) -> str:
        """A list price from a day on."""
        since = day(date.fromisoformat(price["valid_from"]), self.language)
        return filled(self._in_language(_DATED), price=money(price["price"]), day=since)

    def _returned(self, part: Mapping[str, Any]) -> str:
        """So much of a line."""
        gaps = {name: number(part[name]) for name in ("line", "quantity")}
        return filled(self._in_language(_RETURNED), **gaps)

    def _sold(self, line: Mapping[str, Any]) -> str:
        """A line of a deal, a quote or an order."""
        said = filled(
            self._in_language(_LINE),
            quantity=number(line["quantity"]),
            product=self.names.get(line["product_id"], line["product_id"]),
            price=money(line["unit_price"]),
        )
        discount, tax = (number(line.get(name) or 0) for name in ("discount", "tax_rate"))
        if discount != "0":
            said = filled(self._in_language(_DISCOUNT), line=said, discount=discount)
        return said if tax == "0" else filled(self._in_language(_TAXED), line=said, tax=tax)


_OF_PARTS: Final[Mapping[str, Callable[[Speaker, Mapping[str, Any]], str]]] = {
    "amount": Speaker._amount,
    "product_id": Speaker._sold,
    "valid_from": Speaker._dated,
    "line": Speaker._returned,
}
"""How a value is said that has a part of that name."""


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= LONGEST else text[:LONGEST] + '…'}”"


def is_empty(value: Any) -> bool:
    """Whether a field holds nothing."""
    return value is None or value in ("", [], {})


def money(value: Mapping[str, Any]) -> str:
    """``EUR 10,000.00``, with as many decimals as the currency has, or as the amount needs."""
    amount = Decimal(value["amount"]).normalize()
    exponent = amount.as_tuple().exponent
    needed = -exponent if isinstance(exponent, int) else 0
    places = max(needed, get_currency_precision(value["currency"]))
    return f"{value['currency']} {amount:,.{places}f}"


def number(value: Any) -> str:
    """``12,500.5``, without zeros that say nothing."""
    return f"{Decimal(str(value)).normalize():,f}"


def day(value: date, language: Language) -> str:
    """``2 March 2026``, ``2026年3月2日``."""
    if language == "en":
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


def moment(value: datetime, language: Language) -> str:
    """The day and the minute, in UTC."""
    utc = value.astimezone(UTC)
    return f"{day(utc.date(), language)} {utc:%H:%M} UTC"
