"""Confirms that reach the database at the very end of their holds, by the real clock.

Half of the confirms wait for a session that locks the show, changes nothing, and lets go around the deadline.
Half of them have a rival that wants the same seats at that moment. No sweeper runs.
"""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Final

from msgspec import Struct

from boxoffice.database.migrate import migrate
from boxoffice.postgres.embedded import start_embedded
from boxoffice.vocabulary.outcomes import BookingDone
from tests.chaos.campaign import Campaign, Figures, Findings, Stage
from tests.chaos.deadline_races import SEATS, Aim, Race, Track
from tests.support.engine.box import Box, open_box, violations
from tests.support.engine.databases import Connection, connected

TRACKS: Final = 48
"""Races at the same time, each in its own show. Every other show has a session that locks it."""

ROUND_S: Final = 30.0
"""Longest round, in seconds. Each round has its own shows, and is judged at its end."""

SHORTEST_ROUND_S: Final = 2.5
"""Seconds of a round at least, so that each track has some races even after a slow start."""

# Both times are the database's: when it decided, and when the hold was over.
_DECIDED: Final = """
    SELECT d.kind, d.booking_id, d.at,
           1000 * extract(epoch FROM d.at - (h.details ->> 'expires_at')::timestamptz)::float8 AS late_ms
    FROM show_events AS d JOIN show_events AS h USING (show_id, booking_id)
    WHERE d.show_id = ANY ($1) AND h.kind = 'held' AND d.kind IN ('confirmed', 'expired')
"""


class Ends(Struct):
    """How a round's holds ended, by the database: each decision with the milliseconds from its deadline."""

    states: dict[int, str]
    owners: dict[tuple[int, int], int]
    confirmed: dict[int, float] = {}
    expired: dict[int, float] = {}
    at: dict[int, datetime] = {}
    again: list[int] = []


async def ends_of(connection: Connection, shows: list[int]) -> Ends:
    """How the holds of a round's shows ended, by the database."""
    bookings = await connection.fetch(
        "SELECT booking_id, status FROM bookings WHERE show_id = ANY ($1)", shows
    )
    seats = await connection.fetch("SELECT * FROM booking_seats WHERE show_id = ANY ($1)", shows)
    ends = Ends(
        {row["booking_id"]: row["status"] for row in bookings},
        {(row["show_id"], row["place"]): row["booking_id"] for row in seats},
    )
    for row in await connection.fetch(_DECIDED, shows):
        if row["booking_id"] in ends.at:
            ends.again.append(row["booking_id"])
        ends.at[row["booking_id"]] = row["at"]
        (ends.confirmed if row["kind"] == "confirmed" else ends.expired)[row["booking_id"]] = row["late_ms"]
    return ends


def judge_times(ends: Ends) -> list[str]:
    """A sentence for each decision on the wrong side of the deadline, and for each hold that ended twice."""
    late = [f"hold {no} was confirmed {ms:.3f} ms late" for no, ms in ends.confirmed.items() if ms >= 0]
    early = [f"hold {no} expired {-ms:.3f} ms early" for no, ms in ends.expired.items() if ms < 0]
    return late + early + [f"hold {no} ended twice" for no in ends.again]


def judge(race: Race, ends: Ends) -> list[str]:
    """A sentence for each fault of a race, by its answers and by the database."""
    name = f"hold {race.held.id} (late: {race.late})"
    found: list[str] = []
    expected = ("CONFIRMED", ends.confirmed) if race.ending == "confirmed" else ("EXPIRED", ends.expired)
    if ends.states[race.held.id] != expected[0] or race.held.id not in expected[1]:
        found.append(f"{name} is {ends.states[race.held.id]}, its confirm was told {race.confirmed}")
    if race.ending == "retaken" and not _retaken_rightly(race):
        found.append(f"{name} was retaken as {race.confirmed}")
    if race.locked and race.locked[0] < ends.at[race.held.id] < race.locked[1]:
        found.append(
            f"{name} was decided by the clock at {ends.at[race.held.id]}, locked by others: {race.locked}"
        )
    winners = [told.booking.id for told in (race.confirmed, race.resold) if isinstance(told, BookingDone)]
    if len(winners) > 1:
        found.append(f"the seats {race.held.seats} of {name} were sold to {winners}")
    if race.late == "retake" and not winners:
        found.append(f"{name} was not confirmed, and nobody else got its seats: {race.confirmed}")
    owners = {ends.owners.get((race.held.show_id, seat)) for seat in race.held.seats}
    if owners != (set[int | None](winners) or {None}):
        found.append(f"the seats {race.held.seats} of {name} belong to {owners}, not to {winners}")
    return found


