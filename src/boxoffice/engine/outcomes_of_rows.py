"""Rows of the database as outcomes. The command says which type its outcome has (``Command.done``)."""

from typing import Any

import asyncpg
import msgspec
from msgspec.structs import replace

from boxoffice.database.rows import to_booking
from boxoffice.vocabulary.commands import Command, ShowCommand
from boxoffice.vocabulary.outcomes import BookingDone, Done, Outcome, Refused, SeatsDone, ShowDone
from boxoffice.vocabulary.views import Show


def to_outcome(command: Command[Any], row: asyncpg.Record) -> Outcome:
    """The outcome of a command. Raises ``msgspec.ValidationError`` if the row does not fit that type."""
    return done(command, row) if row["code"] == "done" else refused(row)


def done(command: Command[Any], row: asyncpg.Record) -> Done:
    """The outcome of a command that took effect. A booking and seats stand in columns of their own; every
    other outcome is JSON in ``details``.
    """
    if command.done is BookingDone:
        return BookingDone(to_booking(row), replayed=row["replayed"])
    if command.done is SeatsDone and isinstance(command, ShowCommand):
        return SeatsDone(command.show_id, row["places"], replayed=row["replayed"])
    if command.done is ShowDone:  # the details are the show itself
        return ShowDone(msgspec.json.decode(row["details"], type=Show), replayed=row["replayed"])
    told = msgspec.json.decode(row["details"], type=command.done)
    return replace(told, replayed=True) if row["replayed"] else told


def refused(row: asyncpg.Record) -> Refused:
    """Why the command was refused; the code may be a domain's own."""
    details = row["details"]
    return Refused(row["code"], msgspec.json.decode(details) if details else {})
