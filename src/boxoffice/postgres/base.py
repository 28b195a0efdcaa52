"""What the modules of the embedded PostgreSQL share: errors, the system's user, and running programs."""

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EPERM
from pathlib import Path
from typing import IO, Any, Final

PROGRAM_MAX_S: Final = 120.0
"""Longest run of a program such as initdb, in seconds. initdb takes one second, and ten on a slow disk."""

_PR_SET_PDEATHSIG: Final = 1
_KEPT_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH")


SYSTEM_USER: Final = "boxoffice-postgres"
"""The system's user that PostgreSQL runs as if we are root: no other program's, as `nobody` is, for a process
of the same user can read and change all that the server has.
"""


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be started. The message is one line and says what to do."""


class EmbeddedUnavailable(EmbeddedError):
    """This machine has no PostgreSQL programs that we can use."""


class EmbeddedInUse(EmbeddedError):
    """Another process has this data folder open."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that PostgreSQL runs as: our own user; but if we are root, ``SYSTEM_USER``,
    because PostgreSQL refuses to run as root. ``switched``: whether it is another user than ours.
    """

    name: str
    uid: int
    gid: int
    switched: bool

    def identity(self) -> dict[str, Any]:
        """The arguments for ``subprocess`` that make a child run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": ()} if self.switched else {}


def server_account() -> Account:
    """The user that runs the server; root makes one if there is none. Raises ``EmbeddedError``."""
    uid = os.geteuid()
    try:
        entry = _system_user() if uid == 0 else pwd.getpwuid(uid)
    except KeyError:
        who = f"root cannot add a user '{SYSTEM_USER}'" if uid == 0 else f"user id {uid} has no passwd entry"
        raise EmbeddedError(f"PostgreSQL cannot run here: {who}; add one or set DATABASE_URL") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=uid == 0)


def _system_user() -> pwd.struct_passwd:
    """The system's user for PostgreSQL alone, made if there is none. Raises ``KeyError`` if that fails."""
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    if useradd := shutil.which("useradd", path=f"/usr/sbin:/sbin:{os.environ.get('PATH', '')}"):
        kind = ["--system", "--user-group", "--no-create-home", "--home-dir", "/", "--shell", "/bin/false"]
        subprocess.run([useradd, *kind, SYSTEM_USER], capture_output=True, timeout=PROGRAM_MAX_S, check=False)
    return pwd.getpwnam(SYSTEM_USER)  # another process may have made it meanwhile


def open_lock(path: Path) -> IO[str]:
    """Opens a file to lock it, which nobody else can open: whoever can, could keep it locked.

    Raises ``OSError``; also if a link, or the file of another user, is in its place.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    lock = os.fdopen(os.open(path, flags, 0o600), "r+")
    state = os.fstat(lock.fileno())
    if state.st_uid != os.geteuid() or not stat.S_ISREG(state.st_mode):
        lock.close()
        raise PermissionError(EPERM, "it is not a file of our own")
    os.fchmod(lock.fileno(), 0o600)
    return lock


def run_program(account: Account, command: Sequence[str | Path], stdin: str = "") -> tuple[int, str]:
    """Run a program as ``account``. Returns its exit status, and its standard output and error as one text.

    Raises ``OSError`` if the program cannot be started, ``subprocess.TimeoutExpired`` after
    ``PROGRAM_MAX_S``.
    """
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=PROGRAM_MAX_S,
        check=False,
        preexec_fn=ends_with_parent(),
        **surroundings(account),
    )
    return done.returncode, done.stdout


def surroundings(account: Account) -> dict[str, Any]:
    """The user, folder and environment of every program. Variables such as PGDATA or the locale are not
    passed on, because they would change what the programs do.
    """
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return account.identity() | {"cwd": "/", "env": kept | {"LC_ALL": "C"}, "start_new_session": True}


def ends_with_parent(sent: signal.Signals = signal.SIGINT) -> Callable[[], None] | None:
    """A ``preexec_fn`` after which Linux sends the child this signal when the thread that started it ends,
    even if that thread is killed. None on other systems.

    The child must call it after the change of user, which would clear the setting; ``subprocess`` does so.
    Libraries are loaded here, in the parent, because after a fork few calls are safe.
    """
    if not sys.platform.startswith("linux"):
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, sent, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the child asked for the signal
            os._exit(1)

    return ask_for_signal
