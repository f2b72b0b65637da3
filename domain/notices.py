"""Notices to recipients: what became of them, and by which means they went out (GDPR Art. 19)."""

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a notice to a recipient."""

    SENT = "sent"
    IMPOSSIBLE = "impossible"
    DISPROPORTIONATE = "disproportionate"
    """It would take an effort out of proportion."""


class Means(StrEnum):
    """By which a notice was sent."""

    EMAIL = "email"
    POST = "post"
    PHONE = "phone"
    SYSTEM = "system"
    """From one program to another."""
