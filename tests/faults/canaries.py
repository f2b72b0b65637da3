"""Random values of sixteen characters, put into every personal field, and found again."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from commands.kernel import Command
from domain.fields import personal_fields
from domain.values import Form

CLOSED: Final = {"language": "zh-Hans", "time_zone": "Asia/Shanghai", "country": "CN"}
"""Forms that leave no room for a canary: each value is one of a few that anybody may have."""
CUSTOM_KEY: Final = "hobby"
"""The custom field that is declared for each kind of record."""
_OLD: Final = date(1890, 1, 1)
SIGN: Final = "c4na7y"
_CANARY: Final = re.compile(f"{SIGN}[0-9a-f]{{10}}")


@dataclass
class Sower:
    """Makes canaries and remembers where each was put."""

    sown: dict[str, str] = field(default_factory=dict)
    """Where a canary was put, by canary."""
    others: dict[str, str] = field(default_factory=dict)
    """Those that are not of the usual form: phone numbers and birthdays."""
    _days: Any = field(default_factory=count)

    def canary(self, where: str) -> str:
        """A new one: a sign by which it is found, and 40 random bits; sixteen characters."""
        made = SIGN + secrets.token_hex(5)
        self.sown[made] = where
        return made

    def body(self, command: type[Command], public: dict[str, Any]) -> dict[str, Any]:
        """A body with a canary in every personal field of the command."""
        planted = {}
        for name in personal_fields(command):
            info = command.model_fields[name]
            where = f"{command.__name__}.{name}"
            planted[name] = self._plant(info.annotation, marks(info), where)
        return public | planted

    def _plant(self, kind: Any, found: list[Any], where: str) -> Any:
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._plant(arguments[0], [*found, *flat(arguments[1:])], where)
        if origin in (Union, UnionType):
            (first, *_) = (one for one in arguments if one is not NoneType)
            return self._plant(first, found, where)
        if origin is tuple:
            return [self._plant(arguments[0], found, where)]
        return self._plain(dict if origin is dict else kind, found, where)

    def _plain(self, kind: type[Any], found: list[Any], where: str) -> Any:
        if kind is dict:
            return {CUSTOM_KEY: self.canary(where)}
        if kind is date:
            return self._day(where)
        if issubclass(kind, BaseModel):
            return {
                name: self._plant(part.annotation, marks(part), f"{where}.{name}")
                for name, part in kind.model_fields.items()
            }
        return self._text(next((one.name for one in found if isinstance(one, Form)), ""), where)

    def _text(self, form: str, where: str) -> str:
        if form in CLOSED:
            return CLOSED[form]
        if form == "phone":
            number = f"+49{secrets.randbelow(9 * 10**12) + 10**12}"
            self.sown[number] = self.others[number] = where
            return number
        canary = self.canary(where)
        return {"email": f"{canary}@example.com", "website": f"https://{canary}.example/"}.get(
            form, canary
        )

    def _day(self, where: str) -> str:
        day = (_OLD + timedelta(days=next(self._days))).isoformat()
        self.sown[day] = self.others[day] = where
        return day

    def found_in(self, text: str) -> dict[str, str]:
        """The canaries that occur in a text, with where they were put."""
        found = {*_CANARY.findall(text)} | {one for one in self.others if one in text}
        return {canary: where for canary, where in self.sown.items() if canary in found}


def marks(info: FieldInfo) -> list[Any]:
    """What is said of a field beside its type."""
    return flat(tuple(info.metadata))


def flat(metadata: tuple[Any, ...]) -> list[Any]:
    """Metadata without the boxes that pydantic puts some of it in."""
    found: list[Any] = []
    for mark in metadata:
        found += mark.metadata if isinstance(mark, FieldInfo) else [mark]
    return found
