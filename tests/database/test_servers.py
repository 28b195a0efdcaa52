"""The way to the database when the server at its other end never comes to an end of anything."""

import asyncio
from typing import Any

import pytest

from boxoffice.database.servers import Servers, hang_up
from boxoffice.vocabulary import limits
from tests.support.network.dripping import dripping
from tests.support.network.proxy import Cut, proxied

WELCOME = b"R\0\0\0\x08\0\0\0\0"  # the login is accepted
PARAMETER = b"S\0\0\0\x08a\0b\0"  # one parameter of the session, and another, and another


@pytest.mark.parametrize(("beginning", "drop"), [(b"", b"R"), (WELCOME, PARAMETER), (WELCOME, b"S")])
@pytest.mark.parametrize("primary", [True, False])
async def test_a_server_that_drips_its_welcome_is_one_that_is_away(
    beginning: bytes, drop: bytes, primary: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECT_TIMEOUT_S", 0.3)
    async with dripping(beginning, drop) as port, asyncio.timeout(20):
        dsn = f"postgresql://ada@127.0.0.1:{port}/shop?sslmode=disable"
        with pytest.raises((OSError, TimeoutError)):
            await Servers(dsn, primary=primary).connect()


async def test_a_server_that_does_not_say_goodbye_is_left(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ANSWER_TIMEOUT_S", 0.3)
    async with proxied(database, b"SELECT 4711") as proxy, asyncio.timeout(30):
        connection: Any = await Servers(proxy.dsn, primary=False).connect()
        proxy.cuts = [Cut.SILENT]
        asked = asyncio.create_task(connection.fetchval("SELECT 4711"))
        done, _ = await asyncio.wait([asked], timeout=0.5)  # the silence begins
        assert not done
        asked.cancel()
        await asyncio.wait([asked], timeout=1)
        await hang_up(connection)
        assert connection.is_closed()
