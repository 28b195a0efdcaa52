"""The power of the database is cut under load, again and again: every acknowledged booking is there."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Final

import msgspec
from msgspec import Struct

from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http.client import Api, open_api
from tests.support.process.power import RECOVERY_MAX_S, Cluster, durable_cluster
from tests.support.process.program import Program
from tests.support.proof.buyers import Crowd, crowd_at_work
from tests.support.proof.ledger import Ledger

CLIENTS: Final = 12
SEATS: Final = 20_000
CYCLES_MIN: Final = 2
"""Cycles at least, so that both kinds happen: the database dies alone, and together with the server."""

LOAD_MAX_S: Final = 0.6
"""Longest load before the cut, in seconds. The length is random, and so is what is under way at the cut."""


class _Site(Struct):
    cluster: Cluster
    program: Program
    api: Api
    user_id: int
    chance: random.Random
    ledgers: list[Ledger]
    recovery_ms: list[float]
    counts: Counter[str]
    violations: list[str]


async def run(stage: Stage) -> Findings:
    """Run cycles until the time is up. In every other cycle the server is killed, too."""
    ends_at = time.monotonic() + stage.seconds
    async with _open_site(stage) as site:
        while not site.violations and (len(site.ledgers) < CYCLES_MIN or time.monotonic() < ends_at):
            try:
                await _cycle(site, server_too=len(site.ledgers) % 2 == 1)
            except AssertionError as error:
                site.violations.append(f"in cycle {len(site.ledgers)}: {error}")
        if site.violations:
            _keep(site.ledgers, stage.folder / "crashes.jsonl")
    return Findings(_figures(site), site.violations)


def _keep(ledgers: list[Ledger], file: Path) -> None:
    file.write_bytes(b"".join(msgspec.json.encode(ledger) + b"\n" for ledger in ledgers))


async def _cycle(site: _Site, *, server_too: bool) -> None:
    """Load, cut, restart, load until a booking is acknowledged again; then the database is checked."""
    ledger = Ledger(await site.api.open_show(site.program.url, SEATS))
    site.ledgers.append(ledger)
    crowd = Crowd(site.api, site.program.url, site.user_id, ledger, site.chance)
    async with crowd_at_work(crowd, CLIENTS):
        await _answered(crowd, 20)
        await asyncio.sleep(site.chance.uniform(0, LOAD_MAX_S))
        killed_at = time.monotonic()
        if server_too:
            site.program.end(signal.SIGKILL)
        site.cluster.kill()
        site.cluster.start()
        started_at = datetime.now(UTC)
        if server_too:
            await asyncio.to_thread(site.program.serve)
        await eventually(
            lambda: _sold_since(crowd, started_at),
            "a booking after the power cut",
            wait_max_s=RECOVERY_MAX_S,
        )
        first = min(seen for seen, made_at in crowd.acknowledged if made_at > started_at)
        await _answered(crowd, 20)
    site.recovery_ms.append((first - killed_at) * 1000)
    site.counts.update(crowd.answers)
    site.violations += crowd.told + await _broken(site)


async def _answered(crowd: Crowd, more: int) -> None:
    wanted = len(crowd.acknowledged) + more

    async def enough() -> bool:
        return len(crowd.acknowledged) >= wanted

    await eventually(enough, f"{more} more bookings are acknowledged")


async def _sold_since(crowd: Crowd, moment: datetime) -> bool:
    return bool(crowd.acknowledged) and crowd.acknowledged[-1][1] > moment


async def _broken(site: _Site) -> list[str]:
    async with connected(site.cluster.dsn) as connection:
        lost = [text for ledger in site.ledgers for text in await ledger.compare(connection)]
    checks = await violations(site.cluster.dsn)
    return lost + [f"verify, {check}: {text}" for check, texts in checks.items() for text in texts]


def _figures(site: _Site) -> Figures:
    lost = sum("was acknowledged with" in violation for violation in site.violations)
    times = sorted(site.recovery_ms)
    figures: Figures = {
        "cycles": len(site.ledgers),
        "of them with the server killed too": len(site.ledgers) // 2,
        "bookings acknowledged": sum(len(ledger.entries) for ledger in site.ledgers),
        "lost": lost,
        "new bookings never answered": sum(ledger.unknown for ledger in site.ledgers),
        "recovery_ms, p50": round(times[len(times) // 2]),
        "recovery_ms, p95": round(quantiles(times, n=20)[-1]) if len(times) > 20 else round(times[-1]),
    }
    return figures | {f"answers {answer}": count for answer, count in sorted(site.counts.items())}


@asynccontextmanager
async def _open_site(stage: Stage) -> AsyncIterator[_Site]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(durable_cluster(stage.folder))
        program = Program(stage.folder, DATABASE_URL=cluster.dsn)
        stack.callback(program.close)
        program.serve()
        api = await stack.enter_async_context(open_api())
        user_id = await api.register(program.url)
        yield _Site(cluster, program, api, user_id, random.Random(stage.seed), [], [], Counter(), [])


CAMPAIGN: Final = Campaign(
    name="crashes",
    promise="what was acknowledged outlives a power cut of the database, and the server recovers by itself",
    share=4,
    short_s=6,
    run=run,
)
