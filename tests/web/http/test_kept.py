"""What is kept: made once for all who ask meanwhile, told again for a while, and made anew after that."""

import asyncio
from math import inf

import pytest

from boxoffice.vocabulary.faults import Unavailable
from boxoffice.web.http import kept as kept_module
from boxoffice.web.http.kept import Kept, in_thread


class Maker:
    """Makes 1, 2, 3 ...; each making waits at the gate."""

    def __init__(self) -> None:
        self.made = 0
        self.gate = asyncio.Event()

    async def make(self) -> int:
        """The next number."""
        self.made += 1
        number = self.made
        await self.gate.wait()
        return number


async def test_all_who_ask_meanwhile_share_one_making() -> None:
    maker = Maker()
    kept = Kept(maker.make, inf)
    asked = [asyncio.create_task(kept.get()) for _ in range(20)]
    await asyncio.sleep(0)  # so that all have asked
    maker.gate.set()
    assert await asyncio.gather(*asked) == [1] * 20
    assert await kept.get() == 1


async def test_what_is_too_old_is_made_anew() -> None:
    maker = Maker()
    maker.gate.set()
    kept = Kept(maker.make, 0)
    assert [await kept.get() for _ in range(3)] == [1, 2, 3]


async def test_a_client_that_leaves_does_not_end_the_making_of_the_others() -> None:
    maker = Maker()
    kept = Kept(maker.make, inf)
    leaves, stays = (asyncio.create_task(kept.get()) for _ in range(2))
    await asyncio.sleep(0)  # so that both have asked
    leaves.cancel()
    await asyncio.wait([leaves])
    maker.gate.set()
    assert await stays == 1


@pytest.mark.parametrize("kept_s", [0, inf])
async def test_a_fault_is_told_to_all_who_asked_and_is_no_end(
    monkeypatch: pytest.MonkeyPatch, kept_s: float
) -> None:
    monkeypatch.setattr(kept_module, "FAULT_KEPT_S", 0.0)
    faults = [Unavailable("away")]

    async def make() -> str:
        if faults:
            raise faults.pop()
        return "back"

    kept = Kept(make, kept_s)
    told = await asyncio.gather(kept.get(), kept.get(), return_exceptions=True)
    assert [type(each) for each in told] == [Unavailable, Unavailable]
    assert await kept.get() == "back"


async def test_the_event_loop_goes_on_while_a_thread_makes() -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()

    def make() -> str:
        asyncio.run_coroutine_threadsafe(_set(ready), loop).result(30)  # waits for the loop
        return "made"

    kept = Kept(in_thread(make), inf)
    assert await kept.get() == "made"
    assert ready.is_set()


async def _set(event: asyncio.Event) -> None:
    event.set()
