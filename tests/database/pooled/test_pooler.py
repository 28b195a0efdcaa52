"""Through a pooler in transaction mode everything is as without it, and no setting is lost in silence."""

import asyncio

import pytest

from boxoffice.database.migrate import migrate
from boxoffice.database.sessions import Sessions
from boxoffice.database.store import Store
from boxoffice.settings.texts import SettingsError
from boxoffice.vocabulary import limits
from tests.engine.test_concurrency import (
    test_a_conflict_is_tried_again_until_it_is_over as test_a_conflict_is_tried_again_until_it_is_over,
)
from tests.engine.test_concurrency import (
    test_every_read_during_sales_adds_up as test_every_read_during_sales_adds_up,
)
from tests.engine.test_concurrency import (
    test_two_engines_on_one_hot_show_never_fail as test_two_engines_on_one_hot_show_never_fail,
)
from tests.engine.test_holds import (
    test_a_late_confirm_takes_the_same_seats_again as test_a_late_confirm_takes_the_same_seats_again,
)
from tests.engine.test_idempotency import (
    test_every_kind_of_command_can_be_repeated as test_every_kind_of_command_can_be_repeated,
)
from tests.engine.test_states import test_every_act_in_every_state as test_every_act_in_every_state
from tests.support.engine.box import Box, open_box
from tests.support.engine.databases import Connection
from tests.support.network.proxy import Cut, proxied
from tests.support.process.pooler import pooler
from tests.support.settings import settings_for

pytestmark = pytest.mark.both_isolations

_IN_FORCE = "SELECT name, setting FROM pg_settings WHERE name = ANY($1)"


async def in_force(sessions: Sessions, names: list[str]) -> dict[str, str]:
    """Settings as a statement of ours finds them."""
    async with sessions.session(5) as connection:
        rows = await sessions._rows(connection, _IN_FORCE, (names,))
        return {row["name"]: row["setting"] for row in rows}


async def test_what_we_ask_for_is_in_force_in_every_transaction(
    box: Box, isolation: str, connection: Connection
) -> None:
    asked = {
        "transaction_isolation": isolation.replace("_", " "),
        "lock_timeout": str(limits.LOCK_TIMEOUT_MS),
        "statement_timeout": str(limits.STATEMENT_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(limits.IDLE_IN_TRANSACTION_TIMEOUT_MS),
        "enable_seqscan": "off",
        "plan_cache_mode": "force_generic_plan",
        "jit": "off",
    }
    if connection.get_server_version().major >= 17:
        asked["transaction_timeout"] = str(limits.TRANSACTION_TIMEOUT_MS)
    for _ in range(5):  # each on another session
        assert await in_force(box.engine._store._writers, list(asked)) == asked
        read_only = await in_force(box.engine._store._readers, ["transaction_read_only"])
        assert read_only == {"transaction_read_only": "on"}


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.UNCOMMITTED, Cut.AFTER, Cut.HALF])
async def test_a_lost_connection_is_found_out(pooled: str, isolation: str, cut: Cut) -> None:
    async with proxied(pooled, b"FROM run_batch(") as proxy, open_box(proxy.dsn, isolation) as far:
        show = await far.show(10)
        proxy.cuts = [cut]
        assert (await far.book(show)).seats == [1]
        assert proxy.made[cut] == 1
        assert await far.violations() == {}


async def test_many_engines_share_few_sessions(pooled: str, isolation: str) -> None:
    async with (
        open_box(pooled, isolation, pool_max=20) as one,
        open_box(pooled, isolation, pool_max=20) as two,
    ):
        show = await one.show(400)
        bookings = [engine.book(show, 2) for engine in (one, two) * 100]
        booked = await asyncio.gather(*bookings)
        assert sorted(seat for booking in booked for seat in booking.seats) == list(range(1, 401))
        assert await one.violations() == {}


async def test_the_schema_is_brought_up_to_date_through_it(pooled: str) -> None:
    report = await migrate(pooled)
    assert (report.applied, report.functions_applied) == ([], False)


@pytest.mark.usefixtures("pooled")
async def test_a_pooler_that_we_are_not_told_of_is_noticed(database: str) -> None:
    lost = (
        "default_transaction_isolation,default_transaction_read_only,enable_seqscan,plan_cache_mode,jit,"
        "statement_timeout,lock_timeout,idle_in_transaction_session_timeout"
    )
    with pooler(database, ignored=lost) as dsn, pytest.raises(SettingsError, match="set DB_POOLER"):
        await Store(settings_for(dsn), dsn).open()
