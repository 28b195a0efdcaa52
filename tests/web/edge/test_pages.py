"""What is no operation is counted by address before its work is done, however open we are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx import AsyncClient

from boxoffice.access.callers import Role
from boxoffice.serve.settings import ProgramSettings
from boxoffice.web.http import documents
from tests.support.http.api import problem_of
from tests.support.http.callers import callers_of, closed
from tests.support.http.fixtures import app_without_database, client_of
from tests.support.http.identity import bearer
from tests.support.settings import settings_of

LIMIT = 3
FEW = {"RATE_PAGES_PER_MINUTE": LIMIT}
OPEN: dict[str, dict[str, object]] = {"open to its machine": {}, "off": {"AUTH": "off"}, "on": {"AUTH": "on"}}
PAGES = [
    ("GET", "/api-docs"),
    ("HEAD", "/api-docs/assets/swagger-ui/swagger-ui-bundle.js"),
    ("GET", "/api-docs/assets/nothing.js"),
    ("GET", "/api/openapi.json"),
    ("GET", "/"),
    ("GET", "/nowhere"),
    ("POST", "/nowhere"),
    ("PATCH", "/api/shows"),
    ("OPTIONS", "/api/shows"),
    ("OPTIONS", "*"),
]


@asynccontextmanager
async def few_pages(auth: str, **further: object) -> AsyncIterator[AsyncClient]:
    """A client of an application that gives each address a few pages a minute."""
    settings: ProgramSettings = settings_of(**(FEW | OPEN[auth] | further))
    async with client_of(app_without_database(settings)) as client:
        yield client


@pytest.mark.parametrize("auth", OPEN)
@pytest.mark.parametrize(("method", "path"), PAGES)
async def test_a_page_too_many_is_refused(auth: str, method: str, path: str) -> None:
    async with few_pages(auth) as client:
        answers = [await client.request(method, path) for _ in range(LIMIT + 1)]
    assert 429 not in [answer.status_code for answer in answers[:LIMIT]]
    refused = answers[LIMIT]
    assert refused.status_code == 429
    assert refused.headers["ratelimit-policy"] == f'"pages";q={LIMIT};w=60'
    assert 1 <= int(refused.headers["retry-after"]) <= 60 / LIMIT
    if method != "HEAD":
        problem_of(refused, 429, "rate_limited")


async def test_all_pages_of_an_address_are_counted_together() -> None:
    async with few_pages("off") as client:
        statuses = [(await client.request(*page)).status_code for page in PAGES]
    assert statuses[LIMIT:] == [429] * (len(PAGES) - LIMIT)


async def test_an_address_is_what_the_proxies_tell() -> None:
    async with few_pages("off", TRUSTED_PROXIES="127.0.0.1") as client:

        async def status(address: str) -> int:
            return (await client.get("/nowhere", headers={"X-Forwarded-For": address})).status_code

        assert [await status("198.51.100.1") for _ in range(LIMIT + 1)] == [404] * LIMIT + [429]
        assert await status("198.51.100.2") == 404


async def test_probes_are_never_refused() -> None:
    """Who shares an address with a storm, as a balancer does whose addresses we do not trust, stays in."""

    class Well:
        async def check_ready(self) -> None:
            """Finds the database well."""

    settings = settings_of(**FEW)
    async with client_of(app_without_database(settings, reads=Well())) as client:
        for _ in range(LIMIT + 1):
            await client.get("/nowhere")
        for path in ("/readyz", "/healthz"):
            assert [(await client.get(path)).status_code for _ in range(3 * LIMIT)] == [200] * 3 * LIMIT
        assert (await client.get("/nowhere")).status_code == 429


async def test_a_key_is_counted_with_its_address_when_it_reads_the_metrics(database: str) -> None:
    async with callers_of(closed(database, **FEW)) as callers:
        key = bearer(await callers.key(Role.OPERATOR))
        async with callers.api_with(key) as monitoring:
            statuses = [(await monitoring.http.get("/metrics")).status_code for _ in range(LIMIT + 1)]
    assert statuses == [200] * LIMIT + [429]


async def test_operations_are_not_pages(database: str) -> None:
    async with callers_of(closed(database, **FEW)) as callers, callers.api("admin") as house:
        show = await house.show()
        for _ in range(2 * LIMIT):
            assert (await house.http.get(f"/api/shows/{show['id']}/stats")).status_code == 200


async def test_a_refused_page_does_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    async with few_pages("off") as client:
        for _ in range(LIMIT):
            await client.get("/api/openapi.json")
        monkeypatch.setattr(documents.Document, "answer", None)
        assert (await client.get("/api/openapi.json")).status_code == 429


@pytest.mark.parametrize("auth", OPEN)
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api//shows", [], 404),
        ("/%61pi/shows", [], 404),
        ("/api/shows", [("Origin", "http://a.example"), ("Origin", "http://b.example")], 400),
    ],
)
async def test_a_request_that_has_two_readings_is_counted(
    auth: str, path: str, headers: list[tuple[str, str]], status: int
) -> None:
    async with few_pages(auth) as client:
        statuses = [(await client.get(path, headers=headers)).status_code for _ in range(LIMIT + 1)]
    assert statuses == [status] * LIMIT + [429]


async def test_what_the_shelter_refuses_is_counted() -> None:
    async with few_pages("open to its machine") as client:
        foreign = {"Host": "boxoffice.example"}
        statuses = [(await client.get("/api/shows", headers=foreign)).status_code for _ in range(LIMIT + 1)]
    assert statuses == [403] * LIMIT + [429]


async def test_metrics_that_are_refused_are_counted() -> None:
    async with few_pages("on") as client:
        statuses = [(await client.get("/metrics")).status_code for _ in range(LIMIT + 1)]
    assert statuses == [401] * LIMIT + [429]
