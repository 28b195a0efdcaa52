"""What the modules of the embedded PostgreSQL share: errors, the system's user, and running programs."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PROGRAM_MAX_S: Final = 120.0
"""Longest run of a program such as initdb, in seconds. initdb takes one second, and ten on a slow disk."""

_PR_SET_PDEATHSIG: Final = 1
_KEPT_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH")


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be started. The message is one line and says what to do."""


class EmbeddedUnavailable(EmbeddedError):
    """This machine has no PostgreSQL programs that we can use."""


class EmbeddedInUse(EmbeddedError):
    """Another process has this data folder open."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that PostgreSQL runs as: our own user; but if we are root, the user
    'nobody', because PostgreSQL refuses to run as root. ``switched``: whether it is another user than ours.
    """

    name: str
    uid: int
    gid: int
    switched: bool

    def identity(self) -> dict[str, Any]:
        """The arguments for ``subprocess`` that make a child run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": ()} if self.switched else {}


def server_account() -> Account:
    """The user that runs the server. Raises ``EmbeddedError`` if the system does not know that user."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwnam("nobody") if uid == 0 else pwd.getpwuid(uid)
    except KeyError:
        who = "root has no user 'nobody' to run it as" if uid == 0 else f"user id {uid} has no passwd entry"
        raise EmbeddedError(f"PostgreSQL cannot run here: {who}; add one or set DATABASE_URL") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=uid == 0)


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


def ends_with_parent() -> Callable[[], None] | None:
    """A ``preexec_fn`` after which Linux sends the child SIGINT when the thread that started it ends, even if
    that thread is killed. None on other systems.

    The child must call it after the change of user, which would clear the setting; ``subprocess`` does so.
    Libraries are loaded here, in the parent, because after a fork few calls are safe.
    """
    if not sys.platform.startswith("linux"):
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the child asked for the signal
            os._exit(1)

    return ask_for_signal
