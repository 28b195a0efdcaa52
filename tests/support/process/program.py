"""The real program: started as its users start it, and ended as they (or a power cut) end it."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import httpx

from tests.support.process.commands import call
from tests.support.process.polling import WAIT_MAX_S, wait_until

STOP_MAX_S: Final = 60.0
"""Longest wait for a process to end, in seconds."""


class Program:
    """``boxoffice`` with its own settings, and an embedded PostgreSQL in its own folder."""

    launch: ClassVar[tuple[str, ...]] = ("-m", "boxoffice")
    """Python's arguments that run the program."""
    python: str = sys.executable
    surroundings: Mapping[str, Any] = {}
    """Further arguments for ``subprocess``, such as another user or folder."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("DB_", "DATABASE_"))},
            "DATABASE_URL": "embedded",
            "DATA_DIR": str(data_dir),
            "PORT": str(self.port),
            "LOG_LEVEL": "warning",
            **settings,
        }
        self._log_file = data_dir / f"serve-{self.port}.log"
        self.process: subprocess.Popen[bytes]

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [self.python, *self.launch, *arguments],
            env=self.environment | settings,
            capture_output=True,
            text=True,
            timeout=STOP_MAX_S,
            check=False,
            **self.surroundings,
        )

    def call(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command as ``run`` does, but in this process, which is faster. ``commands.call`` says
        when.
        """
        return call(*arguments, environment=self.environment | settings)

    def serve(self, *arguments: str, ready: bool = True) -> Self:
        """Start the server, and wait until it is ready, or at least answers."""
        self.begin(*arguments)
        self.until_ready("/readyz" if ready else "/healthz")
        return self

    def begin(self, *arguments: str, command: str = "serve") -> None:
        """Start the server, or another command that runs until it is ended."""
        with self._log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [self.python, *self.launch, command, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **self.surroundings,
            )

    def until_ready(self, path: str = "/readyz", wait_max_s: float = WAIT_MAX_S) -> None:
        """Return when the server answers 200 to that path."""
        wait_until(lambda: self._answers(path), f"a server on port {self.port}", wait_max_s)

    def output(self) -> str:
        """The output of the server so far."""
        return self._log_file.read_text(errors="replace")

    def end(self, number: signal.Signals) -> int:
        """End the server by a signal; returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_MAX_S)

    def close(self) -> None:
        """End the server if it still runs."""
        if hasattr(self, "process") and self.process.poll() is None:
            self.end(signal.SIGTERM)

    def _answers(self, path: str) -> bool:
        assert self.process.poll() is None, self.output()
        try:
            return httpx.get(f"{self.url}{path}").status_code == 200
        except httpx.TransportError:
            return False


PORTS: Final = range(20_000, 32_000)
"""Ports for servers of tests. They are below the ports that the system gives to clients: otherwise a client
could take a port between its choice and the start of the server.
"""


def free_port() -> int:
    """A random port on which no process listened a moment ago. Tests in several processes rarely choose the
    same.
    """
    while True:
        port = random.choice(PORTS)  # noqa: S311 - no secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
