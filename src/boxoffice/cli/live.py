"""The command ``boxoffice live``."""

import asyncio
import multiprocessing
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer
from prometheus_client.multiprocess import mark_process_dead

from boxoffice.access.startup import check_access
from boxoffice.cli.output import out, tell
from boxoffice.cli.shared import connected, dsn_of, read_settings
from boxoffice.database.waiting import wait_for_database
from boxoffice.live.worker import BACKLOG_CONNECTIONS, run
from boxoffice.serve.process import PortInUse, end_with_supervisor, shared_metrics
from boxoffice.settings.settings import Settings
from boxoffice.telemetry.logs import configure_logging
from boxoffice.vocabulary import limits

PORT: Final = 3002
"""The port without an option: beside that of ``serve``."""

CONNECTIONS_MAX: Final = 50_000
"""Clients of one process: at 2 KB each 100 MB, and a frame to all of them takes half a second."""

FILES_SPARE: Final = 200
"""File descriptors beside those of clients: connections to the database, sockets, logs."""

LOOK_EVERY_S: Final = 0.5
"""Seconds between two looks at the processes."""

app = typer.Typer(add_completion=False)


@app.command()
def live(
    workers: Annotated[
        int, typer.Option(min=1, max=limits.WORKER_PROCESSES_MAX, help="Processes; one for each core.")
    ] = 1,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: HOST]")] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = PORT,
    unix_socket: Annotated[
        Path | None, typer.Option("--unix-socket", help="Socket to listen on, in the place of a port.")
    ] = None,
    connections: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Clients of one process.")
    ] = CONNECTIONS_MAX,
) -> None:
    """Serve live seats alone, to tens of thousands; a proxy sends their paths here."""
    settings = read_settings()
    check_access(settings)
    configure_logging(settings.server)
    _let_open(connections + FILES_SPARE)
    with connected(settings) as ready:
        where = str(unix_socket) if unix_socket else f"{host or ready.server.host}:{port}"
        asyncio.run(wait_for_database(dsn_of(ready), ready.database.wait_seconds, tell))
        out.print(f"live seats on {where}", markup=False)
        with _listeners(workers, host or ready.server.host, port, unix_socket) as listeners:
            if workers == 1:
                run(ready, listeners[0], connections)
            else:
                with shared_metrics():
                    _supervise(ready, listeners, connections)


@contextmanager
def _listeners(workers: int, host: str, port: int, path: Path | None) -> Iterator[list[socket.socket]]:
    """A listening socket for each process: several on one port, or one unix socket for all.

    Raises ``PortInUse``.
    """
    if path is None:
        made = [_on_port(host, port) for _ in range(workers)]
    else:
        with suppress(FileNotFoundError):
            path.unlink()
        shared = socket.socket(socket.AF_UNIX)
        shared.bind(str(path))
        shared.listen(BACKLOG_CONNECTIONS)
        made = [shared] * workers
    try:
        yield made
    finally:
        for listener in made:
            listener.close()
        if path is not None:
            path.unlink(missing_ok=True)


def _on_port(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUse(f"cannot listen on {host} port {port}: {error.strerror}; give --port") from None
    listener.listen(BACKLOG_CONNECTIONS)
    return listener


def _supervise(settings: Settings, listeners: list[socket.socket], connections: int) -> None:
    """Runs a process for each socket, and replaces one that dies, until SIGTERM or SIGINT."""
    context = multiprocessing.get_context("spawn")
    over = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal over
        over = True

    def begin(listener: socket.socket) -> BaseProcess:
        process = context.Process(target=run_worker, args=(settings, listener, connections))
        process.start()
        return process

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    processes = [begin(listener) for listener in listeners]
    while not over:
        time.sleep(LOOK_EVERY_S)
        for number, process in enumerate(processes):
            if not (process.is_alive() or over):
                mark_process_dead(process.pid)  # type: ignore[no-untyped-call]  # nobody watches there any more
                processes[number] = begin(listeners[number])
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


def run_worker(settings: Settings, listener: socket.socket, connections: int) -> None:
    """One of several processes."""
    end_with_supervisor()
    configure_logging(settings.server)
    _let_open(connections + FILES_SPARE)
    run(settings, listener, connections)


def _let_open(files: int) -> None:
    """Raises the limit of open files of this process, as far as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if most == resource.RLIM_INFINITY else min(files, most)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    if wanted < files:
        out.print(f"only {wanted:,} files may be open: raise the limit (ulimit -Hn) for more", markup=False)
