"""Server processes: Boxoffice itself, and the bare application that it is compared with."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from typing import Final

from boxoffice.bench.faults import BenchError
from boxoffice.bench.load import environment
from boxoffice.bench.programs import running
from boxoffice.serve.process import BACKLOG_CONNECTIONS
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.table import settings_table

START_MAX_S: Final = 60.0
"""Longest start of a server, in seconds: it takes one."""

POLL_S: Final = 0.05
"""Pause between two requests to /readyz, in seconds."""

_LOG_END_CHARS: Final = 500


class Server:
    """A running server: its port and its processes."""

    def __init__(self, port: int, pid: int) -> None:
        self.port: Final = port
        self._pid = pid

    def peak_memory_mb(self) -> float | None:
        """The sum of the peaks of its processes' memory, in MB; None where the system does not tell it."""
        peaks = [_peak_kb(pid) for pid in _family(self._pid)]
        return sum(peaks) / 1024 if any(peaks) else None


@asynccontextmanager
async def boxoffice_server(dsn: str, folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Server]:
    """``boxoffice serve`` on a database; ``BENCH_QUEUE_MAX`` makes its queues smaller than in production."""
    module = "boxoffice.bench.small_queue" if "BENCH_QUEUE_MAX" in settings else "boxoffice"
    arguments = ["-m", module, "serve"]
    async with _server(arguments, "/readyz", folder, {"DATABASE_URL": dsn, **settings}) as server:
        yield server


@asynccontextmanager
async def bare_server(folder: Path) -> AsyncIterator[Server]:
    """The bare application on the same uvicorn, in one process as Boxoffice."""
    command = ["-m", "uvicorn", "boxoffice.bench.bare:application", "--loop", "uvloop", "--http", "httptools"]
    command += ["--no-access-log", "--backlog", str(BACKLOG_CONNECTIONS), "--log-level", "warning"]
    async with _server(command, "/", folder, {}, port_option=True) as server:
        yield server


@asynccontextmanager
async def _server(
    arguments: Sequence[str], path: str, folder: Path, settings: dict[str, str], *, port_option: bool = False
) -> AsyncIterator[Server]:
    port = free_port()
    env = environment(**server_environment() | {"PORT": str(port)} | settings)
    log = folder / f"server-{port}.log"
    command = [sys.executable, *arguments, *(("--port", str(port)) if port_option else ())]
    async with running(command, env=env, folder=folder, log=log) as process:
        deadline = monotonic() + START_MAX_S
        while not await asyncio.to_thread(_answers, port, path):
            if process.returncode is not None or monotonic() > deadline:
                raise BenchError(f"a server did not start: {log.read_text()[-_LOG_END_CHARS:]}")
            await asyncio.sleep(POLL_S)
        yield Server(port, process.pid)
        if process.returncode is not None:
            raise BenchError(f"a server ended by itself: {log.read_text()[-_LOG_END_CHARS:]}")


def server_environment() -> dict[str, str]:
    """The settings of the servers that differ from the defaults, without those of the database.

    The servers run as in production, with the settings of the environment, but log no request.
    """
    known = environment()
    given = {row.name: known[row.name] for row in settings_table(ProgramSettings) if known.get(row.name)}
    fixed = {"APP_ENV": "production", "AUTH": "off", "HOST": "127.0.0.1", "MIGRATE_ON_START": "false"}
    return {"LOG_LEVEL": "warning"} | given | fixed


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=START_MAX_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _family(pid: int) -> list[int]:
    """A process and its descendants; the process alone where there is no /proc."""
    children: list[int] = []
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        children += map(int, tasks.read_text().split())
    return [pid, *(descendant for child in children for descendant in _family(child))]


def _peak_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
