"""Brokers as processes of their own: on a free port, in a folder of their own, ended by their pid."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from boxoffice.bench import brokers as recipes
from boxoffice.bench.brokers import Recipe, listens
from tests.support.process.folders import public_folder
from tests.support.process.installed import installed
from tests.support.process.polling import WAIT_MAX_S, wait_until
from tests.support.process.power import children_of, runs

_STOP_MAX_S: Final = 20.0


class Broker:
    """A server that a test may stop, start again on the same port with the same data, and hold."""

    def __init__(self, recipe: Recipe, folder: Path, *options: str) -> None:
        self.port = recipe.port
        self.folder = folder
        self.url = recipe.url
        self._arguments = [*recipe.command, *options]
        self._environment = recipe.environment
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self, wait_max_s: float = WAIT_MAX_S) -> None:
        """Start the server, and return when its port answers."""
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self._arguments,
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._listens, f"{self._arguments[0]} on port {self.port}", wait_max_s)

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
        return listens(self.port)


@contextmanager
def nats_server() -> Iterator[Broker]:
    """A NATS with JetStream."""
    installed("nats-server")
    with public_folder() as folder, _running(Broker(recipes.nats(folder), folder)) as broker:
        yield broker


@contextmanager
def redis_server(*options: str) -> Iterator[Broker]:
    """A Redis that writes each change to its file."""
    installed("redis-server")
    with public_folder() as folder, _running(Broker(recipes.redis(folder), folder, *options)) as broker:
        yield broker


@contextmanager
def rabbitmq_server() -> Iterator[Broker]:
    """A RabbitMQ with a name, an epmd and folders of its own; it runs as the user of the tests."""
    installed("rabbitmq-server")
    with (
        public_folder() as folder,
        _epmd() as epmd_port,
        _running(Broker(recipes.rabbitmq(folder, epmd_port), folder)) as broker,
    ):
        yield broker


@contextmanager
def _epmd() -> Iterator[int]:
    installed("epmd")
    recipe = recipes.epmd()
    process = subprocess.Popen(recipe.command)
    try:
        yield recipe.port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _running(broker: Broker) -> Iterator[Broker]:
    try:
        yield broker
    finally:
        if broker.process.poll() is None:
            broker.stop()
