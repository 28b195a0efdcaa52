"""The life of a server process, from start to SIGTERM, and to kill -9."""

import asyncio
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from boxoffice.postgres.embedded import running_dsn
from tests.support.engine.databases import connected
from tests.support.engine.races import wait_until_blocked
from tests.support.process.polling import wait_until
from tests.support.process.program import Program

LOCK = "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE"
SHOW = {"name": "Crash test", "start_time": "2030-01-01T20:00:00Z", "total_seats": 50_000}


def open_show(program: Program) -> dict[str, Any]:
    """A show and a user to book with."""
    show = httpx.post(f"{program.url}/api/shows", json=SHOW).json()["data"]
    user = httpx.post(f"{program.url}/api/users", json={"name": "Ada", "email": "ada@example.com"}).json()
    return {"show_id": show["id"], "user_id": user["data"]["id"], "seats_booked": 1}


async def book_until_it_breaks(program: Program, booking: dict[str, Any], acknowledged: set[int]) -> None:
    """Books again and again, and keeps what was acknowledged, until the server is gone."""
    async with httpx.AsyncClient() as client:
        while True:
            try:
                response = await client.post(f"{program.url}/api/bookings", json=booking)
            except httpx.TransportError:
                return
            assert response.status_code == 201, response.text
            acknowledged.add(response.json()["data"]["id"])


def stored_bookings(program: Program, show_id: int) -> set[int]:
    """The ids of the show's bookings, page by page."""
    ids: set[int] = set()
    cursor: str | None = ""
    while cursor is not None:
        query = {"cursor": cursor} if cursor else {}
        page = httpx.get(f"{program.url}/api/bookings/show/{show_id}", params=query).json()
        ids |= {item["id"] for item in page["data"]}
        cursor = page["meta"]["next_cursor"]
    return ids


async def test_kill_9_under_load_loses_no_acknowledged_booking_and_leaves_no_postgres(
    program: Program, data_dir: Path
) -> None:
    program.serve()
    booking = open_show(program)
    acknowledged: set[int] = set()
    clients = [asyncio.create_task(book_until_it_breaks(program, booking, acknowledged)) for _ in range(16)]
    while len(acknowledged) < 200:
        assert not any(client.done() for client in clients)
        await asyncio.sleep(0.01)  # between two looks

    program.process.kill()
    await asyncio.gather(*clients)
    program.process.wait()
    wait_until(lambda: running_dsn(data_dir) is None, "the end of the killed server's PostgreSQL")

    program.serve()
    stored = stored_bookings(program, booking["show_id"])
    checked = program.run("verify")
    assert acknowledged <= stored
    assert checked.returncode == 0, checked.stdout


async def test_sigterm_answers_what_is_under_way(program: Program, data_dir: Path) -> None:
    program.serve()
    booking = open_show(program)
    dsn = running_dsn(data_dir)
    assert dsn is not None
    async with connected(dsn) as locker, connected(dsn) as observer, httpx.AsyncClient(timeout=30) as client:
        async with locker.transaction():
            await locker.execute(LOCK, booking["show_id"])
            under_way = asyncio.create_task(client.post(f"{program.url}/api/bookings", json=booking))
            await wait_until_blocked(observer, application_name="boxoffice")
            program.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(wait_until, lambda: refuses_connections(program), "a closed port")
        response = await under_way

    assert response.status_code == 201
    assert await asyncio.to_thread(program.process.wait, 30) == 0, program.output()
    assert running_dsn(data_dir) is None


def test_sigterm_is_told_to_load_balancers_before_the_port_closes(program: Program) -> None:
    program.environment["DRAIN_DELAY_SECONDS"] = "300"
    program.serve()

    program.process.send_signal(signal.SIGTERM)
    wait_until(lambda: httpx.get(f"{program.url}/readyz").status_code == 503, "not ready")
    served = httpx.get(f"{program.url}/api/shows")

    assert served.status_code == 200
    assert served.headers["connection"] == "close"
    assert program.end(signal.SIGTERM) == 0, program.output()  # the second one ends the delay


