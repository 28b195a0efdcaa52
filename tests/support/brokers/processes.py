"""`boxoffice relay run` as a process that a test kills."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.support.engine.box import Box
from tests.support.engine.databases import connected


class RelayProcess:
    """A relay beside the test's engine, on the same database."""

    def __init__(self, box: Box, folder: Path, urls: str) -> None:
        self._box = box
        self._log = folder / "relay.log"
        self._environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("DB_", "DATABASE_"))},
            "DATABASE_URL": box.dsn,
            "DB_POOL_MAX": "6",
            "RELAY_URLS": urls,
            "RELAY_FROM": "start",
            "LOG_LEVEL": "info",
        }
        self.process: asyncio.subprocess.Process

    async def start(self) -> None:
        """Begin."""
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "boxoffice",
                "relay",
                "run",
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    async def kill(self) -> None:
        """End it at once. The leases of what was killed last for 15 s; here they end now."""
        self.process.kill()
        await self.process.wait()
        async with connected(self._box.dsn) as connection:
            await connection.execute("UPDATE feed_leases SET until = '-infinity'")
            await connection.execute("DELETE FROM feed_holders")

    async def end(self) -> int:
        """End it as its users do; returns its status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    def output(self) -> str:
        """What it has said so far."""
        return self._log.read_text()
