"""``boxoffice live`` as operators start it, beside ``serve``."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.http.api import Api
from tests.support.http.viewers import TOLD_MAX_S, viewed
from tests.support.process.folders import public_folder
from tests.support.process.nginx import nginx
from tests.support.process.polling import wait_until
from tests.support.process.power import runs, workers_of
from tests.support.process.program import STOP_MAX_S, Program, free_port


@contextmanager
def live(
    program: Program, *arguments: str, port: int, unix_socket: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The processes of live seats, on a port or on a unix socket."""
    where = ["--port", str(port)] if unix_socket is None else ["--unix-socket", str(unix_socket)]
    way = httpx.HTTPTransport(uds=None if unix_socket is None else str(unix_socket))
    client = httpx.Client(transport=way)
    log = program._log_file.with_name("live.log").open("ab")
    process = subprocess.Popen(
        [program.python, "-m", "boxoffice", "live", *where, *arguments],
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )

    def answers() -> bool:
        assert process.poll() is None, program._log_file.with_name("live.log").read_text()
        if unix_socket is not None and not unix_socket.exists():
            return False
        try:
            return client.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, f"live seats on port {port}")
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_MAX_S)
        client.close()
        log.close()


PAGE = (Path(__file__).parents[2] / "docs/live.md").read_text()


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


async def test_streams_come_through_nginx_with_the_lines_of_the_documents(
    tmp_path: Path, database: str
) -> None:
    [location] = re.findall(r"```nginx\n(.*?)```", PAGE, re.S)
    program = Program(tmp_path, DATABASE_URL=database, AUTH="off")
    try:
        program.serve("--demo")
        with public_folder() as folder:
            unix_socket = folder / "live.sock"
            location = location.replace("/run/boxoffice/live.sock", str(unix_socket))
            assert str(unix_socket) in location
            with (
                live(program, port=free_port(), unix_socket=unix_socket),
                nginx(program.url, folder, "proxy_http_version 1.1;", location) as url,
            ):
                unix_socket.chmod(0o777)  # nginx is another user here, and not of our group
                await _told_at_once(program, url, unix_socket)
    finally:
        program.close()


async def _told_at_once(program: Program, url: str, unix_socket: Path) -> None:
    """Each event of a stream comes when it happens, and not when a buffer is full or the stream ends."""
    async with (
        viewed(url, "/api/shows/1/live") as view,
        httpx.AsyncClient(base_url=program.url, timeout=TOLD_MAX_S) as client,
    ):
        assert (view.status, view.headers["content-type"]) == (200, "text/event-stream")
        assert (await view.next())[0] == "snapshot"
        booking = await Api(client).booking(1, 1)
        await view.until(view.seq + 1)
        assert all(view.map[seat - 1] == 1 for seat in booking["seats"])
        after = view.id
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(unix_socket))) as operator:
            metrics = (await operator.get("http://localhost/metrics")).text
        assert (
            "\nboxoffice_live_watchers 1.0\n" in metrics
        )  # and not those of `serve`, which could do it, too
        waited = await client.get(f"{url}/api/live?shows=1&wait=0")
    assert waited.json()["data"]["position"] == f"1-{after}"
    async with viewed(url, "/api/shows/1/live", **{"Last-Event-ID": after}) as again:
        async with httpx.AsyncClient(base_url=program.url, timeout=TOLD_MAX_S) as client:
            await Api(client).booking(1, 1)
        assert (await again.next())[0] == "seats"


def test_its_workers_end_when_it_is_killed(program: Program) -> None:
    """They would keep the port, and serve on with an old program."""
    program.serve("--demo")
    with live(program, "--workers", "2", port=free_port()) as process:
        wait_until(lambda: len(workers_of(process.pid)) == 2, "two workers")
        workers = workers_of(process.pid)
        process.kill()
        process.wait()
        wait_until(lambda: not any(map(runs, workers)), "the end of the workers")
