"""Time-stamps of checkpoints by an authority (RFC 3161): somebody else's word that the log was so
long, and held this, at that time.

``KEPT_TSA`` is the authority's URL, ``KEPT_TSA_ROOTS`` a PEM file with the root certificates that
its stamps have to lead to.
"""

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from store.database import Connection
from store.errors import StoreError
from store.event_log import EventLog
from store.transparency.followers import Follower
from store.transparency.notes import NoteError, parts

URL: Final = "KEPT_TSA"
ROOTS: Final = "KEPT_TSA_ROOTS"
EVERY: Final = 3_600.0
"""Seconds between two stamps: authorities ask to be spared, and a stamp covers all before it."""
PATIENCE: Final = 15.0
MOST_BYTES: Final = 100_000


class TimestampError(StoreError):
    """An authority is not configured as it has to be, or a stamp is not good; the text says why."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who stamps, and how its stamps are checked."""

    url: str
    roots: tuple[Certificate, ...]

    @classmethod
    def configured(cls) -> "Authority | None":
        """The one that the environment names; None if it names none.

        Raises:
            TimestampError: its roots are not there, or are no certificates.
        """
        url = os.environ.get(URL, "").strip()
        if not url:
            return None
        if not url.startswith(("https://", "http://")):
            raise TimestampError(f"{URL}: an authority is at an http or https URL.")
        return cls(url, read_roots(Path(os.environ.get(ROOTS, ""))))


def read_roots(path: Path) -> tuple[Certificate, ...]:
    """The certificates of a PEM file.

    Raises:
        TimestampError: there is no such file, or it holds none.
    """
    try:
        return tuple(load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        raise TimestampError(
            f"{ROOTS}: {path} holds no certificates in PEM. Give the authority's root certificates."
        ) from None


class Stamper(Follower):
    """Has the newest checkpoint stamped, now and then."""

    def __init__(self, log: EventLog, authority: Authority | None) -> None:
        super().__init__("stamper", self._stamp, EVERY)
        self._log, self._authority = log, authority

    def start(self) -> None:
        """Follow the checkpoints until :meth:`close`, if there is an authority."""
        if self._authority is not None:
            super().start()

    def _stamp(self) -> None:
        if self._authority is not None:
            stamp(self._log, self._authority)


def stamp(log: EventLog, authority: Authority) -> datetime | None:
    """Have the newest checkpoint stamped, unless it is; gives the time of the stamp.

    Raises:
        TimestampError: the authority did not give a good one.
    """
    with log.database.connect("projector", log.tenant.schema) as connection:
        row = connection.execute(
            "SELECT c.size, c.note FROM checkpoints c ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        size, note = row
        held = connection.execute("SELECT 1 FROM timestamps WHERE size = %s", [size]).fetchone()
        if held is not None:
            return None
        text = parts(note)[0].encode()
        request = TimestampRequestBuilder(text, HashAlgorithm.SHA256).build()
        token = _post(authority.url, request.as_bytes())
        at = check(token, text, authority.roots, nonce=request.nonce)
        connection.execute(
            "INSERT INTO timestamps (size, token) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [size, token],
        )
    return at


def check(
    token: bytes, text: bytes, roots: Sequence[Certificate], nonce: int | None = None
) -> datetime:
    """Check a stamp of a text; gives its time. Without roots only what it stamps is checked.

    Raises:
        TimestampError: it is of another text, or no root vouches for it.
    """
    try:
        response = decode_timestamp_response(token)
        if response.tst_info.message_imprint.message != hashlib.sha256(text).digest():
            raise TimestampError("The time-stamp is of another text.")
        if roots:
            builder = VerifierBuilder(nonce=nonce)
            for root in roots:
                builder = builder.add_root_certificate(root)
            builder.build().verify_message(response, text)
    except (ValueError, VerificationError) as wrong:
        raise TimestampError(f"The time-stamp is not good ({type(wrong).__name__}).") from None
    return response.tst_info.gen_time


def compare(
    connection: Connection, roots: Sequence[Certificate], tell: Callable[[int | None, str], None]
) -> None:
    """Check every stamp that is stored; ``tell(position, sentence)`` hears what is wrong."""
    with connection.cursor("stamps") as rows:
        rows.execute(
            "SELECT t.size, t.token, c.note FROM timestamps t LEFT JOIN checkpoints c USING (size)"
            " ORDER BY t.size",
            binary=True,
        )
        for size, token, note in rows:
            try:
                if note is None:
                    tell(size, "A time-stamp is of a checkpoint that is gone.")
                else:
                    check(bytes(token), parts(note)[0].encode(), roots)
            except (TimestampError, NoteError) as wrong:
                tell(size, f"Of the checkpoint of {size:,} entries: {wrong}")


def _post(url: str, body: bytes) -> bytes:
    request = urllib.request.Request(  # noqa: S310  checked to be http
        url, body, {"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return bytes(answer.read(MOST_BYTES))
    except (urllib.error.URLError, OSError) as lost:
        raise TimestampError(
            f"The time-stamp authority cannot be reached ({type(lost).__name__})."
        ) from None
