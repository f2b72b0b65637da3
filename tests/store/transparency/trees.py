"""RFC 6962, section 2.1, written down a second time: word for word, and without care for speed."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache

from store.transparency.merkle import Node


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """MTH, over the hashes of the leaves."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    at = split(len(hashes))
    halves = tree_hash(hashes[:at]) + tree_hash(hashes[at:])
    return hashlib.sha256(b"\x01" + halves).digest()


def path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(hashes) == 1:
        return []
    at = split(len(hashes))
    if index < at:
        return [*path(index, hashes[:at]), tree_hash(hashes[at:])]
    return [*path(index - at, hashes[at:]), tree_hash(hashes[:at])]


def proof(old: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n])."""
    return _subproof(old, hashes, True)


def _subproof(old: int, hashes: Sequence[bytes], is_whole: bool) -> list[bytes]:
    if old == len(hashes):
        return [] if is_whole else [tree_hash(hashes)]
    at = split(len(hashes))
    if old <= at:
        return [*_subproof(old, hashes[:at], is_whole), tree_hash(hashes[at:])]
    return [*_subproof(old - at, hashes[at:], False), tree_hash(hashes[:at])]


def split(size: int) -> int:
    """The largest power of two below ``size``."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def leaves(count: int) -> list[bytes]:
    """The hashes of so many different entries."""
    return [leaf(b"entry %d" % number) for number in range(count)]


def nodes(hashes: Sequence[bytes]) -> Node:
    """The complete subtrees over these leaves, as the code under test asks for them."""

    @cache
    def node(level: int, index: int) -> bytes:
        assert (index + 1) << level <= len(hashes), "this subtree is not complete"
        return tree_hash(hashes[index << level : (index + 1) << level])

    return node


Check = Callable[[list[bytes]], None]
"""Takes a proof, and raises if it proves nothing."""


def wrong_proofs(right: list[bytes]) -> list[list[bytes]]:
    """What a proof must not be taken for: too long, too short, of other hashes."""
    other = leaf(b"another")
    made = [[*right, other], [other, *right], [*right, b""]]
    made += [[*right, *right]] if right else []
    for at, hashed in enumerate(right):
        before, after = right[:at], right[at + 1 :]
        flipped = bytes([hashed[0] ^ 1]) + hashed[1:]
        made += [[*before, *after], [*before, hashed, hashed, *after]]
        made += [[*before, one, *after] for one in (flipped, hashed[:-1], hashed + b"\0", other)]
    if len({*right}) > 1:
        made.append(right[::-1])
    return made
