"""A real nginx in front of an open server, with nothing set but where to pass requests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import STOP_MAX_S, Program, free_port

CONFIG: Final = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {url}; {more} }} }}
}}
"""


@contextmanager
def nginx(program: Program, folder: Path, more: str = "") -> Iterator[str]:
    """An nginx that passes all requests to the program; gives its address. Skips if it is not installed."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, url=program.url, more=more))
    process = subprocess.Popen(
        [installed("nginx"), "-p", folder, "-e", folder / "error.log", "-c", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), "nginx")
        yield url
    finally:
        process.terminate()
        process.wait(STOP_MAX_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code < 500
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("more", ["", "proxy_http_version 1.1; proxy_set_header Via $host;"])
def test_nothing_comes_through_it_to_a_server_that_is_open_to_its_own_machine(
    program: Program, tmp_path: Path, more: str
) -> None:
    program.serve()
    with nginx(program, tmp_path, more) as url:
        for host in ("localhost", "tickets.example"):
            answer = httpx.get(f"{url}/api/users", headers={"Host": host})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert httpx.get(f"{program.url}/api/users").status_code == 200


def test_a_server_that_is_open_by_decision_is_reached_through_it(tmp_path: Path, data_dir: Path) -> None:
    program = Program(data_dir, AUTH="off")
    try:
        program.serve()
        with nginx(program, tmp_path) as url:
            assert httpx.get(f"{url}/api/users").status_code == 200
    finally:
        program.close()
