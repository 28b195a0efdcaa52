"""Back to a moment from a copy and the archived log, by the commands in docs/databases.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Final

import pytest

from boxoffice.database.migrate import migrate
from boxoffice.postgres.base import run_program, server_account
from boxoffice.postgres.binaries import find_binaries
from tests.support.engine.box import Box, done, open_box
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.process.replication import Server, make_server, servers_folder

_PAGE: Final = (Path(__file__).parents[2] / "docs" / "databases.md").read_text()


def commands(name: str) -> str:
    """The shell commands in the documentation that are marked with the name."""
    [text] = re.findall(rf"<!-- tests/process/test_restore.py: {name} -->\n```sh\n(.*?)```", _PAGE, re.DOTALL)
    return str(text)


def archive_command(archive: Path) -> str:
    """The documented command that archives a piece of the log."""
    [text] = re.findall(r"^archive_command = '(.*)'$", _PAGE, re.MULTILINE)
    return str(text).replace("$ARCHIVE", str(archive))


def run(text: str, **variables: object) -> None:
    """Runs shell commands as the user of the servers."""
    account = server_account()
    given = "".join(f"{name}={quote(str(value))}\n" for name, value in variables.items())
    path = f'PATH="{find_binaries(account).folder}:$PATH"\n'
    status, said = run_program(account, ["/bin/sh", "-euc", path + given + text])
    assert status == 0, said


@pytest.fixture
def folder() -> Iterator[Path]:
    with servers_folder() as made:
        yield made


@pytest.fixture
def primary(folder: Path) -> Iterator[Server]:
    """A server that archives its log."""
    run("mkdir $ARCHIVE", ARCHIVE=folder / "archive")
    server = make_server(
        folder / "primary", archive_mode="on", archive_command=archive_command(folder / "archive")
    )
    yield server
    server.stop()


async def archive_all(connection: Connection) -> None:
    """Returns when all that was written so far is in the archive."""
    last = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")

    async def is_archived() -> bool:
        archived: str | None = await connection.fetchval("SELECT last_archived_wal FROM pg_stat_archiver")
        return archived is not None and archived >= last

    await eventually(is_archived, "the log is archived")


async def ids(connection: Connection) -> set[int]:
    return {row["booking_id"] for row in await connection.fetch("SELECT booking_id FROM bookings")}


async def book(box: Box, show: int, count: int) -> set[int]:
    return {(await box.book(show)).id for _ in range(count)}


async def test_exactly_what_was_acknowledged_until_the_moment_is_there(folder: Path, primary: Server) -> None:
    await migrate(primary.dsn)
    places = {"ARCHIVE": folder / "archive", "BACKUP": folder / "backup", "RESTORED": folder / "restored"}
    async with connected(primary.dsn) as connection, open_box(primary.dsn) as box:
        show = await box.show(20)
        kept = await book(box, show, 4)
        run(commands("backup"), PRIMARY=primary.dsn, **places)
        kept |= await book(box, show, 4) | {(await box.book(show, seats=[20], hold=0.05)).id}
        moment = str(await connection.fetchval("SELECT clock_timestamp()"))
        await book(box, show, 4)
        await box.book(show, key="after the moment")
        await archive_all(connection)
    primary.kill()

    run(commands("restore"), MOMENT=moment, **places)
    restored = Server(folder / "restored")
    restored.start()
    try:
        await check_restored(restored, show, kept)
    finally:
        restored.stop()


async def check_restored(restored: Server, show: int, kept: set[int]) -> None:
    """What was acknowledged is there and nothing else; holds are over; what came later can be done again."""
    async with connected(restored.dsn) as connection:

        async def takes_writes() -> bool:
            return not await connection.fetchval("SELECT pg_is_in_recovery()")

        await eventually(takes_writes, "the end of the recovery")
        assert await ids(connection) == kept
    async with open_box(restored.dsn) as box:
        assert await box.violations() == {}
        assert (await box.book(show, seats=[20])).seats == [20]  # its hold has run out meanwhile
        assert not done(await box.try_book(show, key="after the moment")).replayed
        assert await box.violations() == {}
