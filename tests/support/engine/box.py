"""The engine on a test's database, with short names for the commands that tests use."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from prometheus_client import REGISTRY

from boxoffice.database.verify import SCHEMA, verify
from boxoffice.engine.engine import BookingEngine
from boxoffice.engine.reads import Reads
from boxoffice.engine.runtime import open_engine
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    Command,
    ConfirmBooking,
    CreateShow,
    CreateUser,
    D,
    DeleteShow,
    ExpireHolds,
    FailBooking,
    LateConfirm,
    ReturnSeats,
    UnblockSeats,
    UpdateShow,
)
from boxoffice.vocabulary.outcomes import BookingDone, Refused, SeatsDone, ShowDone
from boxoffice.vocabulary.views import Booking, Event, Show
from tests.support.settings import settings_for

START: Final = datetime(2030, 12, 15, 18, 30, tzinfo=UTC)
ACTOR: Final = "tester"
PAGE: Final = 1_000_000
"""A page larger than any list in a test."""


class Box:
    """The core's commands, one method for each. User 1 exists from the start. ``key`` is the Idempotency-Key.

    What few tests ask goes by ``do``. A domain's words are functions in a module of its own.
    """

    def __init__(self, dsn: str, engine: BookingEngine, reads: Reads) -> None:
        self.dsn = dsn
        self.engine = engine
        self.reads = reads

    async def do(self, command: Command[D]) -> D | Refused:
        """Any command."""
        return await self.engine.execute(command)

    async def user(self, email: str = "john@example.com", name: str = "John Doe") -> int:
        """The id of a user, for whose address staff vouches."""
        command = CreateUser(actor=ACTOR, name=name, email=email, email_verified=True)
        return done(await self.do(command)).user.id

    async def show(self, seats: int = 10, *, name: str = "Movie", start: datetime = START) -> int:
        """The id of a new show."""
        command = CreateShow(actor=ACTOR, name=name, start_time=start, total_seats=seats)
        return done(await self.do(command)).show.id

    async def try_book(
        self,
        show_id: int,
        count: int = 1,
        *,
        seats: Sequence[int] | None = None,
        hold: float | None = None,
        user: int = 1,
        key: str | None = None,
        actor: str = ACTOR,
    ) -> BookingDone | Refused:
        """Books ``count`` seats, or exactly ``seats``; for ``hold`` seconds if that is given."""
        return await self.do(
            BookSeats(
                actor=actor,
                idempotency_key=key,
                show_id=show_id,
                user_id=user,
                seat_count=count if seats is None else len(seats),
                seat_numbers=None if seats is None else tuple(seats),
                hold_seconds=hold,
            )
        )

    async def book(
        self,
        show_id: int,
        count: int = 1,
        *,
        seats: Sequence[int] | None = None,
        hold: float | None = None,
        key: str | None = None,
    ) -> Booking:
        """Book as ``try_book`` does; the booking must succeed."""
        return done(await self.try_book(show_id, count, seats=seats, hold=hold, key=key)).booking

    async def confirm(
        self, booking_id: int, late: LateConfirm = "retake", *, key: str | None = None
    ) -> BookingDone | Refused:
        """Confirms a hold."""
        return await self.do(
            ConfirmBooking(
                actor=ACTOR,
                idempotency_key=key,
                show_id=show_of(booking_id),
                booking_id=booking_id,
                late=late,
            )
        )

    async def cancel(
        self, booking_id: int, reason: str | None = None, *, key: str | None = None
    ) -> BookingDone | Refused:
        """Cancels a booking."""
        return await self.do(
            CancelBooking(
                actor=ACTOR,
                idempotency_key=key,
                show_id=show_of(booking_id),
                booking_id=booking_id,
                reason=reason,
            )
        )

    async def give_back(self, booking_id: int, *seats: int, key: str | None = None) -> BookingDone | Refused:
        """Returns seats of a booking."""
        return await self.do(
            ReturnSeats(
                actor=ACTOR,
                idempotency_key=key,
                show_id=show_of(booking_id),
                booking_id=booking_id,
                seat_numbers=seats,
            )
        )

    async def fail(self, booking_id: int, reason: str | None = None) -> BookingDone | Refused:
        """Ends a hold as failed."""
        return await self.do(
            FailBooking(actor=ACTOR, show_id=show_of(booking_id), booking_id=booking_id, reason=reason)
        )

    async def expire(self, show_id: int) -> int:
        """Ends the holds of a show that have run out."""
        return done(await self.do(ExpireHolds(actor=ACTOR, show_id=show_id))).expired_count

    async def block(self, show_id: int, *seats: int, key: str | None = None) -> SeatsDone | Refused:
        """Keeps seats for the house."""
        return await self.do(
            BlockSeats(
                actor=ACTOR, idempotency_key=key, show_id=show_id, seat_numbers=seats, reason="wheelchairs"
            )
        )

    async def unblock(self, show_id: int, *seats: int) -> SeatsDone | Refused:
        """Gives blocked seats back to sale."""
        return await self.do(UnblockSeats(actor=ACTOR, show_id=show_id, seat_numbers=seats))

    async def resize(
        self, show_id: int, seats: int, *, seq: int | None = None, key: str | None = None
    ) -> ShowDone | Refused:
        """Gives a show another number of seats."""
        return await self.do(
            UpdateShow(
                actor=ACTOR, idempotency_key=key, show_id=show_id, total_seats=seats, expected_seqs=_only(seq)
            )
        )

    async def delete(self, show_id: int, *, seq: int | None = None) -> ShowDone | Refused:
        """Deletes a show."""
        return await self.do(DeleteShow(actor=ACTOR, show_id=show_id, expected_seqs=_only(seq)))

    async def view(self, show_id: int) -> Show:
        """The show as ``Reads`` returns it."""
        show = await self.reads.show(show_id)
        assert show is not None
        return show

    async def free_seats(self, show_id: int) -> list[int]:
        """The numbers of a show's free seats, by its map."""
        seat_map = await self.reads.seat_map(show_id)
        assert seat_map is not None
        return [seat for seat, taken in enumerate(seat_map.taken, start=1) if taken == "0"]

    async def events(self, show_id: int) -> list[Event]:
        """All events of a show."""
        page = await self.reads.changes(show_id, limit=PAGE)
        assert page is not None
        return page.items

    async def violations(self) -> dict[str, list[str]]:
        """The violations that ``verify`` finds, by check; an empty dict if the database is sound."""
        return await violations(self.dsn)


