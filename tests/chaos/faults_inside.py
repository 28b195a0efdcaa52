"""Random faults at every named point inside the database, under load: all answers are true."""

import asyncio
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count
from typing import Any, Final

from prometheus_client import REGISTRY

from boxoffice.database.migrate import migrate
from boxoffice.engine.encoding import key_hash
from boxoffice.postgres.embedded import start_embedded
from boxoffice.vocabulary.commands import CreateShow
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from boxoffice.vocabulary.views import Booking
from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.chaos.persistent import Answer, Callers
from tests.support.engine.box import ACTOR, Box, open_box, violations
from tests.support.engine.databases import Connection, connected
from tests.support.engine.faults import TERMINATED, Faults, faults_in

STATES: Final = (
    "40001", "40P01", "55P03", "57014", "53100", "53200", "53300", "58030", "XX000", TERMINATED
)  # fmt: skip
CHANCE: Final = 0.02
"""The chance of a fault at each point. A batch passes about ten points."""

SHOWS: Final = 4
SEATS: Final = 4_000
ROUND_S: Final = 20.0
"""Longest round, in seconds. Each round has its own shows, and is judged at its end."""

ASKED_AGAIN_AT_ONCE: Final = 500


async def check(callers: Callers, box: Box, connection: Connection) -> list[str]:
    """A sentence for each difference between the answers and the database, when no point fails any more."""
    done = [answer for answer in callers.answers if not isinstance(answer.outcome, Refused)]
    again: list[Any] = []
    for start in range(0, len(done), ASKED_AGAIN_AT_ONCE):
        some = done[start : start + ASKED_AGAIN_AT_ONCE]
        again += await asyncio.gather(*(box.do(answer.command) for answer in some))
    found = [
        f"{answer.command} was told {answer.outcome} and is told {told} now"
        for answer, told in zip(done, again, strict=True)
        if isinstance(told, Refused) or not told.replayed or not _same(answer.outcome, told)
    ]
    asked = [*(answer.command for answer in callers.answers), *callers.open]
    keys = await connection.fetchval(
        "SELECT count(*) FROM idempotency_keys WHERE key_hash = ANY ($1)",
        [key_hash(ACTOR, command.idempotency_key or "") for command in asked],
    )
    if not len(done) <= keys <= len(done) + len(callers.open):
        found.append(f"{keys} keys had an effect, {len(done)} callers were told so")
    found += await _check_effects(done, callers, connection)
    found += [f"{name}: {texts}" for name, texts in (await violations(box.dsn)).items()]
    return found + callers.violations


def _same(first: Any, again: Any) -> bool:
    if isinstance(first, BookingDone) and isinstance(again, BookingDone):
        return first.booking == again.booking
    return bool(first.show == again.show)


async def _check_effects(done: list[Answer], callers: Callers, connection: Connection) -> list[str]:
    """Compare the bookings and shows with those in the answers, each in its last answered state."""
    undecided = len(callers.open)
    last: dict[int, Booking] = {}
    for answer in done:
        if isinstance(answer.outcome, BookingDone):
            last[answer.outcome.booking.id] = answer.outcome.booking
    rows = await connection.fetch(
        "SELECT booking_id, status FROM bookings WHERE show_id = ANY ($1)", callers.shows
    )
    found = [
        f"booking {row['booking_id']} is {row['status']}, told was {last[row['booking_id']].status}"
        for row in rows
        if row["booking_id"] in last and last[row["booking_id"]].status != row["status"] and not undecided
    ]
    if not len(last) <= len(rows) <= len(last) + undecided:
        found.append(f"there are {len(rows)} bookings, {len(last)} were told")
    opened = sum(isinstance(answer.command, CreateShow) for answer in done)
    shows = await connection.fetchval(
        "SELECT count(*) FROM shows WHERE starts_with(name, $1)", f"{callers.name} "
    )
    if not opened <= shows <= opened + undecided:
        found.append(f"{shows} shows were opened, {opened} were told")
    return found


class Totals:
    """The sums over all rounds."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.asks: list[int] = []

    async def add(self, callers: Callers, faults: Faults, again: float) -> None:
        """Add a round."""
        self.asks += callers.asks
        self.counts["commands answered"] += len(callers.answers)
        self.counts["never answered"] += len(callers.open)
        self.counts["transactions tried again"] += int(again)
        for state in STATES:
            self.counts[f"injected {state}"] += await faults.told(state)
        for name, times in callers.told.items():
            self.counts[f"told {name}"] += times

    def figures(self) -> Figures:
        """The sums, and how often a caller had to send one request."""
        asks = sorted(self.asks)
        quantiles = {f"asks p{part}": asks[len(asks) * part // 100] for part in (50, 99)}
        return {**dict(sorted(self.counts.items())), **quantiles, "asks at most": asks[-1]}


def retries() -> float:
    """How many writes this process has tried again so far."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "boxoffice_write_retries_total"
    )


async def play(callers: Callers, faults: Faults, seconds: float, totals: Totals) -> None:
    """Run a round under faults. At its end no fault is armed."""
    before = retries()
    await faults.arm_all(STATES, CHANCE)
    await callers.call_until(time.monotonic() + seconds)
    await faults.disarm()
    await totals.add(callers, faults, retries() - before)


async def run(stage: Stage) -> Findings:
    """Two engines on one database in which every point fails now and then."""
    chance = random.Random(stage.seed)
    isolation = chance.choice(["serializable", "read_committed"])
    end = time.monotonic() + stage.seconds
    found: list[str] = []
    totals = Totals()
    async with AsyncExitStack() as stack:
        dsn = stack.enter_context(start_embedded(stage.folder, durable=False)).dsn
        await migrate(dsn)
        boxes = [await stack.enter_async_context(open_box(dsn, isolation, pool_max=8)) for _ in range(2)]
        connection = await stack.enter_async_context(connected(dsn))
        faults = await faults_in(connection)
        for number in count(1):
            shows = [await boxes[0].show(SEATS) for _ in range(SHOWS)]
            callers = Callers(f"round {number}", boxes, shows, chance)
            await play(callers, faults, max(1.0, min(ROUND_S, end - time.monotonic())), totals)
            found += await check(callers, boxes[0], connection)
            if time.monotonic() > end or found:
                break
    return Findings({"isolation": isolation, **totals.figures()}, found)


CAMPAIGN: Final = Campaign(
    name="faults inside",
    promise="errors inside the database cost time and nothing else",
    share=2,
    short_s=4,
    run=run,
)
