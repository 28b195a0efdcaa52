"""Bots that hold seats again and again over HTTP. The shows' events prove that they never get more than their
share.

After a hold that lasted t seconds and was not sold, its user can begin no hold in that show for t * C / T
seconds (C is the cool-down, T the longest hold). Let H be the number of holds that may be active at once.
Then the holds of a user in a show, each with its pause, fit into H rows in which they do not overlap. In W
seconds a row has holds for W * T / (T + C) seconds at most. There may be L * C / (T + C) seconds more,
because the pause after the last hold, of the longest lifetime L, may lie behind the end.
"""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Final

from msgspec import Struct

from boxoffice.access.callers import Role
from boxoffice.access.key_desk import KeyDesk
from boxoffice.database.migrate import migrate
from boxoffice.engine.runtime import open_store
from boxoffice.postgres.embedded import start_embedded
from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.chaos.hoarders import (
    COOLDOWN_S,
    HOLD_S,
    HOLDS_MAX,
    HOLDS_PER_SHOW_MAX,
    LIFE_S,
    PLANS,
    REFUSALS,
    SEATS_MAX,
    Bot,
    Place,
    buy_once,
    client_of_the_shop,
    hoard,
    person,
)
from tests.support.engine.box import open_box, violations
from tests.support.engine.databases import Connection, connected
from tests.support.http.identity import ALGORITHM, AUDIENCE, ISSUER, Provider
from tests.support.process.program import Program
from tests.support.settings import settings_for

SERVERS: Final = 2
SHOWS: Final = 4
SEATS: Final = 100_000
"""Seats in a show: enough for bots and families together, so that only a cap can refuse a request."""

BOTS: Final = 2 * len(PLANS)
"""Bots: a person with a token and a client of the shop follow each plan."""

ROUND_S: Final = 30.0
"""Longest round, in seconds. Each round has its own shows and users."""

SHORTEST_ROUND_S: Final = 3.5
"""Seconds in which bots without a cool-down would get more than their share: longer than any hold lives."""

# A hold is over when it was sold or given back, or else at its last end.
_HOLDS: Final = """
    SELECT h.show_id, h.booking_id, h.user_id, cardinality(h.places) AS seats, h.at AS began, LEAST(
        max((e.details ->> 'expires_at')::timestamptz),
        min(e.at) FILTER (WHERE e.kind IN ('confirmed', 'cancelled', 'failed'))
    ) AS ended
    FROM show_events AS h JOIN show_events AS e USING (show_id, booking_id)
    WHERE h.show_id = ANY ($1) AND h.kind = 'held'
    GROUP BY h.show_id, h.seq
"""


class Held(Struct, frozen=True):
    """A hold, and the times between which it had its seats, by the database's clock."""

    show_id: int
    booking_id: int
    user_id: int
    seats: int
    began: datetime
    ended: datetime


def most_at_once(holds: Iterable[Held]) -> int:
    """How many holds were active at the same moment at most; the moment of its end is not part of a hold."""
    changes = [change for hold in holds for change in ((hold.began, 1), (hold.ended, -1))]
    return max(accumulate(change for _, change in sorted(changes)), default=0)


def seat_seconds(holds: Iterable[Held], until: datetime) -> float:
    """The sum of seats times seconds over the holds, up to that time."""
    return sum(hold.seats * (min(hold.ended, until) - hold.began).total_seconds() for hold in holds)


def seat_seconds_max(observed_s: float) -> float:
    """The most seat-seconds that one user may have in one show in so many seconds."""
    rows = HOLDS_PER_SHOW_MAX * SEATS_MAX
    return rows * (observed_s * HOLD_S + LIFE_S * COOLDOWN_S) / (HOLD_S + COOLDOWN_S)


