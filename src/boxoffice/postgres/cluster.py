"""The data folder of the embedded PostgreSQL: making it, locking it, and clearing up after a dead server.

DATA_DIR/boxoffice.lock   locked while a Boxoffice process uses the folder; has the id of that process
DATA_DIR/postgres         the cluster
DATA_DIR/socket           the folder of the server's socket, or a link to it
DATA_DIR/postgres.log     the server's messages since it was started
"""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT
from typing import IO, Final

from boxoffice.postgres.base import Account, EmbeddedError, EmbeddedInUse, open_lock, run_program
from boxoffice.postgres.binaries import Binaries

DATABASE: Final = "boxoffice"
"""The name of the database that is created together with the cluster."""

PREDECESSOR_MAX_S: Final = 60.0
"""Longest wait, in seconds, for a server whose parent was killed: the server still writes a checkpoint."""

POLL_S: Final = 0.02
"""Seconds between two looks at a server's state, short compared to the half second that a start takes."""

_NEW: Final = "postgres.new-"


@dataclass(frozen=True)
class Running:
    """A server: its process id, and its state (`starting`, `ready`, `stopping`)."""

    pid: int
    state: str


@dataclass(frozen=True)
class DataDir:
    """The files in one data folder."""

    root: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own folder."""
        return self.root / "postgres"

    @property
    def pid_file(self) -> Path:
        """The file to which PostgreSQL writes its process id and state."""
        return self.cluster / "postmaster.pid"

    @property
    def socket(self) -> Path:
        """The folder of the server's socket, or a link to it if the path to here is too long for a socket."""
        return self.root / "socket"

    @property
    def log_file(self) -> Path:
        """The server's messages."""
        return self.root / "postgres.log"

    def read_pid_file(self) -> "Running | None":
        """What the server says of itself; None without such a file."""
        try:
            lines = [*self.pid_file.read_text(errors="replace").splitlines(), *[""] * 8]
            return Running(int(lines[0]), lines[7].strip())
        except (OSError, IndexError, ValueError):  # no file, a half-written file, or not PostgreSQL's file
            return None


def open_data_dir(folder: Path, account: Account) -> DataDir:
    """Make the folder if it is missing, and check that ``account`` can reach it. Raises ``EmbeddedError``."""
    root = folder.resolve()
    try:
        if account.switched:
            _check_reachable(root, account)
        _make_folders(root, mode=0o755 if account.switched else 0o700)
        _check_ours(root, account)
    except OSError as error:
        raise EmbeddedError(
            f"{root} cannot be used: {error.strerror}; set DATA_DIR to another folder"
        ) from error
    return DataDir(root)


def _check_ours(root: Path, account: Account) -> None:
    """Raises ``EmbeddedError`` if others can put something in the place of what is in the folder."""
    state = root.stat()
    foreign = state.st_uid not in (os.geteuid(), account.uid)
    of_others = state.st_mode & stat.S_IWOTH or (
        state.st_mode & stat.S_IWGRP and state.st_gid != os.getegid()
    )
    if foreign or of_others:
        raise EmbeddedError(f"{root} can be changed by others than us; set DATA_DIR to a folder of your own")


