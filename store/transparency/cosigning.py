"""Bringing checkpoints to witnesses, whose signatures are kept under them.

The witnesses stand in ``KEPT_WITNESSES``: for each its URL and its verifier key, separated by a
space, and one from the other by a comma.
"""

import logging
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final

from store.errors import StoreError
from store.event_log import EventLog
from store.transparency import merkle
from store.transparency.followers import Follower
from store.transparency.notes import Checkpoint, NoteError, Verifier, opened, parts
from store.transparency.stored import nodes
from store.transparency.witness import MOST_BYTES, request_of

VARIABLE: Final = "KEPT_WITNESSES"
EVERY: Final = 5.0
"""Seconds between two checkpoints that a witness is asked to sign."""
PATIENCE: Final = 10.0
"""Seconds in which a witness has to answer."""
CONFLICT: Final = 409

log = logging.getLogger(__name__)


class WitnessError(StoreError):
    """A witness is not configured as it has to be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class WitnessAt:
    """A witness and how to know it again."""

    url: str
    verifier: Verifier


def configured(text: str | None = None) -> list[WitnessAt]:
    """The witnesses that the environment names.

    Raises:
        WitnessError: they are not written as they have to be.
    """
    given = os.environ.get(VARIABLE, "") if text is None else text
    found: list[WitnessAt] = []
    for one in filter(None, (part.strip() for part in given.split(","))):
        url, _, vkey = one.partition(" ")
        try:
            found.append(WitnessAt(url.rstrip("/"), Verifier.parse(vkey)))
        except NoteError as wrong:
            raise WitnessError(f"{VARIABLE}: {wrong} Write: <url> <vkey>, …") from None
        if not url.startswith(("https://", "http://")):
            raise WitnessError(f"{VARIABLE}: a witness is at an http or https URL.")
    return found


class Cosigner(Follower):
    """Asks the witnesses to sign the newest checkpoint, now and then."""

    def __init__(self, event_log: EventLog, witnesses: list[WitnessAt]) -> None:
        super().__init__("cosigner", self.cosign, EVERY)
        self._log, self._witnesses = event_log, witnesses
        self._known: dict[str, int] = {}
        """The size that each witness signed last, as far as is known here."""

    def start(self) -> None:
        """Follow the checkpoints until :meth:`close`, if there is anybody to ask."""
        if self._witnesses:
            super().start()

    def cosign(self) -> int:
        """Bring the newest checkpoint to every witness; gives how many have signed it."""
        with self._log.database.connect("projector", self._log.tenant.schema) as connection:
            row = connection.execute(
                "SELECT size, note FROM checkpoints ORDER BY number DESC LIMIT 1"
            ).fetchone()
            if row is None:
                return 0
            size, note = row
            node = nodes(connection)
            asked = [one for one in self._witnesses if not _has_signed(note, one.verifier)]
            lines = [line for one in asked if (line := self._ask(one, note, node)) is not None]
            if lines:
                connection.execute(
                    "UPDATE checkpoints SET note = note || %s WHERE size = %s",
                    ["".join(lines), size],
                )
        return len(self._witnesses) - len(asked) + len(lines)

    def _ask(self, witness: WitnessAt, note: str, node: merkle.Node) -> str | None:
        """The witness's signature line; None if it gives none, whatever the reason: the other
        witnesses are asked all the same.
        """
        try:
            return self._answer(witness, note, node)
        except (OSError, HTTPException, ValueError) as failed:
            why = failed if isinstance(failed, NoteError) else type(failed).__name__
            log.warning("the witness %s does not sign: %s", witness.verifier.name, why)
            return None

    def _answer(self, witness: WitnessAt, note: str, node: merkle.Node) -> str | None:
        text = parts(note)[0]
        size = Checkpoint.parse(text).size
        for _ in range(2):  # the second time from the size that the witness says
            old = self._known.get(witness.url, 0)
            if old > size:
                log.error("the witness %s knows a larger log than this one", witness.verifier.name)
                return None
            proof = merkle.consistency(old, size, node) if 0 < old < size else []
            status, answer = _post(f"{witness.url}/add-checkpoint", request_of(old, proof, note))
            if status == CONFLICT and answer.strip().isdecimal():
                self._known[witness.url] = int(answer)
                continue
            if status != 200:  # noqa: PLR2004
                log.warning("the witness %s answers %d", witness.verifier.name, status)
                return None
            for line in answer.splitlines(keepends=True):  # it may have further keys
                if _has_signed(f"{text}\n{line}", witness.verifier):
                    self._known[witness.url] = size
                    return line
            raise NoteError("Its answer is not its signature of this checkpoint.")
        log.error("the witness %s knows another log of this name", witness.verifier.name)
        return None


def _has_signed(note: str, witness: Verifier) -> bool:
    try:
        opened(note, [witness])
    except NoteError:
        return False
    return True


def _post(url: str, body: str) -> tuple[int, str]:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "text/plain"})  # noqa: S310  checked to be http
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.status, answer.read(MOST_BYTES).decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(MOST_BYTES).decode("utf-8", "replace")
