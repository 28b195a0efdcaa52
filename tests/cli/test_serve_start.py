"""What ``serve`` and ``migrate`` look at before they begin: that the database is there, and that it fits."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.engine.databases import Connection, with_database
from tests.support.process.polling import wait_until
from tests.support.process.program import Program
from tests.support.process.replication import Server, make_server, servers_folder


@pytest.fixture
async def empty(admin: Connection, postgres_url: str) -> AsyncIterator[str]:
    """A database without a schema."""
    async with encoded(admin, postgres_url, "UTF8") as dsn:
        yield dsn


@asynccontextmanager
async def encoded(admin: Connection, server: str, encoding: str) -> AsyncIterator[str]:
    """An empty database of this encoding."""
    name = f"boxoffice_test_{encoding.lower()}"
    await admin.execute(f"DROP DATABASE IF EXISTS {name}")
    await admin.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        yield with_database(server, name)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(
    "command",
    [("serve", "--no-migrate"), ("keys", "list"), ("archive", "--dry-run"), ("users", "export", "1")],
)
def test_a_schema_that_does_not_fit_is_refused_and_says_what_to_run(
    program: Program, empty: str, command: tuple[str, ...]
) -> None:
    told = program.call(*command, DATABASE_URL=empty, MIGRATE_ON_START="false")

    assert told.returncode == 1
    assert "the schema lacks 0001_schema" in told.stderr
    assert "run 'boxoffice migrate'" in told.stderr


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
async def foreign(
    request: pytest.FixtureRequest, admin: Connection, postgres_url: str
) -> AsyncIterator[tuple[str, str]]:
    """An encoding that is not UTF8, and an empty database of it."""
    async with encoded(admin, postgres_url, request.param) as dsn:
        yield request.param, dsn


def test_a_database_that_is_not_utf8_is_refused(program: Program, foreign: tuple[str, str]) -> None:
    encoding, dsn = foreign

    for command in ("migrate", "serve"):
        told = program.call(command, DATABASE_URL=dsn)
        assert told.returncode == 1
        assert f"the encoding of the database is {encoding}, and not UTF8; make another one" in told.stderr
    looked = program.call("doctor", DATABASE_URL=dsn, COLUMNS="300")
    assert looked.returncode == 1
    assert f"the encoding of the database is {encoding}" in looked.stdout
    assert "the schema lacks 0001_schema" in looked.stdout, "nothing was applied"


@pytest.fixture
async def stranger(admin: Connection, empty: str) -> AsyncIterator[str]:
    """The database, for a role that does not own it."""
    await admin.execute("CREATE ROLE boxoffice_test_stranger LOGIN")
    try:
        yield empty.replace("//postgres@", "//boxoffice_test_stranger@")
    finally:
        await admin.execute("DROP ROLE boxoffice_test_stranger")


def test_a_role_that_may_not_make_tables_is_told_who_may(program: Program, stranger: str) -> None:
    told = program.call("migrate", DATABASE_URL=stranger)

    assert told.returncode == 1
    assert "permission denied for schema public" in told.stderr
    assert "ALTER DATABASE name OWNER TO user" in told.stderr


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of the tests' own, that can be stopped and started."""
    with servers_folder() as folder:
        made = make_server(folder / "late")
        try:
            yield made
        finally:
            made.stop()


def test_serve_waits_for_a_database_that_is_not_there_yet(program: Program, server: Server) -> None:
    server.stop()
    program.environment |= {"DATABASE_URL": server.dsn, "DB_WAIT_SECONDS": "600"}
    program.begin()
    wait_until(lambda: "waiting for the database" in program.output(), "a line that says what is waited for")

    server.start()
    program.until_ready()

    assert httpx.get(f"{program.url}/readyz").status_code == 200


def test_live_and_relay_wait_for_it_too(program: Program, server: Server, data_dir: Path) -> None:
    """A relay that ended would be missed by nobody but the readers of its broker."""
    server.stop()
    settings = {"DATABASE_URL": server.dsn, "DB_WAIT_SECONDS": "600", "RELAY_URLS": "redis://127.0.0.1:1/0"}
    relay = Program(data_dir, **settings)
    program.environment |= settings
    program.begin("--port", str(program.port), command="live")
    relay.begin("run", command="relay")
    try:
        wait_until(lambda: "waiting for the database" in program.output(), "a line of live")
        wait_until(lambda: "waiting for the database" in relay.output(), "a line of the relay")

        server.start()
        program.until_ready("/healthz")
        wait_until(lambda: "relay:redis" in program.call("relay", "status", "--json").stdout, "the relay")
    finally:
        relay.close()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda dsn: dsn.replace("/boxoffice?", "/nowhere?"), 'database "nowhere" does not exist'),
        (lambda dsn: dsn.replace("//postgres@", "//nobody@"), 'role "nobody" does not exist'),
        (lambda dsn: dsn.replace("sslmode=disable", "sslmode=nonsense"), "sslmode"),
    ],
)
def test_serve_does_not_wait_where_waiting_does_not_help(
    program: Program, server: Server, data_dir: Path, change: object, told: str
) -> None:
    assert callable(change)

    refused = program.call("serve", DATABASE_URL=change(server.dsn), DB_WAIT_SECONDS="600")

    assert refused.returncode == 1
    assert told in refused.stderr
    assert "waiting" not in refused.stderr


def test_serve_gives_up_in_the_end_so_that_its_supervisor_sees_it(program: Program) -> None:
    refused = program.call("serve", DATABASE_URL="postgresql://x@127.0.0.1:1/x", DB_WAIT_SECONDS="0.2")

    assert refused.returncode == 1
    assert "waiting for the database: " in refused.stderr
    assert "the database cannot be reached" in refused.stderr
