"""The constraints of the tables: wrong data that PostgreSQL refuses, whichever program writes."""

from typing import Final

import asyncpg
import pytest

from tests.sql.constraints import core, feed, requests, webhooks
from tests.support.engine.databases import Connection

PARTS: Final = (core, feed, requests, webhooks)
"""The core and each domain with tables: rows that are sound, and statements that are refused beside them."""

GUARDS = """
    SELECT conname FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u')
    UNION
    SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class AS c ON c.oid = indrelid
    WHERE indisunique AND c.relnamespace = 'public'::regnamespace
"""


async def test_every_constraint_refuses_what_it_should(connection: Connection) -> None:
    for part in PARTS:
        await connection.execute(part.SOUND)
    for name, statement in (refused for part in PARTS for refused in part.REFUSED):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
            await connection.execute(statement)
        assert refusal.value.constraint_name == name, statement


async def test_no_constraint_is_left_out(connection: Connection) -> None:
    guards = {row[0] for row in await connection.fetch(GUARDS)}
    assert guards - {"users_epoch"} == {
        name for part in PARTS for name, _ in part.REFUSED
    }  # that one only widens a lock
