"""Random bookings with and without an end, and with keys that come again: the model says the same."""

import random
from datetime import timedelta

import pytest

from boxoffice.vocabulary.commands import BookSeats
from boxoffice.vocabulary.outcomes import Refused
from tests.model.reference import Model
from tests.model.told import Replayed, Wish
from tests.support.engine.box import ACTOR, Box
from tests.support.engine.clock import Clock

STEPS = 120


def plain(model: Model, wish: Wish, key: str | None) -> tuple[object, ...]:
    """What the model answers: the seats, or the refusal."""
    answer = model.book(wish, key)
    if isinstance(answer, Refused):
        return "refused", answer
    booking = answer.first if isinstance(answer, Replayed) else answer
    return "booked", booking.seats, isinstance(answer, Replayed)


async def told(box: Box, show: int, wish: Wish, key: str | None) -> tuple[object, ...]:
    """What the engine answers, in the same words."""
    command = BookSeats(
        actor=ACTOR,
        idempotency_key=key,
        show_id=show,
        user_id=wish.user_id,
        seat_count=wish.seat_count,
        not_after=wish.not_after,
    )
    outcome = await box.do(command)
    if isinstance(outcome, Refused):
        return "refused", outcome
    return "booked", outcome.booking.seats, outcome.replayed


@pytest.mark.parametrize("seed", range(3))
async def test_the_model_decides_as_the_engine_does(box: Box, clock: Clock, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    await clock.set(clock.now.replace(microsecond=0))
    show = await box.show(60)
    model = Model(show, 60, clock.now, actor=ACTOR)
    model.now = clock.now
    codes = set()
    for step in range(STEPS):
        if chance.random() < 0.3:
            await clock.advance(5)
            model.now = clock.now
        end = chance.choice([None, clock.now + timedelta(seconds=chance.choice([-5, 0, 5]))])
        wish = Wish(1, chance.choice([1, 2, 30]), not_after=end)
        key = chance.choice([None, f"k{chance.randrange(20)}"])
        expected, got = plain(model, wish, key), await told(box, show, wish, key)
        assert got == expected, f"seed {seed}, step {step}: {wish}, {key}"
        codes.add(got[1].code if isinstance(got[1], Refused) else "done")
    assert codes >= {"done", "too_late", "idempotency_key_reused", "insufficient_seats"}
    assert await box.violations() == {}
