"""A Redis server of a test's own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import asyncio as redis

from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import free_port


class RedisServer:
    """A Redis that runs, on a port of this machine."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.url = f"redis://127.0.0.1:{port}/0"

    def hold(self) -> None:
        """Freeze it (SIGSTOP): it accepts connections, but does not answer."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill it by kill -9."""
        self._process.kill()
        self._process.wait()

    def client(self) -> "redis.Redis":
        """A client of it."""
        return redis.Redis.from_url(self.url, protocol=2)

    async def commands(self) -> int:
        """How many scripts and commands about keys it has run, whoever sent them."""
        async with self.client() as client:
            stats = await client.info("commandstats")
        return sum(
            told["calls"] for name, told in stats.items() if name in {"cmdstat_evalsha", "cmdstat_eval"}
        )


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A Redis that keeps nothing on the disk, for the length of a block."""
    port, log = free_port(), folder / "redis.log"
    process = subprocess.Popen(
        [
            installed("redis-server"),
            *("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)),
            *("--logfile", str(log)),
        ]
    )
    try:
        wait_until(lambda: log.exists() and "Ready to accept" in log.read_text(), "Redis")
        yield RedisServer(process, port)
    finally:
        process.kill()
        process.wait()
