"""From the text of a query, or the JSON of a search, to values to compare a column with."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request

from api.problems import Problem
from projections.kernel import Column

MOST_PARAMETERS: Final = 50
LONGEST_TEXT: Final = 1_000
LONGEST_NUMBER: Final = 40
BIGGEST: Final = 2**63
_MIDNIGHT: Final = time(0)


def parameters(request: Request, known: Iterable[str]) -> dict[str, str]:
    """The query's parameters.

    Raises:
        Problem: one is unknown or given twice.
    """
    text: bytes = request.scope["query_string"]
    if not text:
        return {}
    try:
        pairs = parse_qsl(
            text.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise Problem("validation", "The query has too many parameters. Send fewer.") from None
    found: dict[str, str] = {}
    names = [*known]
    for name, value in pairs:
        if name not in names:
            raise Problem(
                "unserved",
                "The query has a parameter that this route does not know. "
                f"It knows: {', '.join(names)}.",
            )
        if name in found:
            raise wrong(name, "is given twice. Give it once.")
        if "\0" in value or len(value) > LONGEST_TEXT:
            raise wrong(name, "is too long, or holds the character U+0000. Give a shorter text.")
        found[name] = value
    return found


def wrong(field: str, sentence: str) -> Problem:
    """A parameter or field that is not valid."""
    return Problem.of_field("validation", field, sentence)


def form_in(given: Mapping[str, str], files: Iterable[str]) -> str:
    """JSON, or the kind of file that is asked for.

    Raises:
        Problem: it is none that there is.
    """
    form = given.get("format", "json")
    if form not in ("json", *files):
        raise wrong("format", f"is none of the choices. Give json or {', '.join(files)}.")
    return form


def whole_number(name: str, text: str, least: int, most: int) -> int:
    """An integer within bounds.

    Raises:
        Problem: it is none.
    """
    if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER:
        number = int(text)
        if least <= number <= most:
            return number
    raise wrong(name, f"is no whole number in range. Give one from {least} to {most}.")


def an_id(name: str, text: str) -> UUID:
    """An id.

    Raises:
        Problem: it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise wrong(name, "is no id. Give a UUID.") from None


def moment(name: str, text: str, zone: ZoneInfo, *, end_of_day: bool = False) -> datetime:
    """A moment; of a day only, its beginning or its end in the tenant's zone.

    Raises:
        Problem: it is none.
    """
    # A plus sign in a query reads as a space, and everybody forgets to encode it.
    written = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        if "T" not in written:
            day = datetime.combine(date.fromisoformat(written), _MIDNIGHT, zone)
            whole = timedelta(days=1, microseconds=-1)
            return (day + whole if end_of_day else day).astimezone(UTC)
        found = datetime.fromisoformat(written)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong(
            name, "is no moment. Write 2026-01-31T09:30:00+08:00, or a day as 2026-01-31."
        ) from None


def column_value(
    name: str, column: Column, value: Any, zone: ZoneInfo, *, last: bool = False
) -> Any:
    """A value to compare a column with; None where it has to be empty. ``last`` bounds from above.

    Raises:
        Problem: it does not fit the column.
    """
    if value is None or value == "":
        return None
    if column.kind == "moment" and isinstance(value, str):
        return moment(name, value, zone, end_of_day=last)
    read, form = _READERS.get(column.kind, (_no_filter, "another field, this one is no filter"))
    try:
        return read(value)
    except (ValueError, TypeError, InvalidOperation):
        raise wrong(name, f"does not fit this field. Give {form}.") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_TEXT:
        raise ValueError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or len(str(value)) > LONGEST_NUMBER:
        raise ValueError
    number = int(value)
    if not -BIGGEST <= number < BIGGEST:
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return (
        {"true": True, "false": False}[value] if value in ("true", "false") else _no_filter(value)
    )


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or len(str(value)) > LONGEST_NUMBER:
        raise ValueError
    number = Decimal(value if isinstance(value, str | int) else str(value))
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        raise ValueError
    return number


def _no_filter(value: Any) -> Any:
    raise ValueError


_READERS: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "uuid": (UUID, "a UUID"),
    "text": (_text, f"a text of at most {LONGEST_TEXT} characters"),
    "texts": (_text, f"a text of at most {LONGEST_TEXT} characters"),
    "integer": (_integer, "a whole number"),
    "boolean": (_boolean, "true or false"),
    "date": (date.fromisoformat, "a date such as 2026-01-31"),
    "moment": (_no_filter, "a moment such as 2026-01-31T09:30:00+08:00"),
    "number": (_number, "a number such as 12.50"),
}


def json_schema_of(column: Column, choices: list[str] | None = None) -> dict[str, Any]:
    """What a filter by this column takes in a URL."""
    if choices:
        return {"type": "string", "enum": choices}
    schemas: dict[str, dict[str, Any]] = {
        "uuid": {"type": "string", "format": "uuid"},
        "integer": {"type": "integer", "minimum": -BIGGEST, "maximum": BIGGEST - 1},
        "boolean": {"type": "boolean"},
        "date": {"type": "string", "format": "date"},
        "moment": {"type": "string", "format": "date-time"},
        "number": {"type": "number"},
    }
    return schemas.get(column.kind, {"type": "string", "maxLength": LONGEST_TEXT})
