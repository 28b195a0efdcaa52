"""Fixtures: the real application, called over ASGI, on a real database, or without one if none is needed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import pytest
from httpx import ASGITransport, AsyncClient
from litestar import Litestar

from boxoffice.serve.app import create_app
from boxoffice.serve.operations import DOMAINS, Domain
from boxoffice.serve.settings import ProgramSettings
from boxoffice.serve.vitals import Vitals
from boxoffice.web.http import services
from boxoffice.web.http.services import services_of
from tests.support.http.api import Api
from tests.support.http.framework import signatures_kept
from tests.support.settings import settings_for, settings_of

if TYPE_CHECKING:
    from tests.support.http.callers import Callers


@pytest.fixture(scope="session", autouse=True)
def _fresh_metrics() -> Iterator[None]:
    """Metrics that are not kept: a test looks at them right after what it does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "METRICS_KEPT_S", 0.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_framework() -> Iterator[None]:
    """Applications that are built fast."""
    with signatures_kept():
        yield


@pytest.fixture
def settings(database: str) -> ProgramSettings:
    """Settings for the test's database."""
    return settings_for(database)


@pytest.fixture
async def app(settings: ProgramSettings) -> AsyncIterator[Litestar]:
    """The running application."""
    async with running(settings) as app:
        yield app


@pytest.fixture
async def api(app: Litestar) -> AsyncIterator[Api]:
    """A client of the running application."""
    async with client_of(app) as client:
        yield Api(client)


@pytest.fixture(scope="session")
async def unserved() -> AsyncIterator[AsyncClient]:
    """A client of an application without a database: a request that gets past the web layer answers 500."""
    async with client_of(app_without_database(settings_of())) as client:
        yield client


@pytest.fixture
async def callers(database: str) -> AsyncIterator["Callers"]:
    """The application with authentication on."""
    from tests.support.http.callers import callers_of, closed

    async with callers_of(closed(database)) as callers:
        yield callers


@pytest.fixture
async def house(callers: "Callers") -> AsyncIterator[Api]:
    """A client with an admin's key."""
    async with callers.api("admin") as api:
        yield api


@pytest.fixture
async def ada(callers: "Callers") -> AsyncIterator[Api]:
    """A client that is a customer, Ada."""
    async with callers.api("customer") as api:
        yield api


@pytest.fixture
async def bob(callers: "Callers") -> AsyncIterator[Api]:
    """A client that is another customer, Bob."""
    async with callers.api("other customer") as api:
        yield api


class Nobody:
    """A stand-in for an engine or reads that must not be asked: every call fails the test."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        def fail(*_: object, **__: object) -> object:
            raise AssertionError(f"{name} was asked for")

        return fail


def app_without_database(
    settings: ProgramSettings,
    *,
    engine: object | None = None,
    reads: object | None = None,
    domains: Sequence[Domain] = DOMAINS,
) -> Litestar:
    """An application that was not started; it must not ask for an engine or reads that are not given here."""
    app = create_app(settings, domains)
    parts = services_of(app)
    parts.engine, parts.reads = cast(Any, engine or Nobody()), cast(Any, reads or Nobody())
    return app


def vitals_of(app: Litestar) -> Vitals:
    """The vital signs of a running application."""
    vitals = services_of(app).vitals
    assert isinstance(vitals, Vitals)
    return vitals


@asynccontextmanager
async def running(
    settings: ProgramSettings, clock: Callable[[], float] = monotonic, domains: Sequence[Domain] = DOMAINS
) -> AsyncIterator[Litestar]:
    """An application with these settings, started and stopped in one task, as a server does it."""
    app = create_app(settings, domains, clock)
    started, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set()
            await over.wait()

    life = asyncio.create_task(live())
    starting = asyncio.create_task(started.wait())
    await asyncio.wait([life, starting], return_when=asyncio.FIRST_COMPLETED)
    starting.cancel()
    try:
        yield app
    finally:
        over.set()
        await life


@asynccontextmanager
async def client_of(app: Litestar) -> AsyncIterator[AsyncClient]:
    """An HTTP client of an application in this process."""
    transport = ASGITransport(cast(Any, app))
    async with AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