async def violations(dsn: str) -> dict[str, list[str]]:
    """The violations that ``verify`` finds in a database, by check; a sound database has none.

    Whether functions are the program's is left out: tests stop the clock, and arm points of fault.
    """
    results = (await verify(dsn)).results
    return {
        result.name: [violation.text for violation in result.violations]
        for result in results
        if result.violation_count and result.name != SCHEMA
    }


async def in_one_batch(*commands: Coroutine[Any, Any, D | Refused], batches: int = 1) -> list[D | Refused]:
    """The outcomes of commands that are submitted while all lanes are idle, and so share one batch.

    All of them are in the queue before the first worker has its turn of the loop.
    """
    before = _batches()
    outcomes = await asyncio.gather(*commands)
    assert _batches() == before + batches
    return outcomes


def _batches() -> float:
    count = REGISTRY.get_sample_value("boxoffice_batch_commands_count")
    assert count is not None
    return count


def done(outcome: D | Refused) -> D:
    """The outcome, which must not be a refusal."""
    assert not isinstance(outcome, Refused), outcome
    return outcome


def refused(code: str, **details: Any) -> Refused:
    """The refusal that is expected."""
    return Refused(code, details)


def show_of(booking_id: int) -> int:
    """The id of a booking's show, which is the upper part of the booking's id."""
    return booking_id >> 24


@asynccontextmanager
async def open_box(
    dsn: str, isolation: str = "serializable", *, pool_max: int = 4, sweep: bool = False
) -> AsyncIterator[Box]:
    """An engine on a database; without a sweeper unless asked for."""
    settings = settings_for(dsn, DB_ISOLATION=isolation, DB_POOL_MAX=pool_max)
    async with open_engine(settings, sweep=sweep) as (engine, reads):
        box = Box(dsn, engine, reads)
        await box.user()
        yield box


def _only(seq: int | None) -> tuple[int, ...] | None:
    return None if seq is None else (seq,)
