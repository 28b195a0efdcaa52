"""What the parts of the embedded PostgreSQL share: its errors, its user, and how to run its programs."""

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
"""Longest run of initdb and the like, in seconds: they take one, a slow disk ten times as much."""

_PR_SET_PDEATHSIG: Final = 1
_KEPT_ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH")


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot be started. The message is one line and says what to do."""


class EmbeddedUnavailable(EmbeddedError):
    """There are no PostgreSQL programs on this machine that we could use."""


class EmbeddedInUse(EmbeddedError):
    """Another process has this data folder open."""


@dataclass(frozen=True)
class Account:
    """The user that PostgreSQL runs as: ourselves, or somebody else if we are root, whom it refuses."""

    name: str
    uid: int
    gid: int
    switched: bool

    def identity(self) -> dict[str, Any]:
        """The arguments for ``subprocess`` that make a child run as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": ()} if self.switched else {}


def server_account() -> Account:
    """Who runs the server. Raises ``EmbeddedError`` for a user that the system does not know."""
    uid = os.geteuid()
    try:
        entry = pwd.getpwnam("nobody") if uid == 0 else pwd.getpwuid(uid)
    except KeyError:
        who = "root has no user 'nobody' to run it as" if uid == 0 else f"user id {uid} has no passwd entry"
        raise EmbeddedError(f"PostgreSQL cannot run here: {who}; add one or set DATABASE_URL") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=uid == 0)


def run_program(account: Account, command: Sequence[str | Path], stdin: str = "") -> tuple[int, str]:
    """Runs a program as ``account``; gives its exit status and all that it wrote. Raises ``OSError``."""
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
    """User, folder and environment of every program: the caller's PGDATA or locale must not matter."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return account.identity() | {"cwd": "/", "env": kept | {"LC_ALL": "C"}, "start_new_session": True}


def ends_with_parent() -> Callable[[], None] | None:
    """For ``preexec_fn``: the child gets SIGINT when the thread that started it ends, however it ends.

    It must run in the child after the change of user, which clears the setting; ``subprocess`` does so.
    Everything is looked up here already, because after a fork little is safe to do. Linux only.
    """
    if not sys.platform.startswith("linux"):
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_for_signal
