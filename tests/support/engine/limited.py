"""Commands of a caller with limited rights: with caps, an owner and an origin."""

from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import BookSeats, Caps, ExtendHold
from boxoffice.vocabulary.outcomes import BookingDone, Refused
from tests.support.engine.box import ACTOR, Box, show_of


def caps(
    *,
    holds: int = 100,
    holds_per_show: int = 100,
    bookings_per_show: int = 100,
    made: int = 1_000,
    cooldown_s: float = 0,
    longest_s: float = 600,
    lifetime_s: float = 3_600,
    within: tuple[int, ...] | None = None,
) -> Caps:
    """Caps of which only the given ones are low enough to matter."""
    return Caps(
        holds,
        holds_per_show,
        bookings_per_show,
        made,
        limits.MADE_SECONDS,
        cooldown_s,
        longest_s,
        lifetime_s,
        within,
    )


async def book_capped(
    box: Box, show_id: int, limits: Caps, *, user: int = 1, hold: float | None = 600
) -> BookingDone | Refused:
    """A hold of one seat, or a sale if ``hold`` is None, within the caps."""
    command = BookSeats(
        actor=f"user:{user}", show_id=show_id, user_id=user, seat_count=1, hold_seconds=hold, caps=limits
    )
    return await box.do(command)


async def extend(
    box: Box, booking_id: int, seconds: float, *, lifetime_s: float = 1_000, owner: int | None = None
) -> BookingDone | Refused:
    """Lets a hold end so many seconds from now."""
    return await box.do(
        ExtendHold(
            actor=ACTOR,
            show_id=show_of(booking_id),
            booking_id=booking_id,
            hold_seconds=seconds,
            lifetime_seconds_max=lifetime_s,
            owner_id=owner,
        )
    )
