"""``boxoffice live`` as operators start it, beside ``serve``."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.support.http.api import Api
from tests.support.http.viewers import TOLD_MAX_S, viewed
from tests.support.process.polling import wait_until
from tests.support.process.power import runs, workers_of
from tests.support.process.program import STOP_MAX_S, Program, free_port


@contextmanager
def live(program: Program, *arguments: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The processes of live seats."""
    log = program._log_file.with_name("live.log").open("ab")
    process = subprocess.Popen(
        [program.python, "-m", "boxoffice", "live", "--port", str(port), *arguments],
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )

    def answers() -> bool:
        assert process.poll() is None, program._log_file.with_name("live.log").read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, f"live seats on port {port}")
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_MAX_S)
        log.close()


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.proof)])
async def test_what_serve_sells_is_told_by_another_process_until_it_ends(
    program: Program, workers: str
) -> None:
    program.serve("--demo")
    port = free_port()
    with live(program, "--workers", workers, port=port) as process:
        async with (
            viewed(f"http://127.0.0.1:{port}", "/api/shows/1/live") as view,
            viewed(program.url, "/api/shows/1/live") as beside,
            httpx.AsyncClient(base_url=program.url, timeout=TOLD_MAX_S) as client,
        ):
            await view.next()
            await beside.next()
            booking = await Api(client).booking(1, 1)
            for one in (view, beside):
                await one.until(view.seq + 1 if one is view else view.seq)
                assert all(one.map[seat - 1] == 1 for seat in booking["seats"])
            process.send_signal(signal.SIGTERM)
            while (await view.next())[0] != "bye":
                pass
            assert await asyncio.to_thread(process.wait, STOP_MAX_S) == 0
            os.kill(program.process.pid, signal.SIGTERM)
            while (await beside.next())[0] != "bye":
                pass
            assert await asyncio.to_thread(program.process.wait, STOP_MAX_S) == 0


def test_its_workers_end_when_it_is_killed(program: Program) -> None:
    """They would keep the port, and serve on with an old program."""
    program.serve("--demo")
    with live(program, "--workers", "2", port=free_port()) as process:
        wait_until(lambda: len(workers_of(process.pid)) == 2, "two workers")
        workers = workers_of(process.pid)
        process.kill()
        process.wait()
        wait_until(lambda: not any(map(runs, workers)), "the end of the workers")
