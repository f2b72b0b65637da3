"""Secrets of 32 bytes as files, mode 0600: made once, never written again. And files of others, that
are replaced whole or not at all.
"""

import os
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


def read(path: Path) -> bytes | None:
    """The secret; None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def make(path: Path) -> bytes:
    """Make and keep a secret; if it was made before, that one. ``path`` is two folders deep."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own: another thread, or the same process number in another container, may be
    # at it too.
    draft = path.with_suffix(f".{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)  # atomic, and the first of two wins
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    # Or a power cut could take the only key to what has been acknowledged meanwhile.
    for directory in (path.parent, path.parent.parent, path.parent.parent.parent):
        sync(directory)
    return path.read_bytes()


def replace(path: Path, held: bytes) -> None:
    """Let a file hold this instead of what it held, durably and at once."""
    draft = path.with_suffix(f".{os.urandom(8).hex()}")
    with draft.open("xb") as file:
        file.write(held)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)


def sync(directory: Path) -> None:
    """Make what stands in a folder durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
