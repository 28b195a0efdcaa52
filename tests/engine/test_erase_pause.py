"""A person cannot avoid a pause by being erased; a second erasure removes data that came after the first."""

from datetime import UTC, datetime
from typing import Any

from boxoffice.vocabulary.commands import CancelBooking, Caps, CreateUser, EraseUser
from boxoffice.vocabulary.outcomes import Refused, UserDone
from tests.support.engine.box import Box, done, refused
from tests.support.engine.clock import Clock
from tests.support.engine.databases import Connection
from tests.support.engine.limited import book_capped, caps

HOLD_S = 600
LEFTOVERS = [
    "SELECT count(*) FROM show_events WHERE origin IS NOT NULL OR reason IS NOT NULL",
    "SELECT count(*) FROM bookings WHERE reason IS NOT NULL",
    "SELECT count(*) FROM idempotency_keys WHERE actor = 'user:1'",
]

LIMITS = caps(cooldown_s=60, longest_s=HOLD_S)


async def erase(box: Box, user_id: int, limits: Caps | None = None) -> UserDone | Refused:
    return await box.do(EraseUser(actor=f"user:{user_id}", user_id=user_id, caps=limits))


async def test_who_pauses_is_not_erased_before_the_longest_pause_is_over(box: Box, clock: Clock) -> None:
    long, short, empty = [await box.show() for _ in range(3)]
    jane = await box.user("jane@example.com")
    done(await book_capped(box, short, LIMITS, user=jane, hold=HOLD_S / 2))
    held = done(await book_capped(box, long, LIMITS, user=jane, hold=HOLD_S)).booking
    done(await book_capped(box, empty, LIMITS, hold=HOLD_S))
    await clock.advance(HOLD_S)  # a hold that has run out but is not ended yet counts as well
    assert await erase(box, jane, LIMITS) == refused("hold_cooldown", retry_after_s=60.0)
    await clock.advance(59)
    assert await erase(box, jane, LIMITS) == refused("hold_cooldown", retry_after_s=1.0)
    await clock.advance(1)
    done(await erase(box, jane, LIMITS))
    assert await box.confirm(held.id) == refused("hold_expired", state="EXPIRED", seats=[])


async def test_a_pause_does_not_keep_staff_from_erasing(box: Box) -> None:
    show = await box.show()
    held = done(await book_capped(box, show, LIMITS, hold=HOLD_S)).booking
    await box.cancel(held.id)
    done(await erase(box, 1))


async def test_a_pause_is_told_before_active_bookings_and_not_after_the_erasure(
    box: Box, clock: Clock
) -> None:
    show = await box.show()
    held = done(await book_capped(box, show, LIMITS, hold=HOLD_S)).booking
    sold = done(await book_capped(box, show, LIMITS, hold=None)).booking
    await clock.advance(HOLD_S - 1)
    await box.cancel(held.id)
    assert await erase(box, 1, LIMITS) == refused("hold_cooldown", retry_after_s=59.9)
    assert await erase(box, 1) == refused("active_bookings", count=1)
    await box.cancel(sold.id)
    first = done(await erase(box, 1))
    assert await erase(box, 1, LIMITS) == UserDone(first.user, replayed=True)


async def test_erasing_again_removes_what_came_after_the_first_time(box: Box, connection: Connection) -> None:
    """A server may remember the login of an erased person, who then gives a past booking back."""
    show = await box.show(start=datetime(2020, 1, 1, tzinfo=UTC))
    sold = done(await book_capped(box, show, LIMITS, hold=None)).booking
    first = done(await erase(box, 1))
    erased_at = await connection.fetchval("SELECT erased_at FROM users WHERE user_id = 1")
    who: dict[str, Any] = {"actor": "user:1", "origin": "192.0.2.1", "idempotency_key": "late"}
    done(await box.do(CancelBooking(**who, show_id=show, booking_id=sold.id, owner_id=1, reason="rain")))
    await box.do(CreateUser(**who, name="A", email="a@example.com"))
    assert await erase(box, 1) == UserDone(first.user, replayed=True)
    assert [await connection.fetchval(leftovers) for leftovers in LEFTOVERS] == [0, 0, 0]
    assert await connection.fetchval("SELECT erased_at FROM users WHERE user_id = 1") == erased_at
    assert await box.violations() == {}


async def test_no_hash_of_a_name_or_a_reason_is_left(box: Box, connection: Connection) -> None:
    show = await box.show()
    who: dict[str, Any] = {"actor": "key:shop", "idempotency_key": "k"}
    jane = done(await box.do(CreateUser(**who, name="Jane", email="jane@example.com"))).user.id
    held = done(await book_capped(box, show, LIMITS, user=jane)).booking
    cancel = CancelBooking(**who, show_id=show, booking_id=held.id, reason="Jane is ill")
    done(await box.do(cancel))
    done(await erase(box, jane))
    kept = await connection.fetch("SELECT fingerprint FROM idempotency_keys WHERE actor = 'key:shop'")
    assert [bytes(row["fingerprint"]) for row in kept] == [b"", b""]
    assert await box.do(cancel) == refused("idempotency_key_reused")
