"""A primary and its standby: two servers with replication, which can be stopped, killed and promoted."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from boxoffice.postgres.base import ends_with_parent, run_program, server_account, surroundings
from boxoffice.postgres.binaries import find_binaries
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.process.folders import fastest_parent, public_folder
from tests.support.process.polling import wait_until
from tests.support.process.power import children_of, runs
from tests.support.process.program import free_port

_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # No test cuts the power here, and the operating system still writes the pages of a killed process.
    "fsync": "off",
    "max_pred_locks_per_transaction": "512",
    "wal_receiver_status_interval": "100ms",
    "wal_retrieve_retry_interval": "100ms",
    "log_min_messages": "log",
}


class Server:
    """A PostgreSQL server on a port of this machine; its data are in the folder already. Linux only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.dsn = f"postgresql://postgres@127.0.0.1:{self.port}/boxoffice?sslmode=disable"
        self._process: subprocess.Popen[bytes]
        self._stopped: list[int] = []

    def start(self, **settings: str) -> None:
        """Start the server, and wait until it takes connections."""
        account = server_account()
        chosen = {**_SETTINGS, "port": str(self.port), "cluster_name": self.folder.name, **settings}
        options = [f"--{name}={value}" for name, value in chosen.items()]
        with self.folder.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                [find_binaries(account).folder / "postgres", "-D", self.folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=ends_with_parent(),  # noqa: PLW1509 - it only makes a system call
                **surroundings(account),
            )
        wait_until(self._takes_connections, f"a PostgreSQL over {self.folder}")

    def kill(self) -> None:
        """Kill all processes of the server by kill -9; return when none of them is left."""
        processes = self._processes()
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not any(map(runs, processes)), "the end of all processes of PostgreSQL")

    def stop(self) -> None:
        """Stop the server at once; one that has ended is left."""
        self.go_on()
        if hasattr(self, "_process") and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def hold(self) -> None:
        """Freeze all processes of the server (SIGSTOP): it accepts connections, but does not answer."""
        self._stopped = self._processes()
        for process in self._stopped:
            os.kill(process, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let the processes go on (SIGCONT)."""
        for process in self._stopped:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        self._stopped = []

    def _processes(self) -> list[int]:
        return [self._process.pid, *children_of(self._process.pid)]

    def _takes_connections(self) -> bool:
        assert self._process.poll() is None, self.folder.with_suffix(".log").read_text()
        with suppress(OSError, IndexError):
            return (self.folder / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        return False


def make_server(folder: Path, **settings: str) -> Server:
    """A new server with a database `boxoffice`, started."""
    _run("initdb", "-D", folder, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
    account = server_account()
    single: list[str | Path] = [
        find_binaries(account).folder / "postgres",
        "--single",
        "-D",
        folder,
        "postgres",
    ]
    status, said = run_program(account, single, stdin="CREATE DATABASE boxoffice;\n")
    assert status == 0, said
    server = Server(folder)
    server.start(**settings)
    return server


def make_standby(primary: Server, folder: Path) -> Server:
    """A standby that replicates the server, started."""
    url = urlsplit(primary.dsn)
    source = f"host={url.hostname} port={url.port} user=postgres application_name={folder.name}"
    _run(
        "pg_basebackup", "-d", source, "-D", folder, "--checkpoint=fast", "--write-recovery-conf", "--no-sync"
    )
    standby = Server(folder)
    standby.start()
    return standby


def _run(program: str, *arguments: str | Path) -> None:
    account = server_account()
    status, said = run_program(account, [find_binaries(account).folder / program, *arguments])
    assert status == 0, said


class Pair:
    """A primary and a standby of it."""

    def __init__(self, primary: Server, standby: Server) -> None:
        self.primary = primary
        self.standby = standby
        self.dsn = f"postgresql://postgres@127.0.0.1:{primary.port},127.0.0.1:{standby.port}/boxoffice?sslmode=disable"

    async def make_synchronous(self) -> None:
        """Let each commit of the primary wait for the standby from now on."""
        async with connected(self.primary.dsn) as connection:
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            await connection.execute("SELECT pg_reload_conf()")
            await eventually(lambda: _is_synchronous(connection), "the standby is synchronous")


async def _is_synchronous(connection: Connection) -> bool:
    state: Any = await connection.fetchval("SELECT sync_state FROM pg_stat_replication")
    return bool(state == "sync")


@contextmanager
def servers_folder() -> Iterator[Path]:
    """A folder that belongs to the user that the servers run as."""
    with public_folder(fastest_parent()) as folder:
        account = server_account()
        if account.switched:
            os.chown(folder, account.uid, account.gid)
        yield folder


@contextmanager
def pair_of_servers() -> Iterator[Pair]:
    """A primary and its standby, for the length of a block."""
    with servers_folder() as folder:
        primary = make_server(folder / "primary")
        try:
            standby = make_standby(primary, folder / "standby")
            try:
                yield Pair(primary, standby)
            finally:
                standby.stop()
        finally:
            primary.stop()
