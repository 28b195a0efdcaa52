"""A broker, a webhook and watchers while the server and the database are killed at random: everybody is told
everything, in order for each show, and what comes twice comes under its id.

The broker is Redis, which keeps each event once. The watcher is a client of live seats that comes back with
its position after each kill; in the end its map is that of the database.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import redis.asyncio as redis
from msgspec import Struct, field

from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.chaos.kills import VICTIMS, kill
from tests.support.brokers.servers import redis_server
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http.client import Api, open_api
from tests.support.http.viewers import unpacked
from tests.support.process.power import RECOVERY_MAX_S, Cluster, durable_cluster
from tests.support.process.program import Program
from tests.support.webhooks.receiver import Receiver, open_receiver

BUYERS: Final = 8
SEATS: Final = 400
LOAD_MAX_S: Final = 1.0
"""Longest load before and after a kill, in seconds. The length is random, and so is what is under way."""

KILLS_MIN: Final = 3
"""Kills at least: the server, the database, and both."""

TOLD_MAX_S: Final = RECOVERY_MAX_S + 60.0
"""Longest wait until everybody was told, in seconds: leases of a killed process last 15 s, and a webhook that
failed is tried again after a minute."""

EVENTS: Final = """
    SELECT show_id, show_id || '-' || seq || '-' || encode(substr(link, 1, 4), 'hex') AS id
    FROM all_events WHERE show_id = ANY ($1) ORDER BY show_id, seq
"""
STATES: Final = """
    SELECT CASE WHEN s.place IS NULL THEN 0 WHEN s.booking_id IS NULL THEN 2 ELSE 1 END
    FROM show_inventory AS i CROSS JOIN generate_series(1, i.total_places) AS p (place)
    LEFT JOIN booking_seats AS s ON s.show_id = i.show_id AND s.place = p.place
    WHERE i.show_id = $1 ORDER BY p.place
