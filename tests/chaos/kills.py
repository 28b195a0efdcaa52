"""Kills of the server, of the database, or of both, as a power cut or the system would do it; and sleep."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tests.support.process.power import RECOVERY_MAX_S, Cluster, children_of
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
        program.begin()
        await asyncio.to_thread(program.until_ready, wait_max_s=RECOVERY_MAX_S)


@contextmanager
def asleep(*processes: int) -> Iterator[None]:
    """Stops processes, and wakes them at the end of the block, as a machine does that was frozen."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def family(process: int) -> list[int]:
    """A process, its children, theirs, and so on."""
    return [process, *(one for child in children_of(process) for one in family(child))]
