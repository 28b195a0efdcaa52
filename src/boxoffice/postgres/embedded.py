"""The embedded PostgreSQL: a private server that lives exactly as long as the program that started it.

The server is for a first try, for development, and for a small box office on one machine. It listens on a
Unix socket that only its own user can reach. It stops cleanly when its parent process ends, even if the
parent is killed.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Self
from urllib.parse import urlencode

from boxoffice.postgres.base import (
    Account,
    EmbeddedError,
    EmbeddedInUse,
    EmbeddedUnavailable,
    ends_with_parent,
    server_account,
    surroundings,
)
from boxoffice.postgres.binaries import Binaries, find_binaries
from boxoffice.postgres.cluster import (
    DATABASE,
    POLL_S,
    DataDir,
    last_lines,
    lock_data_dir,
    open_data_dir,
    prepare_cluster,
    serves,
)
from boxoffice.postgres.sockets import PORT, make_socket_dir, remove_socket_dir, socket_dir

__all__ = [
    "EmbeddedError",
    "EmbeddedInUse",
    "EmbeddedServer",
    "EmbeddedUnavailable",
    "running_dsn",
    "start_embedded",
]

START_MAX_S: Final = 120.0
"""Longest start, in seconds. Usually it takes half a second; after a crash the server may have to replay a
gigabyte of its log."""

STOP_FAST_MAX_S: Final = 30.0
"""Longest clean stop, in seconds, in which the server writes a checkpoint. After that the server is told to
stop without one."""

STOP_IMMEDIATE_MAX_S: Final = 5.0
"""Longest stop without a checkpoint, in seconds. After that the server is killed. No commit is lost: the log
has all of them."""

CONNECTIONS_MAX: Final = 200
"""Connections at most: the pools (DB_POOL_MAX) of some processes, and some sessions of an operator."""


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server, with its connection URL (``dsn``) and its process id. The server ends when its parent
    ends, or by ``stop``.
    """

    dsn: str
    pid: int
    _process: "subprocess.Popen[bytes]" = field(repr=False)
    _socket_dir: Path = field(repr=False)
    _data: DataDir = field(repr=False)
    _lock: IO[str] = field(repr=False)

    def stop(self) -> None:
        """Stop the server, cleanly if it obeys in time. If the server has ended, nothing happens."""
        for number, wait_max_s in (
            (signal.SIGINT, STOP_FAST_MAX_S),
            (signal.SIGQUIT, STOP_IMMEDIATE_MAX_S),
            (signal.SIGKILL, None),
        ):
            self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(wait_max_s)
                break
        remove_socket_dir(self._data, self._socket_dir)
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_embedded(
    data_dir: Path, *, durable: bool = True, log: Callable[[str], None] | None = None
) -> EmbeddedServer:
    """Start a server with the data in ``data_dir``, and wait until it takes connections. A missing folder is
    made.

    The caller must be the main thread: on Linux the server ends with the thread that started it.
    ``durable=False`` is for tests, whose data need not survive a power cut. ``log`` gets a line for each
    step. Raises ``EmbeddedUnavailable`` without PostgreSQL's programs, ``EmbeddedInUse`` if another process
    uses the folder, and ``EmbeddedError`` otherwise.
    """
    account = server_account()
    binaries = find_binaries(account)
    data = open_data_dir(data_dir, account)
    try:
        return _start(data, binaries, account, durable=durable, tell=log or (lambda _: None))
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(f"PostgreSQL cannot be started in {data.root}: {error}") from error


def running_dsn(data_dir: Path) -> str | None:
    """The connection URL of the server that another process runs with the data in ``data_dir``; None if no
    server is ready there.
    """
    data = DataDir(data_dir.resolve())
    left = data.read_pid_file()
    if left is None or left.state != "ready" or not serves(left.pid, data.cluster):
        return None
    return _dsn(socket_dir(data))


def _start(
    data: DataDir, binaries: Binaries, account: Account, *, durable: bool, tell: Callable[[str], None]
) -> EmbeddedServer:
    with ExitStack() as undo:
        lock = lock_data_dir(data)
        undo.callback(lock.close)
        if not data.cluster.exists():
            tell(f"making a PostgreSQL {binaries.major} database in {data.root}")
        prepare_cluster(data, binaries, account, durable=durable)
        folder = make_socket_dir(data, account)
        tell(f"starting PostgreSQL {binaries.major} from {binaries.folder}")
        process = _launch(data, binaries, account, _server_settings(folder, durable=durable))
        server = EmbeddedServer(_dsn(folder), process.pid, process, folder, data, lock)
        undo.callback(server.stop)
        _wait_until_ready(process, data)
        undo.pop_all()
        return server


def _dsn(socket_dir: Path) -> str:
    where = urlencode({"host": str(socket_dir), "port": PORT})
    return f"postgresql://postgres@/{DATABASE}?{where}"


def _launch(
    data: DataDir, binaries: Binaries, account: Account, settings: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    command = [str(binaries.folder / "postgres"), "-D", str(data.cluster)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with data.log_file.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=ends_with_parent(),  # noqa: PLW1509 - it only makes a system call
            **surroundings(account),
        )


def _server_settings(socket_dir: Path, *, durable: bool) -> dict[str, str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "cluster_name": "boxoffice",
        "max_connections": str(CONNECTIONS_MAX),
        "shared_buffers": "128MB",
        # Under SERIALIZABLE PostgreSQL remembers each row that a transaction read, up to these bounds. Above
        # them the whole page or table counts as read, and batches of different shows conflict for nothing.
        "max_pred_locks_per_transaction": "512",
        "max_pred_locks_per_relation": "20000",
        "max_pred_locks_per_page": "200",
        "jit": "off",  # for short statements compiling takes longer than running
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        # Errors that the client gets anyway, such as serialization failures, would only fill the log.
        "log_min_messages": "log",
        "log_checkpoints": "off",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return settings


def _wait_until_ready(process: "subprocess.Popen[bytes]", data: DataDir) -> None:
    """Wait for the state 'ready' in the server's pid file, as pg_ctl does. No connection is needed for that.

    Raises ``EmbeddedError`` if the server ends, or after ``START_MAX_S``.
    """
    deadline = time.monotonic() + START_MAX_S
    while (left := data.read_pid_file()) is None or (left.pid, left.state) != (process.pid, "ready"):
        if process.poll() is not None or time.monotonic() > deadline:
            said = last_lines(data.log_file.read_text(errors="replace"))
            raise EmbeddedError(f"PostgreSQL did not start in {data.root}: {said}")
        time.sleep(POLL_S)
