"""The Merkle tree of RFC 6962, section 2: roots, and proofs of inclusion and consistency.

A tree is given by ``node(level, index)``: the hash of the complete subtree over the ``2**level``
leaves from ``index * 2**level`` on. Every hash has 32 bytes.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

Node = Callable[[int, int], bytes]


class ProofError(ValueError):
    """A proof does not prove what it was given for; the text says why not."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees, side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def parents(row: bytes) -> bytes:
    """The hashes above a row of hashes, of which there is an even number."""
    # As node_hash has it, without taking each pair apart.
    pairs = range(0, len(row), 2 * HASH_BYTES)
    return b"".join(
        [hashlib.sha256(b"\x01" + row[at : at + 2 * HASH_BYTES]).digest() for at in pairs]
    )


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over these hashes, of leaves or of subtrees of one height."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        pairs = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(row) & ~1 :]
    return row[0]


def root(size: int, node: Node) -> bytes:
    """The root of the tree of the first ``size`` leaves."""
    return _range_hash(0, size, node) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The audit path of a leaf (section 2.1.1), from the leaf upwards.

    Raises:
        ProofError: there is no such leaf in a tree of this size.
    """
    if not 0 <= index < size:
        raise ProofError(f"There is no leaf {index} in a tree of {size}.")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_hash(middle, high, node))
            high = middle
        else:
            path.append(_range_hash(low, middle, node))
            low = middle
    return path[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """The proof that the tree of ``old`` leaves is a beginning of that of ``new`` (section 2.1.2).

    Raises:
        ProofError: the old tree is empty or larger than the new one.
    """
    if not 0 < old <= new:
        raise ProofError(f"A tree of {new} leaves cannot be proved to continue one of {old}.")
    path: list[bytes] = []
    low, high, is_whole = 0, new, True
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range_hash(middle, high, node))
            high = middle
        else:
            path.append(_range_hash(low, middle, node))
            low, is_whole = middle, False
    if not is_whole:
        path.append(_range_hash(low, high, node))
    return path[::-1]


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes
) -> None:
    """Check an audit path, as RFC 9162 does in section 2.1.3.2.

    Raises:
        ProofError: it does not lead from the leaf to the root.
    """
    if not 0 <= index < size:
        raise ProofError(f"There is no leaf {index} in a tree of {size}.")
    _check_lengths([leaf, expected, *proof])
    found = leaf
    for sibling, is_left in _sides(index, size - 1, proof):
        found = node_hash(sibling, found) if is_left else node_hash(found, sibling)
    if found != expected:
        raise ProofError("The proof leads to another root.")


def check_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check a consistency proof, as RFC 9162 does in section 2.1.4.2.

    Raises:
        ProofError: the new tree does not continue the old one, or the proof does not show it.
    """
    _check_lengths([old_root, new_root, *proof])
    if old < 0 or old > new:
        raise ProofError(f"A tree of {new} leaves cannot continue one of {old}.")
    if old in (0, new):
        _check_needless(old_root, EMPTY_ROOT if old == 0 else new_root, proof)
        return
    is_subtree = old & (old - 1) == 0  # then it is a node of the new tree, and known
    if not proof:
        raise ProofError("The proof is shorter than the way to the root.")
    first, *rest = [old_root, *proof] if is_subtree else proof
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = first
    for sibling, is_left in _sides(place, last, rest):
        if is_left:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
        else:
            after = node_hash(after, sibling)
    if before != old_root:
        raise ProofError("The proof leads to another root of the old tree.")
    if after != new_root:
        raise ProofError("The proof leads to another root of the new tree.")


def _check_needless(root: bytes, expected: bytes, proof: Sequence[bytes]) -> None:
    """Of the empty tree and of the same one nothing has to be proved."""
    if proof:
        raise ProofError("The proof is longer than the way to the root.")
    if root != expected:
        raise ProofError("The roots of two trees of one size differ.")


def _sides(place: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The hashes of a proof on the way up from a place, and whether each stands on the left."""
    for sibling in proof:
        if last == 0:
            raise ProofError("The proof is longer than the way to the root.")
        is_left = place & 1 == 1 or place == last
        yield sibling, is_left
        while is_left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("The proof is shorter than the way to the root.")


def _range_hash(low: int, high: int, node: Node) -> bytes:
    """The hash over the leaves from ``low`` to before ``high``; ``low`` is where a subtree of that
    size begins, as it always is in the tree.
    """
    found = b""
    # From the smallest subtree, on the right, to the largest.
    for level, index in reversed([*_subtrees(low, high)]):
        hashed = node(level, index)
        found = node_hash(hashed, found) if found else hashed
    return found


def _subtrees(low: int, high: int) -> Iterator[tuple[int, int]]:
    """The complete subtrees that make up a range, largest first, as (level, index)."""
    while low < high:
        level = (high - low).bit_length() - 1
        yield level, low >> level
        low += 1 << level


def _split(size: int) -> int:
    """The largest power of two that is smaller than ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _check_lengths(hashes: Sequence[bytes]) -> None:
    for one in hashes:
        if len(one) != HASH_BYTES:
            raise ProofError(f"A hash has {len(one)} bytes instead of {HASH_BYTES}.")
