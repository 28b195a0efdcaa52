"""Fixtures for tests of the engine; a conftest imports those that its folder needs."""

from collections.abc import AsyncIterator

import pytest

from tests.support.engine.box import Box, open_box
from tests.support.engine.clock import Clock, stopped_clock
from tests.support.engine.databases import Connection


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that is marked ``both_isolations`` under READ COMMITTED as well: both must be safe."""
    marked = metafunc.definition.get_closest_marker("both_isolations")
    if marked and "isolation" in metafunc.fixturenames:
        metafunc.parametrize("isolation", ["serializable", "read_committed"], indirect=True)


@pytest.fixture
def isolation(request: pytest.FixtureRequest) -> str:
    """The isolation under which the test's engine writes: the program's default, unless the test is marked.
    A test with a single undisturbed session cannot tell the two isolations apart.
    """
    return str(getattr(request, "param", "serializable"))


@pytest.fixture
async def box(database: str, isolation: str) -> AsyncIterator[Box]:
    """A running engine, without a sweeper, on the test's database."""
    async with open_box(database, isolation) as opened:
        yield opened


@pytest.fixture
async def clock(connection: Connection) -> Clock:
    """The clock of the test's database; it stands still."""
    return await stopped_clock(connection)
