"""The way to the database falls silent, and nobody is told: no show stays locked for ever."""

import asyncio

import pytest

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.faults import Fault
from boxoffice.vocabulary.outcomes import BookingDone
from tests.support.engine.box import Box, open_box
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.network.proxy import Cut, proxied

pytestmark = pytest.mark.both_isolations

TRANSACTION_TIMEOUT_SINCE = 17
"""The PostgreSQL that can bound a transaction whose end does not arrive."""


async def test_a_transaction_whose_end_never_arrives_gives_its_lock_back(
    database: str, connection: Connection, box: Box, isolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.get_server_version().major < TRANSACTION_TIMEOUT_SINCE:
        pytest.skip("this PostgreSQL bounds no transactions")
    show = await box.show()
    monkeypatch.setattr(limits, "STATEMENT_TIMEOUT_MS", 1_000)
    monkeypatch.setattr(limits, "TRANSACTION_TIMEOUT_MS", 1_500)
    async with proxied(database, b"FROM run_batch(") as proxy, open_box(proxy.dsn, isolation) as far:
        proxy.cuts = [Cut.SILENT]
        silent = asyncio.create_task(far.book(show, seats=[1]))

        async def sold_by_others() -> bool:
            try:
                return isinstance(await box.try_book(show, seats=[2]), BookingDone)
            except Fault:
                return False

        await eventually(lambda: _locked(connection, show), "the show is locked by the silent one")
        await eventually(sold_by_others, "the show can be sold")
        assert (await silent).seats == [1]
    assert await box.violations() == {}


async def _locked(connection: Connection, show_id: int) -> bool:
    rows = await connection.fetch(
        "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE SKIP LOCKED", show_id
    )
    return not rows
