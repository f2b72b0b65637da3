"""What the store may answer instead of a receipt."""

from uuid import UUID


class StoreError(Exception):
    """Base of what the store reports; its text never holds a personal value."""


class VersionConflict(StoreError):
    """A stream that was read has changed since."""

    def __init__(self, stream: UUID, expected: int, actual: int) -> None:
        super().__init__(f"Record {stream} is at version {actual}, not {expected}.")
        self.stream, self.expected, self.actual = stream, expected, actual


class ValueTaken(StoreError):
    """Another record holds a value that only one may hold."""

    def __init__(self, aggregate: str, field: str, holder: UUID) -> None:
        super().__init__(f"{field}: is taken by the record {holder} of {aggregate}.")
        self.aggregate, self.field, self.holder = aggregate, field, holder


class KeyReused(StoreError):
    """The idempotency key came with another request before."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key was used for a different request. Use a new key for a new one."
        )


class SubjectErased(StoreError):
    """The data subject was erased; nothing more may be written about them under the old key."""

    def __init__(self) -> None:
        super().__init__(
            "The person or record that this is about was erased; nothing can be added."
        )


class KeysRaced(StoreError):
    """Another command made the data key first; encrypt again under that one."""


class EventTooLarge(StoreError):
    """An event's public body exceeds what a log entry may hold (65,535 bytes with its time)."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The change is too large to record: {size} of at most 65527 bytes. Split it."
        )


class Unrecordable(StoreError):
    """A value has no canonical form: an integer above 2^53, half of a character, a NUL."""

    def __init__(self) -> None:
        super().__init__(
            "The change holds a number above 9007199254740991 or text that is not valid Unicode. "
            "Give such a number as a string, and text without NUL."
        )


class LogFull(StoreError):
    """Too many commands are waiting to be stored; try again later."""

    retry_after = 1
    """Seconds."""

    def __init__(self) -> None:
        super().__init__("Too many changes are waiting to be stored. Try again in a second.")


class LogUnavailable(StoreError):
    """The database cannot be reached; whether the command was stored is not known, a retry by key
    will tell.
    """

    retry_after = 2

    def __init__(self) -> None:
        super().__init__("The event log cannot be reached right now. Try again in a few seconds.")


class WrongEpochKey(StoreError):
    """The epoch key that was given does not open this tenant's data keys."""


class BackupError(StoreError):
    """The file is no backup that can be restored here; the text says why, and what to do."""