def _retaken_rightly(race: Race) -> bool:
    booking = race.confirmed.booking
    return race.late == "retake" and booking.seats == race.held.seats and booking.retaken_from == race.held.id


class Totals:
    """The sums over all rounds."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("races", "confirmed", "refused", "retaken", "resold", "late"), 0)
        self._in_time: list[float] = []
        self._too_late: list[float] = []

    def add(self, races: list[Race], ends: Ends) -> None:
        """Add a round."""
        self.counts["races"] += len(races)
        for race in races:
            self.counts[race.ending] += 1
            self.counts["resold"] += isinstance(race.resold, BookingDone)
        self.counts["late"] += sum(ms >= 0 for ms in ends.confirmed.values())
        self._in_time += [-ms for ms in ends.confirmed.values()]
        self._too_late += ends.expired.values()

    def figures(self) -> Figures:
        """The sums, and how near to the deadlines the decisions came, in ms."""
        return {**self.counts, **_near("in time", self._in_time), **_near("expired", self._too_late)}


def _near(name: str, distances: list[float]) -> Figures:
    ordered = sorted(distances)
    return {
        f"{name} p{part} from the deadline ms": round(ordered[(len(ordered) - 1) * part // 100], 3)
        for part in (0, 10, 50, 90)
        if ordered
    }


async def play(
    boxes: list[Box], lockers: list[Connection], aim: Aim, chance: random.Random, end: float
) -> list[Track]:
    """Run a round: all tracks, each in a new show."""
    tracks = [
        Track(boxes, locker, await boxes[0].show(SEATS), aim, chance.random())
        for locker in (*lockers, *[None] * len(lockers))
    ]
    await asyncio.gather(*(track.run_until(end) for track in tracks))
    return tracks


async def run(stage: Stage) -> Findings:
    """Two engines on one database, no sweeper, and a crowd of holds that come to their ends."""
    chance = random.Random(stage.seed)
    isolation = chance.choice(["serializable", "read_committed"])
    end = time.monotonic() + stage.seconds
    found: list[str] = []
    totals = Totals()
    aim = Aim()
    async with AsyncExitStack() as opened:
        dsn = opened.enter_context(start_embedded(stage.folder, durable=False)).dsn
        await migrate(dsn)
        boxes = [await opened.enter_async_context(open_box(dsn, isolation, pool_max=8)) for _ in range(2)]
        lockers = [await opened.enter_async_context(connected(dsn)) for _ in range(TRACKS // 2)]
        while True:
            left_s = min(ROUND_S, end - time.monotonic())
            round_end = time.monotonic() + max(left_s, SHORTEST_ROUND_S)
            tracks = await play(boxes, lockers, aim, chance, round_end)
            races = [race for track in tracks for race in track.races]
            ends = await ends_of(lockers[0], [track.show for track in tracks])
            totals.add(races, ends)
            found += judge_times(ends) + [text for race in races for text in judge(race, ends)]
            if time.monotonic() > end or found:
                break
        found += [f"{name}: {texts}" for name, texts in (await violations(dsn)).items()]
    return Findings({"isolation": isolation, **totals.figures()}, found)


CAMPAIGN: Final = Campaign(
    name="deadlines",
    promise="a hold that ends is confirmed in time or not at all, and its seats go to one buyer",
    share=2,
    short_s=4,
    run=run,
)
