"""Watchers of live seats while servers, processes of ``boxoffice live`` and the database are killed: each
state that a watcher ever had was that of the show, and in the end all have the last one.

Some watchers do not read for a time, behind snapshots of large shows that fill the way to them.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Final

from tests.chaos.campaign import Campaign, Findings, Stage
from tests.chaos.sale import SEATS, Sale, open_sale, rounds, selling
from tests.chaos.watching import Watcher, untrue
from tests.support.engine.alongside import alongside
from tests.support.engine.databases import connected
from tests.support.engine.eventually import eventually
from tests.support.http.scrape import Scrape
from tests.support.http.viewers import unpacked
from tests.support.process.power import RECOVERY_MAX_S, runs, workers_of
from tests.support.process.program import Program

ROUND_S: Final = 20.0
WATCHED: Final = 3
"""Shows of a round that are watched, each by two watchers; the first one by slow watchers, too."""

SLOW: Final = 2
LARGE: Final = 1_000_000
LARGE_SHOWS: Final = 12
"""Shows that slow watchers ask for, too: their snapshots of 333 KB fill the buffers between two processes. A
short run has none."""

CAUGHT_UP_MAX_S: Final = 30.0
"""Longest wait, in seconds, until all watchers have the last state: clients come back after some of them."""

ENDED_MAX_S: Final = 30.0
"""Seconds within which the processes of ``boxoffice live`` end after it: they wait 10 s for slow watchers."""

EVENTS: Final = "SELECT kind, places FROM all_events WHERE show_id = $1 ORDER BY seq"
TAKES: Final = frozenset({"booked", "held", "confirmed", "extended"})


async def run(stage: Stage) -> Findings:
    """Rounds, each with new shows and new watchers."""
    async with open_sale(stage, lambda dsn: _servers(stage, dsn)) as sale:
        live = Program(stage.folder, DATABASE_URL=sale.cluster.dsn, DB_POOL_MAX="4")
        count = LARGE_SHOWS if stage.seconds >= ROUND_S else 0
        large = [await sale.api.open_show(sale.servers[0].url, LARGE) for _ in range(count)]
        _begin(live)
        await asyncio.to_thread(live.until_ready, "/healthz", RECOVERY_MAX_S)
        try:
            await rounds(sale, stage.seconds, ROUND_S, lambda until: _round(sale, live, large, until))
        finally:
            live.close()
        return sale.findings()


def _servers(stage: Stage, dsn: str) -> list[Program]:
    return [Program(stage.folder, DATABASE_URL=dsn, DB_POOL_MAX="8") for _ in range(2)]


def _begin(live: Program) -> None:
    live.begin("--workers", "2", "--port", str(live.port), command="live")


async def _round(sale: Sale, live: Program, large: list[int], until: float) -> None:
    shows = await sale.open_shows()
    urls = [*(server.url for server in sale.servers), live.url]
    watchers = [Watcher(sale.chance, urls, show_id) for show_id in 2 * shows[:WATCHED]]
    watchers += [Watcher(sale.chance, urls, shows[0], large, slow=True) for _ in range(SLOW)]
    async with alongside(*(watcher.watch() for watcher in watchers)):
        async with selling(sale, shows):
            await _suffer(sale, live, until)
        truth = {show_id: await _states(sale, show_id) for show_id in shows}
        await _caught_up(sale, watchers, truth)
    for server in sale.servers:
        metrics = Scrape((await sale.api.get(server.url, "/metrics")).text)
        sale.counts["frames passed over"] += int(metrics.value("boxoffice_live_skipped_total"))
    for show_id in shows:
        await _ask(sale, show_id, truth[show_id])
    sale.violations += untrue(watchers, truth.__getitem__)
    sale.violations += [text for watcher in watchers for text in watcher.broken]
    sale.counts["states seen"] += sum(len(watcher.seen) for watcher in watchers)
    sale.counts["resumed"] += sum(watcher.resumed for watcher in watchers)
    sale.counts["reset"] += sum(watcher.reset for watcher in watchers)


async def _suffer(sale: Sale, live: Program, until: float) -> None:
    left: list[int] = []

    async def kill_live() -> None:
        left.extend(workers_of(live.process.pid))
        live.end(signal.SIGKILL)
        _begin(live)

    async def kill_worker() -> None:
        workers = workers_of(live.process.pid)
        if workers:  # one that was killed a moment ago may be without any yet
            os.kill(sale.chance.choice(workers), signal.SIGKILL)

    faults = {
        "servers killed": sale.kill_server,
        "live seats killed": kill_live,
        "processes of live seats killed": kill_worker,
        "databases killed": sale.kill_database,
        "both killed": sale.kill_both,
    }
    await sale.suffer(faults, sale.chance.sample(list(faults)[:3], 3), until)
    await _none_left(sale, left)


async def _none_left(sale: Sale, processes: Sequence[int]) -> None:
    """The processes of ``boxoffice live`` end with the one that began them, for they would keep the port."""

    async def ended() -> bool:
        return not any(map(runs, processes))

    try:
        await eventually(ended, "the processes end", wait_max_s=ENDED_MAX_S)
    except AssertionError:
        sale.violations.append("processes of live seats outlive the one that began them")
        for process in filter(runs, processes):
            os.kill(process, signal.SIGKILL)


async def _states(sale: Sale, show_id: int) -> list[bytes]:
    """The states of all seats after each event, as the events say."""
    async with connected(sale.cluster.dsn) as connection:
        rows = await connection.fetch(EVENTS, show_id)
    state = bytearray(SEATS)
    states = [bytes(state)]
    for row in rows:
        for place in row["places"] or ():
            state[place - 1] = row["kind"] in TAKES
        states.append(bytes(state))
    return states


async def _caught_up(sale: Sale, watchers: Sequence[Watcher], truth: dict[int, list[bytes]]) -> None:
    async def all_level() -> bool:
        return all(bytes(watcher.map) == truth[watcher.show_id][-1] for watcher in watchers)

    try:
        await eventually(all_level, "all watchers have the last state", wait_max_s=CAUGHT_UP_MAX_S)
    except AssertionError:
        late = [w.show_id for w in watchers if bytes(w.map) != truth[w.show_id][-1]]
        sale.violations.append(f"watchers of shows {late} were not told all within {CAUGHT_UP_MAX_S:g} s")


async def _ask(sale: Sale, show_id: int, states: list[bytes]) -> None:
    """Both servers tell the last state when they are asked once."""
    for server in sale.servers:
        answer = (await sale.api.get(server.url, f"/api/shows/{show_id}/seat-states")).json()["data"]
        told = bytes(unpacked(answer["states"], answer["total_seats"]))
        if (answer["seq"], told) != (len(states) - 1, states[-1]):
            sale.violations.append(f"show {show_id}: seat-states are not those of event {len(states) - 1}")


CAMPAIGN: Final = Campaign(
    name="live",
    promise="a watcher has true states alone, never goes back, and is told the last one, whoever is killed",
    share=2,
    short_s=3,
    run=run,
)
