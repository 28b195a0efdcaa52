"""The reference model of several shows and their users, for the results of serial orders."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, Final

import msgspec
from msgspec import UNSET

from boxoffice.engine.outcomes_of_rows import to_outcome
from boxoffice.sql import query
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
    ReturnSeats,
    ShowCommand,
    UnblockSeats,
    UpdateShow,
    UpdateUser,
)
from boxoffice.vocabulary.outcomes import BookingDone, HoldsExpired, Refused, SeatsDone, ShowDone
from boxoffice.vocabulary.views import BookingStatus
from tests.model.interleave import TICK
from tests.model.reference import Model
from tests.model.sessions import Batch, Told
from tests.model.told import Replayed, Wish
from tests.support.engine.box import ACTOR, refused
from tests.support.engine.databases import Connection

EPOCH: Final = datetime(2030, 1, 1, tzinfo=UTC)
"""The time at which the clock starts."""

Facts = Any
"""An answer or a state as plain values, in one form for the model and for the database."""


class World:
    """Some shows and users. ``ids``: e-mail addresses by user id; if empty, there is user 1."""

    def __init__(self, totals: dict[int, int], ids: dict[int, str]) -> None:
        self.shows = {show: Model(show, total, EPOCH, actor=ACTOR) for show, total in totals.items()}
        for model in self.shows.values():
            model.users = list(ids) or [1]
        self.opened: list[str] = []
        self.ids = ids
        self.users = dict.fromkeys(ids.values(), "John")
        self._first_answers: dict[str, tuple[Command[Any], Facts]] = {}

    def tick(self, seconds: int) -> None:
        """Set the clock to so many seconds after the start."""
        for show in self.shows.values():
            show.now = EPOCH + timedelta(seconds=seconds)

    def run(self, batch: Batch) -> list[Facts]:
        """The answers to a batch."""
        return [
            _plain(_ask(self.shows[command.show_id], command))
            if isinstance(command, ShowCommand)
            else self._at_the_desk(command)
            for command in batch
        ]

    def state(self) -> Facts:
        """The state at the end."""
        shows = [
            {
                "events": [msgspec.to_builtins(event) for event in show.events[1:]],
                "owners": sorted(show.owners.items()),
            }
            for show in self.shows.values()
        ]
        return {"shows": shows, "opened": self.opened, "users": sorted(self.users.items())}

    def _at_the_desk(self, command: Command[Any]) -> Facts:
        first, answer = self._first_answers.get(command.idempotency_key or "", (None, None))
        if first is not None:
            return ("replayed", answer) if first == command else _plain(refused("idempotency_key_reused"))
        answer = self._serve(command)
        if command.idempotency_key:
            self._first_answers[command.idempotency_key] = command, answer
        return answer

    def _serve(self, command: Command[Any]) -> Facts:
        match command:
            case CreateShow(name=name, total_seats=total):
                self.opened.append(name)
                return name, total
            case CreateUser(name=name, email=email):
                created = email not in self.users
                return self.users.setdefault(email, name), email, created
            case UpdateUser(user_id=user, name=name, email=email):
                return self._update(user, name, email)
            case _:
                raise AssertionError(command)

    def _update(self, user: int, name: Any, email: Any) -> Facts:
        old = self.ids[user]
        if email is not UNSET and email in set(self.users) - {old}:
            return _plain(refused("email_taken"))
        named = self.users.pop(old) if name is UNSET else name
        self.users.pop(old, None)
        self.ids[user] = old if email is UNSET else email
        self.users[self.ids[user]] = named
        return named, self.ids[user], False


def _ask(show: Model, command: ShowCommand[Any]) -> Any:  # noqa: C901 - a table
    key = command.idempotency_key
    match command:
        case BookSeats(user_id=user, seat_count=count, seat_numbers=seats, hold_seconds=hold):
            return show.book(Wish(user, count, seats, hold), key)
        case ConfirmBooking(booking_id=booking, late=late):
            return show.confirm(booking, late, key)
        case CancelBooking(booking_id=booking, reason=reason):
            return show.end(booking, BookingStatus.CANCELLED, reason, key)
        case FailBooking(booking_id=booking, reason=reason):
            return show.end(booking, BookingStatus.FAILED, reason, key)
        case ReturnSeats(booking_id=booking, seat_numbers=seats):
            return show.give_back(booking, seats, key)
        case BlockSeats(seat_numbers=seats, reason=reason):
            return show.block(seats, reason, key)
        case UnblockSeats(seat_numbers=seats, reason=reason):
            return show.unblock(seats, reason, key)
        case UpdateShow(total_seats=total):
            return show.update({"total_seats": total}, None, key)
        case DeleteShow():
            return show.delete(None, key)
        case ExpireHolds():
            return show.expire()
        case _:
            raise AssertionError(command)


def serial_orders(told: Sequence[Told], *, tick: bool) -> Iterator[tuple[int, ...]]:
    """The serial orders of the batches that fit what the test has seen.

    A batch that ended before another began comes before it. Each batch stands on the side of the tick on
    which it read the clock.
    """
    first = [(a, b) for a, one in enumerate(told) for b, other in enumerate(told) if one.ended < other.begun]
    if tick:
        first += [(TICK, no) if one.after_tick else (no, TICK) for no, one in enumerate(told)]
    for order in permutations([*range(len(told)), *([TICK] if tick else [])]):
        if all(order.index(a) < order.index(b) for a, b in first):
            yield order


def facts_of(batch: Batch, told: Told) -> list[Facts]:
    """The answers to a session's batch, from its rows."""
    return [
        _plain(to_outcome(command, row)) if isinstance(command, ShowCommand) else _at_the_desk(row)
        for command, row in zip(batch, told.rows, strict=True)
    ]


