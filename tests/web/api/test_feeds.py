"""Feeds over HTTP: which shows have changed, and consumers that pull."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from boxoffice.access.callers import Role
from tests.support.engine.databases import Connection
from tests.support.http.api import Api, data_of, listed, problem_of
from tests.support.http.callers import Callers, callers_of, closed
from tests.support.http.identity import bearer

Json = dict[str, Any]


async def read(api: Api, name: str = "shop", query: str = "") -> list[Json]:
    """The events of a feed."""
    answer = await api.http.get(f"/api/feeds/{name}/events{query}")
    assert answer.status_code == 200, answer.text
    events: list[Json] = answer.json()["data"]
    return events


async def ack(api: Api, *ids: str, name: str = "shop") -> Any:
    """The answer to an acknowledgement."""
    return await api.http.post(f"/api/feeds/{name}/ack", json={"events": ids})


async def test_a_feed_gives_what_happens_until_it_is_acknowledged(api: Api) -> None:
    show, user = await api.show(), await api.user()
    data_of(await api.http.put("/api/feeds/shop", json={"start": "start"}))
    await api.booking(show["id"], user["id"])
    first = await read(api)
    assert [event["type"] for event in first] == ["boxoffice.show.created.v1", "boxoffice.booking.booked.v1"]
    assert await read(api) == first
    assert data_of(await ack(api, first[0]["id"])) == {"shows": 1}
    assert await read(api) == first[1:]
    data_of(await ack(api, first[1]["id"]))
    data_of(await ack(api, first[0]["id"]))  # late: changes nothing
    assert await read(api) == []
    feed = data_of(await api.http.get("/api/feeds/shop"))
    assert (feed["shows_behind"], feed["events_behind"], feed["oldest_at"]) == (0, 0, None)


async def test_events_are_cloudevents_and_their_links_join(api: Api) -> None:
    show, user = await api.show(), await api.user()
    for _ in range(3):
        await api.booking(show["id"], user["id"])
    data_of(await api.http.put("/api/feeds/shop", json={"start": "start"}))
    events = await read(api)
    assert [event["prevlink"] for event in events[1:]] == [event["link"] for event in events[:-1]]
    assert [int(event["sequence"]) for event in events] == [1, 2, 3, 4]
    raw = (await api.http.get("/api/feeds/shop/events?limit=1")).json()["data"][0]
    parsed = JSONFormat().read(CloudEvent, json.dumps(raw))
    assert (parsed.get_id(), parsed.get_source()) == (raw["id"], "urn:boxoffice")


@pytest.mark.parametrize("personal", [False, True])
async def test_who_booked_is_told_to_those_who_asked_for_it(api: Api, personal: bool) -> None:
    show, user = await api.show(), await api.user()
    data_of(await api.http.put("/api/feeds/shop", json={"start": "start", "personal": personal}))
    booking = await api.hold(show["id"], user["id"])
    await api.http.post(f"/api/bookings/{booking['id']}/fail", json={"reason": "Ada was ill"})
    events = await read(api)
    assert all(("user_id" in event["data"]) == ("actor" in event["data"]) == personal for event in events)
    assert "ill" not in str(events)
    assert "origin" not in str(events)


async def test_an_acknowledgement_that_is_not_in_the_history_moves_nothing(api: Api) -> None:
    show = await api.show()
    data_of(await api.http.put("/api/feeds/shop", json={"start": "start"}))
    [event] = await read(api)
    for wrong in (f"{show['id']}-1-00000000", f"{show['id']}-9-{event['id'][-8:]}", "999-1-00000000"):
        problem_of(await ack(api, event["id"], wrong), 409, "not_in_history")
    assert await read(api) == [event]
    assert (await ack(api, "7-x")).status_code == 400


async def test_a_feed_that_exists_is_found_and_another_one_is_refused(api: Api) -> None:
    for _ in range(2):
        data_of(await api.http.put("/api/feeds/shop", json={}))
    problem_of(await api.http.put("/api/feeds/shop", json={"personal": True}), 409, "feed_exists")
    data_of(await api.http.delete("/api/feeds/shop"))
    assert (await api.http.get("/api/feeds/shop")).status_code == 404
    assert (await ack(api, "7-1-00000000")).status_code == 404


async def test_a_request_that_waits_is_answered_when_something_happens(api: Api) -> None:
    show = await api.show()
    data_of(await api.http.put("/api/feeds/shop", json={}))
    waiting = asyncio.create_task(read(api, query="?wait=20"))
    changes = (await api.http.get("/api/changes")).json()
    changed = asyncio.create_task(
        api.http.get(f"/api/changes?wait=20&since={changes['meta']['next_cursor']}")
    )
    user = await api.user()
    await api.booking(show["id"], user["id"])
    async with asyncio.timeout(10):
        [event] = await waiting
        told = (await changed).json()
    assert told["data"] == [{"show_id": show["id"], "seq": 2, "link": event["id"][-8:]}]
    assert told["meta"]["complete"] is True


async def test_a_cursor_from_before_the_marks_says_that_anything_may_have_changed(
    api: Api, connection: Connection
) -> None:
    await api.show()
    now = (await api.http.get("/api/changes")).json()["meta"]["next_cursor"]
    assert (await api.http.get(f"/api/changes?since={now}")).json()["meta"]["complete"]
    await connection.execute("UPDATE feed_horizon SET since = $1::text::xid8", str(int(now) + 1))
    assert not (await api.http.get(f"/api/changes?since={now}")).json()["meta"]["complete"]
    await connection.execute("TRUNCATE feed_horizon, feed_marks")  # a crash of the server does this
    later = (await api.http.get(f"/api/changes?since={now}")).json()
    assert not later["meta"]["complete"]
    future = str(int(now) + 10**12)
    assert not (await api.http.get(f"/api/changes?since={future}")).json()["meta"]["complete"]


async def test_a_page_of_changes_goes_on_where_it_ended(api: Api) -> None:
    start = (await api.http.get("/api/changes")).json()["meta"]["next_cursor"]
    shows = [(await api.show())["id"] for _ in range(25)]
    seen: list[int] = []
    for _ in range(10):
        page = (await api.http.get(f"/api/changes?since={start}&limit=10")).json()
        start = page["meta"]["next_cursor"]
        seen += [row["show_id"] for row in page["data"]]
    assert sorted(set(seen)) == sorted(shows)


async def test_a_history_that_was_rewound_is_told_once(api: Api, connection: Connection) -> None:
    show = await api.show()
    data_of(await api.http.put("/api/feeds/shop", json={"start": "start"}))
    await connection.execute("INSERT INTO feed_cursors VALUES ($1, 'pull:shop', 5, 'gone')", show["id"])
    [told] = await read(api)
    assert told["type"] == "boxoffice.feed.rewound.v1"
    assert told["data"] == {"show_id": show["id"], "seq": 5, "link": b"gone".hex(), "last_seq": 1}
    assert await read(api) == []
    assert data_of(await api.http.get("/api/feeds/shop"))["forked_shows"] == 1


async def test_a_notice_hides_no_event_that_waits(api: Api, connection: Connection) -> None:
    shows = [(await api.show())["id"] for _ in range(2)]
    await api.booking(shows[1], (await api.user())["id"])
    data_of(await api.http.put("/api/feeds/shop", json={"start": "start"}))
    await connection.execute("INSERT INTO feed_cursors VALUES ($1, 'pull:shop', 5, 'gone')", shows[0])
    answer = (await api.http.get("/api/feeds/shop/events?limit=2")).json()
    assert [one["type"] for one in answer["data"]] == [
        "boxoffice.feed.rewound.v1",
        "boxoffice.show.created.v1",
    ]
    assert answer["more"]


@pytest.fixture
async def callers(database: str) -> AsyncIterator[Callers]:
    """The application with authentication on."""
    async with callers_of(closed(database)) as opened:
        yield opened


async def test_a_key_for_some_shows_sees_and_makes_feeds_of_these_alone(callers: Callers) -> None:
    async with callers.api("admin") as admin:
        mine, other = (await admin.show())["id"], (await admin.show())["id"]
        data_of(await admin.http.put("/api/feeds/all", json={"start": "start"}))
        secret = await callers.key(Role.SERVICE, shows=[mine])
        async with callers.api_with(bearer(secret)) as api:
            start = (await api.http.get("/api/changes")).json()["meta"]["next_cursor"]
            assert (await api.http.get("/api/feeds/all/events")).status_code == 404
            assert listed(await api.http.get("/api/feeds")) == []
            assert (await api.http.put("/api/feeds/x", json={"show_ids": [other]})).status_code == 404
            data_of(await api.http.put("/api/feeds/mine", json={"start": "start"}))
            assert {event["data"]["show_id"] for event in await read(api, "mine")} == {mine}
            await admin.http.put(f"/api/shows/{other}", json={"name": "Other"})
            await admin.http.put(f"/api/shows/{mine}", json={"name": "Mine"})
            changed = (await api.http.get(f"/api/changes?since={start}")).json()["data"]
            assert [row["show_id"] for row in changed] == [mine]
