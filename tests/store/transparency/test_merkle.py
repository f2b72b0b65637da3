"""The Merkle tree is that of RFC 6962, and a proof proves one thing only."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.transparency.merkle import (
    EMPTY_ROOT,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    root,
    root_of,
)
from tests.store.transparency import trees

KNOWN_LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The leaves that certificate-transparency tests its trees with, and their roots."""
KNOWN_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 40
LEAVES = trees.leaves(MOST + 1)
NODE = trees.nodes(LEAVES)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_the_well_known_ones(size: int) -> None:
    hashes = [leaf_hash(one) for one in KNOWN_LEAVES[:size]]
    assert root_of(hashes).hex() == KNOWN_ROOTS[size - 1]
    assert root(size, trees.nodes(hashes)).hex() == KNOWN_ROOTS[size - 1]


def test_the_empty_tree_has_a_root() -> None:
    known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert EMPTY_ROOT.hex() == root_of([]).hex() == root(0, NODE).hex() == known


def test_a_leaf_is_never_a_node() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right) != node_hash(right, left)


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_entry_can_be_proved(size: int) -> None:
    expected = trees.tree_hash(LEAVES[:size])
    assert root(size, NODE) == root_of(LEAVES[:size]) == expected
    for index in range(size):
        proof = inclusion(index, size, NODE)
        assert proof == trees.path(index, LEAVES[:size])
        check_inclusion(LEAVES[index], index, size, proof, expected)


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_tree_continues_those_before(size: int) -> None:
    expected = trees.tree_hash(LEAVES[:size])
    for old in range(1, size + 1):
        proof = consistency(old, size, NODE)
        assert proof == trees.proof(old, LEAVES[:size])
        check_consistency(old, trees.tree_hash(LEAVES[:old]), size, expected, proof)


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_a_proof_proves_one_entry_at_one_place_of_one_tree(size: int) -> None:
    expected = trees.tree_hash(LEAVES[:size])
    proofs = [inclusion(index, size, NODE) for index in range(size)]
    for index, proof in enumerate(proofs):
        for other in {*range(size), -1, size, 2**64} - {index}:
            with pytest.raises(ProofError):
                check_inclusion(LEAVES[index], other, size, proof, expected)
        with pytest.raises(ProofError, match="another root"):
            check_inclusion(LEAVES[-1], index, size, proof, expected)
        with pytest.raises(ProofError, match="another root"):
            check_inclusion(LEAVES[index], index, size, proof, LEAVES[-1])


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_a_proof_that_is_not_the_one_is_refused(size: int) -> None:
    expected = trees.tree_hash(LEAVES[:size])
    for index in range(size):
        for wrong in trees.wrong_proofs(inclusion(index, size, NODE)):
            with pytest.raises(ProofError):
                check_inclusion(LEAVES[index], index, size, wrong, expected)
    for old in range(1, size + 1):
        before = trees.tree_hash(LEAVES[:old])
        for wrong in trees.wrong_proofs(consistency(old, size, NODE)):
            with pytest.raises(ProofError):
                check_consistency(old, before, size, expected, wrong)


@pytest.mark.parametrize("size", range(2, MOST + 1))
def test_a_fork_cannot_be_proved(size: int) -> None:
    expected, other = trees.tree_hash(LEAVES[:size]), LEAVES[-1]
    for old in range(1, size):
        before, proof = trees.tree_hash(LEAVES[:old]), consistency(old, size, NODE)
        for roots in ((other, expected), (before, other), (expected, before), (other, other)):
            with pytest.raises(ProofError):
                check_consistency(old, roots[0], size, roots[1], proof)
    with pytest.raises(ProofError, match="of one size differ"):
        check_consistency(size, expected, size, other, [])


def test_a_rollback_cannot_be_proved() -> None:
    for old, new in ((2, 1), (1, 0), (-1, 4), (2**70, 3)):
        with pytest.raises(ProofError, match="cannot continue one of"):
            check_consistency(old, LEAVES[0], new, LEAVES[1], [])
        with pytest.raises(ProofError, match="cannot be proved to continue"):
            consistency(old, new, NODE)


def test_every_tree_continues_the_empty_one() -> None:
    check_consistency(0, EMPTY_ROOT, 3, trees.tree_hash(LEAVES[:3]), [])
    check_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    with pytest.raises(ProofError, match="longer"):
        check_consistency(0, EMPTY_ROOT, 3, trees.tree_hash(LEAVES[:3]), [LEAVES[0]])
    with pytest.raises(ProofError, match="of one size differ"):
        check_consistency(0, LEAVES[0], 3, trees.tree_hash(LEAVES[:3]), [])
    with pytest.raises(ProofError, match="cannot be proved"):
        consistency(0, 3, NODE)


def test_a_hash_has_32_bytes() -> None:
    for wrong in (b"", LEAVES[0][:-1], LEAVES[0] + b"\0"):
        with pytest.raises(ProofError, match=f"has {len(wrong)} bytes instead of 32"):
            check_inclusion(wrong, 0, 1, [], LEAVES[0])
        with pytest.raises(ProofError, match="instead of 32"):
            check_inclusion(LEAVES[0], 0, 1, [], wrong)
        for roots in ((wrong, LEAVES[0]), (LEAVES[0], wrong)):
            with pytest.raises(ProofError, match="instead of 32"):
                check_consistency(1, roots[0], 1, roots[1], [])


def test_there_is_no_leaf_outside_of_a_tree() -> None:
    for index, size in ((0, 0), (3, 3), (-1, 3), (4, 3)):
        with pytest.raises(ProofError, match=f"no leaf {index} in a tree of {size}"):
            inclusion(index, size, NODE)
        with pytest.raises(ProofError, match=f"no leaf {index} in a tree of {size}"):
            check_inclusion(LEAVES[0], index, size, [], LEAVES[0])


@given(st.integers(1, 700), st.data())
def test_large_trees_are_proved_too(size: int, data: st.DataObject) -> None:
    hashes = trees.leaves(size)
    node, expected = trees.nodes(hashes), trees.tree_hash(hashes)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, size, node)
    assert proof == trees.path(index, hashes)
    check_inclusion(hashes[index], index, size, proof, expected)
    old = data.draw(st.integers(1, size))
    grown = consistency(old, size, node)
    assert grown == trees.proof(old, hashes)
    before = trees.tree_hash(hashes[:old])
    check_consistency(old, before, size, expected, grown)
    if grown:
        at = data.draw(st.integers(0, len(grown) - 1))
        bit = data.draw(st.integers(0, 255))
        grown[at] = (int.from_bytes(grown[at]) ^ 1 << bit).to_bytes(32)
        with pytest.raises(ProofError):
            check_consistency(old, before, size, expected, grown)


@given(st.lists(st.integers(1, 10**18), min_size=2, max_size=6, unique=True))
def test_a_proof_is_no_longer_than_the_tree_is_high(sizes: list[int]) -> None:
    """Of a log that nobody could store, whose subtrees are made up."""

    def node(level: int, index: int) -> bytes:
        return leaf_hash(b"%d %d" % (level, index))

    for old, new in pairwise(sorted(sizes)):
        assert len(consistency(old, new, node)) <= new.bit_length() + 1
        assert len(inclusion(old - 1, new, node)) <= new.bit_length()
