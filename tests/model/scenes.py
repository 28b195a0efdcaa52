"""The scenes of the interleavings: batches that compete, and the commands before them."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    Command,
    ConfirmBooking,
    CreateShow,
    CreateUser,
    DeleteShow,
    ExpireHolds,
    FailBooking,
    LateConfirm,
    ReturnSeats,
    UnblockSeats,
    UpdateShow,
    UpdateUser,
)
from tests.model.sessions import Batch
from tests.support.engine.box import ACTOR, START

SEATS: Final = 6
TICK_S: Final = 10
"""Seconds of a tick. A short hold is over exactly then."""

SHORT: Final = float(TICK_S)
LONG: Final = 6 * SHORT


class Place(Struct):
    """The shows and users of one interleaving, and short names for its commands. ``users[0]`` books."""

    shows: list[int]
    users: list[int]

    def book(
        self, *seats: int, count: int = 0, hold: float | None = None, key: str | None = None, show: int = 0
    ) -> BookSeats:
        """A booking of exactly these seats, or of so many."""
        return BookSeats(
            actor=ACTOR, idempotency_key=key, show_id=self.shows[show], user_id=self.users[0],
            seat_count=count or len(seats), seat_numbers=seats or None, hold_seconds=hold,
        )  # fmt: skip

    def confirm(self, late: LateConfirm = "retake", *, key: str | None = None, no: int = 1) -> ConfirmBooking:
        """The confirm of the show's booking number ``no``."""
        return ConfirmBooking(
            actor=ACTOR, idempotency_key=key, show_id=self.shows[0], booking_id=self._booking(no), late=late
        )

    def cancel(self, no: int = 1, key: str | None = None) -> CancelBooking:
        """The cancellation of a booking."""
        return CancelBooking(
            actor=ACTOR, idempotency_key=key, show_id=self.shows[0], booking_id=self._booking(no)
        )

    def give_back(self, *seats: int, no: int = 1, key: str | None = None) -> ReturnSeats:
        """The return of seats of a booking."""
        return ReturnSeats(
            actor=ACTOR, idempotency_key=key, show_id=self.shows[0], booking_id=self._booking(no),
            seat_numbers=seats,
        )  # fmt: skip

    def fail(self, no: int = 1) -> FailBooking:
        """The failure of a hold."""
        return FailBooking(actor=ACTOR, show_id=self.shows[0], booking_id=self._booking(no))

    def expire(self) -> ExpireHolds:
        """The command of a sweeper."""
        return ExpireHolds(actor=ACTOR, show_id=self.shows[0])

    def block(self, *seats: int) -> BlockSeats:
        """The command that blocks seats."""
        return BlockSeats(actor=ACTOR, show_id=self.shows[0], seat_numbers=seats, reason="house")

    def unblock(self, *seats: int) -> UnblockSeats:
        """The command that unblocks seats."""
        return UnblockSeats(actor=ACTOR, show_id=self.shows[0], seat_numbers=seats)

    def resize(self, seats: int) -> UpdateShow:
        """The command that changes the number of seats."""
        return UpdateShow(actor=ACTOR, show_id=self.shows[0], total_seats=seats)

    def delete(self) -> DeleteShow:
        """The command that deletes a show."""
        return DeleteShow(actor=ACTOR, show_id=self.shows[0])

    def open(self, seats: int = SEATS) -> CreateShow:
        """The command that opens a show, with a key."""
        name = f"New {self.shows[0]}"
        return CreateShow(actor=ACTOR, idempotency_key=name, name=name, start_time=START, total_seats=seats)

    def register(self, name: str) -> CreateUser:
        """The command that registers a user, with the one e-mail address that all rivals want."""
        return CreateUser(actor=ACTOR, name=name, email=self._email)

    def move(self, no: int) -> UpdateUser:
        """The command that gives a user that address."""
        return UpdateUser(actor=ACTOR, user_id=self.users[no], email=self._email)

    def rename(self, name: str) -> UpdateUser:
        """The command that renames the user who books."""
        return UpdateUser(actor=ACTOR, user_id=self.users[0], name=name)

    @property
    def _email(self) -> str:
        return f"wanted.{self.shows[0]}@example.com"

    def _booking(self, no: int) -> int:
        return (self.shows[0] << 24) + no


class Scene(Struct, frozen=True):
    """The commands ``before`` run one by one, then the batches of the ``rivals`` run at the same time.

    ``timed``: a short hold may run out meanwhile. ``late``: a short hold has run out before the rivals.
    """

    name: str
    rivals: Callable[[Place], list[Batch]]
    before: Callable[[Place], list[Command[Any]]] = lambda _: []
    shows: int = 1
    sessions: int = 2
    timed: bool = False
    late: bool = False
    at_desk: bool = False


def _pair(
    name: str,
    one: Callable[[Place], Command[Any]],
    other: Callable[[Place], Command[Any]],
    *before: Callable[[Place], Command[Any]],
    at_desk: bool = False,
) -> Scene:
    return Scene(
        name,
        lambda p: [[one(p)], [other(p)]],
        lambda p: [command(p) for command in before],
        timed=_short in before,
        at_desk=at_desk,
    )


def _short(p: Place) -> BookSeats:
    return p.book(2, 3, hold=SHORT)


def _long(p: Place) -> BookSeats:
    return p.book(2, 3, hold=LONG)


def _other(p: Place) -> BookSeats:
    return p.book(4, hold=LONG)


