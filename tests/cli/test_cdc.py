"""The commands on change data capture as an operator runs them."""

import json

import pytest

from boxoffice.database.publication import PUBLICATION
from tests.support.engine.databases import connected
from tests.support.engine.pgoutput import SLOT, make_slot
from tests.support.process.program import Program


@pytest.fixture
def with_slot(logical_database: str) -> str:
    """A database with a slot that nobody reads."""
    import asyncio

    async def make() -> None:
        async with connected(logical_database) as connection:
            await make_slot(connection)

    asyncio.run(make())
    return logical_database


def test_it_is_set_up_looked_at_and_ended(program: Program, with_slot: str) -> None:
    settings = {"DATABASE_URL": with_slot}
    before = program.call("cdc", "status", **settings).stdout
    assert f"publication {PUBLICATION}: none; `boxoffice cdc setup` makes it" in before

    made = program.run("cdc", "setup", **settings)
    assert made.stdout == f"publication {PUBLICATION}: made\n", made.stderr
    assert (
        program.call("cdc", "setup", **settings).stdout == f"publication {PUBLICATION}: was there already\n"
    )

    told = program.call("cdc", "status", **settings).stdout
    assert f"publication {PUBLICATION}: inserts of show_events.actor, " in told
    assert "max_slot_wal_keep_size: -1, without a bound" in told
    assert any(SLOT in line and "none for" in line for line in told.splitlines())
    as_json = json.loads(program.call("cdc", "status", "--json", **settings).stdout)
    assert (as_json["is_ours"], [slot["name"] for slot in as_json["slots"]]) == (True, [SLOT])
    assert program.call("verify", **settings).returncode == 0

    ended = program.call("cdc", "drop", **settings).stdout
    assert ended == (
        f"publication {PUBLICATION}: dropped\n"
        f"slot {SLOT} goes on retaining log: SELECT pg_drop_replication_slot('{SLOT}')\n"
    )
    assert program.call("cdc", "drop", **settings).stdout.startswith(
        f"publication {PUBLICATION}: there was none"
    )


def test_doctor_ends_with_an_error_that_names_a_forgotten_slot(
    program: Program, with_slot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boxoffice.doctor.slots.INACTIVE_MAX_S", 0.0)

    told = program.call("doctor", DATABASE_URL=with_slot)

    assert told.returncode == 1
    assert f"{SLOT} retains" in told.stdout


def test_a_server_that_cannot_is_told_in_one_line(program: Program, database: str) -> None:
    refused = program.call("cdc", "setup", DATABASE_URL=database)

    assert refused.returncode == 1
    assert "set wal_level = logical, and restart PostgreSQL" in refused.stderr
    assert "Traceback" not in refused.stderr
