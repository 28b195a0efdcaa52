"""Looked at in the midst of a sale, the books are in order: what belongs together commits together."""

import asyncio

import pytest

from tests.support.engine.box import Box, done, open_box

pytestmark = pytest.mark.both_isolations

ROUNDS = 12
LOOKS = 4
"""The sale goes on until there were so many: on a busy machine a look takes as long as a round."""


async def test_verify_finds_nothing_at_any_moment_of_the_sale(box: Box, isolation: str) -> None:
    shows = [await box.show(2_000) for _ in range(3)]
    over = asyncio.Event()

    looks = 0

    async def look() -> None:
        nonlocal looks
        while not over.is_set():
            assert await box.violations() == {}
            looks += 1

    async def trade(engine: Box, no: int) -> None:
        for turn in range(20 * ROUNDS):
            if turn >= ROUNDS and looks >= LOOKS:
                break
            show = shows[(no + turn) % 3]
            held = await engine.book(show, 1 + no % 3, hold=600, key=f"{no} {turn}")
            done(await (engine.cancel, engine.confirm, engine.fail)[turn % 3](held.id))
            if no == 0:
                done(await engine.block(show, 2_000 - turn % 20))
                done(await engine.unblock(show, 2_000 - turn % 20))

    async with open_box(box.dsn, isolation) as other:
        looking = asyncio.create_task(look())
        await asyncio.gather(*(trade(engine, no) for no, engine in enumerate((box, other) * 5)))
        over.set()
        await looking
    assert looks >= LOOKS
