"""The server process: a socket, uvicorn, and a clean end."""

import ctypes
import gc
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from litestar import Litestar
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import ChangeReload, Multiprocess

from boxoffice.access.startup import check_access
from boxoffice.serve.app import create_app
from boxoffice.serve.protocol import Connection
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.server import ServerSettings
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.telemetry.logs import configure_logging
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Fault
from boxoffice.web.http.services import services_of

BACKLOG_CONNECTIONS: Final = 4_096
"""Connections that the kernel keeps until the server accepts them: enough for a crowd that comes at once."""

GC_ALLOCATIONS: Final = 20_000
"""New objects after which the cycle collector looks at the young ones: about those of a batch of answers."""

_PR_SET_PDEATHSIG: Final = 1


class PortInUse(Fault):
    """Another program listens on the port."""


@contextmanager
def listening_socket(settings: ServerSettings) -> Iterator[socket.socket]:
    """The socket to serve on, taken before anything else is started. Raises ``PortInUse``."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise PortInUse(
                f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; set PORT or HOST"
            ) from None
        listener.listen(BACKLOG_CONNECTIONS)  # now, so that a second server is refused before it migrates
        listener.set_inheritable(True)
        yield listener


def serve_until_told(settings: Settings, listener: socket.socket, *, workers: int, reload: bool) -> None:
    """Serves until SIGTERM or SIGINT; then answers the requests that are under way, and returns.

    ``workers`` processes share the socket; a process that dies is replaced.
    """
    config = uvicorn.Config(
        "boxoffice.serve.process:application",
        factory=True,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="on",
        backlog=BACKLOG_CONNECTIONS,
        log_config=None,
        log_level=settings.server.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(limits.DRAIN_MAX_S),
        reload=reload,
        workers=workers,
    )
    if reload:
        ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listener]).run()
    elif workers > 1:
        with shared_metrics():
            Supervisor(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


class Supervisor(Multiprocess):
    """The process that starts the workers, and replaces each worker that dies."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._pids: set[int | None] = set()

    def keep_subprocess_alive(self) -> None:
        """Replaces dead workers. The metrics drop a dead worker's gauges, and keep its counters."""
        super().keep_subprocess_alive()
        pids = {process.pid for process in self.processes}
        for pid in self._pids - pids:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
        self._pids = pids


@contextmanager
def shared_metrics() -> Iterator[None]:
    """A new folder in which all workers that are started meanwhile keep their metrics together."""
    with tempfile.TemporaryDirectory(prefix="boxoffice-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def application() -> Litestar:
    """The application of a server process, which reads its settings from the environment."""
    end_with_supervisor()
    settings = load_settings(ProgramSettings)
    check_access(settings)
    configure_logging(settings.server)
    app = create_app(settings)
    services_of(app).drain.put_before_sigterm()
    # The objects of the start stay for good, so the collector need not look at them again. The threshold lets
    # the collector run less often while a crowd is served.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS)
    return app


def end_with_supervisor() -> None:
    """Make this worker end with its supervisor, even by kill -9: an orphan would keep the port.

    Only Linux can do this.
    """
    supervisor = multiprocessing.parent_process()
    if supervisor is None or not sys.platform.startswith("linux"):
        return
    # SIGINT and not SIGTERM, which would wait for load balancers: the next server needs the port now.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != supervisor.pid:  # the supervisor ended before we asked
        raise SystemExit(1)
