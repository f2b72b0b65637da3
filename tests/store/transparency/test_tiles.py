"""Tiles grow without ever changing what they hold, and are found where C2SP tlog-tiles says."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.transparency import merkle, tiles
from store.transparency.tiles import Tile, grown, parse, width_of
from tests.store.transparency import trees

Held = dict[tuple[int, int], bytes]
WIDE = 256 * 32
"""Bytes of a full tile."""


def built(steps: Iterable[int], entry: bytes = b"entry") -> tuple[int, Held]:
    """Tiles to which entries were added in these steps; each only ever grew."""
    held: Held = {}
    size = 0
    for step in steps:
        leaves = b"".join(trees.leaf(entry + b" %d" % at) for at in range(size, size + step))
        changed = grown(size, partial(held, size), leaves)
        for place, hashes in changed.items():
            assert hashes.startswith(held.get(place, b""))
            assert len(hashes) > len(held.get(place, b""))
        held |= changed
        size += step
    return size, held


def partial(held: Held, size: int) -> dict[int, bytes]:
    """Of each level the tile that has begun and is not full."""
    return {
        level: held[place]
        for level in range(8)
        if (place := (level, (size >> 8 * level) // 256)) in held
    }


@given(st.lists(st.integers(0, 700), max_size=8))
def test_it_does_not_matter_in_which_steps_a_tree_grew(steps: list[int]) -> None:
    size, held = built(steps)
    assert built([size]) == (size, held)
    for (level, index), hashes in held.items():
        assert len(hashes) == 32 * width_of(level, index, size)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 600, 65_535, 65_536, 65_537])
def test_the_root_is_read_from_the_tiles(size: int) -> None:
    _, held = built([size])
    expected = merkle.root_of(trees.leaves(size))
    assert merkle.root(size, tiles.reader(lambda *place: held[place])) == expected


def test_a_tree_of_three_levels_has_its_tiles() -> None:
    _, held = built([256 * 256 + 300])
    assert {place for place in held if place[0] > 0} == {(1, 0), (1, 1), (2, 0)}
    assert len(held[1, 0]) == WIDE
    assert len(held[1, 1]) == len(held[2, 0]) == 32
    assert held[2, 0] == merkle.root_of(tiles.split(held[1, 0]))
    assert held[1, 1] == merkle.root_of(tiles.split(held[0, 256]))


def test_a_partial_tile_is_a_beginning_of_the_later_one() -> None:
    _, early = built([300])
    _, late = built([300, 100, 400])
    assert late[0, 1].startswith(early[0, 1])
    assert late[1, 0].startswith(early[1, 0])
    assert late[0, 0] == early[0, 0]


def test_a_tree_grows_from_the_tile_that_it_ended_with_only() -> None:
    for held in ({}, {0: b""}, {0: b"x" * 31}, {0: b"x" * 64}):
        with pytest.raises(LookupError, match="partial tile 0/0 does not hold 1 hashes"):
            grown(1, held, b"y" * 32)


def test_nothing_added_changes_nothing() -> None:
    assert grown(300, {}, b"") == {}


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(0, 1_234_067), "0/x001/x234/067"),
        (Tile(3, 1_234_067, 17), "3/x001/x234/067.p/17"),
        (Tile(None, 0, 1), "entries/000.p/1"),
        (Tile(None, 1_000), "entries/x001/000"),
        (Tile(63, 999, 255), "63/999.p/255"),
        (Tile(0, 2**55), "0/x036/x028/x797/x018/x963/968"),
    ],
)
def test_a_tile_has_one_path(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse(path) == tile


@given(st.builds(Tile, st.none() | st.integers(0, 63), st.integers(0, 2**55), st.integers(1, 256)))
def test_every_path_leads_back_to_its_tile(tile: Tile) -> None:
    assert parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        *("", "0", "0/", "/0/000", "0/000/", "0/0", "0/00", "0/0000", "0/1000", "0/x000", "0/001/"),
        *("0/x000/000", "0/x000/x001/000", "0/001/000", "0/X001/000", "0/x1/000", "0/-01", "0/+01"),
        *("00/000", "64/000", "100/000", "-1/000", "x/000", "Entries/000", "entries/x000/001"),
        *("0/000.p/0", "0/000.p/256", "0/000.p/257", "0/000.p/01", "0/000.p/", "0/000.p"),
        *("0/000.p/x", "0/000.p/1/", "0/000.p/1000", "0/000.p/١", "0/٠٠٠", "٠/000"),
        *("0/000 ", " 0/000", "0/000\n", "0/../000", "0/000?", "0/0x0"),
        *("0/" + "x999/" * 9 + "999", "0/" + "x999/" * 4_000 + "999"),
    ],
)  # fmt: skip
def test_no_other_writing_of_a_path_is_taken(path: str) -> None:
    assert parse(path) is None


def test_a_tile_is_as_wide_as_the_tree_lets_it() -> None:
    assert [width_of(0, 0, size) for size in (0, 1, 255, 256, 9_999)] == [0, 1, 255, 256, 256]
    assert [width_of(0, 1, size) for size in (0, 256, 257, 600)] == [0, 0, 1, 256]
    assert [width_of(1, 0, size) for size in (255, 256, 511, 512)] == [0, 1, 1, 2]
    assert [width_of(2, 0, size) for size in (65_535, 65_536)] == [0, 1]
    assert width_of(63, 0, 2**62) == 0


def test_hashes_that_are_not_there_are_missed() -> None:
    assert tiles.split(b"a" * 32 + b"b" * 32, 1, 1) == [b"b" * 32]
    with pytest.raises(LookupError, match="fewer than 3 hashes"):
        tiles.split(b"a" * 64, 1, 2)
    with pytest.raises(LookupError, match="fewer than 1 hashes"):
        merkle.root(1, tiles.reader(lambda level, index: b""))
