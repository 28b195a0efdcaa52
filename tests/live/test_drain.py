"""The end of a server: those who watch are told, and nobody holds it up."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Final

import httpx
import pytest

from boxoffice.live.service import house_of
from boxoffice.web.http.services import services_of
from tests.support.http.api import Api
from tests.support.http.viewers import Serving, Site, Viewer, site_alone
from tests.support.settings import settings_for

ENDS_MAX_S: Final = 10.0
"""Longest wait for the end of a server, in seconds: half of the drain."""


async def farewell(view: Viewer) -> Any:
    """The last event of a stream."""
    told = None
    try:
        while True:
            told = await view.next()
    except EOFError:
        return told


@pytest.mark.parametrize("watching", [150, pytest.param(1_000, marks=pytest.mark.proof)])
async def test_all_who_watch_are_told_when_to_come_back_and_the_server_ends(
    database: str, watching: int
) -> None:
    settings = settings_for(database, DB_POOL_MAX=6)
    async with Serving.begun(settings) as serving, AsyncExitStack() as opened:
        url = f"http://127.0.0.1:{serving.port}"
        api = Api(await opened.enter_async_context(httpx.AsyncClient(base_url=url)))
        site = Site(api, url, house_of(services_of(serving.app)))
        show_id = (await api.show(10))["id"]
        views = [
            await opened.enter_async_context(site.view(f"/api/shows/{show_id}/live")) for _ in range(watching)
        ]
        for view in views:
            await view.next()
        waiting = asyncio.create_task(site.get(f"/api/shows/{show_id}/live?after={views[0].id}&wait=30"))
        await site.watched_by(watching + 1)
        serving.server.should_exit = True
        async with asyncio.timeout(ENDS_MAX_S):
            last = [await farewell(view) for view in views]
            assert (await waiting).json()["data"]["events"] == []
        assert {name for name, _ in last} == {"bye"}
        assert len({told["retry_ms"] for _, told in last}) == watching
        assert all(view.retries[-1] == told["retry_ms"] for view, (_, told) in zip(views, last, strict=True))


@pytest.mark.parametrize(
    "bytes_sent", [b"POST /api/shows/1/live HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"x\0" * 20_000]
)
async def test_what_is_no_request_gets_a_problem_from_the_process_of_live_seats(
    database: str, bytes_sent: bytes
) -> None:
    async with site_alone(settings_for(database, DB_POOL_MAX=6)) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(site.url.rpartition(":")[2]))
        writer.write(bytes_sent)
        async with asyncio.timeout(ENDS_MAX_S):
            answer = await reader.read()
        assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 405"))
        assert b"application/problem+json" in answer
        writer.close()


async def test_the_process_of_live_seats_serves_nothing_else(database: str) -> None:
    async with site_alone(settings_for(database, DB_POOL_MAX=6)) as site:
        assert (await site.get("/healthz")).status_code == 200
        for path in ("/api/shows", "/api/shows/1/seat-states", "/api/shows/1/live?wait=x"):
            assert (await site.get(path)).status_code == 404


async def test_the_metrics_of_live_seats_are_for_their_own_machine_alone(database: str) -> None:
    async with site_alone(settings_for(database, DB_POOL_MAX=6, AUTH="off")) as site:
        told = await site.get("/metrics")
        through_a_proxy = await site.get("/metrics", **{"X-Forwarded-For": "192.0.2.1"})
        by_name = await site.get("/metrics", Host="tickets.example")
    assert told.status_code == 200
    for name in ("watchers", "frames_total", "skipped_total", "refused_total"):
        assert f"\nboxoffice_live_{name} " in told.text
    for answer in (through_a_proxy, by_name):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
