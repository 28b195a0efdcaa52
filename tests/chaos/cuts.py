"""Connections are cut at every point of a command's way, and clients retry: there is one effect and one
answer.

Two servers share a database: ``near`` reaches it directly, ``far`` through a proxy that cuts. Each desk has
its own show and sends one command after another, so each event has one cause.
"""

import asyncio
import random
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg
import httpx
import msgspec
from msgspec import Struct

from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.support.engine.box import violations
from tests.support.engine.databases import connected
from tests.support.engine.races import wait_until_blocked
from tests.support.http import client as orders
from tests.support.http.client import Answer, Api, Ask, open_api
from tests.support.network.http_proxy import CuttingProxy, HttpCut, cutting_proxy
from tests.support.network.proxy import Cut, Proxy, proxied
from tests.support.process.power import durable_cluster
from tests.support.process.program import Program

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Pool = asyncpg.Pool

DESKS: Final = 6
TRIALS: Final = 5
"""Trials of each kind that a desk makes in a round."""

SEATS: Final = 500
"""Seats in a show: far more than a desk needs in a round."""

CUTS: Final = tuple(cut for cut in Cut if cut is not Cut.SILENT)
"""Cuts that the server notices at once."""

LOST: Final = frozenset(CUTS) - {Cut.TOLD}
"""Cuts after which the server cannot know whether the command took effect."""

HEARD: Final = {HttpCut.BEFORE_ANSWER, HttpCut.IN_ANSWER}
"""Cuts that come when the server has carried out the command."""

_LOCK: Final = "SELECT FROM show_inventory WHERE show_id = $1 FOR UPDATE"
_EVENTS: Final = """
    SELECT e.seq, e.kind, e.booking_id, e.places AS seats, b.status
    FROM show_events AS e LEFT JOIN bookings AS b USING (show_id, booking_id)
    WHERE e.show_id = $1 AND e.seq > $2 ORDER BY e.seq
"""


class _Trial(Struct):
    """A command and its result. ``effects``: how many effects the command must have."""

    show_id: int
    ask: Ask
    cuts: list[str]
    effects: int
    answers: list[Answer]


class _Site(Struct):
    """The servers and proxies that all desks share."""

    api: Api
    near: str
    far: str
    proxy: Proxy
    cutters: list[CuttingProxy]
    pool: Pool
    dsn: str
    user_id: int
    seed: int
    history: Path
    counts: Counter[str]
    violations: list[str]


