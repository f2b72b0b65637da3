"""Applying the blocks of a page: new files, and lines that are added to files that there are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(python|diff) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block that names its file."""

    kind: str
    path: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order."""
    for match in _BLOCK.finditer(page.read_text("utf-8")):
        yield Block(*match.groups())


def apply(block: Block, root: Path) -> None:
    """Write a new file, or add lines to one below those lines of it that stand before them."""
    path = root / block.path
    if block.kind == "python":
        assert not path.exists(), f"{block.path} is there already"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
        return
    lines = path.read_text("utf-8").splitlines()
    at = 0
    for line in block.text.splitlines():
        sign, text = line[:1], line[1:]
        if sign == "+":
            lines.insert(at, text)
            at += 1
        else:
            assert text in lines[at:], f"{block.path} has no line {text!r} after line {at}"
            at = lines.index(text, at) + 1
    path.write_text("\n".join(lines) + "\n", "utf-8")
