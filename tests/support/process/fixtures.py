"""Fixtures for tests of the program as its users start it, and of servers of their own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.engine.databases import connected, temporary_database
from tests.support.process.folders import public_folder
from tests.support.process.program import Program
from tests.support.process.replication import make_server, servers_folder


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder for the embedded PostgreSQL."""
    with public_folder() as folder:
        yield folder


@pytest.fixture
def program(data_dir: Path) -> Iterator[Program]:
    """The program, not started."""
    program = Program(data_dir)
    yield program
    program.close()


@pytest.fixture(scope="session")
def logical_server() -> Iterator[str]:
    """The DSN of a server whose log can be read by others (``wal_level = logical``)."""
    with servers_folder() as folder:
        server = make_server(folder / "logical", wal_level="logical", log_min_messages="warning")
        try:
            yield server.dsn
        finally:
            server.stop()


@pytest.fixture
async def logical_database(logical_server: str) -> AsyncIterator[str]:
    """The DSN of a fresh migrated database on that server; what is left of its slots is dropped."""
    from boxoffice.database.migrate import migrate  # late, as in tests/conftest.py

    async with connected(logical_server) as admin, temporary_database(admin, logical_server, None) as dsn:
        await migrate(dsn)
        yield dsn
        await admin.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots")
