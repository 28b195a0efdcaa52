"""Kills of the server, of the database, or of both, as a power cut or the system would do it."""

import asyncio
import signal
from typing import Final

from tests.support.process.power import Cluster
from tests.support.process.program import Program

VICTIMS: Final = ("server", "database", "both")
"""What is killed in turn, so that three kills are one of each."""


async def kill(program: Program, cluster: Cluster, victim: str) -> None:
    """Kills at once, and starts again what was killed."""
    if victim != "database":
        program.end(signal.SIGKILL)
    if victim != "server":
        cluster.kill()
        cluster.start()
    if victim != "database":
        await asyncio.to_thread(program.serve)