def refuses_connections(program: Program) -> bool:
    """Whether nobody listens on the port any more."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", program.port)) != 0


def test_data_are_kept_between_runs(program: Program) -> None:
    program.serve("--demo")
    first = httpx.get(f"{program.url}/api/shows").json()["data"]
    assert program.end(signal.SIGINT) in (0, 130), program.output()

    program.serve("--demo")

    assert len(first) == 10
    assert httpx.get(f"{program.url}/api/shows").json()["data"] == first


@pytest.mark.parametrize("command", ["verify", "demo", "migrate"])
def test_commands_use_the_embedded_server_that_runs(program: Program, command: str) -> None:
    program.serve()

    done = program.run(command)

    assert done.returncode == 0, done.stderr


def test_a_second_server_on_the_same_data_is_refused_in_one_line(program: Program, data_dir: Path) -> None:
    program.serve()
    second = Program(data_dir)

    refused = second.run("serve")

    assert refused.returncode == 1
    assert "in use" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_port_in_use_is_told_in_one_line(program: Program) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", program.port))
        other.listen()

        refused = program.run("serve")

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"boxoffice: cannot listen on 127.0.0.1 port {program.port}: Address")
    assert refused.stderr.endswith("set PORT or HOST\n")


NOWHERE = "postgresql://postgres:geheim@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("command", "setting", "told"),
    [
        ("serve", {"PORT": "eighty"}, "PORT is 'eighty'; expected a whole number from 1 to 65535"),
        ("verify", {"BOOKING_EXPIRY_MINUTES": "nan"}, "BOOKING_EXPIRY_MINUTES is 'nan'"),
        ("serve", {"DATABASE_URL": NOWHERE, "DB_WAIT_SECONDS": "0"}, "cannot be reached"),
        ("migrate", {"DATABASE_URL": NOWHERE}, "cannot be reached"),
        ("verify", {"DATABASE_URL": NOWHERE}, "cannot be reached"),
        ("demo", {"DATABASE_URL": NOWHERE}, "cannot be reached"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(
    program: Program, command: str, setting: dict[str, str], told: str
) -> None:
    refused = program.run(command, **setting)

    *before, last = refused.stderr.splitlines()
    assert refused.returncode == 1
    assert last.startswith("boxoffice: ")
    assert told in last
    assert all(line.startswith("boxoffice: working on") for line in before)
    assert "geheim" not in refused.stderr + refused.stdout


async def test_several_workers_serve_one_hot_show_and_count_together(program: Program) -> None:
    program.serve("--workers", "3")
    booking = open_show(program)
    async with httpx.AsyncClient(timeout=60) as client:

        async def book() -> int:
            return (await client.post(f"{program.url}/api/bookings", json=booking)).status_code

        statuses = await asyncio.gather(*(book() for _ in range(300)))
        metrics = (await client.get(f"{program.url}/metrics")).text

    assert statuses == [201] * 300
    assert len(stored_bookings(program, booking["show_id"])) == 300
    assert 'boxoffice_outcomes_total{code="done",kind="book"} 300.0' in metrics
    assert program.end(signal.SIGTERM) == 0, program.output()


async def test_workers_end_when_their_supervisor_is_killed(program: Program, data_dir: Path) -> None:
    program.environment["DRAIN_DELAY_SECONDS"] = "300"  # which is for SIGTERM
    program.serve("--workers", "2")

    program.process.kill()
    program.process.wait()

    await asyncio.to_thread(wait_until, lambda: refuses_connections(program), "the end of the workers")
    await asyncio.to_thread(wait_until, lambda: running_dsn(data_dir) is None, "the end of PostgreSQL")
    program.environment["DRAIN_DELAY_SECONDS"] = "0"
    program.serve()
    assert httpx.get(f"{program.url}/readyz").status_code == 200  # noqa: ASYNC210 - nothing else runs here
