"""Files that are there after a power cut, whole or not at all: secrets, and what is kept newest."""

import os
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


def read(path: Path) -> bytes | None:
    """What a file holds; None if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def make_secret(path: Path) -> bytes:
    """Make and keep :data:`KEY_BYTES` that nobody else may read; if that was done before, those.

    The folders above, two of them, are made where they are missing.
    """
    draft = _drafted(path, os.urandom(KEY_BYTES))
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


def write(path: Path, content: bytes) -> None:
    """Put this in the place of what the file held, for nobody else to read."""
    _drafted(path, content).replace(path)
    sync(path.parent)


def _drafted(path: Path, content: bytes) -> Path:
    """A file beside that one, with this in it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A name of its own: another thread, or the same process number in another container, may be
    # at it too.
    draft = path.with_suffix(f".{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def sync(directory: Path) -> None:
    """Make what stands in a folder durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(draft: Path, folder: Path) -> bool:
    """Make a folder that was filled under another name durable, and give it its own; False if a
    folder of that name is there already. Nobody ever sees a part of it.
    """
    for path in sorted(draft.iterdir()):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync(draft)
    if folder.exists():
        return False
    draft.rename(folder)
    sync(folder.parent)
    return True