class _Desk:
    """A client of one show, which sends one command at a time."""

    def __init__(self, site: _Site, show_id: int) -> None:
        self.site = site
        self.show_id = show_id
        self._chance = random.Random(f"{site.seed} {show_id}")
        self._seq = 1  # event 1 opened the show
        self._blocked = 0

    async def try_at_database(self) -> None:
        """The server loses its database while it runs the command, once or twice."""
        site = self.site
        trial = await self._trial(keyed=self._chance.random() < 0.6, effects=1)
        cuts = self._chance.choices(CUTS, k=self._chance.randint(1, 2))
        trial.cuts = [cut.value for cut in cuts]
        site.proxy.cuts += cuts
        trial.answers.append(await site.api.ask(site.far, trial.ask))
        await self._ask_again(trial)
        await self._judge(trial)

    async def try_at_server(self) -> None:
        """The client loses the server. With a key it repeats the request until the answer comes."""
        site = self.site
        keyed = self._chance.random() < 0.7
        cutters = self._chance.choices(site.cutters, k=self._chance.randint(1, 2) if keyed else 1)
        done = keyed or cutters[0].cut in HEARD
        trial = await self._trial(keyed=keyed, effects=1 if done else 0)
        for cutter in cutters:
            trial.cuts.append(cutter.cut.value)
            await _ask_in_vain(site.api, cutter.url, trial.ask)
        await self._ask_again(trial)
        await self._judge(trial)

    async def try_rivals(self) -> None:
        """Two servers get the same key while neither can go on. The first client may have given up."""
        site = self.site
        trial = await self._trial(keyed=True, effects=1)
        async with connected(site.dsn) as locker, connected(site.dsn) as observer:
            async with locker.transaction():
                await locker.execute(_LOCK, self.show_id)
                tasks = [
                    asyncio.create_task(_insist(site.api, url, trial.ask)) for url in (site.far, site.near)
                ]
                await wait_until_blocked(observer, application_name="boxoffice", count=2)
                if self._chance.random() < 0.5:
                    trial.cuts.append("the first client gave up")
                    tasks.pop(0).cancel()
            trial.answers += await asyncio.gather(*tasks)
        await self._ask_again(trial)
        site.counts["rivals"] += 1
        await self._judge(trial)

    async def expect_no_event(self) -> None:
        """Check that the show has no new event: a statement that arrives late had no effect."""
        for event in await self._new_events():
            self.site.violations.append(f"show {self.show_id}: nobody asked for its event {event}")

    async def _trial(self, *, keyed: bool, effects: int) -> _Trial:
        key = str(uuid.UUID(int=self._chance.getrandbits(128))) if keyed else None
        await self.expect_no_event()
        ask = await self._any_command(key)
        self._seq += ask.effect in ("confirmed", "failed", "cancelled")  # for its hold or sale
        return _Trial(self.show_id, ask, [], effects, [])

    async def _any_command(self, key: str | None) -> Ask:
        """A command that can succeed now. The booking or block that it needs is made first, without a cut."""
        user, count = self.site.user_id, self._chance.randint(1, 3)
        match self._chance.choice(["book", "hold", "confirm", "fail", "cancel", "block"]):
            case "book":
                return orders.book(self.show_id, user, count, key)
            case "hold":
                return orders.hold(self.show_id, user, count, key)
            case "confirm":
                return orders.confirm(await self._made(orders.hold(self.show_id, user, count)), key)
            case "fail":
                return orders.fail(await self._made(orders.hold(self.show_id, user, count)), key)
            case "cancel":
                return orders.cancel(await self._made(orders.book(self.show_id, user, count)), key)
            case _:
                self._blocked += 1
                return orders.block(self.show_id, SEATS + 1 - self._blocked, key)

    async def _made(self, ask: Ask) -> int:
        answer = await self.site.api.ask(self.site.near, ask)
        assert answer.done, answer
        booking_id: int = answer.data["id"]
        return booking_id

    async def _ask_again(self, trial: _Trial) -> None:
        """Repeat a request with a key at both servers; another request with the same key must be refused."""
        site = self.site
        if trial.ask.key is None:
            return
        for url in (site.near, site.far):
            trial.answers.append(await site.api.ask(url, trial.ask))
        other = await site.api.ask(site.near, orders.book(self.show_id, site.user_id, 9, trial.ask.key))
        if other.status != 422:
            self._tell(trial, f"another request with its key was answered {other}")

    async def _judge(self, trial: _Trial) -> None:
        events = await self._new_events()
        site = self.site
        site.counts["trials"] += 1
        site.counts["effects"] += len(events)
        site.counts["replayed"] += sum(answer.replayed for answer in trial.answers)
        if len(events) != trial.effects:
            self._tell(trial, f"it had {len(events)} effects instead of {trial.effects}")
        for answer in trial.answers:
            if not answer.done:
                self._tell(trial, "it was not done")
            elif answer.data != trial.answers[0].data:
                self._tell(trial, "its answers differ")
            elif any(not _tells(answer, event, trial.ask) for event in events):
                self._tell(trial, f"its answer is not what was done: {events}")

    async def _new_events(self) -> list[asyncpg.Record]:
        """The show's events since the last call. Their numbers must follow without a gap."""
        events = await self.site.pool.fetch(_EVENTS, self.show_id, self._seq)
        expected = list(range(self._seq + 1, self._seq + 1 + len(events)))
        if [event["seq"] for event in events] != expected:
            self.site.violations.append(f"show {self.show_id}: a gap in its events after {self._seq}")
        self._seq += len(events)
        return events

    def _tell(self, trial: _Trial, what: str) -> None:
        ask, said = trial.ask, [f"{a.status} {a.code}".strip() for a in trial.answers]
        self.site.violations.append(
            f"show {trial.show_id}: {ask.method} {ask.path} with key {ask.key}, cut {trial.cuts}, "
            f"answered {said}: {what}"
        )
        with self.site.history.open("ab") as history:
            history.write(msgspec.json.encode(trial) + b"\n")


