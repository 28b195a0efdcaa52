"""Looked at in the midst of a sale, the books are in order: what belongs together commits together."""

import asyncio

import pytest

from tests.support.engine.box import Box, done, open_box

pytestmark = pytest.mark.both_isolations

ROUNDS = 12


async def test_verify_finds_nothing_at_any_moment_of_the_sale(box: Box, isolation: str) -> None:
    shows = [await box.show(200) for _ in range(3)]
    over = asyncio.Event()

    async def look() -> int:
        looks = 0
        while not over.is_set():
            assert await box.violations() == {}
            looks += 1
        return looks

    async def trade(engine: Box, no: int) -> None:
        for turn in range(ROUNDS):
            show = shows[(no + turn) % 3]
            held = await engine.book(show, 1 + no % 3, hold=600, key=f"{no} {turn}")
            done(await (engine.cancel, engine.confirm, engine.fail)[turn % 3](held.id))
            if no == 0:
                done(await engine.block(show, 200 - turn))
                done(await engine.unblock(show, 200 - turn))

    async with open_box(box.dsn, isolation) as other:
        looking = asyncio.create_task(look())
        await asyncio.gather(*(trade(engine, no) for no, engine in enumerate((box, other) * 5)))
        over.set()
        assert await looking > ROUNDS // 4