"""


class _Site(Struct):
    cluster: Cluster
    program: Program
    api: Api
    user_id: int
    broker: Any
    receiver: Receiver
    chance: random.Random
    shows: list[int] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class _Watcher:
    """A client of live seats of one show, which keeps a map and comes back with its position."""

    def __init__(self, site: _Site, show_id: int) -> None:
        self._site = site
        self._show_id = show_id
        self._after = ""
        self.map: list[int] = []
        self.seq = 0

    async def watch(self) -> None:
        """Asks for what follows, whoever is killed meanwhile."""
        async with httpx.AsyncClient(timeout=10) as http:
            while True:
                with suppress(httpx.TransportError, json.JSONDecodeError):
                    await self._ask(http)
                await asyncio.sleep(0.01)  # a page that polls

    async def _ask(self, http: httpx.AsyncClient) -> None:
        url = f"{self._site.program.url}/api/shows/{self._show_id}/live?wait=1&after={self._after or '0'}"
        answer = await http.get(url)
        if answer.status_code != 200:
            return
        told = answer.json()["data"]
        self._after = told["position"]
        for event in told["events"]:
            self._take(event["event"], event["data"])

    def _take(self, name: str, data: dict[str, Any]) -> None:
        if name == "snapshot":
            self.map, self.seq = unpacked(data["states"], data["total_seats"]), data["seq"]
        elif name == "seats" and data["seq"] > self.seq:
            for state, word in enumerate(("free", "taken", "blocked")):
                for first, last in data.get(word, ()):
                    self.map[first - 1 : last] = [state] * (last - first + 1)
            self.seq = data["seq"]


async def run(stage: Stage) -> Findings:
    """Sell and kill until the time is up; then everybody must have been told everything."""
    ends_at = time.monotonic() + stage.seconds
    async with _open_site(stage) as site:
        while not site.violations and (site.kills.total() < KILLS_MIN or time.monotonic() < ends_at):
            await _cycle(site, VICTIMS[site.kills.total() % 3])
        twice = len(site.receiver.got) - len({got.id for got in site.receiver.got})
        figures: Figures = {f"kills of {what}": count for what, count in sorted(site.kills.items())}
        return Findings(
            figures | {"messages": len(site.receiver.got), "messages that came twice": twice}, site.violations
        )


async def _cycle(site: _Site, victim: str) -> None:
    show_id = await site.api.open_show(site.program.url, SEATS)
    site.shows.append(show_id)
    watcher = _Watcher(site, show_id)
    watching = asyncio.create_task(watcher.watch())
    buyers = [asyncio.create_task(_buy(site, show_id)) for _ in range(BUYERS)]
    try:
        await asyncio.sleep(site.chance.uniform(0.2, LOAD_MAX_S))  # the length of the load
        site.kills[victim] += 1
        await kill(site.program, site.cluster, victim)
        await asyncio.sleep(site.chance.uniform(0.2, LOAD_MAX_S))  # the length of the load
    finally:
        for buyer in buyers:
            buyer.cancel()
        await asyncio.wait(buyers)
    await _check(site, show_id, watcher)
    watching.cancel()
    await asyncio.wait([watching])


async def _buy(site: _Site, show_id: int) -> None:
    """Books seats, and cancels some of them."""
    async with httpx.AsyncClient(timeout=30) as http:
        while True:
            with suppress(httpx.TransportError):
                body = {
                    "show_id": show_id,
                    "user_id": site.user_id,
                    "seats_booked": site.chance.randint(1, 3),
                }
                booked = await http.post(f"{site.program.url}/api/bookings", json=body)
                if booked.status_code == 201 and site.chance.random() < 0.3:
                    await http.delete(f"{site.program.url}/api/bookings/{booked.json()['data']['id']}")
            await asyncio.sleep(0)


async def _check(site: _Site, show_id: int, watcher: _Watcher) -> None:
    """Whether the broker, the webhook and the watcher have everything, in order, and nothing else."""
    async with connected(site.cluster.dsn) as connection:
        ids = [row["id"] for row in await connection.fetch(EVENTS, [show_id])]
        states = [row[0] for row in await connection.fetch(STATES, show_id)]

    async def all_told() -> bool:
        got = {one.id for one in site.receiver.got if one.show_id == show_id}
        watched = watcher.seq >= len(ids) or watcher.map == states
        return got >= set(ids) and await site.broker.xlen(f"bo:show:{show_id}") >= len(ids) and watched

    try:
        await eventually(all_told, "everybody knows", wait_max_s=TOLD_MAX_S)
    except AssertionError:
        site.violations.append(f"not everybody was told of show {show_id} within {TOLD_MAX_S:g} s")
    entries = await site.broker.xrange(f"bo:show:{show_id}")
    kept = [json.loads(fields["event"])["id"] for _, fields in entries]
    if kept != ids:
        site.violations.append(f"show {show_id}: the broker has {len(kept)} events, the database {len(ids)}")
    news = list(dict.fromkeys(one.id for one in site.receiver.got if one.show_id == show_id))
    if news != ids:
        site.violations.append(
            f"show {show_id}: the webhook got {len(news)} of {len(ids)} events, or disordered"
        )
    if watcher.map != states:
        site.violations.append(f"show {show_id}: the map of the watcher is not that of the database")
    checks = await violations(site.cluster.dsn)
    site.violations += [f"verify, {check}: {text}" for check, texts in checks.items() for text in texts]


@asynccontextmanager
async def _open_site(stage: Stage) -> AsyncIterator[_Site]:
    async with durable_cluster(stage.folder) as cluster, open_api() as api, open_receiver() as receiver:
        with redis_server() as server:
            program = Program(
                stage.folder,
                DATABASE_URL=cluster.dsn,
                RELAY_URLS=server.url,
                WEBHOOK_SECRET_KEY="0123456789abcdef0123456789abcdef",
                WEBHOOK_ALLOW_NETWORKS="127.0.0.0/8",
                WEBHOOK_ALLOW_HTTP="true",
            )
            broker: Any = redis.Redis(port=urlsplit(server.url).port or 0, protocol=2, decode_responses=True)
            try:
                program.serve()
                hook = {"name": "Shop", "url": receiver.url}
                async with httpx.AsyncClient() as http:
                    answer = await http.post(f"{program.url}/api/webhooks", json=hook)
                assert answer.status_code == 201, answer.text
                user_id = await api.register(program.url)
                chance = random.Random(stage.seed)
                yield _Site(cluster, program, api, user_id, broker, receiver, chance)
            finally:
                program.close()
                await broker.aclose()


CAMPAIGN: Final = Campaign(
    name="telling",
    promise="a broker, a webhook and a watcher are told everything, in order, whoever is killed",
    share=2,
    short_s=0,  # tests/relay, tests/webhooks and tests/live have short ones
    run=run,
)
