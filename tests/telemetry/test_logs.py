"""The log has one line for each request, and no personal data."""

import json
import subprocess
import sys
from typing import Any

from structlog.testing import capture_logs

from tests.support.http.api import Api, data_of
from tests.support.http.fixtures import client_of, running
from tests.support.settings import settings_for

SERVER = """
import asyncio
from boxoffice.telemetry.logs import configure_logging
from boxoffice.web.http.services import services_of
from tests.support.http.api import Api
from tests.support.http.fixtures import client_of, running
from tests.support.settings import settings_for

settings = settings_for(
    {dsn!r}, APP_ENV="production", AUTH="off", LOG_LEVEL="debug", SLOW_QUERY_SECONDS=0
)
configure_logging(settings.server)

async def use() -> None:
    async with running(settings) as app, client_of(app) as http:
        api = Api(http)
        show, user = await api.show(name="Secret Gig"), await api.user("ada.l@example.com", "Ada Lovelace")
        body = {{"user_id": user["id"], "show_id": show["id"], "seat_numbers": [7]}}
        headers = {{"X-Request-Id": "req-4711", "Idempotency-Key": "key-0815", "X-Api-Key": "hush"}}
        for _ in range(2):
            await http.post("/api/bookings", json=body, headers=headers)
        await http.post("/api/bookings", json=body)  # the seat is taken
        await http.post("/api/users", json={{"name": "Ada Lovelace", "email": "not an address of Ada"}})
        await http.get(f"/api/users/{{user['id']}}/export")
        await http.get("/api/shows?search=Lovelace")
        services_of(app).engine._store.read = None  # what nobody foresaw
        await http.get(f"/api/users/{{user['id']}}")

asyncio.run(use())
"""


Line = dict[str, Any]


def logged(database: str) -> list[Line]:
    """The log lines that a server in production writes while buyers book."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SERVER.format(dsn=database)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = [json.loads(line) for line in run.stderr.splitlines()]
    return [line for line in told if line.get("logger") != "httpx"]  # by the test's HTTP client


def test_a_server_in_production_logs_what_helps_and_nothing_about_people(database: str) -> None:
    lines = logged(database)
    says_nobody(lines)
    has_one_line_a_request(lines)
    names_slow_statements(lines)


def says_nobody(lines: list[Line]) -> None:
    """No line names a buyer, or has a request's contents."""
    text = json.dumps(lines)
    assert {"request", "slow query", "request failed"} <= {line["event"] for line in lines}
    for told in ("Ada", "ada.l", "example.com", "Lovelace", "Secret Gig", "key-0815", "hush", "seat"):
        assert told not in text, told


def has_one_line_a_request(lines: list[Line]) -> None:
    """Each line has the id of its request."""
    first, again = [line for line in lines if line["event"] == "request" and line["request_id"] == "req-4711"]
    assert (first["method"], first["route"], first["status"]) == ("POST", "/api/bookings", 201)
    assert set(first) == {
        "event",
        "level",
        "timestamp",
        "request_id",
        "trace_id",
        "method",
        "route",
        "status",
        "duration_ms",
    }
    assert again["status"] == 201


def names_slow_statements(lines: list[Line]) -> None:
    """A slow statement is logged with its name, without its parameters."""
    slow = [line for line in lines if line["event"] == "slow query"]
    assert {"run_batch", "run_desk_command"} <= {line["query"] for line in slow}
    assert {line["level"] for line in slow} == {"warning"}
    [batch, *_] = [line for line in slow if line["query"] == "run_batch"]
    assert set(batch) == {"event", "level", "timestamp", "query", "duration_ms"}  # no request_id


async def test_quick_statements_are_not_told(database: str) -> None:
    settings = settings_for(database, SLOW_QUERY_SECONDS=60)
    with capture_logs() as logs:
        async with running(settings) as app, client_of(app) as http:
            data_of(await http.get("/health"))
            await Api(http).show()
    assert [line for line in logs if line["event"] == "slow query"] == []
