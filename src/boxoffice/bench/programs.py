"""Other programs: run to their end within a bound, or kept running for a while."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from boxoffice.bench.faults import BenchError
from boxoffice.postgres.base import ends_with_parent

GRACE_S: Final = 60.0
"""Seconds that a program may take beyond the time of its load, and a server for its end."""

_TOLD_LINES: Final = 3


async def run(command: Sequence[str], *, seconds: float, env: Mapping[str, str], given: bytes = b"") -> str:
    """Run the program and return what it wrote. Raises ``BenchError`` if it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        cwd="/",  # so that the program reads no .env of the caller
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=ends_with_parent(),
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(given), seconds + GRACE_S)
    except TimeoutError:
        raise BenchError(f"{command[0]} did not end within {seconds + GRACE_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BenchError(f"{command[0]} failed: {_beginning(errors) or _beginning(output)}")
    return output.decode(errors="replace")


@asynccontextmanager
async def running(
    command: Sequence[str], *, env: Mapping[str, str], folder: Path, log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that runs for the length of a block; at the end it gets SIGTERM, and time to end."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=env,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=ends_with_parent(signal.SIGTERM),  # RabbitMQ and epmd outlive SIGINT
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _beginning(output: bytes) -> str:
    """Its first lines; of a Python program that failed also the last one, which says why."""
    lines = output.decode(errors="replace").strip().splitlines()
    why = lines[-1:] if len(lines) > _TOLD_LINES else []
    return " | ".join(line.strip() for line in [*lines[:_TOLD_LINES], *why])