SCENES: Final = (
    _pair("hold, hold", lambda p: p.book(2, hold=LONG), lambda p: p.book(2, hold=LONG)),
    _pair("overlap", lambda p: p.book(1, 2, 3), lambda p: p.book(3, 4)),
    _pair("pick, explicit", lambda p: p.book(count=3), lambda p: p.book(2)),
    _pair("pick, pick of the last", lambda p: p.book(count=4), lambda p: p.book(count=4, hold=LONG)),
    _pair("confirm, expire", lambda p: p.confirm("refuse"), lambda p: p.expire(), _short),
    _pair("confirm, expire of another", lambda p: p.confirm(no=2), lambda p: p.expire(), _short, _other),
    _pair("late confirm, expire", lambda p: p.confirm(), lambda p: p.expire(), _short),
    _pair("confirm, cancel", lambda p: p.confirm(), lambda p: p.cancel(), _long),
    _pair("confirm, cancel at the end", lambda p: p.confirm("refuse"), lambda p: p.cancel(), _short),
    _pair("confirm, fail", lambda p: p.confirm(), lambda p: p.fail(), _long),
    _pair("cancel, cancel", lambda p: p.cancel(), lambda p: p.cancel(), _long),
    _pair("cancel, cancel of a sale", lambda p: p.cancel(), lambda p: p.cancel(), lambda p: p.book(count=2)),
    _pair("cancel, expire", lambda p: p.cancel(), lambda p: p.expire(), _short),
    _pair("return, confirm", lambda p: p.give_back(2), lambda p: p.confirm(), _short),
    _pair("return, expire", lambda p: p.give_back(2), lambda p: p.expire(), _short),
    _pair("return, cancel", lambda p: p.give_back(3), lambda p: p.cancel(), _long),
    _pair("return, return of the rest", lambda p: p.give_back(2), lambda p: p.give_back(3), _long),
    _pair("return, return", lambda p: p.give_back(2), lambda p: p.give_back(2), lambda p: p.book(2, 3)),
    _pair("return, book", lambda p: p.give_back(3), lambda p: p.book(3, 4), lambda p: p.book(2, 3)),
    _pair("return, resize", lambda p: p.give_back(3), lambda p: p.resize(2), lambda p: p.book(2, 3)),
    _pair("key of a return", lambda p: p.give_back(2, key="k"), lambda p: p.give_back(2, key="k"), _long),
    _pair("confirm, confirm", lambda p: p.confirm(), lambda p: p.confirm(), _long),
    _pair("key, key", lambda p: p.book(count=2, key="k"), lambda p: p.book(count=2, key="k")),
    _pair("key, key of another", lambda p: p.book(count=2, key="k"), lambda p: p.book(count=3, key="k")),
    _pair("key of a confirm, twice", lambda p: p.confirm(key="k"), lambda p: p.confirm(key="k"), _short),
    _pair("sweeper, hold", lambda p: p.expire(), lambda p: p.book(3, 4, hold=LONG), _short),
    _pair("late confirm, hold", lambda p: p.confirm(), lambda p: p.book(2, 3, hold=LONG), _short),
    _pair("retake, retake", lambda p: p.confirm(), lambda p: p.confirm(), _short),
    _pair("block, book", lambda p: p.block(1, 2), lambda p: p.book(2, 3)),
    _pair("unblock, book", lambda p: p.unblock(1, 2), lambda p: p.book(2, 3), lambda p: p.block(1, 2)),
    _pair("resize, book", lambda p: p.resize(3), lambda p: p.book(4)),
    _pair("resize, retake", lambda p: p.resize(2), lambda p: p.confirm(), _short),
    _pair("delete, book", lambda p: p.delete(), lambda p: p.book(1)),
    _pair("delete, late confirm", lambda p: p.delete(), lambda p: p.confirm(), _short),
    _pair("register, register", lambda p: p.register("Ann"), lambda p: p.register("Bob"), at_desk=True),
    _pair("open, open", lambda p: p.open(), lambda p: p.open(), at_desk=True),
    _pair("open, open another", lambda p: p.open(), lambda p: p.open(SEATS + 1), at_desk=True),
    _pair("address, address", lambda p: p.move(0), lambda p: p.move(1), at_desk=True),
    _pair("rename, book", lambda p: p.rename("Ann"), lambda p: p.book(1), at_desk=True),
    Scene(
        "two shows, two shows",
        lambda p: [[p.book(1), p.book(2, show=1)], [p.book(2, show=1), p.book(1)]],
        shows=2,
    ),
    Scene(
        "confirm, cancel, book",
        lambda p: [[p.confirm()], [p.cancel()], [p.book(2, 3)]],
        lambda p: [_long(p)],
        sessions=3,
    ),
    Scene(
        "retake, sweeper, hold",
        lambda p: [[p.confirm()], [p.expire()], [p.book(3, 4, hold=LONG)]],
        lambda p: [_short(p)],
        sessions=3,
        late=True,
    ),
    Scene(
        "return, confirm, book",
        lambda p: [[p.give_back(2)], [p.confirm()], [p.book(2, 3)]],
        lambda p: [_long(p)],
        sessions=3,
    ),
    Scene(
        "key, key, cancel",
        lambda p: [[p.book(count=3, key="k")], [p.book(count=3, key="k")], [p.cancel()]],
        lambda p: [p.book(1, 2, 3, 4)],
        sessions=3,
    ),
)  # fmt: skip
"""All scenes; each is played in every order under both isolations."""
