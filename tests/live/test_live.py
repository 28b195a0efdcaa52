"""Live seats on both servers: what watchers are told is what the database has."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
import pytest

from boxoffice.live.answers import LiveEventsAnswer
from boxoffice.live.history import STEPS_MAX
from boxoffice.serve.settings import ProgramSettings
from tests.support.engine.databases import Connection
from tests.support.engine.eventually import eventually
from tests.support.http.api import Api, Json, data_of, problem_of
from tests.support.http.viewers import Site, Viewer, site_alone, site_in_serve, unpacked
from tests.support.settings import settings_for

SEATS: Final = 40


@pytest.fixture
def settings(database: str) -> ProgramSettings:
    """Settings for the test's database, with connections for two processes."""
    return settings_for(database, DB_POOL_MAX=8, RATE_READS_PER_MINUTE=1_000_000)


@pytest.fixture(params=["serve", "live"])
async def site(request: pytest.FixtureRequest, settings: ProgramSettings) -> AsyncIterator[Site]:
    """Each of the two servers."""
    async with (site_in_serve if request.param == "serve" else site_alone)(settings) as site:
        yield site


@pytest.fixture
async def serve(settings: ProgramSettings) -> AsyncIterator[Site]:
    """The server that sells, too."""
    async with site_in_serve(settings) as site:
        yield site


async def truth(connection: Connection, show_id: int) -> tuple[int, list[int]]:
    """The last event of a show, and the state of each of its places, by its owners."""
    async with connection.transaction(isolation="repeatable_read"):
        [row] = await connection.fetch(
            "SELECT total_places, last_seq FROM show_inventory WHERE show_id = $1", show_id
        )
        states = [0] * row["total_places"]
        for seat in await connection.fetch("SELECT * FROM all_seats WHERE show_id = $1", show_id):
            states[seat["place"] - 1] = 2 if seat["booking_id"] is None else 1
        return row["last_seq"], states


async def states_at(connection: Connection, show_id: int, seq: int, total: int) -> list[int]:
    """The state of each place after event ``seq``, by the events."""
    states = [0] * total
    for row in await connection.fetch(
        "SELECT e.places, e.booking_id, k.owned FROM all_events AS e JOIN event_kinds AS k USING (kind) "
        "WHERE show_id = $1 AND seq <= $2 AND owned IS NOT NULL ORDER BY seq",
        show_id,
        seq,
    ):
        for place in row["places"]:
            states[place - 1] = (1 if row["booking_id"] else 2) if row["owned"] else 0
    return states


async def change(api: Api, show_id: int, user_id: int, chance: random.Random) -> None:
    """Something happens to some seats; that it is refused is fine."""
    seats = chance.sample(range(1, SEATS + 1), chance.randint(1, 3))
    house = f"/api/admin/shows/{show_id}/seats"
    match chance.randint(0, 3):
        case 0:
            await api.http.post(f"{house}/block", json={"seat_numbers": seats, "reason": "camera"})
        case 1:
            await api.http.post(f"{house}/unblock", json={"seat_numbers": seats})
        case _:
            body = {"user_id": user_id, "show_id": show_id, "seat_numbers": seats, "status": "PENDING"}
            held = await api.http.post("/api/bookings", json=body)
            if held.status_code == 201:
                booking = f"/api/bookings/{held.json()['data']['id']}"
                if chance.random() < 0.5:
                    await api.http.post(f"{booking}/confirm")
                if chance.random() < 0.5:
                    await api.http.delete(booking)


async def watch(site: Site, show_id: int, over: asyncio.Event, seed: int) -> Viewer:
    """A watcher that loses its connection at random and comes back with its position; its last state."""
    chance, view, position = random.Random(seed), None, ""  # noqa: S311 - no secret
    while True:
        async with site.view(f"/api/shows/{show_id}/live?after={position}") as viewer:
            if view is not None:
                viewer.map, viewer.seq, viewer.id = view.map, view.seq, view.id
            view = viewer
            for _ in range(chance.randint(1, 6)):
                if over.is_set():
                    return view
                try:
                    async with asyncio.timeout(0.5):
                        await viewer.next()
                except TimeoutError:
                    break
            position = viewer.id