def lock_data_dir(data: DataDir) -> IO[str]:
    """Lock the folder for as long as the returned file is open. Raises ``EmbeddedInUse`` if another process
    has locked it.
    """
    path = data.root / "boxoffice.lock"
    try:
        lock = open_lock(path)
    except OSError as error:
        raise EmbeddedError(
            f"{path} cannot be opened: {error.strerror}; set DATA_DIR to another folder"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise EmbeddedInUse(
            f"{data.root} is in use by process {holder}; stop that one, or set DATA_DIR or DATABASE_URL"
        ) from None
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def prepare_cluster(data: DataDir, binaries: Binaries, account: Account, *, durable: bool) -> None:
    """Make the cluster if it is missing; otherwise remove the pid file that a dead server left in it."""
    if data.cluster.exists():
        _check_cluster(data, binaries, account)
        _clear_pid_file(data)
    else:
        _make_cluster(data, binaries, account, durable=durable)


def _make_folders(folder: Path, mode: int) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
        path.chmod(mode)  # the umask may have narrowed mkdir's mode


def _check_reachable(root: Path, account: Account) -> None:
    for path in (*reversed(root.parents), root):
        if not path.is_dir():
            return  # not made yet; if the path is a file, mkdir will raise an error
        state = path.stat()
        bit = stat.S_IXOTH
        if state.st_uid == account.uid:
            bit = stat.S_IXUSR
        elif state.st_gid == account.gid:
            bit = stat.S_IXGRP
        if not state.st_mode & bit:
            raise EmbeddedError(
                f"user '{account.name}', who runs PostgreSQL for root, cannot enter {path}; "
                "set DATA_DIR to a folder that everybody can reach"
            )


def _check_cluster(data: DataDir, binaries: Binaries, account: Account) -> None:
    owner = data.cluster.stat().st_uid
    if owner != account.uid:
        raise EmbeddedError(
            f"{data.cluster} belongs to user id {owner}, but PostgreSQL would run as '{account.name}'; "
            "start as the user who made it, or set DATA_DIR to another folder"
        )
    try:
        major = (data.cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedError(f"{data.cluster} has no PostgreSQL data; move it away or set DATA_DIR") from error
    if major != str(binaries.major):
        raise EmbeddedError(
            f"{data.cluster} was made by PostgreSQL {major}, and here is {binaries.major}; dump it with the "
            "old one and load it into the new one, or set DATA_DIR to another folder"
        )


def _clear_pid_file(data: DataDir) -> None:
    """Wait for a server that is still stopping, then remove the pid file.

    We hold the folder's lock, so the process that started that server is gone. If the server was killed, its
    process id may belong to another program by now: PostgreSQL would take that program for a running server
    and refuse to start. Removing the file is safe: if processes of a killed server still use the cluster,
    PostgreSQL finds their shared memory and does not start.
    """
    deadline = time.monotonic() + PREDECESSOR_MAX_S
    while (left := data.read_pid_file()) and serves(left.pid, data.cluster):
        if not sys.platform.startswith("linux"):
            os.kill(left.pid, SIGINT)  # only Linux signals a server whose parent has died
        if time.monotonic() > deadline:
            raise EmbeddedInUse(
                f"{data.cluster} is still in use by PostgreSQL, process {left.pid}; stop that one"
            )
        time.sleep(POLL_S)
    data.pid_file.unlink(missing_ok=True)


def serves(pid: int, cluster: Path) -> bool:
    """Whether the process is a PostgreSQL server of this cluster: its id may belong to another program."""
    return f"postgres -D {cluster} " in _command_line(pid)


def _command_line(pid: int) -> str:
    """The command line of any user's process; empty if there is no such process."""
    if not sys.platform.startswith("linux"):
        command = ["/bin/ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def _make_cluster(data: DataDir, binaries: Binaries, account: Account, *, durable: bool) -> None:
    """Make the cluster in a folder with another name, and rename the folder at the end. So a start that is
    interrupted never leaves a half-made cluster.
    """
    for leftover in data.root.glob(f"{_NEW}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=_NEW, dir=data.root))
    try:
        os.chown(fresh, account.uid, account.gid)
        _initdb(fresh, binaries, account, durable=durable)
        _create_database(fresh, binaries, account)
        fresh.rename(data.cluster)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    if durable:
        _sync_folder(data.root)


def _initdb(folder: Path, binaries: Binaries, account: Account, *, durable: bool) -> None:
    command: list[str | Path] = [
        binaries.folder / "initdb",
        "-D",
        folder,
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
    ]
    if not durable:
        command.append("--no-sync")
    text = ""
    for locale in _locales(binaries.major):
        status, text = run_program(account, [*command, *locale])
        if status == 0:
            return
    raise EmbeddedError(f"{folder} cannot be made: initdb says: {last_lines(text)}")


def _locales(major: int) -> list[list[str]]:
    """The arguments of initdb for sorting by code point, in the order in which to try them: not every system
    has the locale C.UTF-8. An index must sort alike on every machine.
    """
    if major >= 17:
        return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def _create_database(folder: Path, binaries: Binaries, account: Account) -> None:
    """Create our database in single-user mode, before the cluster is in its place. So a cluster without the
    database never exists, even if the start is interrupted.
    """
    program = binaries.folder / "postgres"
    command = [str(program), "--single", "-D", str(folder), "-c", "exit_on_error=on", "postgres"]
    status, text = run_program(account, command, stdin=f"CREATE DATABASE {DATABASE};\n")
    if status != 0:
        raise EmbeddedError(f"{folder} cannot be made: PostgreSQL says: {last_lines(text)}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_lines(text: str) -> str:
    """The last lines of a program's output as one line: there the program says why it stopped."""
    return " | ".join(line.strip() for line in text.strip().splitlines()[-5:])
