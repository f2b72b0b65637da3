"""What conditions may ask of a ticket: its public fields as they stood when it was opened."""

from typing import ClassVar, Final

from domain.tickets import Channel, Level, Priority, Ticket, Type
from projections.what_if.conditions import Condition, Facts, Known, as_text

_WORD: Final = Known("word")
_ID: Final = Known("id")
_LEVEL: Final = Known("word", tuple(one.value for one in Level))
TICKET_FIELDS: Final = {
    "queue": _WORD,
    "priority": Known("word", tuple(one.value for one in Priority)),
    "channel": Known("word", tuple(one.value for one in Channel)),
    "type": Known("word", tuple(one.value for one in Type)),
    "category": _WORD,
    "subcategory": _WORD,
    "configuration_item": _WORD,
    "impact": _LEVEL,
    "urgency": _LEVEL,
    "team_id": _ID,
    "customer_id": _ID,
}


class TicketCondition(Condition):
    """A comparison of one public field of a ticket."""

    FIELDS: ClassVar = TICKET_FIELDS


def facts_of(ticket: Ticket) -> Facts:
    """A ticket as conditions see it."""
    return {name: as_text(getattr(ticket, name)) for name in TICKET_FIELDS}
