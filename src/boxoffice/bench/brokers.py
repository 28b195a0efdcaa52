"""Brokers that the benchmark starts for itself: on free ports, in folders of their own, ended with the run.

A broker whose address stands in the settings is never used: a measurement empties its broker again and again.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from boxoffice.bench import programs
from boxoffice.bench.faults import BenchError
from boxoffice.bench.load import environment
from boxoffice.bench.servers import POLL_S, START_MAX_S, free_port

RABBIT_SCRIPT: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's `rabbitmq-server` calls this script as the user rabbitmq, in the folder of the system's server.
The script itself runs as any user, where the variables say."""

_PROGRAMS: Final = {
    "rabbitmq": ("rabbitmq-server", "epmd"),
    "nats": ("nats-server",),
    "redis": ("redis-server",),
    "kafka": (),
}
"""What must be installed. Kafka's brokers are carried by its client, for tests."""

_CLIENTS: Final = {"rabbitmq": "aio_pika", "nats": "nats", "redis": "redis", "kafka": "confluent_kafka"}


class Recipe(NamedTuple):
    """How a broker is started. ``environment``: all its variables; None: ours."""

    command: list[str]
    port: int
    url: str
    environment: Mapping[str, str] | None = None


def found(program: str) -> str | None:
    """The path of a program; some are installed where only root looks."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin")


def lacking(kind: str) -> str | None:
    """What is missing for this kind of broker, in words; None if nothing is."""
    for program in _PROGRAMS[kind]:
        if found(program) is None:
            return f"the program {program} is not installed"
    return None if find_spec(_CLIENTS[kind]) else f"pip install 'boxoffice[{kind}]' brings its client"


def nats(folder: Path) -> Recipe:
    """A NATS with JetStream."""
    port = free_port()
    command = [
        _path("nats-server"),
        "-js",
        "-a",
        "127.0.0.1",
        "-p",
        str(port),
        "-sd",
        str(folder / "streams"),
    ]
    return Recipe(command, port, f"nats://127.0.0.1:{port}")


def redis(folder: Path) -> Recipe:
    """A Redis that writes each change to its file."""
    port = free_port()
    command = [_path("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--appendonly", "yes", "--dir", str(folder)]
    return Recipe(command, port, f"redis://127.0.0.1:{port}/0")


def epmd() -> Recipe:
    """The register of Erlang's nodes, as a process of ours: RabbitMQ would else leave one behind."""
    port = free_port()
    return Recipe([_path("epmd"), "-port", str(port), "-address", "127.0.0.1"], port, "")


def rabbitmq(folder: Path, epmd_port: int) -> Recipe:
    """A RabbitMQ with a name and folders of its own; it runs as our user."""
    port = free_port()
    (folder / "plugins").write_text("[].\n")
    (folder / "rabbitmq.conf").write_text("vm_memory_high_watermark.absolute = 1GB\n")
    script = str(RABBIT_SCRIPT) if RABBIT_SCRIPT.exists() else _path("rabbitmq-server")
    variables = {
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
    return Recipe([script], port, f"amqp://guest:guest@127.0.0.1:{port}/", variables)


@asynccontextmanager
async def running(kind: str, folder: Path) -> AsyncIterator[str]:
    """A broker of this kind for the length of a block; its address. Raises ``BenchError``."""
    if kind == "rabbitmq":
        async with (
            _running(lambda _: epmd(), folder / "epmd") as register,
            _running(lambda own: rabbitmq(own, register.port), folder / kind) as recipe,
        ):
            yield recipe.url
    else:
        async with _running(nats if kind == "nats" else redis, folder / kind) as recipe:
            yield recipe.url


@asynccontextmanager
async def _running(recipe_for: Callable[[Path], Recipe], folder: Path) -> AsyncIterator[Recipe]:
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    recipe, log = recipe_for(folder), folder / "output"
    env = environment() if recipe.environment is None else recipe.environment
    async with programs.running(recipe.command, env=env, folder=folder, log=log) as process:
        deadline = monotonic() + START_MAX_S
        while not await asyncio.to_thread(listens, recipe.port):
            if process.returncode is not None or monotonic() > deadline:
                raise BenchError(f"{recipe.command[0]} did not start: see {log}")
            await asyncio.sleep(POLL_S)
        yield recipe


def listens(port: int) -> bool:
    """Whether something on this machine takes connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _path(program: str) -> str:
    return found(program) or program
