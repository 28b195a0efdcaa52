"""Brokers as processes of their own: on a free port, in a folder of their own, ended by their pid."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.process.folders import public_folder
from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.power import children_of, runs
from tests.support.process.program import free_port

RABBIT_SCRIPT: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's `rabbitmq-server` calls this script as the user rabbitmq, in the folder of the system's server.
The script itself runs as any user, where the variables say."""

_STOP_MAX_S: Final = 20.0


class Broker:
    """A server that a test may stop, start again on the same port with the same data, and hold."""

    def __init__(
        self, arguments: Sequence[str], port: int, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self.folder = folder
        self.url = ""
        self._arguments = list(arguments)
        self._environment = environment
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start the server, and return when its port answers."""
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self._arguments,
                env=None if self._environment is None else dict(self._environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._listens, f"{self._arguments[0]} on port {self.port}")

    def stop(self) -> None:
        """End the server as its users do."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_MAX_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server at once, with what it has started: RabbitMQ's script has the server as a child."""
        processes = [self.process.pid, *children_of(self.process.pid)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(map(runs, processes)), "the end of the server")

    def _listens(self) -> bool:
        assert self.process.poll() is None, (self.folder / "output").read_text(errors="replace")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


@contextmanager
def nats_server() -> Iterator[Broker]:
    """A NATS with JetStream."""
    program = installed("nats-server")
    with _broker() as (port, folder):
        arguments = [program, "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder / "streams")]
        with _running(Broker(arguments, port, folder)) as broker:
            broker.url = f"nats://127.0.0.1:{port}"
            yield broker


@contextmanager
def redis_server(*options: str) -> Iterator[Broker]:
    """A Redis that writes each change to its file."""
    program = installed("redis-server")
    with _broker() as (port, folder):
        arguments = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
        with _running(Broker([*arguments, "--dir", str(folder), *options], port, folder)) as broker:
            broker.url = f"redis://127.0.0.1:{port}/0"
            yield broker


@contextmanager
def rabbitmq_server() -> Iterator[Broker]:
    """A RabbitMQ with a name, an epmd and folders of its own; it runs as the user of the tests."""
    program = installed("rabbitmq-server")
    script = str(RABBIT_SCRIPT) if RABBIT_SCRIPT.exists() else program
    with _broker() as (port, folder), _epmd() as epmd_port:
        environment = _rabbit_environment(port, epmd_port, folder)
        with _running(Broker([script], port, folder, environment)) as broker:
            broker.url = f"amqp://guest:guest@127.0.0.1:{port}/"
            yield broker


def _rabbit_environment(port: int, epmd_port: int, folder: Path) -> dict[str, str]:
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text("vm_memory_high_watermark.absolute = 1GB\n")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no-such-file"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_NODENAME": f"boxoffice-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "logs"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
    }


@contextmanager
def _epmd() -> Iterator[int]:
    """The register of Erlang's nodes, as a process of ours: RabbitMQ would else leave one behind."""
    port = free_port()
    process = subprocess.Popen([installed("epmd"), "-port", str(port), "-address", "127.0.0.1"])
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _broker() -> Iterator[tuple[int, Path]]:
    with ExitStack() as stack:
        yield free_port(), stack.enter_context(public_folder())


@contextmanager
def _running(broker: Broker) -> Iterator[Broker]:
    try:
        yield broker
    finally:
        if broker.process.poll() is None:
            broker.stop()
