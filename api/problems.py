"""Errors, as RFC 9457 has them: a stable type, a sentence for people, the fields that are wrong.

422 says that the request could never be valid; 409 that the records, as they stand now, refuse it.
No answer repeats a value that was sent, for it may be personal.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import singledispatch
from traceback import extract_tb
from typing import Any, Final

import orjson
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from api.replies import PROBLEM, Reply, encoded, etag
from api.sentences import field_error, field_errors
from commands.dispatcher import Contended
from commands.kernel import NotFound, Rejected
from projections.analytics.kernel import UnknownFigure
from store.database import OUT_OF_REACH
from store.dated_copies import CopyGone, TooManyCopies
from store.errors import (
    EventTooLarge,
    KeyReused,
    LogFull,
    LogUnavailable,
    SubjectErased,
    Unrecordable,
    ValueTaken,
    VersionConflict,
)
from store.figures import FiguresTimedOut
from store.lists import BadCursor, Unserved
from store.read_log import ReadNotRecorded
from store.transparency.merkle import ProofError
from store.transparency.proofs import NotIntegrated

URN: Final = "urn:kept:problem:"

TITLES: Final[dict[str, tuple[int, str]]] = {
    "malformed": (400, "The body is not JSON"),
    "invalid-header": (400, "A header is not valid"),
    "unserved": (400, "No index serves this list"),
    "bad-cursor": (400, "The cursor belongs to another list"),
    "unauthenticated": (401, "An API key is needed"),
    "forbidden": (403, "The key's role may not do this"),
    "not-found": (404, "There is no such record"),
    "no-such-route": (404, "There is no such route"),
    "method-not-allowed": (405, "The route does not know this method"),
    "rejected": (409, "The business rules refuse this"),
    "version-conflict": (409, "A record has changed meanwhile"),
    "value-taken": (409, "Another record holds this value"),
    "erased": (410, "The data subject was erased"),
    "version-mismatch": (412, "The record is not at the version that you saw"),
    "too-large": (413, "The request is too large"),
    "unsupported-media-type": (415, "The body has to be JSON"),
    "validation": (422, "The request is not valid"),
    "key-reused": (422, "The Idempotency-Key was used for another request"),
    "internal": (500, "Kept failed"),
    "busy": (503, "Too much is waiting"),
    "unavailable": (503, "The database cannot be reached"),
    "behind": (503, "What follows the log is not that far yet"),
}
"""Status and title by type. Rejections by a command's rules have further types, always 409."""

RETRY_AFTER: Final = 1
"""Seconds after which to try again, where the error does not say."""

log = logging.getLogger("kept.api")


