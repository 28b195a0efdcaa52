"""A hold that was not bought costs its user a pause in that show."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from boxoffice.vocabulary.outcomes import Refused
from tests.support.engine.box import Box, done, refused
from tests.support.engine.clock import Clock
from tests.support.engine.limited import book_capped, caps, extend

pytestmark = pytest.mark.both_isolations


async def test_after_a_hold_that_ran_out_comes_a_pause_in_proportion(box: Box, clock: Clock) -> None:
    show, other = [await box.show() for _ in range(2)]
    limits = caps(cooldown_s=30, longest_s=600)
    done(await book_capped(box, show, limits, hold=100))
    await clock.advance(100)
    assert await book_capped(box, show, limits) == refused("hold_cooldown", retry_after_s=5.0)
    done(await book_capped(box, show, limits, hold=None))
    done(await book_capped(box, other, limits))
    done(await book_capped(box, show, limits, user=await box.user("jane@example.com")))
    await clock.advance(4.999)
    assert await book_capped(box, show, limits) == refused("hold_cooldown", retry_after_s=0.001)
    await clock.advance(0.001)
    done(await book_capped(box, show, limits))


@pytest.mark.parametrize("end", [Box.cancel, Box.fail], ids=["cancelled", "failed"])
async def test_a_hold_that_was_ended_counts_for_the_time_that_it_was_held(
    box: Box, clock: Clock, end: Callable[[Box, int], Awaitable[object]]
) -> None:
    """A failed payment costs the pause, too: else a person could hold again and again by failing payments."""
    show = await box.show()
    limits = caps(cooldown_s=60, longest_s=600)
    held = done(await book_capped(box, show, limits)).booking
    await clock.advance(50)
    await end(box, held.id)
    assert await book_capped(box, show, limits) == refused("hold_cooldown", retry_after_s=5.0)
    await clock.advance(5)
    done(await book_capped(box, show, limits))


async def test_what_was_sold_costs_no_pause(box: Box, clock: Clock) -> None:
    show = await box.show()
    limits = caps(cooldown_s=60, longest_s=600)
    sold = done(await book_capped(box, show, limits)).booking
    await clock.advance(50)
    await box.confirm(sold.id)
    await box.cancel(sold.id)
    done(await book_capped(box, show, limits))


async def test_an_extended_hold_counts_in_full(box: Box, clock: Clock) -> None:
    show = await box.show()
    limits = caps(cooldown_s=6, longest_s=60)
    held = done(await book_capped(box, show, limits, hold=60)).booking
    await extend(box, held.id, 600, lifetime_s=600)
    await clock.advance(600)
    assert await book_capped(box, show, limits) == refused("hold_cooldown", retry_after_s=60.0)


@pytest.mark.parametrize("life_s", [3_600, 86_400])
async def test_a_hold_of_the_longest_life_is_looked_at_to_the_end_of_its_pause(
    box: Box, clock: Clock, life_s: float
) -> None:
    """Staff may let a hold live longer than its owner could."""
    show = await box.show()
    limits = caps(cooldown_s=60, longest_s=60, lifetime_s=life_s)
    held = done(await book_capped(box, show, limits, hold=60)).booking
    done(await extend(box, held.id, life_s, lifetime_s=life_s))
    await clock.advance(2 * life_s - 1)
    assert await book_capped(box, show, limits) == refused("hold_cooldown", retry_after_s=1.0)
    await clock.advance(1)
    done(await book_capped(box, show, limits))


async def test_whoever_holds_again_and_again_never_has_more_than_the_share(box: Box, clock: Clock) -> None:
    """By four strategies a bot holds holds * longest / (longest + cool-down) of the time at most."""
    for hold_s, ends in ((600, "expire"), (60, "expire"), (60, "cancel"), (60, "fail")):
        show = await box.show()
        limits = caps(holds_per_show=1, cooldown_s=60, longest_s=600)
        began, held_s = clock.now, 0.0
        while clock.now < began + timedelta(seconds=2_000):
            outcome = await book_capped(box, show, limits, hold=hold_s)
            if isinstance(outcome, Refused):
                assert outcome.code in ("hold_cooldown", "too_many_holds")
                await clock.advance(1)
                continue
            await clock.advance(hold_s)
            held_s += hold_s
            if ends != "expire":
                await (box.cancel if ends == "cancel" else box.fail)(outcome.booking.id)
        lasted_s = (clock.now - began).total_seconds()
        assert held_s / (lasted_s + 60) <= 600 / 660
