"""The certificate of an erasure: what went, what stays and where, with proofs that the log holds
every step, signed with the log's key, and checked by whoever has it, without a database.

It names the person only by commitments to their names and addresses: HMAC-SHA-256 under an opening
that is handed to them, and that ends with the epoch. With it they can show whom it is about.
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from domain.erasure_steps import ErasureFenced
from domain.fields import ERASED
from store import places
from store.errors import WrongEpochKey
from store.event_log import EventLog
from store.transparency.integrator import Integrator
from store.transparency.merkle import ProofError
from store.transparency.notes import Verifier, opened, statement
from store.transparency.proofs import Transparency, check_bundle

FORMAT: Final = "kept-erasure/1"
TITLE: Final = f"erasure {FORMAT}"
"""Under which it is signed."""
CARRIED_OUT: Final = (
    "ErasureFenced",
    "ErasureDestroyed",
    "ErasureSwept",
    "SubjectRequestFulfilled",
)
ASKED: Final = ("SubjectRequestReceived", "SubjectIdentified", "ErasureDecided")
FELL_DUE: Final = "RetentionFellDue"
STEPS: Final = frozenset({*ASKED, *CARRIED_OUT})
"""Of an erasure that somebody asked for, as far as what lives is concerned; :data:`LAST` says it of
the copies too.
"""
OF_RETENTION: Final = frozenset({FELL_DUE, *CARRIED_OUT})
"""Of one that a retention schedule asked for."""
LAST: Final = "ErasureCertified"


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """What a certificate proves."""

    origin: str
    size: int
    request: str
    stage: str
    """``live``, or ``final`` once no copy from before can be opened."""
    dark_on: str | None
    categories: tuple[str, ...]
    destroyed_keys: int
    destroyed_rows: int
    touched_records: int
    erased_at: str
    signed_by: tuple[str, ...]
    is_trusted: bool
    names: tuple[str, ...] = ()
    """Those of the given names and addresses to which it commits."""


def commitments(opening: bytes, people: Iterable[Any]) -> tuple[str, ...]:
    """To each name and address of these records, sorted, so that their order tells nothing."""
    return tuple(sorted({_commitment(opening, one) for person in people for one in _said(person)}))


def certificate(
    log: EventLog, integrator: Integrator, transparency: Transparency, request_id: UUID
) -> dict[str, Any]:
    """The certificate of an erasure that was carried out.

    Raises:
        ProofError: it was not, or not yet.
    """
    known = STEPS | OF_RETENTION | {LAST}
    events = {one.type: one for one in reversed(log.load(request_id)) if one.type in known}
    if not (events.keys() >= STEPS or events.keys() >= OF_RETENTION):
        raise ProofError("This erasure has not been carried out, so nothing certifies it.")
    positions = sorted(one.position for one in events.values())
    integrator.wait_for(positions[-1])
    bundle = transparency.bundle(positions)
    text = json.dumps(
        {
            "format": FORMAT,
            "stage": "final" if LAST in events else "live",
            "issued_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "request": next(one.number for one in events.values() if one.number),
            "places": [asdict(one) for one in _places(events["ErasureSwept"].event)],
            "copies_kept_days": places.copies(),
            "commitments": "HMAC-SHA-256 under the opening, of a name or address in small letters",
            "proof": bundle,
        },
        ensure_ascii=False,
    )
    origin = bundle["checkpoint"].partition("\n")[0]
    note, vkeys = transparency.sign(origin, TITLE, text.encode())
    return {"format": FORMAT, "certificate": text, "signature": note, "vkeys": vkeys}


def opening_of(log: EventLog, request_id: UUID) -> bytes:
    """What opens the commitments of an erasure's certificate, for the person alone.

    Raises:
        ProofError: it was not fenced yet, or the epoch in which it was is over.
    """
    fenced = [one.event for one in log.load(request_id) if isinstance(one.event, ErasureFenced)]
    if not fenced:
        raise ProofError("This erasure has not been carried out, so nothing opens its certificate.")
    try:
        return log.keys.opening(request_id, fenced[0].epoch or log.keys.epochs.current)
    except WrongEpochKey:
        raise ProofError(
            "What opens this certificate ended with the epoch in which it was made. Only whoever "
            "was given it then can still show whom it names."
        ) from None


def check_certificate(
    document: Mapping[str, Any],
    trusted: Sequence[str] = (),
    opening: bytes | None = None,
    names: Sequence[str] = (),
) -> CheckedCertificate:
    """Check signature, proofs, and that the log's own entries tell of a whole erasure.

    Raises:
        ProofError, NoteError: something does not hold; the text says what.
    """
    try:
        text, own = document["certificate"], document["vkeys"]
        said = json.loads(text)
        bundle = said["proof"]
        note, signers = opened(
            document["signature"], [Verifier.parse(one) for one in trusted or own]
        )
        checked = check_bundle(bundle, [one.vkey for one, _ in signers])
        bodies = {body["type"]: body for body in map(_body, bundle["entries"])}
    except (KeyError, TypeError, ValueError) as wrong:
        raise ProofError("The file is no certificate of Kept, or was damaged.") from wrong
    if note != statement(checked.checkpoint.origin, TITLE, text.encode()):
        raise ProofError("The certificate is not the one that was signed.")
    if {*bodies} - {LAST} not in (STEPS, OF_RETENTION) or len(
        {body["stream"] for body in bodies.values()}
    ) != 1:
        raise ProofError("The entries are not those of one whole erasure.")
    if (said["stage"] == "final") != (LAST in bodies):
        raise ProofError("The entries are not those of the stage that it certifies.")
    done, fenced = bodies["ErasureDestroyed"], bodies["ErasureFenced"]["data"]
    first = bodies.get(FELL_DUE) or bodies["SubjectRequestReceived"]
    decided = bodies.get(FELL_DUE) or bodies["ErasureDecided"]
    committed = {*fenced.get("commitments", ())}
    return CheckedCertificate(
        checked.checkpoint.origin,
        checked.checkpoint.size,
        str(first["number"]),
        said["stage"],
        bodies[LAST]["data"]["dark_on"] if LAST in bodies else None,
        tuple(decided["data"]["categories"]),
        done["data"]["destroyed_keys"],
        done["data"]["destroyed_rows"],
        done["data"]["touched_records"],
        done["occurred_at"],
        tuple(one.vkey for one, _ in signers),
        bool(trusted),
        tuple(one for one in names if opening and _commitment(opening, one) in committed),
    )


def is_certificate(document: Any) -> bool:
    """Whether this is one, by what it says of itself."""
    return isinstance(document, dict) and document.get("format") == FORMAT


def _places(swept: Any) -> Iterable[places.Place]:
    return (one for one in places.PLACES if one.name not in swept.left)


def _body(entry: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(entry["body"])
    return body


def _said(person: Any) -> Iterable[str]:
    for name in ("name", "email"):
        yield from _known(getattr(person, name, None))
    given, family = getattr(person, "given_name", None), getattr(person, "family_name", None)
    yield from _known(family)
    if given and family:
        yield f"{given} {family}"
    for name in ("emails", "phones"):
        for one in getattr(person, name, ()):
            yield from _known(one)


def _known(value: Any) -> Iterable[str]:
    return () if value in (None, "", ERASED) else (value,)


def _commitment(opening: bytes, name: str) -> str:
    return hmac.new(opening, name.casefold().encode(), sha256).hexdigest()
