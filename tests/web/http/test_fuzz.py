"""Bent requests: each gets an answer, none causes a fault, and a refused request has no effect."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from itertools import chain
from typing import Any, Final
from urllib.parse import unquote

import pytest
from litestar import Litestar

from tests.support.engine.clock import stopped_clock
from tests.support.engine.databases import Connection
from tests.support.http.api import Api, listed
from tests.support.http.fixtures import client_of, running
from tests.support.http.raw import Heard
from tests.support.settings import settings_of
from tests.web.http.fuzz_inputs import Request
from tests.web.http.fuzzing import FUZZERS, fill, fuzz, state_of

EXAMPLES: Final = 300
"""The number of requests of each kind; the campaign sends more."""


@pytest.fixture
async def world(database: str, connection: Connection) -> AsyncIterator[Litestar]:
    """The application with some shows, users and bookings; no hold runs out by itself."""
    await stopped_clock(connection)
    open_to_all = settings_of(DATABASE_URL=database, AUTH="off", SWEEP_INTERVAL_SECONDS=3600)
    async with running(open_to_all) as app:
        yield app


@pytest.mark.parametrize("kind", FUZZERS)
async def test_whatever_is_sent_is_served_or_refused(
    world: Litestar, connection: Connection, kind: str
) -> None:
    loop = asyncio.get_running_loop()

    def ask(request: Request) -> Heard:
        return asyncio.run_coroutine_threadsafe(_ask(world, request), loop).result()

    def state() -> Any:
        return asyncio.run_coroutine_threadsafe(state_of(connection), loop).result()

    async with client_of(world) as client:
        cursors = await fill(Api(client))
    # Hypothesis runs in a thread, because it blocks: this loop must stay free to serve the requests.
    answers = await asyncio.to_thread(fuzz, FUZZERS[kind](cursors), ask, state, examples=EXAMPLES)
    assert answers[400] > 0, answers
    assert sum(count for status, count in answers.items() if status < 300) > 0, answers


@pytest.mark.parametrize("seat", [5_000, 2**31 - 1, 2**31, 2**53 - 1])
async def test_after_the_last_seat_there_are_none(world: Litestar, seat: int) -> None:
    """A cursor with a number that no page gives leads to an empty page."""
    cursor = urlsafe_b64encode(b"%d" % seat).decode().rstrip("=")
    async with client_of(world) as client:
        await fill(Api(client))
        assert listed(await client.get("/api/admin/shows/1/seats", params={"cursor": cursor})) == []


async def _ask(app: Litestar, request: Request) -> Heard:
    """Sends the request as a server would hand it over, and raises what the application raises."""
    path, _, query = request.target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": request.method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": request.headers,
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 3001),
        "state": {},
    }
    received = chain([{"type": "http.request", "body": request.body, "more_body": False}])
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return next(received, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type]
    start, *parts = sent
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Heard(start["status"], headers, b"".join(part["body"] for part in parts))
