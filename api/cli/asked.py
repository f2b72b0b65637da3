"""What people write on the command line for a record, a user or a moment."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from uuid import UUID

from api.cli.shared import Failure, command_line_reader, progress_bar
from api.services import Services
from projections import PROJECTIONS
from store.dated_copies import CopyGone, DatedCopy
from store.lists import Query


def record_of(services: Services, text: str) -> UUID:
    """The record of this id, or of this human number such as ``T-10423``."""
    try:
        return UUID(text)
    except ValueError:
        pass
    prefix = text.strip().upper().rpartition("-")[0]
    for model in PROJECTIONS:
        if model.aggregate is None or prefix != model.aggregate.PREFIX:
            continue
        number = text.strip().upper()
        query = Query(sort="number", since=number, until=number, limit=1)
        found, _ = services.gate.find(command_line_reader(), model.name, query)
        if found:
            return found[0]
    raise Failure(f"There is no record {text}. Give its id, or its number such as C-12.")


def user_of(services: Services, text: str) -> UUID:
    """The user of this id or e-mail, active or not."""
    try:
        return UUID(text)
    except ValueError:
        found = services.log.holder("users", "email", text.strip().casefold())
    if found is None:
        raise Failure(f"There is no user {text}. Give an id or an e-mail address.")
    return found


def moments_of(zone: tzinfo, as_of: str | None, as_known_at: str | None) -> dict[str, datetime]:
    """The moments that something is asked for as of, as far as they are given.

    Raises:
        Failure: one is none, or not over yet.
    """
    return {
        name: past(f"--{name.replace('_', '-')}", moment(text, zone, end_of_day=True))
        for name, text in (("as_of", as_of), ("as_known_at", as_known_at))
        if text is not None
    }


def copy_at(services: Services, moments: Mapping[str, datetime]) -> DatedCopy | None:
    """The dated copy of these moments, made now if there is none; None of the present.

    Raises:
        CopyGone: it was dropped meanwhile.
    """
    if not moments:
        return None
    copy = services.dating.copy(**moments)
    if copy.made_at is None:
        with progress_bar() as progress:
            services.dating.make(progress)
        copy = services.dating.copy(**moments)
    if copy.made_at is None:
        raise CopyGone
    return copy


def past(name: str, at: datetime) -> datetime:
    """A moment that is over.

    Raises:
        Failure: it is not.
    """
    if at > datetime.now(UTC):
        raise Failure(f"{name}: is not over yet. Give an earlier one, or ask what is shown today.")
    return at


def moment(text: str, zone: tzinfo, end_of_day: bool = False) -> datetime:
    """A day or a time, in the tenant's zone where it names none."""
    try:
        if len(text) <= len("2026-01-31"):
            day = date.fromisoformat(text)
            return datetime.combine(day, time.max if end_of_day else time.min, zone)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Failure(f"{text} is no time. Write 2026-01-31 or 2026-01-31T12:30.") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)
