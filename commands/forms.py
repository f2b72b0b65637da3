"""The forms that input must have, where the rule needs the world's tables: phone numbers,
currencies, zones.

Each rule takes what the caller wrote and gives its canonical form, or raises ValueError with a
sentence.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Annotated, Any, Final, get_args, get_origin
from zoneinfo import available_timezones

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.numbers import list_currencies
from pydantic import BaseModel, HttpUrl, TypeAdapter, ValidationError, validate_email
from pydantic_core import PydanticCustomError

from domain.fields import ERASED
from domain.periods import Period
from domain.relative_periods import days_of
from domain.values import Form

_PLAIN_EMAIL: Final = re.compile(
    r"[A-Za-z0-9_+-]{1,30}(\.[A-Za-z0-9_+-]{1,30}){0,1}@[a-z0-9]{1,60}(\.[a-z][a-z0-9]{0,60}){1,2}\.(com|net|org|cn|de)"
)
"""What is an e-mail address beyond doubt, as most are; the library that knows the rest is slow."""
_ANY_DAY: Final = date(2000, 1, 1)
_TIME_OF_DAY: Final = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00")


def email(text: str) -> str:
    """RFC 5322 addr-spec; the domain in lower case. Whether it can be delivered is not asked."""
    if _PLAIN_EMAIL.fullmatch(text):
        return text
    try:
        return validate_email(text)[1]
    except ValueError:
        raise ValueError("is no e-mail address. Write it as name@example.com.") from None


def phone(text: str) -> str:
    """E.164, such as ``+8613812345678``."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        raise ValueError(
            "is no phone number with a country code. Write it as +86 138 1234 5678."
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise ValueError("is too long or too short for a phone number of its country.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def currency(text: str) -> str:
    """ISO 4217."""
    code = text.strip().upper()
    if code not in _currencies():
        raise ValueError("is no ISO 4217 currency. Write one such as EUR, CNY or USD.")
    return code


def time_zone(text: str) -> str:
    """An IANA zone."""
    if text not in _zones():
        raise ValueError("is no time zone. Write an IANA name such as Asia/Shanghai.")
    return text


def language(text: str) -> str:
    """A BCP 47 tag that CLDR knows."""
    try:
        return str(Locale.parse(text.replace("-", "_"))).replace("_", "-")
    except (ValueError, UnknownLocaleError):
        raise ValueError("is no language. Write a BCP 47 tag such as en or zh-Hans.") from None


def country(text: str) -> str:
    """ISO 3166-1 alpha-2."""
    code = text.strip().upper()
    if len(code) != 2 or code not in _territories():  # noqa: PLR2004
        raise ValueError("is no country. Write two letters of ISO 3166-1 such as CN or DE.")
    return code


def website(text: str) -> str:
    """An http or https URL; https is assumed where none is written."""
    address = text.strip()
    try:
        return str(_URL.validate_python(address if "://" in address else f"https://{address}"))
    except ValidationError:
        raise ValueError("is no web address. Write it as https://example.com.") from None


def period(text: str) -> str:
    """Whole years, months and days of ISO 8601; see :class:`domain.periods.Period`."""
    return str(Period.of(text))


def time_of_day(text: str) -> str:
    """Hours and minutes; ``24:00`` is the end of the day."""
    if _TIME_OF_DAY.fullmatch(text) is None:
        raise ValueError("has a time that is none. Write times of day as 09:30, or 24:00.")
    return text.rjust(5, "0")


def relative_period(text: str) -> str:
    """Days that move along with today; see :mod:`domain.relative_periods`."""
    if days_of(text, _ANY_DAY) is None:
        raise ValueError(
            "is no period. Write one such as this_quarter, previous_month, last_90_days or "
            "last_12_months."
        )
    return text


_URL = TypeAdapter(HttpUrl)
_RULES: dict[str, Callable[[str], str]] = {
    rule.__name__: rule
    for rule in (
        *(email, phone, currency, time_zone, language, country, website, period),
        *(time_of_day, relative_period),
    )
}


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _territories() -> frozenset[str]:
    return frozenset(Locale("en").territories)


def checked_forms(model: type[BaseModel], field: str, value: Any) -> Any:
    """The value with every part that has a form in its canonical shape."""
    check = _check_of(model, field)
    if check is None or value is None or value is ERASED:
        return value
    try:
        return check(value)
    except ValueError as wrong:
        raise PydanticCustomError("form", "{sentence}", {"sentence": str(wrong)}) from None


@cache
def _check_of(model: type[BaseModel], field: str) -> Callable[[Any], Any] | None:
    info = model.model_fields[field]
    for item in info.metadata:
        if isinstance(item, Form):
            return _RULES[item.name]
    return _check_in(info.annotation)


def _check_in(annotation: Any) -> Callable[[Any], Any] | None:
    """The check inside a type: of an annotated one, of the items of a tuple, of the fields of a
    model.
    """
    if get_origin(annotation) is Annotated:
        kind, *marks = get_args(annotation)
        rules = [_RULES[mark.name] for mark in marks if isinstance(mark, Form)]
        return rules[0] if rules else _check_in(kind)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _check_model(annotation)
    checks = [check for part in get_args(annotation) if (check := _check_in(part))]
    if not checks:
        return None
    check = checks[0]
    if get_origin(annotation) is tuple:
        return lambda items: tuple(check(item) for item in items)
    return check


def _check_model(model: type[BaseModel]) -> Callable[[Any], Any] | None:
    checks = {name: rule for name in model.model_fields if (rule := _check_of(model, name))}
    if not checks:
        return None

    def check(value: BaseModel) -> BaseModel:
        given = {name: getattr(value, name) for name in checks}
        formed = {name: checks[name](item) for name, item in given.items() if item is not None}
        changed = {name: item for name, item in formed.items() if item != given[name]}
        return value.model_copy(update=changed) if changed else value

    return check