async def state_of(connection: Connection, shows: Sequence[int], *, at_desk: bool) -> Facts:
    """The state of these shows in the database; for a scene with desk commands, of the users, too."""
    opened: list[Any] = []
    users: list[Any] = []
    if at_desk:
        opened = await connection.fetch("SELECT name FROM shows WHERE name = $1", f"New {shows[0]}")
        users = await connection.fetch(
            "SELECT email, name FROM users WHERE email LIKE $1 ORDER BY 1", f"%.{shows[0]}@example.com"
        )
    return {
        "shows": [await _state_of_show(connection, show) for show in shows],
        "opened": [row["name"] for row in opened],
        "users": [tuple(row) for row in users],
    }


async def _state_of_show(connection: Connection, show: int) -> Facts:
    events = await connection.fetch(query("changes"), show, 1, 1_000)
    owners = await connection.fetch(
        "SELECT place, COALESCE(booking_id, 0) FROM booking_seats WHERE show_id = $1 ORDER BY 1", show
    )
    return {
        "events": [
            msgspec.to_builtins(dict(event) | {"details": json.loads(event["details"])}) for event in events
        ],
        "owners": [tuple(row) for row in owners],
    }


def _at_the_desk(row: Any) -> Facts:
    if row["code"] != "done":
        return _plain(Refused(row["code"], {}))
    details = json.loads(row["details"])
    if "user" in details:
        user = details["user"]
        answer: Facts = user["name"], user["email"], details["created"]
    else:
        answer = details["name"], details["total_seats"]
    return ("replayed", answer) if row["replayed"] else answer


def _plain(answer: Any) -> Facts:
    """An outcome of the engine, or an answer of the model, as plain values."""
    match answer:
        case Replayed(first=first):
            return "replayed", _plain(first)
        case BookingDone(replayed=True) | SeatsDone(replayed=True) | ShowDone(replayed=True):
            return "replayed", _plain(msgspec.structs.replace(answer, replayed=False))
        case BookingDone(booking=booking):
            return msgspec.to_builtins(booking)
        case SeatsDone(show_id=show_id, seats=seats):
            return {"show_id": show_id, "seats": seats}
        case ShowDone(show=show):
            return msgspec.to_builtins(show)
        case HoldsExpired(expired_count=count):
            return count
        case _:
            return msgspec.to_builtins(answer)
