"""What an address remembers of a refusal 停止联系, whoever it was recorded for.

Somebody who said no may be erased, and come back by an import as somebody new. What then still
knows of the no is a keyed hash of the address and of what the no was about; here is what goes into
it. Only addresses that can be told apart are remembered: e-mail and phone, not post.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from domain.consents import OBJECTABLE, Basis, Channel, Consent, WithdrawalReason

ADDRESSES: Final = {
    Channel.EMAIL: "emails",
    Channel.PHONE: "phones",
    Channel.SMS: "phones",
    Channel.MESSENGER: "phones",
}
"""Where the addresses of a channel stand on a contact or customer."""
MARKETING: Final = "marketing"
"""The scope of an objection to direct marketing, whatever the channel."""

Trace = tuple[str, str, str]
"""Kind of address, the address, and what the refusal was about: its scope."""


class Suppression(NamedTuple):
    """That somebody at an address said no."""

    reason: WithdrawalReason
    since: datetime

    def bars(self, consent: Consent) -> bool:
        """Whether it ends what is granted there; only their own later consent goes beyond."""
        if consent.captured_at is None or self.since >= consent.captured_at:
            return True
        is_objected = self.reason is WithdrawalReason.OBJECTED and (
            consent.direct_marketing or consent.lawful_basis in OBJECTABLE
        )
        return is_objected and consent.lawful_basis is not Basis.CONSENT


def to_remember(consent: Consent, person: Any) -> list[Trace]:
    """What the addresses of a person are to remember of their refusal."""
    reason, channel = consent.withdrawal_reason, consent.channel
    if reason is WithdrawalReason.OBJECTED and consent.direct_marketing:
        return [(*one, MARKETING) for one in _addresses(person, {*ADDRESSES.values()})]
    if channel is None or channel not in ADDRESSES:
        return []
    is_for_all = reason is WithdrawalReason.BOUNCED
    scope = channel.value if is_for_all else f"{channel}/{consent.purpose}"
    return [(*one, scope) for one in _addresses(person, [ADDRESSES[channel]])]


def to_look_up(consent: Consent, person: Any) -> list[Trace]:
    """What the addresses of a person might remember that is about this consent."""
    channel = consent.channel
    if channel is None or channel not in ADDRESSES:
        return []
    scopes = [channel.value, f"{channel}/{consent.purpose}"]
    if consent.direct_marketing:
        scopes.append(MARKETING)
    addresses = [*_addresses(person, [ADDRESSES[channel]])]
    return [(*one, scope) for one in addresses for scope in scopes]


def first_bar(consent: Consent, remembered: Sequence[Suppression]) -> Suppression | None:
    """The latest of these that ends what is granted; None if none does."""
    newest_first = sorted(remembered, key=lambda one: one.since, reverse=True)
    return next((one for one in newest_first if one.bars(consent)), None)


def _addresses(person: Any, kinds: Iterable[str]) -> Iterator[tuple[str, str]]:
    for kind in sorted(kinds):
        yield from ((kind, address.casefold()) for address in getattr(person, kind, ()) or ())
