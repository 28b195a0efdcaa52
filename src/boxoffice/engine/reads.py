"""The reads. A read never waits in a lane, and no sale is decided by what a read returned."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import asyncpg
import msgspec
from msgspec import Struct

from boxoffice.database.migrate import check_schema, to_ledger
from boxoffice.database.rows import to_booking, to_booking_details, to_listed_booking, to_show, to_view
from boxoffice.database.store import Store
from boxoffice.engine.engine import CATALOGUE, BookingEngine
from boxoffice.vocabulary import limits
from boxoffice.vocabulary.commands import ExpireHolds
from boxoffice.vocabulary.outcomes import Refused
from boxoffice.vocabulary.views import (
    ApiKey,
    BookingDetails,
    BookingStatus,
    BusyShow,
    Event,
    KeptAnswer,
    KeptRequest,
    ListedBooking,
    Login,
    ReplicationSlot,
    Seat,
    SeatMap,
    SeatState,
    Show,
    ShowStats,
    User,
    UserEvent,
    UserExport,
    show_of,
)

T = TypeVar("T")
E = TypeVar("E", bound=Event)


class Page(Struct, Generic[T]):
    """Some items of a list, and whether more follow."""

    items: list[T]
    more: bool


class Reads:
    """The reads of shows, bookings, users and keys. ``None`` means that there is no such show, booking or
    user. Each method raises ``Unavailable`` if the database cannot be asked.

    ``consistent`` True: the engine ends the holds that have run out before the read, and the primary answers;
    so the answer is exact. False: a hold that has run out may count as held until the sweeper's next round,
    and a replica that is some seconds behind may answer for lists and for one show. A single booking, a
    user's bookings and the feed always come from the primary.
    """

    def __init__(self, store: Store, engine: BookingEngine) -> None:
        self._store = store
        self._engine = engine

    async def show(self, show_id: int, *, consistent: bool = False) -> Show | None:
        """A show that is not deleted."""
        row = await self._row_of_show("show", show_id, consistent)
        return None if row is None else to_show(row)

    async def seat_map(
        self,
        show_id: int,
        *,
        first: int = 1,
        limit: int = limits.SEATS_PER_SHOW_MAX,
        consistent: bool = False,
    ) -> SeatMap | None:
        """Which seats of the show are taken, from seat ``first`` on, ``limit`` seats at most."""
        row = await self._row_of_show("seat_map", show_id, consistent, first, limit)
        return None if row is None else to_view(row, SeatMap)

    async def stats(self, show_id: int, *, consistent: bool = False) -> ShowStats | None:
        """How many seats and bookings of the show are in each state."""
        row = await self._row_of_show("stats", show_id, consistent)
        if row is None:
            return None
        counted = msgspec.json.decode(row["bookings"], type=dict[BookingStatus, int])
        on_sale = row["total_seats"] - row["blocked_seats"]
        return msgspec.convert(
            dict(row)
            | {
                "bookings": {status: counted.get(status, 0) for status in BookingStatus},
                "occupancy": round((row["held_seats"] + row["sold_seats"]) / max(on_sale, 1), 4),
            },
            ShowStats,
        )

    async def shows(
        self,
        *,
        show_type: str | None = None,
        starts_from: datetime | None = None,
        starts_to: datetime | None = None,
        text: str | None = None,
        only_free: bool = False,
        reference: str | None = None,
        after: tuple[datetime, int] | None = None,
        limit: int,
    ) -> Page[Show]:
        """Shows in the order of (start_time, id), which start at ``starts_from`` or later and before
        ``starts_to``.

        ``text``: the name contains it. ``only_free``: only shows with free seats. ``after``: the last show of
        the page before.
        """
        place = after or (None, None)
        rows = await self._store.read(
            *("shows", show_type, starts_from, starts_to, text, only_free, reference, *place, limit + 1),
            since=self._engine.changed_at(CATALOGUE),
        )
        return _page(rows, limit, to_show)

    async def seats(
        self,
        show_id: int,
        *,
        state: SeatState | None = None,
        after: int = 0,
        limit: int,
        consistent: bool = False,
    ) -> Page[Seat] | None:
        """The show's seats in the order of their numbers, each with its booking and user."""
        if not await self._exists("show_on_sale", show_id):
            return None
        await self._settle(show_id, consistent)
        after = min(after, limits.SEATS_PER_SHOW_MAX)  # a larger number may not fit PostgreSQL's integer
        since = self._since(show_id, consistent)
        rows = await self._store.read("seats", show_id, after, state, limit + 1, since=since)
        return _page(rows, limit, lambda row: to_view(row, Seat))

    async def user(self, user_id: int) -> User | None:
        """The user with this id."""
        rows = await self._store.read("user", user_id)
        return to_view(rows[0], User) if rows else None

    async def users(self, *, text: str | None = None, after: int = 0, limit: int) -> Page[User]:
        """Users in the order of their ids. ``text``: the name, the e-mail address or the id contains it."""
        since = self._engine.changed_at(CATALOGUE)
        rows = await self._store.read("users", after, text, limit + 1, since=since)
        return _page(rows, limit, lambda row: to_view(row, User))

    async def user_of_subject(self, issuer: str, subject: str) -> int | None:
        """The id of the user that this login is linked to."""
        rows = await self._store.read("user_of_subject", issuer, subject)
        return rows[0]["user_id"] if rows else None

    async def export_user(self, user_id: int) -> UserExport | None:
        """Everything that is kept about a person."""
        user = await self.user(user_id)
        if user is None:
            return None
        return UserExport(
            user=user,
            logins=await self._of_user("logins_of_user", user_id, lambda row: to_view(row, Login)),
            bookings=await self._of_user("all_bookings_of_user", user_id, to_booking),
            events=await self._of_user("events_of_user", user_id, lambda row: _to_event(row, UserEvent)),
            kept_answers=await self._of_user(
                "kept_answers_of_user", user_id, lambda row: to_view(row, KeptAnswer)
            ),
            requests=await self._of_user("requests_of_user", user_id, lambda row: to_view(row, KeptRequest)),
        )

    async def api_key(self, secret_hash: bytes) -> ApiKey | None:
        """The key whose secret has this hash, even if it is expired or revoked."""
        rows = await self._store.read("api_key", secret_hash)
        return to_view(rows[0], ApiKey) if rows else None

    async def api_keys(self) -> list[ApiKey]:
        """All keys, the oldest first."""
        return [to_view(row, ApiKey) for row in await self._store.read("api_keys")]

    async def booking(
        self, booking_id: int, *, owner_id: int | None = None, consistent: bool = False
    ) -> BookingDetails | None:
        """The booking with this id. With ``owner_id``: None if the booking is another user's."""
        show_id = show_of(booking_id)
        await self._settle(show_id, consistent)
        rows = await self._store.read("booking", show_id, booking_id, owner_id)
        return to_booking_details(rows[0]) if rows else None

    async def bookings_of_user(
        self,
        user_id: int,
        *,
        status: BookingStatus | None = None,
        after: tuple[datetime, int] | None = None,
        limit: int,
        consistent: bool = False,
    ) -> Page[ListedBooking] | None:
        """A user's bookings, in the order of (created_at, id), the newest first."""
        if not await self._exists("user_exists", user_id):
            return None
        if consistent:
            for row in await self._store.read("due_shows_of_user", user_id):
                await self._settle(row["show_id"], consistent)
        place = after or (None, None)
        rows = await self._store.read("bookings_of_user", user_id, status, *place, limit + 1)
        return _page(rows, limit, to_listed_booking)

    async def bookings_found(
        self,
        *,
        reference: str | None = None,
        user_id: int | None = None,
        show_id: int | None = None,
        among: frozenset[int] | None = None,
        status: BookingStatus | None = None,
        after: int | None = None,
        limit: int,
    ) -> Page[ListedBooking]:
        """Bookings of all shows in the order of their ids, the highest first. ``among``: only in these shows;
        None: in all.
        """
        shows = None if among is None else sorted(among)
        rows = await self._store.read(
            "bookings_found", reference, user_id, show_id, shows, status, after, limit + 1
        )
        return _page(rows, limit, to_listed_booking)

    async def bookings_of_show(
        self,
        show_id: int,
        *,
        status: BookingStatus | None = None,
        after: int | None = None,
        limit: int,
        consistent: bool = False,
    ) -> Page[ListedBooking] | None:
        """A show's bookings, in the order of their ids, the newest first. A deleted show has them, too."""
        if not await self._exists("show_exists", show_id):
            return None
        await self._settle(show_id, consistent)
        since = self._since(show_id, consistent)
        rows = await self._store.read("bookings_of_show", show_id, status, after, limit + 1, since=since)
        return _page(rows, limit, to_listed_booking)

    async def changes(self, show_id: int, *, after: int = 0, limit: int) -> Page[Event] | None:
        """A show's events in order, from number ``after`` + 1 on. A deleted show has them, too."""
        if not await self._exists("show_exists", show_id):
            return None
        rows = await self._store.read("changes", show_id, after, limit + 1)
        return _page(rows, limit, lambda row: _to_event(row, Event))

    async def busiest_shows(self, limit: int, *, among: int) -> list[BusyShow]:
        """The ``limit`` shows with the most events in the last ``among`` batches of all shows.

        Rows of batches are kept for an hour, so a show that had none since is never among them.
        """
        return [to_view(row, BusyShow) for row in await self._store.read("busiest_shows", limit, among)]

    async def overdue_s(self) -> float:
        """How many seconds ago the oldest hold ran out that is not ended yet; 0 if there is no such hold."""
        [row] = await self._store.read("overdue_hold")
        seconds: float = row["seconds"]
        return seconds

    async def cache_name(self) -> str:
        """The name under which answers about this database's shows lie in a cache."""
        [row] = await self._store.read("cache_name")
        name: str = row["name"]
        return name

    async def slots(self) -> list[ReplicationSlot]:
        """The replication slots for which the primary keeps most of its log."""
        return [to_view(row, ReplicationSlot) for row in await self._store.read("slots")]

    async def check_ready(self) -> None:
        """Return if the database answers and has the schema that this program needs. Raises ``Unavailable``
        or ``SchemaMismatch`` otherwise.
        """
        try:
            rows = await self._store.look("applied_migrations")
        except asyncpg.UndefinedTableError:
            rows = []
        check_schema(to_ledger(rows))

    async def _of_user(self, name: str, user_id: int, to_item: Callable[[asyncpg.Record], T]) -> list[T]:
        return [to_item(row) for row in await self._store.read(name, user_id)]

    async def _row_of_show(
        self, name: str, show_id: int, consistent: bool, *further: int
    ) -> asyncpg.Record | None:
        await self._settle(show_id, consistent)
        rows = await self._store.read(name, show_id, *further, since=self._since(show_id, consistent))
        return rows[0] if rows else None

    def _since(self, show_id: int, consistent: bool) -> float | None:
        """The ``since`` of ``Store.read``: a replica may answer only if it has all changes up to then. None:
        only the primary may answer.
        """
        return None if consistent else self._engine.changed_at(show_id)

    async def _settle(self, show_id: int, consistent: bool) -> None:
        """End the holds that have run out; one batch ends ``limits.HOLDS_ENDED_MAX`` at most."""
        while consistent and await self._exists("hold_is_due", show_id):
            outcome = await self._engine.execute(ExpireHolds(show_id=show_id, actor="reader"))
            if isinstance(outcome, Refused) or outcome.expired_count == 0:
                return  # another process has ended them

    async def _exists(self, name: str, key: int) -> bool:
        [row] = await self._store.read(name, key)
        return bool(row[0])


def _page(rows: list[asyncpg.Record], limit: int, to_item: Callable[[asyncpg.Record], T]) -> Page[T]:
    return Page([to_item(row) for row in rows[:limit]], more=len(rows) > limit)


def _to_event(row: asyncpg.Record, view: type[E]) -> E:
    fields: dict[str, Any] = dict(row)
    return msgspec.convert(fields | {"details": msgspec.json.decode(row["details"])}, view)
