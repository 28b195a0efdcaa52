"""Bookings by ticket while servers, the database and RabbitMQ are killed at random: each has one answer.

Two servers work on one database. In the first half of the time the tickets wait in PostgreSQL, in the second
half in RabbitMQ.
"""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

import aio_pika
import httpx
from msgspec import Struct, field
from msgspec.structs import replace

from boxoffice.requests.rabbitmq import DEAD
from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.chaos.kills import VICTIMS, kill
from tests.support.brokers.servers import Broker, rabbitmq_server
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http.client import Api, open_api
from tests.support.process.power import RECOVERY_MAX_S, Cluster, durable_cluster
from tests.support.process.program import Program

CLIENTS: Final = 8
SEATS: Final = 200
"""Seats of a show: fewer than are asked for, so that refusals happen, too."""

LOAD_MAX_S: Final = 3.0
"""Longest load before a kill, in seconds. The length is random, and so is what is under way."""

LOOKED_AT: Final = 0.25
"""How often a client asks for what became of a ticket, for each one that it asks for."""

TICKETS_MIN: Final = 1_000
"""Tickets at least that are given in each half, 2,000 in all."""

BOOKED: Final = """
    SELECT count(*) FILTER (WHERE r.booking_id IS NULL) AS untold,
           count(*) - count(DISTINCT (b.show_id, b.booking_id)) AS told_twice,
           count(*) FILTER (WHERE b.created_at >= r.answer_by) AS late
    FROM bookings AS b LEFT JOIN booking_requests AS r USING (show_id, booking_id)
"""


class _Site(Struct):
    cluster: Cluster
    programs: list[Program]
    broker: Broker | None
    api: Api
    user_id: int
    chance: random.Random
    told: dict[str, str] = field(default_factory=dict)
    """What was told of each ticket that was acknowledged: its last state, with the status of the answer."""
    kills: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def victims(self) -> tuple[str, ...]:
        """What is killed in turn."""
        return VICTIMS if self.broker is None else (*VICTIMS, "broker", "database, then servers")

    def url(self) -> str:
        """One of the servers."""
        return self.chance.choice(self.programs).url


async def run(stage: Stage) -> Findings:
    """Half of the time without RabbitMQ, half of it with."""
    half = replace(stage, seconds=stage.seconds / 2)
    without = await _run(half, None)
    if without.violations:
        return without
    with rabbitmq_server() as broker:
        found = await _run(half, broker)
    return Findings(
        {f"{name}, in PostgreSQL": figure for name, figure in without.figures.items()}
        | {f"{name}, in RabbitMQ": figure for name, figure in found.figures.items()},
        found.violations,
    )


async def _run(stage: Stage, broker: Broker | None) -> Findings:
    """Ask and kill until the time is up; then every ticket is asked for, and the database is checked."""
    ends_at = time.monotonic() + stage.seconds
    async with _open_site(stage, broker) as site:
        while not site.violations and (_lacks(site) or time.monotonic() < ends_at):
            await _cycle(site, site.victims[site.kills.total() % len(site.victims)])
        states = Counter(site.told.values())
    figures: Figures = {f"kills of {what}": count for what, count in sorted(site.kills.items())}
    figures |= {"tickets": len(site.told)} | {f"told {state}": count for state, count in states.items()}
    return Findings(figures, site.violations)


def _lacks(site: _Site) -> bool:
    """Whether something was not killed yet, or too few tickets were given."""
    return site.kills.total() < len(site.victims) or len(site.told) < TICKETS_MIN


async def _cycle(site: _Site, victim: str) -> None:
    show_id = await site.api.open_show(site.url(), SEATS)
    clients = [asyncio.create_task(_client(site, show_id)) for _ in range(CLIENTS)]
    try:
        await asyncio.sleep(site.chance.uniform(0.2, LOAD_MAX_S))  # the length of the load
        site.kills[victim] += 1
        await _kill(site, victim)
        await asyncio.sleep(site.chance.uniform(0.2, LOAD_MAX_S))  # the length of the load
    finally:
        for client in clients:
            client.cancel()
        await asyncio.wait(clients)
    await _check(site)


async def _kill(site: _Site, victim: str) -> None:
    if victim in VICTIMS:
        await kill(site.chance.choice(site.programs), site.cluster, victim)
    elif victim == "broker" and site.broker is not None:
        site.broker.kill()
        await asyncio.to_thread(site.broker.start)
    else:
        await _kill_in_an_outage(site)