@pytest.mark.parametrize(
    ("watching", "changes"), [(12, 60), pytest.param(200, 2_000, marks=pytest.mark.proof)]
)
async def test_watchers_see_what_the_database_has(
    site: Site, connection: Connection, watching: int, changes: int
) -> None:
    show_id, user_id = (await site.api.show(SEATS))["id"], (await site.api.user())["id"]
    over, chance = asyncio.Event(), random.Random(7)  # noqa: S311 - no secret
    watchers = [asyncio.create_task(watch(site, show_id, over, seed)) for seed in range(watching)]
    for _ in range(changes):
        await change(site.api, show_id, user_id, chance)
    over.set()
    for view in await asyncio.gather(*watchers):
        assert view.map == await states_at(connection, show_id, view.seq, SEATS)
    seq, states = await truth(connection, show_id)
    async with site.view(f"/api/shows/{show_id}/live") as view:
        await view.until(seq)
        assert view.map == states
    await site.watched_by(0)


async def test_the_packed_states_are_those_of_the_owners(serve: Site, connection: Connection) -> None:
    show_id, user_id = (await serve.api.show(SEATS))["id"], (await serve.api.user())["id"]
    await serve.api.booking(show_id, user_id, seat_numbers=[3, 4, 9])
    await serve.api.http.post(
        f"/api/admin/shows/{show_id}/seats/block", json={"seat_numbers": [7], "reason": "camera"}
    )
    answer = await serve.api.http.get(f"/api/shows/{show_id}/seat-states")
    told = data_of(answer)
    seq, states = await truth(connection, show_id)
    assert (told["seq"], unpacked(told["states"], SEATS)) == (seq, states)
    assert (told["available"], told["total_seats"]) == (SEATS - 4, SEATS)
    again = await serve.api.http.get(
        f"/api/shows/{show_id}/seat-states", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304
    async with serve.view(f"/api/shows/{show_id}/live?after={told['position']}") as view:
        view.seq, view.map = told["seq"], states
        await serve.api.booking(show_id, user_id, seat_numbers=[1])
        assert await view.next() == (
            "seats",
            {"seq": seq + 1, "after": seq, "show_id": show_id, "taken": [[1, 1]], "free": [], "blocked": [],
             "available": SEATS - 5},
        )  # fmt: skip


async def positions(site: Site) -> tuple[int, int, str]:
    """A show with one booking, its user, and the position after the booking."""
    show_id, user_id = (await site.api.show(SEATS))["id"], (await site.api.user())["id"]
    await site.api.booking(show_id, user_id, seat_numbers=[1])
    told = await site.get(f"/api/shows/{show_id}/live?wait=0")
    return show_id, user_id, data_of(told)["position"]


async def test_a_known_position_gets_one_difference(site: Site) -> None:
    show_id, user_id, position = await positions(site)
    async with site.view(f"/api/shows/{show_id}/live") as other:
        await other.next()
        for seat in (2, 3, 5):
            await site.api.booking(show_id, user_id, seat_numbers=[seat])
        await other.until(5)
        async with site.view(f"/api/shows/{show_id}/live", **{"Last-Event-ID": position}) as view:
            name, told = await view.next()
            assert (name, told["after"], told["taken"]) == ("seats", 2, [[2, 3], [5, 5]])


async def test_an_old_position_gets_the_difference_from_the_events(site: Site) -> None:
    show_id, user_id, position = await positions(site)
    async with site.view(f"/api/shows/{show_id}/live") as view:
        for seat in (2, 3, 5):
            await site.api.booking(show_id, user_id, seat_numbers=[seat])
        await view.until(5)
    site.house._hubs.clear()  # as after a start of the server
    async with site.view(f"/api/shows/{show_id}/live?after={position}") as view:
        name, told = await view.next()
        assert (name, told["after"], told["taken"]) == ("seats", 2, [[2, 3], [5, 5]])


async def test_a_position_that_is_too_old_gets_a_snapshot(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    show_id, user_id, position = await positions(site)
    for seat in (2, 3, 5):
        await site.api.booking(show_id, user_id, seat_numbers=[seat])
    site.house._hubs.clear()
    monkeypatch.setattr("boxoffice.live.hub.EVENTS_READ_MAX", 2)
    async with site.view(f"/api/shows/{show_id}/live?after={position}") as view:
        assert (await view.next())[0] == "snapshot"


@pytest.mark.parametrize(
    "after",
    ["2-00000000", "900-9f3ac01b", "0-", "x", "2-9f3ac01b'--", "%ff%00", "99999999999999999999-00000000"],
)
async def test_a_position_of_no_history_is_reset(site: Site, after: str) -> None:
    show_id, _, _ = await positions(site)
    async with site.view(f"/api/shows/{show_id}/live?after={after}") as view:
        assert view.status == 200
        assert (await view.next())[0] == "reset"
        assert (await view.next())[0] == "snapshot"


async def test_a_position_of_another_show_is_reset(site: Site) -> None:
    show_id, _, position = await positions(site)
    other = (await site.api.show(5))["id"]
    await site.api.booking(other, 1, seat_numbers=[2])
    async with site.view(f"/api/shows/{other}/live?after={position}") as view:
        assert [(await view.next())[0] for _ in range(2)] == ["reset", "snapshot"]
    async with site.view(f"/api/shows/{other}/live?after={show_id}-{position}") as view:
        assert [(await view.next())[0] for _ in range(2)] == ["reset", "snapshot"]


async def test_a_history_that_was_rewound_is_reset_for_all_who_watch(
    site: Site, connection: Connection
) -> None:
    show_id, user_id, _ = await positions(site)
    async with site.view(f"/api/shows/{show_id}/live") as view:
        await view.next()
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            "UPDATE show_events SET link = sha256(link) WHERE show_id = $1 AND seq = 2", show_id
        )
        await connection.execute(
            "UPDATE show_inventory AS i SET last_link = e.link FROM show_events AS e "
            "WHERE i.show_id = $1 AND e.show_id = $1 AND e.seq = 2",
            show_id,
        )
        await site.api.booking(show_id, user_id, seat_numbers=[9])
        while (told := await view.next())[0] != "reset":
            pass
        assert told[1] == {"show_id": show_id, "reason": "rewound"}
        assert (await view.next())[0] == "snapshot"
        await view.until(3)
        assert view.map[8] == 1


async def test_several_shows_come_on_one_connection_and_go_on_together(site: Site) -> None:
    first, user_id, _ = await positions(site)
    second = (await site.api.show(5))["id"]
    async with site.view(f"/api/live?shows={first},{second}") as view:
        shows = [(await view.next())[1]["show_id"] for _ in range(2)]
        assert shows == [first, second]
        await site.api.booking(second, user_id, seat_numbers=[5])
        view.seq, view.map = 0, []
        name, told = await view.next()
        assert (name, told["show_id"], told["taken"]) == ("seats", second, [[5, 5]])
        position = view.id
    assert position.startswith(f"{first}-2-")
    await site.api.booking(first, user_id, seat_numbers=[5])
    async with site.view(f"/api/live?shows={first},{second}", **{"Last-Event-ID": position}) as view:
        name, told = await view.next()
        assert (name, told["show_id"], told["taken"]) == ("seats", first, [[5, 5]])


async def test_who_waits_gets_the_next_events_in_json(site: Site) -> None:
    show_id, user_id, position = await positions(site)
    path = f"/api/shows/{show_id}/live?after={position}"
    nothing = await site.get(f"{path}&wait=0")
    assert data_of(nothing) == {"position": position, "events": []}
    assert nothing.headers["cache-control"] == "public, max-age=1"
    waiting = asyncio.create_task(site.get(f"{path}&wait=20"))
    await site.watched_by(1)
    await site.api.booking(show_id, user_id, seat_numbers=[7])
    answer = await waiting
    msgspec.json.decode(answer.content, type=LiveEventsAnswer)
    [event] = data_of(answer)["events"]
    assert (event["event"], event["data"]["taken"]) == ("seats", [[7, 7]])
    assert data_of(answer)["position"].startswith("3-")


async def test_a_changed_show_is_told(site: Site) -> None:
    show_id, _, _ = await positions(site)
    async with site.view(f"/api/shows/{show_id}/live") as view:
        await view.next()
        changes = {"name": "Encore", "total_seats": SEATS + 2}
        data_of(await site.api.http.put(f"/api/shows/{show_id}", json=changes))
        name, told = await view.next()
        assert (name, told["name"], told["total_seats"]) == ("show", "Encore", SEATS + 2)
        assert told["available"] == SEATS + 1
        name, told = await view.next()
        assert (name, told["free"]) == ("seats", [[SEATS + 1, SEATS + 2]])


async def test_a_deleted_show_is_closed(site: Site) -> None:
    show_id = (await site.api.show(5))["id"]
    async with site.view(f"/api/shows/{show_id}/live") as view:
        await view.next()
        data_of(await site.api.http.delete(f"/api/shows/{show_id}"))
        assert await view.next() == ("closed", {"show_id": show_id, "reason": "deleted"})
        with pytest.raises(EOFError):
            await view.next()
    problem_of(await site.get(f"/api/shows/{show_id}/live"), 404, "show_not_found")


async def test_a_show_can_be_kept_out_and_let_in_again(site: Site) -> None:
    show: Json = await site.api.show(5, live=False)
    assert show["live"] is False
    path = f"/api/shows/{show['id']}"
    problem_of(await site.get(f"{path}/live"), 409, "show_not_live")
    problem_of(await site.api.http.get(f"{path}/seat-states"), 409, "show_not_live")
    assert data_of(await site.api.http.put(path, json={"live": True}))["live"] is True

    async def is_let_in() -> bool:
        return (await site.get(f"{path}/live?wait=0")).status_code == 200

    await eventually(is_let_in, "the show may be watched again")
    async with site.view(f"{path}/live") as view:
        await view.next()
        data_of(await site.api.http.put(path, json={"live": False}))
        assert await view.next() == ("closed", {"show_id": show["id"], "reason": "not_live"})


async def test_nothing_private_is_told(site: Site) -> None:
    show_id = (await site.api.show(SEATS))["id"]
    user_id = (await site.api.user("secret@example.com", "Secret"))["id"]
    async with site.view(f"/api/shows/{show_id}/live") as view:
        told: list[Any] = [await view.next()]
        bookings = [
            (await site.api.booking(show_id, user_id, seat_numbers=[n], reference=f"ref-{n}"))["id"]
            for n in (1, 2)
        ]
        await site.api.http.delete(f"/api/bookings/{bookings[0]}")
        while view.seq < 4:
            told.append(await view.next())
    text = repr(told)
    known = {"seq", "after", "show_id", "name", "start_time", "total_seats", "available", "states", "taken",
             "free", "blocked"}  # fmt: skip
    assert {key for _, data in told for key in data} <= known
    for secret in (*map(str, bookings), "ref-", "Secret", "actor", "user", "booking"):
        assert secret not in text


async def test_one_too_many_is_refused_and_nobody_is_sent_away(database: str) -> None:
    async with site_in_serve(settings_for(database, DB_POOL_MAX=6, LIVE_CONNECTIONS_MAX=2)) as site:
        show_id, user_id = (await site.api.show(SEATS))["id"], (await site.api.user())["id"]
        path = f"/api/shows/{show_id}/live"
        async with site.view(path) as first, site.view(path) as second:
            await first.next()
            await second.next()
            refused = await site.get(path)
            problem_of(refused, 503, "overloaded")
            assert int(refused.headers["retry-after"]) >= 5
            await site.api.booking(show_id, user_id, seat_numbers=[2])
            await first.until(2)
            await second.until(2)
        await site.watched_by(0)
        async with site.view(path) as view:
            assert (await view.next())[0] == "snapshot"


async def test_more_frames_than_are_remembered_give_a_snapshot(serve: Site) -> None:
    show_id, _, _ = await positions(serve)
    hub = serve.house._hubs[show_id]
    at = hub.show.position
    for _ in range(STEPS_MAX):
        hub.show.history.add(at, [1], of_show=False)
    assert hub.show.history.find(at) is not None
    assert hub.show.since(0, 2).stream.startswith(b"event: snapshot")  # type: ignore[union-attr]


async def test_the_head_alone_begins_no_stream(site: Site) -> None:
    show_id, _, _ = await positions(site)
    answer = await site.api.http.head(f"{site.url}/api/shows/{show_id}/live")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
    await site.watched_by(0)
