"""What the metrics tell of lanes, pools, the database, and the busiest shows."""

import asyncio

import pytest
from httpx import AsyncClient
from litestar import Litestar
from prometheus_client import Gauge

from boxoffice.serve import vitals
from boxoffice.serve.vitals import Vitals
from boxoffice.telemetry import metrics
from boxoffice.vocabulary import limits
from boxoffice.web.http.services import services_of
from tests.support.engine.databases import Connection, connected
from tests.support.engine.eventually import eventually
from tests.support.engine.pgoutput import SLOT, make_slot
from tests.support.engine.races import wait_until_blocked
from tests.support.http.api import Api, data_of
from tests.support.http.fixtures import client_of, running, vitals_of
from tests.support.http.scrape import Scrape
from tests.support.settings import settings_for

LOCK = "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE"


async def scraped(http: AsyncClient) -> Scrape:
    """The metrics as a scrape shows them now."""
    return Scrape((await http.get("/metrics")).text)


async def looked(app: Litestar, http: AsyncClient) -> Scrape:
    """The metrics after the process and the database were measured once more."""
    await vitals_of(app).take_sample()
    services_of(app).engine.tell_load()
    return await scraped(http)


async def test_the_seats_of_busy_shows_are_told_by_state(app: Litestar, api: Api) -> None:
    show, user = await api.show(seats=10), await api.user()
    await api.booking(show["id"], user["id"], seats_booked=3)
    await api.hold(show["id"], user["id"])
    kept = {"seat_numbers": [9, 10], "reason": "press"}
    data_of(await api.http.post(f"/api/admin/shows/{show['id']}/seats/block", json=kept))

    told = await looked(app, api.http)

    seats = {s.labels["state"]: s.value for s in told.named("boxoffice_show_seats")}
    assert seats == {"free": 4, "held": 1, "sold": 3, "blocked": 2}
    assert told.value("boxoffice_show_events_total", show=str(show["id"])) == 4
    assert told.value("boxoffice_build_info") == 1


async def test_slots_are_told_with_what_they_retain(logical_database: str) -> None:
    async with connected(logical_database) as connection:
        await make_slot(connection)
    async with running(settings_for(logical_database)) as app, client_of(app) as http:
        told = await looked(app, http)

    assert told.value("boxoffice_slot_retained_bytes", slot=SLOT) > 0
    assert told.value("boxoffice_slot_unread_seconds", slot=SLOT) > 0
    assert told.value("boxoffice_slot_lost", slot=SLOT) == 0


async def test_only_the_busiest_shows_are_told_and_the_others_go_away(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "BUSY_SHOWS_MAX", 1)
    quiet, busy, user = await api.show(), await api.show(), await api.user()
    await api.booking(quiet["id"], user["id"])
    before = await looked(app, api.http)
    for _ in range(2):
        await api.booking(busy["id"], user["id"])

    after = await looked(app, api.http)

    assert before.labels("boxoffice_show_seats", "show") == {str(quiet["id"])}
    assert after.labels("boxoffice_show_seats", "show") == {str(busy["id"])}