async def _kill_in_an_outage(site: _Site) -> None:
    """RabbitMQ takes tickets while PostgreSQL is away, and the servers that have them by then are killed."""
    site.cluster.kill()
    await asyncio.sleep(site.chance.uniform(0.2, LOAD_MAX_S))  # the length of the outage
    for program in site.programs:
        program.end(signal.SIGKILL)
    site.cluster.start()
    for program in site.programs:
        await asyncio.to_thread(program.serve)


async def _client(site: _Site, show_id: int) -> None:
    """Asks for tickets, and now and then for what became of one."""
    async with httpx.AsyncClient(timeout=30) as http:
        while True:
            with suppress(httpx.TransportError):
                await _ask(site, http, show_id)
                if site.told and site.chance.random() < LOOKED_AT:
                    await _look(site, http, site.chance.choice(list(site.told)))
            await asyncio.sleep(0)


async def _ask(site: _Site, http: httpx.AsyncClient, show_id: int) -> None:
    headers = {"Prefer": "respond-async", "Idempotency-Key": uuid4().hex}
    body = {"show_id": show_id, "user_id": site.user_id, "seats_booked": 1}
    response = await http.post(f"{site.url()}/api/bookings", json=body, headers=headers)
    if response.status_code == 202:
        site.told[response.json()["data"]["ticket"]] = "queued"


async def _look(site: _Site, http: httpx.AsyncClient, ticket: str) -> None:
    """What a ticket is told now must be what it was told before, unless it waited then."""
    before = site.told[ticket]
    response = await http.get(f"{site.url()}/api/requests/{ticket}")
    if response.status_code == 404:
        site.violations.append(f"{ticket} was acknowledged, and is not there")
    if response.status_code != 200:
        return
    data = response.json()["data"]
    now = data["state"] + (f" {data['answer']['status']}" if data["answer"] else "")
    if now == "queued" and site.broker is not None:
        return  # while PostgreSQL is away, any ticket of RabbitMQ says so by its signature
    if before not in ("queued", now):
        site.violations.append(f"{ticket} was told '{before}', and then '{now}'")
    if now != "queued":
        site.told[ticket] = now


async def _check(site: _Site) -> None:
    """All tickets are answered, and what was told is what happened."""

    async with httpx.AsyncClient(timeout=30) as http:

        async def all_answered() -> bool:
            left = [ticket for ticket, state in site.told.items() if state == "queued"]
            with suppress(httpx.TransportError):
                for ticket in left:
                    await _look(site, http, ticket)
            return "queued" not in site.told.values()

        await eventually(all_answered, "an answer to every ticket", wait_max_s=RECOVERY_MAX_S)
    if site.broker is not None and (aside := await _aside(site.broker)):
        site.violations.append(f"{aside} messages were put aside")
    async with connected(site.cluster.dsn) as connection:
        [row] = await connection.fetch(BOOKED)
    if any(row.values()):
        site.violations.append(f"bookings that are not as told: {dict(row)}")
    checks = await violations(site.cluster.dsn)
    site.violations += [f"verify, {check}: {text}" for check, texts in checks.items() for text in texts]


async def _aside(broker: Broker) -> int:
    """How many messages RabbitMQ has put aside: those that nobody could read, or that came too often."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(DEAD, passive=True)
        return queue.declaration_result.message_count or 0


@asynccontextmanager
async def _open_site(stage: Stage, broker: Broker | None) -> AsyncIterator[_Site]:
    folder = stage.folder / ("postgresql" if broker is None else "rabbitmq")
    folder.mkdir()
    queue = {} if broker is None else {"BOOKING_QUEUE_URL": broker.url}
    async with durable_cluster(folder) as cluster, open_api() as api:
        programs = [Program(folder, DATABASE_URL=cluster.dsn, **queue) for _ in range(2)]
        try:
            for program in programs:
                program.serve()
            user_id = await api.register(programs[0].url)
            yield _Site(cluster, programs, broker, api, user_id, random.Random(stage.seed))
        finally:
            for program in programs:
                program.close()


CAMPAIGN: Final = Campaign(
    name="tickets",
    promise="a ticket has one answer that never changes; a booking was told by its ticket, and made in time",
    share=2,
    short_s=0,  # tests/requests has short ones; to start three times takes most of a minute
    run=run,
)
