"""A PostgreSQL server that can lose its power: its processes are killed, and it starts again."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from boxoffice.database.migrate import migrate
from boxoffice.postgres.embedded import EmbeddedServer, start_embedded
from tests.support.process.polling import wait_until

RECOVERY_MAX_S: Final = 120.0
"""Longest wait, in seconds, for a program to serve again once its database is back, on a busy machine."""


class Cluster:
    """A durable server with its data in one folder, and one DSN. Linux and the main thread only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: EmbeddedServer = start_embedded(folder)
        self.dsn = self._server.dsn

    def kill(self) -> None:
        """Kill the server and its child processes by kill -9; return when none of them is left."""
        processes = [self._server.pid, *children_of(self._server.pid)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._server.stop()  # the server is dead, so this only unlocks the folder
        wait_until(lambda: not any(map(runs, processes)), "the end of all processes of PostgreSQL")

    def start(self) -> None:
        """Start the server again; it recovers from its log first."""
        self._server = start_embedded(self._folder)

    def stop(self) -> None:
        """Stop the server cleanly; a killed server is left."""
        self._server.stop()


@asynccontextmanager
async def durable_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """A migrated database on a server of its own, for the length of a block."""
    cluster = Cluster(folder / "cluster")
    try:
        await migrate(cluster.dsn)
        yield cluster
    finally:
        cluster.stop()


def children_of(parent: int) -> list[int]:
    """The processes that a process has started."""
    processes = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [process for process in processes if _stat(process)[1:2] == [str(parent)]]


def workers_of(supervisor: int) -> list[int]:
    """The worker processes that a program with ``--workers`` has started."""
    return [
        pid for pid in children_of(supervisor) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def runs(process: int) -> bool:
    """Whether the process still runs. One that has ended may be listed until its parent notices."""
    return _stat(process)[:1] not in ([], ["Z"], ["X"])


def _stat(process: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; empty if there is no such process."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
