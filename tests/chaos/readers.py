"""Readers of the event feed race writers on two servers, are killed, and go on from their last event.

A reader computes the seats from the events, and compares them with consistent reads.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from statistics import quantiles
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http import client as orders
from tests.support.http.client import Answer, Api, open_api
from tests.support.process.power import durable_cluster
from tests.support.process.program import Program

WRITERS: Final = 6
READERS: Final = 4
LIVES_MAX_S: Final = 0.15
"""Longest life of a reader, in seconds. Then it is killed, whatever it does at that moment."""

PAGE_MAX: Final = 40
"""Events on a page at most. Pages are small, so that most of them are full."""

SEATS: Final = 400
ROUND_S: Final = 1.0
ROUNDS_MIN: Final = 2
"""Rounds at least: one with writers at both servers, and one in which the second server only reads. Such a
server could fall behind unnoticed."""


_SHORT_HOLDS: Final = """
    SELECT count(*) FROM bookings
    WHERE show_id = $1 AND status = 'PENDING' AND expires_at < clock_timestamp() + interval '10 s'
"""
_TAKES: Final = frozenset({"booked", "held", "confirmed", "blocked"})
_STATES: Final = {"booked": "sold", "held": "held", "confirmed": "sold", "blocked": "blocked"}


class Feed(Struct):
    """The events that one reader has seen of a show, over all its lives."""

    show_id: int
    seq: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    missed: int = 0
    kills: int = 0
    reads: int = 0

    def take(self, events: list[dict[str, Any]]) -> None:
        """Take a page; record each event that does not follow the one before it."""
        for event in events:
            if event["seq"] <= self.seq:
                self.duplicates += 1
            self.missed += max(0, event["seq"] - self.seq - 1)
            self.seq = event["seq"]
            self.events.append(event)


class _Site(Struct):
    """The site of a round. ``lag_ms``: the time from an event to the moment at which a reader had it."""

    api: Api
    urls: list[str]
    dsn: str
    user_id: int
    chance: random.Random
    lag_ms: list[float]
    counts: Counter[str]
    violations: list[str]


def seats_after(events: list[dict[str, Any]]) -> dict[int, tuple[str, int | None]]:
    """The state and the booking of each seat that is not free after these events."""
    seats: dict[int, tuple[str, int | None]] = {}
    for event in events:
        for seat in event["seats"]:
            if event["kind"] in _TAKES:
                seats[seat] = (_STATES[event["kind"]], event["booking_id"])
            else:
                seats.pop(seat, None)
    return seats


async def run(stage: Stage) -> Findings:
    """Run rounds, each with a new show, until the time is up."""
    ends_at = time.monotonic() + stage.seconds
    async with _open_site(stage) as site:
        while site.counts["rounds"] < ROUNDS_MIN or (time.monotonic() < ends_at and not site.violations):
            feeds = await _round(site, site.urls[site.counts["rounds"] % 2 :])
            site.counts["rounds"] += 1
            if site.violations:
                histories = b"".join(msgspec.json.encode(feed) + b"\n" for feed in feeds)
                (stage.folder / "readers.jsonl").write_bytes(histories)
        checks = await violations(site.dsn)
    told = [f"verify, {check}: {text}" for check, texts in checks.items() for text in texts]
    return Findings(_figures(site), site.violations + told)


async def _round(site: _Site, doors: list[str]) -> list[Feed]:
    """Run a round: one show, with writers at these servers."""
    show_id = await site.api.open_show(site.urls[0], SEATS)
    feeds = [Feed(show_id) for _ in range(READERS)]
    over = asyncio.Event()
    readers = [asyncio.create_task(_lives(site, feed, over)) for feed in feeds]
    watching = asyncio.create_task(_watch(site, feeds[0], over))
    try:
        await asyncio.gather(*(_write(site, doors, show_id, no) for no in range(WRITERS)))
        await eventually(lambda: _none_runs_out(site, show_id), "the end of all short holds")
        over.set()
        snapshots = await watching
        await asyncio.gather(*readers)
        await _judge(site, show_id, feeds, snapshots)
    finally:
        for task in (watching, *readers):
            task.cancel()
        await asyncio.gather(watching, *readers, return_exceptions=True)
    return feeds


async def _lives(site: _Site, feed: Feed, over: asyncio.Event) -> None:
    """Read, be killed, and read again; when the writers are done, read undisturbed to the end of the feed."""
    while not over.is_set():
        reading = asyncio.create_task(_read(site, feed))
        await asyncio.wait([reading], timeout=site.chance.uniform(0, LIVES_MAX_S))
        feed.kills += reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    while await _page(site, feed):
        pass


async def _read(site: _Site, feed: Feed) -> None:
    while True:
        await _page(site, feed)


async def _page(site: _Site, feed: Feed) -> bool:
    """Take the next page from one of the servers; returns whether the page had events."""
    url, limit = site.chance.choice(site.urls), site.chance.randint(1, PAGE_MAX)
    path = f"/api/shows/{feed.show_id}/changes"
    page = (await site.api.get(url, path, after=feed.seq, limit=limit)).json()
    now = time.time()
    feed.reads += 1
    feed.take(page["data"])
    site.lag_ms += [(now - datetime.fromisoformat(event["at"]).timestamp()) * 1000 for event in page["data"]]
    following = page["meta"]["next_cursor"]
    if following is not None and (len(page["data"]), following) != (limit, str(feed.seq)):
        site.violations.append(
            f"show {feed.show_id}: a page of {len(page['data'])} events, of {limit}, that ends with "
            f"{feed.seq} says that more follow after {following}"
        )
    return bool(page["data"])


async def _write(site: _Site, doors: list[str], show_id: int, number: int) -> None:
    """Send commands of every kind, one after another. After each answer its event must be in the feed."""
    ends_at = time.monotonic() + ROUND_S
    mine: list[Answer] = []
    while time.monotonic() < ends_at:
        ask = _next(site, show_id, number, mine)
        door = site.chance.choice(doors)
        answer = await site.api.ask(door, ask)
        if not answer.done:
            assert answer.code in ("insufficient_seats", "seats_taken", "seats_not_blocked"), answer
            continue
        site.counts["effects"] += 1
        if answer.data.get("status") in ("PENDING", "CONFIRMED") and "hold_seconds" not in (ask.body or {}):
            mine.append(answer)
        if site.chance.random() < 0.3:
            [other] = set(site.urls) - {door}
            await _look_for(site, other, show_id, ask.effect, answer)


def _next(site: _Site, show_id: int, number: int, mine: list[Answer]) -> orders.Ask:
    chance = site.chance
    if mine and chance.random() < 0.5:
        booking = mine.pop(chance.randrange(len(mine)))
        order = chance.choice([orders.confirm, orders.fail, orders.cancel])
        held = booking.data["status"] == "PENDING"
        return (order if held else orders.cancel)(booking.data["id"])
    seat = SEATS - number  # a seat that only this writer blocks and gives back
    if chance.random() < 0.2:
        return chance.choice([orders.block, orders.unblock])(show_id, seat)
    if chance.random() < 0.2:  # one that runs out; whichever server sees it first ends it
        return orders.hold(show_id, site.user_id, 2, seconds=0.1)
    return chance.choice([orders.book, orders.hold])(show_id, site.user_id, chance.randint(1, 4))


async def _look_for(site: _Site, url: str, show_id: int, kind: str, answer: Answer) -> None:
    """Check that the event of an acknowledged command is in the feed of both servers."""
    site.counts["events looked for at once"] += 1
    events = await _all_events(site, url, show_id)
    booking_id = answer.data.get("id")
    if not any(
        (e["kind"], e["booking_id"], sorted(e["seats"])) == (kind, booking_id, answer.seats) for e in events
    ):
        site.violations.append(
            f"show {show_id}: '{kind}' of booking {booking_id}, seats {answer.seats}, was acknowledged, "
            f"and the other server's {len(events)} events do not have it"
        )


async def _all_events(site: _Site, url: str, show_id: int) -> list[dict[str, Any]]:
    feed = Feed(show_id)
    while True:
        page = (await site.api.get(url, f"/api/shows/{show_id}/changes", after=feed.seq)).json()
        feed.take(page["data"])
        if page["meta"]["next_cursor"] is None:
            return feed.events


async def _watch(site: _Site, feed: Feed, over: asyncio.Event) -> list[tuple[int, frozenset[int]]]:
    """Make consistent reads of the free seats meanwhile, each with the number of its last event."""
    snapshots: list[tuple[int, frozenset[int]]] = []
    path = f"/api/shows/{feed.show_id}/available-seats"
    while not over.is_set():
        response = await site.api.get(site.chance.choice(site.urls), path, consistent="true")
        seq = int(response.headers["etag"].removeprefix("W/").strip('"'))
        snapshots.append((seq, frozenset(response.json()["data"]["available_seats"])))
        await asyncio.sleep(0.02)
    return snapshots


async def _judge(
    site: _Site, show_id: int, feeds: list[Feed], snapshots: list[tuple[int, frozenset[int]]]
) -> None:
    stored = await _stored_seqs(site, show_id)
    site.counts["snapshots"] += len(snapshots)
    for feed in feeds:
        for what in ("duplicates", "missed", "kills", "reads"):
            site.counts[what] += getattr(feed, what)
        site.counts["events"] += len(feed.events)
        if [event["seq"] for event in feed.events] != stored or feed.events != feeds[0].events:
            site.violations.append(
                f"show {show_id}: a reader with {feed.kills} kills has {len(feed.events)} events, "
                f"of {len(stored)}: {feed.missed} missed, {feed.duplicates} twice, or others than the others'"
            )
    events = feeds[0].events
    for seq, free in snapshots:
        told = seats_after(events[:seq])
        if free != set(range(1, SEATS + 1)) - told.keys():
            site.violations.append(
                f"show {show_id}: at event {seq} the free seats are not what the events say"
            )
    if await _seats(site, show_id) != seats_after(events):
        site.violations.append(f"show {show_id}: after {len(events)} events the seats are not what they say")


async def _none_runs_out(site: _Site, show_id: int) -> bool:
    """Whether the last short hold has ended, so that no event follows any more."""
    async with connected(site.dsn) as connection:
        return not await connection.fetchval(_SHORT_HOLDS, show_id)


async def _stored_seqs(site: _Site, show_id: int) -> list[int]:
    async with connected(site.dsn) as connection:
        last: int = await connection.fetchval(
            "SELECT last_seq FROM show_inventory WHERE show_id = $1", show_id
        )
    return list(range(1, last + 1))


async def _seats(site: _Site, show_id: int) -> dict[int, tuple[str, int | None]]:
    """The seats that are not free, by a consistent read."""
    response = await site.api.get(
        site.urls[1], f"/api/admin/shows/{show_id}/seats", consistent="true", limit=SEATS
    )
    return {
        seat["seat_number"]: (seat["state"], seat["booking_id"])
        for seat in response.json()["data"]
        if seat["state"] != "free"
    }


def _figures(site: _Site) -> Figures:
    lags = quantiles(site.lag_ms, n=100)
    names = ("rounds", "effects", "events", "reads", "kills", "missed", "duplicates")
    figures: Figures = {name: site.counts[name] for name in names}
    return figures | {
        "events looked for at once": site.counts["events looked for at once"],
        "snapshots compared": site.counts["snapshots"],
        "lag_ms, p50": round(lags[49], 1),
        "lag_ms, p99": round(lags[98], 1),
    }


@asynccontextmanager
async def _open_site(stage: Stage) -> AsyncIterator[_Site]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(durable_cluster(stage.folder))
        programs = [
            Program(stage.folder, DATABASE_URL=cluster.dsn, SWEEP_INTERVAL_SECONDS="0.1") for _ in range(2)
        ]
        for program in programs:
            stack.push_async_callback(asyncio.to_thread, program.close)
        await asyncio.gather(*(asyncio.to_thread(program.serve) for program in programs))
        api = await stack.enter_async_context(open_api())
        urls = [program.url for program in programs]
        user_id = await api.register(urls[0])
        yield _Site(api, urls, cluster.dsn, user_id, random.Random(stage.seed), [], Counter(), [])


CAMPAIGN: Final = Campaign(
    name="readers",
    promise="who reads a show's events misses none and has none twice, whoever writes and whenever he dies",
    share=2,
    short_s=4,
    run=run,
)