def _tells(answer: Answer, event: asyncpg.Record, ask: Ask) -> bool:
    """Whether the answer agrees with the database."""
    same = (answer.data.get("id"), answer.data.get("status")) == (event["booking_id"], event["status"])
    return same and event["kind"] == ask.effect and answer.seats == sorted(event["seats"])


async def _ask_in_vain(api: Api, url: str, ask: Ask) -> None:
    try:
        answer = await api.ask(url, ask)
    except httpx.TransportError:
        return
    raise AssertionError(f"the way was not cut: {answer}")


async def _insist(api: Api, url: str, ask: Ask) -> Answer:
    """Repeat the request while the answer is that it took too long, as it may be while the show is locked."""
    while (answer := await api.ask(url, ask)).code == "timed_out":
        pass
    return answer


async def run(stage: Stage) -> Findings:
    """Run rounds of all three kinds until the time is up."""
    ends_at = time.monotonic() + stage.seconds
    async with _open_site(stage) as site:
        while site.counts["rounds"] == 0 or time.monotonic() < ends_at:
            desks = [_Desk(site, await site.api.open_show(site.near, SEATS)) for _ in range(DESKS)]
            await _all(desks, _Desk.try_at_database)
            site.proxy.cuts.clear()
            await _all(desks, _Desk.try_at_server)
            await desks[0].try_rivals()
            await asyncio.gather(*(desk.expect_no_event() for desk in desks))
            site.counts["rounds"] += 1
        broken = await violations(site.dsn)
    told = [f"verify, {check}: {text}" for check, texts in broken.items() for text in texts]
    return Findings(_figures(site), site.violations + told)


async def _all(desks: Sequence[_Desk], attempt: Callable[[_Desk], Awaitable[None]]) -> None:
    async def work(desk: _Desk) -> None:
        for _ in range(TRIALS):
            await attempt(desk)

    await asyncio.gather(*map(work, desks))


def _figures(site: _Site) -> Figures:
    counts, made = site.counts, site.proxy.made
    figures: Figures = {f"cuts at the database, {cut.value}": made[cut] for cut in CUTS}
    figures |= {f"cuts at the server, {cutter.cut.value}": cutter.made for cutter in site.cutters}
    return figures | {
        "lost answers of the database, resolved": sum(made[cut] for cut in LOST),
        "keys at two servers at once": counts["rivals"],
        "commands": counts["trials"],
        "effects": counts["effects"],
        "answers replayed": counts["replayed"],
        "rounds": counts["rounds"],
    }


@asynccontextmanager
async def _open_site(stage: Stage) -> AsyncIterator[_Site]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(durable_cluster(stage.folder))
        proxy = await stack.enter_async_context(proxied(cluster.dsn, b"FROM run_batch("))
        programs = [
            Program(stage.folder, DATABASE_URL=dsn, SWEEP_INTERVAL_SECONDS="3600")
            for dsn in (cluster.dsn, proxy.dsn)
        ]
        for program in programs:
            stack.push_async_callback(asyncio.to_thread, program.close)
        await asyncio.gather(*(asyncio.to_thread(program.serve) for program in programs))
        near, far = programs
        cutters = [await stack.enter_async_context(cutting_proxy(cut, near.port)) for cut in HttpCut]
        api = await stack.enter_async_context(open_api())
        yield _Site(
            api=api,
            near=near.url,
            far=far.url,
            proxy=proxy,
            cutters=cutters,
            pool=await stack.enter_async_context(asyncpg.create_pool(cluster.dsn, min_size=1, max_size=4)),
            dsn=cluster.dsn,
            user_id=await api.register(near.url),
            seed=stage.seed,
            history=stage.folder / "cuts.jsonl",
            counts=Counter(),
            violations=[],
        )


CAMPAIGN: Final = Campaign(
    name="cuts",
    promise="a command has one effect and one answer, wherever its connection breaks",
    share=3,
    short_s=4,
    run=run,
)
