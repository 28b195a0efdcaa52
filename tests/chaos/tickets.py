"""Bookings by ticket while the server and the database are killed at random: each ticket has one answer."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import uuid4

import httpx
from msgspec import Struct, field

from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.chaos.kills import VICTIMS, kill
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http.client import Api, open_api
from tests.support.process.power import RECOVERY_MAX_S, Cluster, durable_cluster
from tests.support.process.program import Program

CLIENTS: Final = 8
SEATS: Final = 400
"""Seats of a show: fewer than are asked for, so that refusals happen, too."""

LOAD_MAX_S: Final = 1.0
"""Longest load before a kill, in seconds. The length is random, and so is what is under way."""

KILLS_MIN: Final = 3
"""Kills at least: the server, the database, and both."""

BOOKED: Final = """
    SELECT count(*) FILTER (WHERE r.booking_id IS NULL) AS untold,
           count(*) FILTER (WHERE b.created_at >= r.answer_by) AS late
    FROM bookings AS b LEFT JOIN booking_requests AS r USING (show_id, booking_id)
"""
WAITING: Final = "SELECT count(*) FROM booking_requests WHERE state = 'queued'"


class _Site(Struct):
    cluster: Cluster
    program: Program
    api: Api
    user_id: int
    chance: random.Random
    told: dict[str, str] = field(default_factory=dict)
    """What was told of each ticket that was acknowledged: its last state, with the status of the answer."""
    kills: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


async def run(stage: Stage) -> Findings:
    """Ask and kill until the time is up; then every ticket is asked for, and the database is checked."""
    ends_at = time.monotonic() + stage.seconds
    async with _open_site(stage) as site:
        while not site.violations and (site.kills.total() < KILLS_MIN or time.monotonic() < ends_at):
            await _cycle(site, VICTIMS[site.kills.total() % 3])
        states = Counter(site.told.values())
    figures: Figures = {f"kills of {what}": count for what, count in sorted(site.kills.items())}
    return Findings(figures | {f"told {state}": count for state, count in states.items()}, site.violations)


async def _cycle(site: _Site, victim: str) -> None:
    show_id = await site.api.open_show(site.program.url, SEATS)
    clients = [asyncio.create_task(_client(site, show_id)) for _ in range(CLIENTS)]
    try:
        await asyncio.sleep(site.chance.uniform(0.2, LOAD_MAX_S))  # the length of the load
        site.kills[victim] += 1
        await kill(site.program, site.cluster, victim)
        await asyncio.sleep(site.chance.uniform(0.2, LOAD_MAX_S))  # the length of the load
    finally:
        for client in clients:
            client.cancel()
        await asyncio.wait(clients)
    await _check(site)


async def _client(site: _Site, show_id: int) -> None:
    """Asks for tickets, and now and then for what became of one."""
    async with httpx.AsyncClient(timeout=30) as http:
        while True:
            with suppress(httpx.TransportError):
                await _ask(site, http, show_id)
                if site.told:
                    await _look(site, http, site.chance.choice(list(site.told)))
            await asyncio.sleep(0)


async def _ask(site: _Site, http: httpx.AsyncClient, show_id: int) -> None:
    headers = {"Prefer": "respond-async", "Idempotency-Key": uuid4().hex}
    body = {"show_id": show_id, "user_id": site.user_id, "seats_booked": 1}
    response = await http.post(f"{site.program.url}/api/bookings", json=body, headers=headers)
    if response.status_code == 202:
        site.told[response.json()["data"]["ticket"]] = "queued"


async def _look(site: _Site, http: httpx.AsyncClient, ticket: str) -> None:
    """What a ticket is told now must be what it was told before, unless it waited then."""
    before = site.told[ticket]
    response = await http.get(f"{site.program.url}/api/requests/{ticket}")
    if response.status_code == 404:
        site.violations.append(f"{ticket} was acknowledged, and is not there")
    if response.status_code != 200:
        return
    data = response.json()["data"]
    now = data["state"] + (f" {data['answer']['status']}" if data["answer"] else "")
    if before not in ("queued", now):
        site.violations.append(f"{ticket} was told '{before}', and then '{now}'")
    if now != "queued":
        site.told[ticket] = now


async def _check(site: _Site) -> None:
    """All tickets are answered, and what was told is what happened."""

    async def all_answered() -> bool:
        async with connected(site.cluster.dsn) as connection:
            return bool(await connection.fetchval(WAITING) == 0)

    await eventually(all_answered, "an answer to every ticket", wait_max_s=RECOVERY_MAX_S)
    async with httpx.AsyncClient(timeout=30) as http:
        for ticket, state in list(site.told.items()):
            if state == "queued":
                await _look(site, http, ticket)
    left = [ticket for ticket, state in site.told.items() if state == "queued"]
    site.violations += [f"{ticket} was not answered" for ticket in left]
    async with connected(site.cluster.dsn) as connection:
        [row] = await connection.fetch(BOOKED)
    if row["untold"] or row["late"]:
        site.violations.append(
            f"{row['untold']} bookings without a ticket, {row['late']} after the end of one"
        )
    checks = await violations(site.cluster.dsn)
    site.violations += [f"verify, {check}: {text}" for check, texts in checks.items() for text in texts]


@asynccontextmanager
async def _open_site(stage: Stage) -> AsyncIterator[_Site]:
    async with durable_cluster(stage.folder) as cluster, open_api() as api:
        program = Program(stage.folder, DATABASE_URL=cluster.dsn)
        try:
            program.serve()
            yield _Site(cluster, program, api, await api.register(program.url), random.Random(stage.seed))
        finally:
            program.close()


CAMPAIGN: Final = Campaign(
    name="tickets",
    promise="a ticket has one answer that never changes; a booking was told by its ticket, and made in time",
    share=2,
    short_s=0,  # tests/requests has short ones; to start three times takes most of a minute
    run=run,
)
