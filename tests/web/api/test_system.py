"""Health, readiness, metrics and the first page."""

import asyncio

import pytest
from httpx import AsyncClient
from litestar.datastructures.headers import Accept
from prometheus_client.registry import Collector

from boxoffice import __version__
from boxoffice.telemetry.exposition import exposition
from boxoffice.vocabulary import faults
from boxoffice.web.http import services
from tests.support.engine.databases import Connection
from tests.support.engine.races import wait_until_blocked
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.fixtures import app_without_database, client_of, running
from tests.support.settings import settings_for, settings_of


class UnreadyReads:
    """Reads without a database behind them."""

    def __init__(self, fault: faults.Fault) -> None:
        self._fault = fault

    async def check_ready(self) -> None:
        """Fails as if the database were away."""
        raise self._fault


class CountedLooks:
    """Reads of a database that is well; looks at it are counted."""

    def __init__(self) -> None:
        self.looks = 0

    async def check_ready(self) -> None:
        """Finds the database well."""
        self.looks += 1


async def test_health_tells_version_database_and_uptime(api: Api) -> None:
    health = data_of(await api.http.get("/health"))
    assert (health["service"], health["version"], health["database"]) == ("boxoffice", __version__, "ok")
    assert health["uptime_seconds"] >= 0


async def test_a_running_service_is_ready(api: Api) -> None:
    assert (await api.http.get("/readyz")).json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (faults.Unavailable(), "unavailable"),
        (faults.SchemaMismatch(), "schema_mismatch"),
        (faults.ShuttingDown(), "shutting_down"),
    ],
)
async def test_a_service_that_cannot_work_is_not_ready_but_alive(fault: faults.Fault, code: str) -> None:
    app = app_without_database(settings_of(), reads=UnreadyReads(fault))
    async with client_of(app) as client:
        ready = await client.get("/readyz")
        problem_of(ready, 503, code)
        assert ready.headers["retry-after"]
        health = problem_of(await client.get("/health"), 503, code)
        assert (health["version"], health["database"]) == (__version__, "unavailable")
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_a_crowd_of_probes_asks_the_database_once() -> None:
    reads = CountedLooks()
    app = app_without_database(settings_of(), reads=reads)
    async with client_of(app) as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert reads.looks == 1


async def test_a_service_whose_reads_all_wait_is_still_ready(database: str, connection: Connection) -> None:
    async with running(settings_for(database, DB_POOL_MAX=6)) as app, client_of(app) as client:
        api = Api(client)
        user = await api.user()
        async with connection.transaction():
            await connection.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            waiting = [asyncio.create_task(client.get(f"/api/users/{user['id']}")) for _ in range(20)]
            await wait_until_blocked(connection, application_name="boxoffice")
            assert (await client.get("/readyz")).json() == {"status": "ready"}
            assert not any(task.done() for task in waiting)
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}


async def test_a_crowd_of_scrapes_makes_the_text_once(
    unserved: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Collector | None] = []

    def counted(vitals: Collector | None) -> bytes:
        made.append(vitals)
        return exposition(vitals)

    monkeypatch.setattr(services, "exposition", counted)
    answers = await asyncio.gather(*(unserved.get("/metrics") for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(made) == 1


async def test_metrics_are_told_in_the_text_format(unserved: AsyncClient) -> None:
    await unserved.get("/nowhere")
    response = await unserved.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert 'boxoffice_http_requests_total{method="GET",route="unknown",status="404"}' in response.text
    assert "boxoffice_http_request_seconds_bucket" in response.text


async def test_the_root_sends_a_browser_to_the_documentation(unserved: AsyncClient) -> None:
    browser = await unserved.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (browser.status_code, browser.headers["location"]) == (302, "/api-docs")
    for accept in ("*/*", "application/json", ""):
        program = await unserved.get("/", headers={"Accept": accept})
        assert program.json()["links"]["openapi"] == "/api/openapi.json"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_the_root_tells_caches_that_it_has_two_forms(unserved: AsyncClient, accept: str) -> None:
    answer = await unserved.get("/", headers={"Accept": accept})
    assert answer.headers.get_list("vary", split_commas=True) == ["Accept-Encoding", "Origin", "Accept"]


async def test_an_endless_accept_is_not_read(unserved: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read 60 KB of it would hold up the event loop for 50 ms."""
    monkeypatch.setattr(Accept, "__init__", None)
    answer = await unserved.get("/", headers={"Accept": "text/html," + "a," * 300})
    assert answer.json()["links"]["openapi"] == "/api/openapi.json"
