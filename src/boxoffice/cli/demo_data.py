"""Demo data: ten shows of four kinds, users, and bookings in every state, made through the engine."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.reads import Reads
from boxoffice.engine.runtime import open_engine
from boxoffice.settings.settings import Settings
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    Command,
    ConfirmBooking,
    CreateShow,
    CreateUser,
    D,
    ExpireHolds,
    FailBooking,
)
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.vocabulary.views import Booking

ACTOR: Final = "demo"
HOLD_S: Final = 24 * 3600.0
"""The demo's holds last a day, so that there is something to confirm whenever a visitor looks."""


class _Show(Struct, frozen=True):
    name: str
    show_type: str
    total_seats: int
    starts_in_hours: float


SHOWS: Final = (
    _Show("The Last Picture House", "movie", 300, 26),
    _Show("Night Train to Trieste", "movie", 120, 28.5),
    _Show("Harbour Lights (matinee)", "movie", 80, 50),
    _Show("Philharmonic: Mahler 5", "concert", 1_800, 74),
    _Show("Stadium Summer Night", "concert", 60_000, 24 * 40),
    _Show("Basement Jazz", "concert", 60, 30),
    _Show("Coach 7: Harbour to Airport", "bus", 52, 8),
    _Show("Coach 12: Lakes round trip", "bus", 49, 33),
    _Show("Dr. Amara Okafor, morning surgery", "doctor", 18, 18),
    _Show("Dr. Lena Fischer, eye clinic", "doctor", 12, 42),
)

USERS: Final = (
    ("John Doe", "john@example.com"),
    ("Jane Roe", "jane.roe@example.com"),
    ("Amit Patel", "amit@example.com"),
    ("Maria Garcia", "maria@example.com"),
    ("Chen Wei", "chen@example.com"),
    ("Noor Haddad", "noor@example.com"),
)
BOOKERS: Final = len(USERS) - 1
"""The last user has no bookings, and can be erased."""


async def load_demo(settings: Settings) -> bool:
    """Fills an empty database; returns False, and changes nothing, if it has shows already."""
    async with open_engine(settings, sweep=False) as (engine, reads):
        if await _has_shows(reads):
            return False
        for name, email in USERS:
            await _done(engine, CreateUser(actor=ACTOR, name=name, email=email, email_verified=True))
        for show in SHOWS:
            await _open(engine, show)
        await _book_first_show(engine)
        await _book_others(engine)
        return True


async def _has_shows(reads: Reads) -> bool:
    return bool((await reads.shows(limit=1)).items)


async def _open(engine: BookingEngine, show: _Show) -> None:
    starts = datetime.now(UTC) + timedelta(hours=show.starts_in_hours)
    command = CreateShow(
        actor=ACTOR,
        name=show.name,
        show_type=show.show_type,
        total_seats=show.total_seats,
        start_time=starts.replace(minute=0, second=0, microsecond=0),
    )
    await _done(engine, command)


async def _book_first_show(engine: BookingEngine) -> None:
    """Bookings 1 to 10 of show 1, in every state; the examples of the API's documentation use them."""
    await _book(engine, 1, user_id=1, seat_count=2)
    await _book(engine, 1, user_id=2, seat_count=4, hold_s=HOLD_S)
    await _book(engine, 1, user_id=3, seat_count=1, hold_s=HOLD_S)
    await _book(engine, 1, user_id=4, seat_count=3)
    await _book(engine, 1, user_id=5, seat_count=2)
    failing = await _book(engine, 1, user_id=1, seat_count=2, hold_s=HOLD_S)
    await _done(engine, FailBooking(actor=ACTOR, show_id=1, booking_id=failing.id, reason="card declined"))
    unwanted = await _book(engine, 1, user_id=2, seat_count=5)
    await _done(engine, CancelBooking(actor=ACTOR, show_id=1, booking_id=unwanted.id, reason="cannot come"))
    await _book(engine, 1, user_id=3, seat_count=2, hold_s=limits.HOLD_SECONDS_MIN)
    await _done(engine, ExpireHolds(actor=ACTOR, show_id=1))
    await _done(
        engine, BlockSeats(actor=ACTOR, show_id=1, seat_numbers=(299, 300), reason="wheelchair spaces")
    )
    await _book(engine, 1, user_id=4, seat_count=2, hold_s=HOLD_S)
    await _book(engine, 1, user_id=1, seat_count=3)


async def _book_others(engine: BookingEngine) -> None:
    for show_id in range(2, len(SHOWS)):  # the last one has no bookings: it can be deleted
        await _book(engine, show_id, user_id=1 + show_id % BOOKERS, seat_count=1 + show_id % 4)
        held = await _book(engine, show_id, user_id=1 + (show_id + 2) % BOOKERS, seat_count=2, hold_s=HOLD_S)
        if show_id % 2:
            await _done(engine, ConfirmBooking(actor=ACTOR, show_id=show_id, booking_id=held.id))


async def _book(
    engine: BookingEngine, show_id: int, *, user_id: int, seat_count: int, hold_s: float | None = None
) -> Booking:
    done = await _done(
        engine,
        BookSeats(actor=ACTOR, show_id=show_id, user_id=user_id, seat_count=seat_count, hold_seconds=hold_s),
    )
    return done.booking


async def _done(engine: BookingEngine, command: Command[D]) -> D:
    outcome = await engine.execute(command)
    if isinstance(outcome, Refused):
        raise RuntimeError(f"the demo data were refused: {outcome}")
    return outcome
