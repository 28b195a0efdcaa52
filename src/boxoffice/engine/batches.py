"""Batches on their way to the database and back: commands to rows, rows to outcomes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from hashlib import sha256
from time import perf_counter
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
from msgspec.structs import replace

from boxoffice.database.errors import CONFLICTS
from boxoffice.database.rows import to_booking
from boxoffice.database.store import Store
from boxoffice.telemetry import metrics
from boxoffice.vocabulary.commands import (
    BlockSeats,
    BookSeats,
    CancelBooking,
    Caps,
    Command,
    DeleteShow,
    ExpireHolds,
    FailBooking,
    ShowCommand,
    UnblockSeats,
    UpdateShow,
)
from boxoffice.vocabulary.faults import Busy, Fault
from boxoffice.vocabulary.outcomes import (
    BookingDone,
    HoldsExpired,
    Outcome,
    RefusalCode,
    Refused,
    SeatsDone,
    ShowDone,
    UserDone,
)
from boxoffice.vocabulary.views import Show

Row = tuple[object, ...]

_IN_COLUMNS = (FailBooking, CancelBooking, BlockSeats, UnblockSeats, ExpireHolds)
"""Commands that the columns of ``show_command`` hold wholly; the others fill ``details``."""

_EXPIRE = str(ExpireHolds.__struct_config__.tag)
"""The kind of command that may leave any number of events; the engine counts them."""

_COLUMNS = (
    *("kind", "actor", "origin", "idempotency_key", "show_id"),
    *("user_id", "owner_id", "booking_id", "hold_seconds"),
)
"""What never is in ``details``."""

_NOT_ASKED = ("origin", "owner_id", "caps")
"""Who asks and what they may: no part of a fingerprint."""

_ASKED_IF_GIVEN = ("subject", "issuer")
"""No part of a fingerprint while they are not given: keys of earlier versions stay good."""

_BY_SETTING: dict[str, object] = {"late": "retake", "lifetime_seconds_max": 0}
"""What the server's settings fill in, and what a fingerprint has instead: a retry must not fail because they
have changed. The first is what earlier versions had there by default."""


class Batches:
    """Runs batches of show commands, and single commands that are not about a show's seats."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self, commands: Sequence[ShowCommand[Any]]) -> list[Outcome | Exception]:
        """One outcome for each command, in their order; an exception is that command's fault alone.

        A batch that cannot run as a whole is cut, so that one command, or one show that is locked
        elsewhere, does not take the others down.
        """
        try:
            return await self._run_whole(commands)
        except (Fault, asyncpg.PostgresError) as fault:
            parts = _cut(commands, fault)
            if len(parts) == 1:
                return [fault] * len(commands)
        return await self._run_parts(commands, parts)

    async def _run_parts(
        self, commands: Sequence[ShowCommand[Any]], parts: list[list[int]]
    ) -> list[Outcome | Exception]:
        """Runs the parts: those of several shows at the same time, those of one show in order."""
        runs = [self.run([commands[i] for i in part]) for part in parts]
        one_show = all(command.show_id == commands[0].show_id for command in commands)
        done = [await run for run in runs] if one_show else await asyncio.gather(*runs)
        results: dict[int, Outcome | Exception] = {}
        for part, outcomes in zip(parts, done, strict=True):
            results |= zip(part, outcomes, strict=True)
        return [results[i] for i in range(len(commands))]

    async def run_desk(self, command: Command[Any]) -> ShowDone | UserDone | Refused:
        """The outcome of a command that has no lane. It gets a key, so that a retry is no second effect."""
        if command.idempotency_key is None:
            command = replace(command, idempotency_key=f"once-{uuid4()}")
        [row] = await self._store.write(
            "run_desk_command",
            _to_row(0, command),
            retry_on=(*CONFLICTS, asyncpg.UniqueViolationError),
        )
        metrics.OUTCOMES.labels(_kind(command), row["code"]).inc()
        if row["code"] != "done":
            return _refused(row)
        if _kind(command) == "create_show":
            return ShowDone(msgspec.json.decode(row["details"], type=Show), row["replayed"])
        done = msgspec.json.decode(row["details"], type=UserDone)
        return replace(done, replayed=row["replayed"])

    async def _run_whole(self, commands: Sequence[ShowCommand[Any]]) -> list[Outcome | Exception]:
        started = perf_counter()
        given = [_to_row(no, command) for no, command in enumerate(commands)]
        rows = await self._store.write("run_batch", uuid4(), given, takes_again=True)
        metrics.BATCH_SECONDS.observe(perf_counter() - started)
        metrics.BATCH_COMMANDS.observe(len(commands))
        _count(commands, rows)
        outcomes: dict[int, Outcome | Exception] = {
            row["command_no"]: _to_outcome(commands[row["command_no"]], row) for row in rows
        }
        # After a lost answer only the commands with an effect are told; the others can be asked again.
        rest = [no for no in range(len(commands)) if no not in outcomes]
        if rest:
            outcomes |= zip(rest, await self.run([commands[no] for no in rest]), strict=True)
        return [outcomes[no] for no in range(len(commands))]