class Totals:
    """The sums over all rounds, and the violations."""

    def __init__(self) -> None:
        self.told = Counter[str]()
        self.families = self.holds = 0
        self.shares: list[float] = []
        self.found: list[str] = []

    def judge(self, bots: Iterable[Bot], holds: Iterable[Held], until: datetime) -> None:
        """Judge a round: every bot, in each show and in all shows together."""
        by_user: dict[int, list[Held]] = defaultdict(list)
        for held in holds:
            by_user[held.user_id].append(held)
        for bot in bots:
            mine = by_user[bot.user_id]
            self.holds += len(mine)
            self.told += bot.told
            self.found += [
                f"bot {bot.user_id} was told {code}"
                for code in bot.told
                if code not in REFUSALS | {"held", "cancelled", "extended", "timed_out", "overloaded"}
            ]
            if (most := most_at_once(mine)) > HOLDS_MAX:
                self.found.append(f"bot {bot.user_id} had {most} holds at once in all shows")
            for show in bot.shows:
                self._judge(bot.user_id, show, [hold for hold in mine if hold.show_id == show], until)

    def _judge(self, user_id: int, show: int, holds: list[Held], until: datetime) -> None:
        if not holds:
            return
        name = f"bot {user_id} in show {show} (bookings {[hold.booking_id for hold in holds]})"
        if (most := most_at_once(holds)) > HOLDS_PER_SHOW_MAX:
            self.found.append(f"{name} had {most} holds at once")
        observed_s = (until - min(hold.began for hold in holds)).total_seconds()
        had, limit = seat_seconds(holds, until), seat_seconds_max(observed_s)
        self.shares.append(had / limit)
        if had > limit:
            self.found.append(
                f"{name} held {had:.2f} seat-seconds of {observed_s:.2f} s, more than {limit:.2f}"
            )

    def figures(self) -> Figures:
        """The sums. The bots' share is the part that they got of what the rule allows."""
        refusals = {f"refused {code}": count for code, count in sorted(self.told.items()) if code in REFUSALS}
        shares = sorted(self.shares) or [0.0]
        return {
            "requests of bots": self.told.total(),
            "holds of bots": self.holds,
            **refusals,
            "families served": self.families,
            "share of the bound p50 %": round(100 * shares[len(shares) // 2], 1),
            "share of the bound most %": round(100 * shares[-1], 1),
        }


async def play(place: Place, totals: Totals, connection: Connection, seed: float, seconds: float) -> None:
    """Run a round: bots, and families one after another; then read the events."""
    chance = random.Random(seed)
    end = time.monotonic() + seconds

    async def families() -> None:
        while time.monotonic() < end:
            name = f"family-{seed}-{totals.families}"
            held, sold = await buy_once(place, name, chance.choice(place.shows))
            totals.families += 1
            if 400 <= held.status < 500:
                totals.found.append(f"{name} was refused: {held.code}")
            if sold is not None and sold.status == 409:
                totals.told[f"family {sold.code}"] += 1

    async with AsyncExitStack() as opened:
        bots: list[Bot] = []
        for number in range(BOTS):
            kind = person if number % 2 else client_of_the_shop
            api, user_id = await opened.enter_async_context(kind(place, f"bot-{seed}-{number}"))
            bots.append(Bot(api, user_id, place, random.Random(f"{seed} {number}")))
        plans = [hoard(bot, PLANS[number // 2], end) for number, bot in enumerate(bots)]
        await asyncio.gather(families(), *plans)
    until = await connection.fetchval("SELECT clock_timestamp()")
    rows = await connection.fetch(_HOLDS, place.shows)
    totals.judge(bots, [Held(**row) for row in rows], until)


def servers_on(dsn: str, folder: Path, provider: Provider) -> list[Program]:
    """Servers with authentication, short holds and small caps, which are not started yet."""
    settings = {
        "DATABASE_URL": dsn,
        "AUTH": "on",
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
        "JWT_ALGORITHM": ALGORITHM,
        "JWT_PUBLIC_KEY": provider.public_pem,
        "RATE_READS_PER_MINUTE": "1000000",
        "RATE_WRITES_PER_MINUTE": "1000000",
        "BOOKING_EXPIRY_MINUTES": str(HOLD_S / 60),
        "HOLD_LIFETIME_MINUTES_MAX": str(LIFE_S / 60),
        "HOLD_COOLDOWN_SECONDS": str(COOLDOWN_S),
        "HOLD_SECONDS_MIN": str(HOLD_S / 3),
        "BOOKINGS_MADE_PER_USER_AND_SHOW_MAX": "100000",
        "HOLDS_PER_USER_MAX": str(HOLDS_MAX),
        "HOLDS_PER_USER_AND_SHOW_MAX": str(HOLDS_PER_SHOW_MAX),
        "SWEEP_INTERVAL_SECONDS": "0.2",
        "DB_POOL_MAX": "8",
        "LOG_LEVEL": "error",
    }
    return [Program(folder, **settings) for _ in range(SERVERS)]


async def run(stage: Stage) -> Findings:
    """Two servers, and as many rounds as there is time for."""
    chance = random.Random(stage.seed)
    end = time.monotonic() + stage.seconds
    totals = Totals()
    provider = Provider()
    async with AsyncExitStack() as opened:
        dsn = opened.enter_context(start_embedded(stage.folder / "cluster", durable=False)).dsn
        await migrate(dsn)
        connection = await opened.enter_async_context(connected(dsn))
        store = await opened.enter_async_context(open_store(settings_for(dsn)))
        shop_key = (await KeyDesk(store).create("shop", Role.SERVICE, None, None)).secret
        box = await opened.enter_async_context(open_box(dsn))
        servers = servers_on(dsn, stage.folder, provider)
        for server in servers:
            opened.callback(server.close)
        await asyncio.gather(*(asyncio.to_thread(server.serve) for server in servers))
        while True:
            seconds = max(min(ROUND_S, end - time.monotonic()), SHORTEST_ROUND_S)
            shows = [await box.show(SEATS) for _ in range(SHOWS)]
            place = Place([server.url for server in servers], shows, shop_key, provider)
            await play(place, totals, connection, chance.random(), seconds)
            if time.monotonic() > end or totals.found:
                break
        totals.found += [f"{name}: {texts}" for name, texts in (await violations(dsn)).items()]
    return Findings(totals.figures(), totals.found)


CAMPAIGN: Final = Campaign(
    name="hoarding",
    promise="nobody holds more seats, or longer, than the caps and the cool-down let them",
    share=2,
    short_s=5,
    run=run,
)
