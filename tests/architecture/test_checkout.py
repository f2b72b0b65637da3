"""What stands in the checkout is true on every machine."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, tracked

MOST_BYTES = 2_000_000
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("test", "pypi", "org"),
        ("registry", "npmjs", "org"),
        ("proxy", "golang", "org"),
        ("index", "docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
    )
]
INDEX = re.compile(
    r"(--(extra-)?index-url|PIP_INDEX_URL|UV_INDEX|find-links|https?://[\w.-]*mirror)"
)
PATHS = re.compile(
    r"(?<![\w./$}~-])/(?:root|work|home/[a-z]\w+|Users/[A-Za-z]\w+|private/var|mnt/[a-z]\w+)/\w"
)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every text file under version control but this one, which names what it forbids."""
    try:
        files = tracked()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout")
    own = Path(__file__).resolve()
    return {
        path.relative_to(ROOT).as_posix(): text
        for path in files
        if path.resolve() != own and (text := _text(path)) is not None
    }


def _text(path: Path) -> str | None:
    data = path.read_bytes()
    return None if b"\0" in data[:8_192] else data.decode("utf-8", "replace")


def matching(texts: dict[str, str], wanted: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number} {line.strip()[:100]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if wanted.search(line)
    ]


def test_no_registry_is_named(texts: dict[str, str]) -> None:
    """Where packages come from is for whoever installs them to say: a company's mirror, or none at
    all. What is installed is said by hashes, which are the same everywhere.
    """
    assert matching(texts, re.compile("|".join(map(re.escape, HOSTS)))) == []
    assert matching(texts, INDEX) == []


def test_no_place_of_somebodys_machine_is_named(texts: dict[str, str]) -> None:
    """It would be right on one machine and wrong on all others, and tell who works where."""
    assert matching(texts, PATHS) == []


def test_every_requirement_is_locked_by_hash(texts: dict[str, str]) -> None:
    """Or the registry, whichever it is, could answer with something else."""
    for name in ("requirements.lock", "requirements-runtime.lock", "requirements-spark.lock"):
        pinned = [line for line in texts[name].splitlines() if re.match(r"[a-z0-9]", line)]
        assert pinned
        assert all(re.match(r"[\w.\-\[\]]+==\S+", line) for line in pinned), name
        assert texts[name].count("--hash=sha256:") >= len(pinned)


def test_what_is_tracked_is_small_and_holds_no_secret(texts: dict[str, str]) -> None:
    """A database, a key or a dump that slipped in stays in the history for ever."""
    large = [path.name for path in tracked() if path.stat().st_size > MOST_BYTES]
    assert large == []
    secrets = re.compile(r"kept_[a-z0-9_]+_[0-9a-f]{12}_[0-9a-f]{48}|BEGIN [A-Z ]*PRIVATE KEY")
    found = [one for one in matching(texts, secrets) if "0" * 48 not in one]
    assert found == []