def _count(commands: Sequence[ShowCommand[Any]], rows: list[asyncpg.Record]) -> None:
    """Counts outcomes, and the events that they left: each one, unless it had its effect before."""
    tally = Counter((_kind(commands[row["command_no"]]), row["code"], row["replayed"]) for row in rows)
    for (kind, code, replayed), number in tally.items():
        metrics.OUTCOMES.labels(kind, code).inc(number)
        if code == "done" and not replayed and kind != _EXPIRE:
            metrics.EVENTS.inc(number)


def _cut(commands: Sequence[ShowCommand[Any]], fault: Exception) -> list[list[int]]:
    """The places of the commands in smaller batches: show by show, or the one show's in two halves.

    All in one when that would not help: the database is gone, or the one show is locked.
    """
    busy = isinstance(fault, Busy)
    if isinstance(fault, Fault) and not busy:
        return [list(range(len(commands)))]
    shows: dict[int, list[int]] = {}
    for place, command in enumerate(commands):
        shows.setdefault(command.show_id, []).append(place)
    if len(shows) > 1 or busy or len(commands) == 1:
        return list(shows.values())
    middle = len(commands) // 2
    return [list(range(middle)), list(range(middle, len(commands)))]


def _kind(command: Command[Any]) -> str:
    return str(command.__struct_config__.tag)


def _to_row(command_no: int, command: Command[Any]) -> Row:
    """The command as a row of type show_command."""
    seats: tuple[int, ...] | None = getattr(command, "seat_numbers", None)
    hold_seconds: float | None = getattr(command, "hold_seconds", None)
    return (
        command_no,
        getattr(command, "show_id", 0),
        _kind(command),
        command.actor,
        getattr(command, "booking_id", None),
        getattr(command, "user_id", None) or getattr(command, "owner_id", None),
        len(seats) if seats is not None else getattr(command, "seat_count", None),
        None if seats is None else sorted(seats),
        None if hold_seconds is None else timedelta(seconds=hold_seconds),
        getattr(command, "reason", None),
        _details(command),
        command.idempotency_key,
        None if command.idempotency_key is None else _fingerprint(command),
        command.origin,
    )


def _details(command: Command[Any]) -> str | None:
    """What the columns have no place for."""
    if isinstance(command, BookSeats):
        return None if command.caps is None else _caps(command.caps)
    if isinstance(command, _IN_COLUMNS):
        return None
    fields = {k: v for k, v in msgspec.to_builtins(command).items() if k not in _COLUMNS}
    if fields.get("caps") is None:
        fields.pop("caps", None)
    return msgspec.json.encode(fields).decode()


@cache
def _caps(caps: Caps) -> str:
    """There are as many as there are settings: one for all callers."""
    return msgspec.json.encode(caps).decode()


def _fingerprint(command: Command[Any]) -> bytes:
    """What is asked, whoever asks: two commands with one key must agree in it."""
    fields = msgspec.to_builtins(replace(command, actor="", idempotency_key=None))
    asked = {
        name: _BY_SETTING.get(name, value)
        for name, value in fields.items()
        if name not in _NOT_ASKED and (value is not None or name not in _ASKED_IF_GIVEN)
    }
    return sha256(msgspec.json.encode(asked)).digest()


def _to_outcome(command: ShowCommand[Any], row: asyncpg.Record) -> Outcome:
    if row["code"] != "done":
        return _refused(row)
    match command:
        case UpdateShow() | DeleteShow():
            return ShowDone(msgspec.json.decode(row["details"], type=Show), row["replayed"])
        case BlockSeats() | UnblockSeats():
            return SeatsDone(command.show_id, row["seats"], row["replayed"])
        case ExpireHolds():
            return msgspec.json.decode(row["details"], type=HoldsExpired)
        case _:
            return BookingDone(to_booking(row), row["replayed"])


def _refused(row: asyncpg.Record) -> Refused:
    details = row["details"]
    return Refused(RefusalCode(row["code"]), msgspec.json.decode(details) if details else {})