async def test_old_figures_of_the_database_are_not_told(
    app: Litestar, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    show, user = await api.show(), await api.user()
    await api.booking(show["id"], user["id"])
    await looked(app, api.http)
    monkeypatch.setattr(vitals, "KEPT_S", 0.0)

    assert (await scraped(api.http)).named("boxoffice_show_seats") == []


async def test_events_are_counted_as_they_are_written(app: Litestar, api: Api) -> None:
    show, user = await api.show(), await api.user()
    before = await looked(app, api.http)
    headers = {"Idempotency-Key": "once"}
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    for _ in range(2):  # the second is a replay
        await api.http.post("/api/bookings", json=body, headers=headers)
    await api.http.post("/api/bookings", json=body | {"seats_booked": 99})  # refused
    await api.hold(show["id"], user["id"], hold_seconds=0.001)
    await api.http.get(f"/api/shows/{show['id']}?consistent=true")  # ends the hold, unless the sweeper did

    after = await looked(app, api.http)

    show_events = after.value("boxoffice_show_events_total", show=str(show["id"]))
    assert show_events == 1 + 3  # created, booked, held, expired
    written = after.value("boxoffice_events_total") - before.value("boxoffice_events_total")
    assert written == 3


async def test_a_locked_show_is_seen_in_lanes_and_pool(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LOCK_TIMEOUT_MS", 4_500)  # looks take a while
    settings = settings_for(database, DB_POOL_MAX=6)  # two of them are the feed's
    async with running(settings) as app, client_of(app) as http, connected(database) as locker:
        api = Api(http)
        show, user = await api.show(), await api.user()
        async with locker.transaction():
            await locker.execute(LOCK, show["id"])
            bookings = [asyncio.create_task(api.booking(show["id"], user["id"]))]
            await wait_until_blocked(connection, application_name="boxoffice")
            bookings += [asyncio.create_task(api.booking(show["id"], user["id"])) for _ in range(3)]

            async def three_wait() -> bool:
                return (await looked(app, http)).value("boxoffice_waiting_commands") == 3

            await eventually(three_wait, "three commands in the lane")
            told = await looked(app, http)
            assert told.value("boxoffice_deepest_lane_commands") == 3
            assert told.value("boxoffice_pool_connections_in_use", pool="writers") >= 1
        await asyncio.gather(*bookings)

        async def all_writers_rest() -> bool:  # the sweeper may take one for a moment
            return (await looked(app, http)).value("boxoffice_pool_connections_in_use", pool="writers") == 0

        await eventually(all_writers_rest, "no writer in use")
        free = await looked(app, http)
        assert free.value("boxoffice_waiting_commands") == 0
        assert free.value("boxoffice_pool_connections_max", pool="writers") == 2
        assert 1 <= free.value("boxoffice_pool_connections_open", pool="writers") <= 2
        assert free.value("boxoffice_queue_wait_seconds_count") >= 2


async def test_requests_that_wait_for_a_connection_are_seen(app: Litestar, api: Api) -> None:
    store = services_of(app).engine._store
    pool = store._readers.pool
    held = [await pool.acquire() for _ in range(pool.get_max_size())]
    asked = asyncio.create_task(api.http.get("/api/users/1"))

    async def waiting() -> float:
        services_of(app).engine.tell_load()
        return (await scraped(api.http)).value("boxoffice_pool_waiting_requests", pool="readers")

    async def somebody_waits() -> bool:
        return await waiting() >= 1

    async def nobody_waits() -> bool:
        return await waiting() == 0

    await eventually(somebody_waits, "a request that waits for a connection")
    in_use = (await scraped(api.http)).value("boxoffice_pool_connections_in_use", pool="readers")
    for connection in held:
        await pool.release(connection)
    await asked
    assert in_use == len(held)
    await eventually(nobody_waits, "that nobody waits any more")


async def test_a_hold_that_nobody_ends_is_seen(database: str, connection: Connection) -> None:
    settings = settings_for(database, SWEEP_INTERVAL_SECONDS=3600)
    async with running(settings) as app, client_of(app) as http:
        api = Api(http)
        show, user = await api.show(), await api.user()
        assert (await looked(app, http)).value("boxoffice_oldest_overdue_hold_seconds") == 0
        await api.hold(show["id"], user["id"])
        await connection.execute("UPDATE bookings SET expires_at = now() - interval '90 s'")

        told = await looked(app, http)

        assert 90 <= told.value("boxoffice_oldest_overdue_hold_seconds") < 3600
        assert told.value("boxoffice_last_sweep_timestamp_seconds") > 1_700_000_000


async def test_a_database_that_does_not_answer_is_told(app: Litestar, api: Api) -> None:
    assert (await looked(app, api.http)).value("boxoffice_database_up") == 1
    await services_of(app).engine._store._readers.close()

    told = await looked(app, api.http)

    assert told.value("boxoffice_database_up") == 0


async def test_faults_are_counted_by_what_they_are(app: Litestar, api: Api) -> None:
    show, user = await api.show(), await api.user()
    labels = {"fault": "ShuttingDown", "code": "shutting_down"}
    before = (await scraped(api.http)).value("boxoffice_faults_total", **labels)
    await services_of(app).engine.stop()
    body = {"user_id": user["id"], "show_id": show["id"], "seats_booked": 1}
    await api.http.post("/api/bookings", json=body)

    assert (await scraped(api.http)).value("boxoffice_faults_total", **labels) == before + 1


def test_every_gauge_says_how_workers_share_it() -> None:
    gauges = [value for value in vars(metrics).values() if isinstance(value, Gauge)]
    assert gauges
    assert {gauge._multiprocess_mode for gauge in gauges} <= {"livesum", "livemax", "livemin"}


def test_vitals_tell_what_they_have_from_the_start() -> None:
    names = {family.name for family in Vitals(None, None, None).collect()}  # type: ignore[arg-type]
    assert "boxoffice_build_info" in names
