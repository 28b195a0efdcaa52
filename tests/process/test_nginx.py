"""nginx with nothing but `proxy_pass`: HTTP/1.0, its own Host, a connection for each request."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.process.folders import public_folder
from tests.support.process.installed import installed
from tests.support.process.polling import wait_until
from tests.support.process.program import STOP_MAX_S, Program, free_port

CONFIG: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {upstream};
    }}
  }}
}}
"""


@contextmanager
def nginx(upstream: str, folder: Path) -> Iterator[str]:
    """The address of an nginx before a server. Skips where nginx is not installed."""
    program, port = installed("nginx"), free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, upstream=upstream))
    with (folder / "nginx.log").open("wb") as log:
        process = subprocess.Popen([program, "-p", folder, "-c", config], stdout=log, stderr=log)
    try:
        wait_until(lambda: _answers(port), "nginx")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(STOP_MAX_S)


def test_bookings_are_made_read_and_cancelled_through_nginx(tmp_path: Path, database: str) -> None:
    program = Program(tmp_path, DATABASE_URL=database, AUTH="off")
    try:
        program.serve("--no-migrate")
        with (
            public_folder() as folder,
            nginx(program.url, folder) as url,
            httpx.Client(base_url=f"{url}/api") as client,
        ):
            show = made(client, "/shows", name="Hot", start_time="2030-01-01T20:00:00Z", total_seats=5_000)
            user = made(client, "/users", name="Ada", email="ada@example.com")
            booking = made(client, "/bookings", show_id=show["id"], user_id=user["id"], seats_booked=2)
            in_chunks = client.post("/bookings", content=iter([b'{"show_id": 1, ', b'"user_id": 1}']))
            free = client.get(f"/shows/{show['id']}/available-seats")
            head = client.head(f"/shows/{show['id']}")
            gone = client.delete(f"/bookings/{booking['id']}")
            too_large = client.post("/shows", content=b" " * 100_000)
    finally:
        program.close()

    assert booking["seats"] == [1, 2]
    assert in_chunks.json()["code"] in ("invalid_request", "show_not_found")
    assert (free.status_code, head.status_code, head.content, gone.status_code) == (200, 200, b"", 200)
    assert too_large.status_code == 413


def made(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """What was created."""
    response = client.post(path, json=body)
    assert response.status_code == 201, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False
