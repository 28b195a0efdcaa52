"""An open server: which requests the shelter refuses, and which it lets in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import pytest
from httpx import ASGITransport, AsyncClient, Response

from boxoffice.serve.settings import ProgramSettings
from boxoffice.settings.access import AccessSettings
from boxoffice.settings.server import ServerSettings
from tests.support.http.api import problem_of
from tests.support.http.fixtures import app_without_database
from tests.support.settings import settings_of

EVIL: Final = "https://evil.example"
FORM: Final = {"Content-Type": "text/plain", "Sec-Fetch-Site": "cross-site"}
METHODS: Final = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]


@asynccontextmanager
async def client(settings: ProgramSettings, peer: str = "127.0.0.1") -> AsyncIterator[AsyncClient]:
    """A client at the address ``peer``, of an application without a database."""
    app = app_without_database(settings)
    transport = ASGITransport(cast(Any, app), client=(peer, 4711))
    async with AsyncClient(transport=transport, base_url="http://localhost:3001") as http:
        yield http


async def asked(settings: ProgramSettings, headers: dict[str, str], method: str = "GET") -> Response:
    """The answer of a path that does not exist, so that only the shelter can say 403."""
    async with client(settings) as http:
        return await http.request(method, "/nowhere", headers=headers)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:3001", "127.0.0.1", "127.0.0.1:80", "127.8.9.10", "[::1]", "[::1]:3001"],
)
async def test_this_machine_asks_itself(host: str) -> None:
    problem_of(await asked(settings_of(), {"Host": host}), 404, "not_found")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:3001"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost:3001@evil.example"},
        {"Host": "192.0.2.1:3001"},
        {"Host": "[2001:db8::1]:3001"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Forwarded": "for=192.0.2.9"},
        {"X-Forwarded-For": "192.0.2.9"},
        {"X-Forwarded-Host": "tickets.example"},
        {"X-Forwarded-For": ""},
        {"X-Forwarded-Proto": "https"},
        {"X-Real-IP": "192.0.2.9"},
        {"Via": "1.1 varnish"},
        {"CF-Connecting-IP": "192.0.2.9"},
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://evil.example:3001", "Host": "evil.example:3001"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", METHODS)
async def test_nobody_else_does(headers: dict[str, str], method: str) -> None:
    problem = problem_of(await asked(settings_of(), headers, method), 403, "forbidden")
    assert "AUTH=on" in problem["detail"]


async def test_an_address_elsewhere_is_refused_whatever_it_calls_us() -> None:
    """Another HTTP server may run the application, and listen at an address that the settings do not name."""
    for peer, status in (("192.0.2.9", 403), ("::ffff:192.0.2.9", 403), ("::ffff:127.0.0.1", 404)):
        async with client(settings_of(), peer) as http:
            assert (await http.get("/nowhere")).status_code == status


@pytest.mark.parametrize(
    "settings",
    [settings_of(), settings_of(AUTH="off"), settings_of(AUTH="off", APP_ENV="production")],
)
async def test_a_form_elsewhere_books_nothing(settings: ProgramSettings) -> None:
    body = b'{"user_id": 1, "show_id": 1, "seats_booked": 1}'
    async with client(settings) as http:
        answer = await http.post("/api/bookings", content=body, headers=FORM | {"Origin": EVIL})
        problem_of(answer, 403, "forbidden")
        answer = await http.post("/api/bookings", content=body, headers=FORM)
        problem_of(answer, 500, "internal_error")  # let in: there is no engine


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        ((), "http://localhost:3001"),
        (("http://localhost:*",), "http://localhost:5173"),
        (("https://tickets.example",), "https://tickets.example"),
        (("*",), EVIL),
    ],
)
async def test_pages_of_our_own_and_of_allowed_origins_may_ask(
    origins: tuple[str, ...], origin: str, method: str
) -> None:
    for auth in (None, False):
        settings = ProgramSettings(
            server=ServerSettings(cors_origins=origins), access=AccessSettings(auth=auth)
        )
        answer = await asked(settings, {"Origin": origin}, method)
        preflight = method == "OPTIONS" and bool(origins)  # the framework answers these for every path
        assert answer.status_code == (204 if preflight else 404)


async def test_open_by_decision_it_may_stand_behind_a_proxy() -> None:
    behind = {"Host": "tickets.example", "X-Forwarded-For": "192.0.2.9", "Forwarded": "for=192.0.2.9"}
    settings = settings_of(AUTH="off", APP_ENV="production")
    for method in METHODS:
        for origin in ({}, {"Origin": "https://tickets.example"}):
            assert (await asked(settings, behind | origin, method)).status_code == 404
        status = 403 if method in ("POST", "PUT", "DELETE") else 404
        assert (await asked(settings, behind | {"Origin": EVIL}, method)).status_code == status


async def test_who_must_say_who_they_are_may_come_from_anywhere() -> None:
    headers = {"Host": "tickets.example", "X-Forwarded-For": "192.0.2.9", "Origin": EVIL}
    problem_of(await asked(settings_of(AUTH="on"), headers), 404, "not_found")