class Problem(Exception):
    """An error that the door itself finds; its text repeats nothing that was sent."""

    def __init__(
        self,
        type: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.type, self.detail = type, detail
        self.errors, self.headers, self.members = errors, headers or {}, members

    @classmethod
    def of_field(cls, type: str, field: str, sentence: str) -> "Problem":
        """About one field or header; the sentence says what is wrong and what to do."""
        return cls(type, f"{field}: {sentence}", errors=[field_error(field, sentence)])

    def reply(self) -> Reply:
        """The answer."""
        status, title = TITLES.get(self.type, TITLES["rejected"])
        body = {
            "type": URN + self.type,
            "title": title,
            "status": status,
            "detail": self.detail,
            **({"errors": self.errors} if self.errors else {}),
            **self.members,
        }
        return Reply(status, orjson.dumps(body), encoded(self.headers), PROBLEM)


def busy(detail: str, seconds: int = RETRY_AFTER, type: str = "busy", **members: Any) -> Problem:
    """Come back later."""
    return Problem(type, detail, headers={"Retry-After": str(seconds)}, **members)


@singledispatch
def problem_of(error: Exception) -> Problem:
    """What to answer for an error, whatever it is."""
    if isinstance(error, OUT_OF_REACH):
        return busy(str(LogUnavailable()), LogUnavailable.retry_after, "unavailable")
    return _unexpected(error)


@problem_of.register
def _(error: Problem) -> Problem:
    return error


@problem_of.register
def _(error: Rejected) -> Problem:
    sentence, field = error.sentence, error.field
    if field is None:
        return Problem("not-found" if isinstance(error, NotFound) else error.type, sentence)
    return Problem(error.type, sentence, errors=[field_error(field, _after_colon(sentence))])


@problem_of.register
def _(error: VersionConflict) -> Problem:
    return Problem("version-conflict", f"{error} Try again.")


def version_mismatch(error: VersionConflict) -> Problem:
    """The record that ``If-Match`` spoke of is at another version."""
    return Problem(
        "version-mismatch",
        f"{error} Read it again, and decide again.",
        headers={"ETag": etag(error.actual)},
        expected=error.expected,
        actual=error.actual,
    )


@problem_of.register
def _(error: ValueTaken) -> Problem:
    sentence = f"{_after_colon(str(error))} Give another, or change that record."
    holder = {
        "aggregate": error.aggregate,
        "id": str(error.holder),
        "href": f"/v1/{error.aggregate.replace('_', '-')}/{error.holder}",
    }
    errors = [field_error(error.field, sentence)]
    return Problem("value-taken", f"{error.field}: {sentence}", errors=errors, holder=holder)


@problem_of.register
def _(error: CopyGone) -> Problem:
    return busy(str(error))


@problem_of.register(LogFull | Contended | TooManyCopies)
def _(error: LogFull | Contended | TooManyCopies) -> Problem:
    return busy(str(error), error.retry_after)


@problem_of.register(LogUnavailable | ReadNotRecorded)
def _(error: LogUnavailable | ReadNotRecorded) -> Problem:
    return busy(str(error), error.retry_after, "unavailable")


@problem_of.register
def _(error: NotIntegrated) -> Problem:
    return busy(str(error), error.retry_after, "behind")


@problem_of.register
def _(error: ProofError) -> Problem:
    return Problem("not-found", str(error))


@problem_of.register
def _(error: KeyReused) -> Problem:
    return Problem("key-reused", str(error))


@problem_of.register
def _(error: SubjectErased) -> Problem:
    return Problem("erased", str(error))


@problem_of.register
def _(error: EventTooLarge) -> Problem:
    return Problem("too-large", str(error))


@problem_of.register
def _(error: Unrecordable) -> Problem:
    return Problem("validation", str(error))


@problem_of.register
def _(error: Unserved) -> Problem:
    return Problem("unserved", str(error))


@problem_of.register
def _(error: UnknownFigure) -> Problem:
    return Problem.of_field("validation", error.field, error.sentence)


@problem_of.register
def _(error: FiguresTimedOut) -> Problem:
    return busy(str(error))


@problem_of.register
def _(error: BadCursor) -> Problem:
    return Problem.of_field("bad-cursor", "cursor", _after_colon(str(error)))


@problem_of.register
def _(error: ValidationError) -> Problem:
    errors = field_errors(error)
    if any(one["type"] == "json_invalid" for one in error.errors(include_input=False)):
        return Problem("malformed", "The body is not JSON. Send one JSON object, in UTF-8.")
    first = errors[0]
    more = f" ({len(errors) - 1} more in errors.)" if len(errors) > 1 else ""
    where = f"{first['field']}: " if first["field"] else "The body "
    return Problem(
        "validation", f"{where}{first['problem']} {first['remedy']}{more}", errors=errors
    )


def _unexpected(error: Exception) -> Problem:
    """Logged by its type and place only: its text may hold a value."""
    incident = f"urn:uuid:{uuid7()}"
    frames = extract_tb(error.__traceback__)
    where = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in frames[:-6:-1])
    log.error("%s: %s at %s", incident, type(error).__name__, where)
    return Problem(
        "internal",
        "Something went wrong in Kept, not in your request. Tell an administrator the instance.",
        instance=incident,
    )


def _after_colon(sentence: str) -> str:
    return sentence.partition(": ")[2] or sentence
