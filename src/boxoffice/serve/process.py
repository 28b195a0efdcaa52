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
from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.server import ServerSettings
from boxoffice.settings.settings import Settings, load_settings
from boxoffice.telemetry.logs import configure_logging
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Fault
from boxoffice.web.http.services import services_of

BACKLOG_CONNECTIONS: Final = 4_096
"""Connections that the kernel keeps until they are accepted: a crowd that comes within one tick."""


KEEP_ALIVE_S: Final = 75
"""Seconds that an idle connection stays open: longer than load balancers keep theirs (60 s by default), for
one that they use at the moment we close it loses its request."""

GC_ALLOCATIONS: Final = 20_000
"""Objects after which the cycle collector looks at the young ones: those of a batch of answers."""

_PR_SET_PDEATHSIG: Final = 1


class PortInUse(Fault):
    """Something else listens on the port."""


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
    """Serves until SIGTERM or SIGINT; then answers what is under way and returns.

    ``workers`` processes share the socket; one that dies is replaced.
    """
    config = uvicorn.Config(
        "boxoffice.serve.process:application",
        factory=True,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        backlog=BACKLOG_CONNECTIONS,
        log_config=None,
        log_level=settings.server.log_level,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(limits.DRAIN_MAX_S),
        reload=reload,
        workers=workers,
    )
    if reload:
        ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listener]).run()
    elif workers > 1:
        with _shared_metrics():
            Supervisor(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


class Supervisor(Multiprocess):
    """Starts the workers, and others in the place of those that die."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._pids: set[int | None] = set()

    def keep_subprocess_alive(self) -> None:
        """Replaces dead workers; what they were doing (not: what they have done) is no longer told."""
        super().keep_subprocess_alive()
        pids = {process.pid for process in self.processes}
        for pid in self._pids - pids:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
        self._pids = pids


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A new folder in which the workers that are started meanwhile keep their metrics together."""
    with tempfile.TemporaryDirectory(prefix="boxoffice-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def application() -> Litestar:
    """The application of a server process, which reads its settings from the environment."""
    _end_with_supervisor()
    settings = load_settings(ProgramSettings)
    check_access(settings)
    configure_logging(settings.server)
    app = create_app(settings)
    services_of(app).drain.put_before_sigterm()
    # What is there now stays; and what a crowd leaves behind is looked through less often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS)
    return app


def _end_with_supervisor() -> None:
    """A worker ends when the process that started it does, even by kill -9: it would keep the port. Linux."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None or not sys.platform.startswith("linux"):
        return
    # Not by SIGTERM, which waits for load balancers to go elsewhere: the next server needs the port now.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != supervisor.pid:  # it was gone before we asked
        raise SystemExit(1)
