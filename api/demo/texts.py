"""What people write in the demo, in two files that say the same: English and Chinese."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict

from api.demo.names import Region, is_chinese
from domain.tickets import Type

_FILES: Final = {False: "english.toml", True: "chinese.toml"}


class _Texts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DealTexts(_Texts):
    projects: tuple[str, ...]
    renewal: str
    next_steps: tuple[str, ...]
    slips: tuple[str, ...]
    amounts: tuple[str, ...]
    typo: str
    competitors: tuple[str, ...]
    reopened: tuple[str, ...]
    losses: dict[str, str]


class CustomerTexts(_Texts):
    notes: tuple[str, ...]
    follow_ups: tuple[str, ...]
    renamed: str
    name_back: str
    moved: str
    levels: tuple[str, ...]
    phone_late: str
    lost: str
    claimed: str
    locked: str
    handover: str
    duplicate: str
    visiting_hours: str


class ContactTexts(_Texts):
    titles: tuple[str, ...]
    departments: tuple[str, ...]
    notes: tuple[str, ...]
    promoted: str
    left: str
    no_calls: str
    restricted: str
    duplicate: str
    role: str


class Issue(_Texts):
    category: str
    subcategory: str
    type: Type
    subject: str
    description: str
    reply: str
    resolution: str


class TicketTexts(_Texts):
    escalated: tuple[str, ...]
    urgent: str
    late_note: str
    rejected: str
    duplicate: str
    merged: str
    reopened: str
    handed_over: str
    customer_answers: tuple[str, ...]
    follow_up: str
    issues: tuple[Issue, ...]


class Texts(_Texts):
    """All texts of one language."""

    deals: DealTexts
    customers: CustomerTexts
    contacts: ContactTexts
    tickets: TicketTexts


@cache
def texts(region: Region) -> Texts:
    """What people of a region write."""
    text = files("api.demo").joinpath(_FILES[is_chinese(region)]).read_text("utf-8")
    return Texts.model_validate(tomllib.loads(text))
