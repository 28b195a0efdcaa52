"""nginx with nothing but `proxy_pass`: HTTP/1.0, its own Host, a connection for each request."""

import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.process.folders import public_folder
from tests.support.process.nginx import nginx
from tests.support.process.program import Program


@pytest.mark.parametrize("more", ["", "proxy_http_version 1.1; proxy_set_header Via $host;"])
def test_nothing_comes_through_it_to_a_server_that_is_open_to_its_own_machine(
    program: Program, more: str
) -> None:
    program.serve()
    with public_folder() as folder, nginx(program.url, folder, more) as url:
        for host in ("localhost", "tickets.example"):
            answer = httpx.get(f"{url}/api/users", headers={"Host": host})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert httpx.get(f"{program.url}/api/users").status_code == 200
    assert b" 200 " in asked_by_an_old_client(program)


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


def asked_by_an_old_client(program: Program) -> bytes:
    """The first line of the answer to a client of this machine that speaks HTTP/1.0, as `ab` does."""
    with socket.create_connection(("127.0.0.1", program.port), timeout=30) as connection:
        connection.sendall(b"GET /api/users HTTP/1.0\r\nHost: localhost\r\n\r\n")
        with connection.makefile("rb") as answer:
            return answer.readline()


def made(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    """What was created."""
    response = client.post(path, json=body)
    assert response.status_code == 201, response.text
    data: dict[str, Any] = response.json()["data"]
    return data
