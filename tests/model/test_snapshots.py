"""Every snapshot during a sale is sound: seats, bookings, counters and events commit together."""

import asyncio
from itertools import count

import pytest

from tests.support.engine.box import Box, done, open_box

pytestmark = pytest.mark.both_isolations

ROUNDS = 12
LOOKS = 4
"""Looks in the midst of the sale, at least: it goes on until then."""


async def test_verify_finds_nothing_at_any_moment_of_the_sale(box: Box, isolation: str) -> None:
    shows = [await box.show(200) for _ in range(3)]
    looks = 0
    over = asyncio.Event()

    async def look() -> None:
        nonlocal looks
        while not over.is_set():
            assert await box.violations() == {}
            looks += 1

    async def trade(engine: Box, no: int) -> None:
        for turn in count():
            if turn >= ROUNDS and (looks >= LOOKS or looking.done()):
                return
            show = shows[(no + turn) % 3]
            held = await engine.book(show, 1 + no % 3, hold=600, key=f"{no} {turn}")
            kept = turn % 3 == 1 and turn < ROUNDS
            done(await (engine.confirm if kept else (engine.cancel, engine.fail)[turn % 2])(held.id))
            if no == 0:
                done(await engine.block(show, 200 - turn % ROUNDS))
                done(await engine.unblock(show, 200 - turn % ROUNDS))

    async with open_box(box.dsn, isolation) as other:
        looking = asyncio.create_task(look())
        await asyncio.gather(*(trade(engine, no) for no, engine in enumerate((box, other) * 5)))
        over.set()
        await looking
