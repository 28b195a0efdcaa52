"""The fixtures that tests with a database share.

One server for the session: the one of DATABASE_URL if that is set, where we must be allowed to create
databases, or else an embedded one. One template database is migrated; each test gets a clone of it.
"""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

from boxoffice.postgres.embedded import start_embedded
from tests.support.engine.databases import Connection, connected, temporary_database
from tests.support.process.folders import fastest_parent, public_folder

pytest_plugins = [
    "tests.support.engine.fixtures",
    "tests.support.http.fixtures",
    "tests.support.process.fixtures",
    "tests.support.seconds",
]

# A failure prints what is needed to play it again. No deadline: a busy machine is not a failure.
settings.register_profile("boxoffice", print_blob=True, deadline=None, derandomize=False)
settings.load_profile("boxoffice")


GARBAGE_THRESHOLDS: Final = (20_000, 10, 10)
"""When garbage is looked for, as ``gc.set_threshold`` takes it. An application has some 10,000 objects: by
default, a few of them have Python look through all that there are."""


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: nobody needs to look for garbage there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The DSN of a server for tests."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with public_folder(fastest_parent()) as folder, start_embedded(folder, durable=False) as server:
        yield server.dsn


@pytest.fixture(scope="session")
async def admin(postgres_url: str) -> AsyncIterator[Connection]:
    """A connection to make databases with and to observe others; in no transaction."""
    async with connected(postgres_url) as connection:
        yield connection


@pytest.fixture(scope="session")
async def template_database(postgres_url: str, admin: Connection) -> AsyncIterator[str]:
    """The name of a migrated database that nobody is connected to."""
    from boxoffice.database.migrate import migrate  # late: the tests of the parts below it do not need it

    async with temporary_database(admin, postgres_url, template=None) as dsn:
        await migrate(dsn)
        yield urlsplit(dsn).path.removeprefix("/")


@pytest.fixture
async def database(postgres_url: str, admin: Connection, template_database: str) -> AsyncIterator[str]:
    """The DSN of a fresh migrated database of the test's own."""
    async with temporary_database(admin, postgres_url, template=template_database) as dsn:
        yield dsn


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    """A connection to the test's database."""
    async with connected(database) as opened:
        yield opened
