"""Fixtures for tests of the engine; a conftest imports those that its folder needs."""

from collections.abc import AsyncIterator

import pytest

from tests.support.engine.box import Box, open_box
from tests.support.engine.clock import Clock, stopped_clock
from tests.support.engine.databases import Connection


@pytest.fixture(params=["serializable", "read_committed"])
def isolation(request: pytest.FixtureRequest) -> str:
    """Each test that uses an engine runs under both isolations, because both must be safe."""
    return str(request.param)


@pytest.fixture
async def box(database: str, isolation: str) -> AsyncIterator[Box]:
    """A running engine, without a sweeper, on the test's database."""
    async with open_box(database, isolation) as opened:
        yield opened


@pytest.fixture
async def clock(connection: Connection) -> Clock:
    """The clock of the test's database; it stands still."""
    return await stopped_clock(connection)
