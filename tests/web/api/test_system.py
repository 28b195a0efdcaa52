"""Health, readiness, metrics and the first page."""

import pytest
from httpx import AsyncClient

from boxoffice import __version__
from boxoffice.vocabulary import faults
from tests.support.http.api import Api, data_of, problem_of
from tests.support.http.fixtures import app_without_database, client_of
from tests.support.settings import settings_of


class UnreadyReads:
    """Reads without a database behind them."""

    def __init__(self, fault: faults.Fault) -> None:
        self._fault = fault

    async def check_ready(self) -> None:
        """Fails as if the database were away."""
        raise self._fault


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
